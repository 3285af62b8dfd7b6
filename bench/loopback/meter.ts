import type { ClientMessage, Load } from './messages.ts';

/** A look at the clock each so many messages: more often would be part of what is measured. */
const BETWEEN_MARKS = { flood: 8_192, paced: 1_000 } as const;
/** Of a position in the last prices that the toy decision takes. */
const WEIGHT = 0.05;

type Result = Omit<Extract<ClientMessage, { readonly kind: 'result' }>, 'kind'>;

/** Counts the messages of one run, times them, and takes the same decision on each for every client. */
export class Meter {
  received = 0;
  callbacks = 0;
  readonly #each: boolean;
  readonly #betweenMarks: number;
  readonly #warmUp: number;
  readonly #decidedAt: Float64Array;
  #firstAt = 0;
  #markedAt = 0;
  #markedCount = 0;
  #beganCount = 0;
  #beganAt = 0;
  #beganCpu: NodeJS.CpuUsage | null = null;
  #lastCpu: NodeJS.CpuUsage | null = null;
  #mean = 0;
  #above = false;
  #decisions = 0;

  constructor(load: Load, warmUpSeconds: number) {
    const eachTimed = load.mode === 'paced';
    this.#each = eachTimed;
    this.#betweenMarks = BETWEEN_MARKS[load.mode];
    this.#warmUp = warmUpSeconds * 1e9;
    this.#decidedAt = new Float64Array(eachTimed ? load.seconds * load.messagesPerSecond : 0);
  }

  /** A message has been read, and applied to the book of who has one: these are its best prices. */
  message(bid: number, ask: number): void {
    this.#decide(bid + ask);
    this.count();
  }

  /** A message has been read. */
  count(): void {
    if (this.#each) this.#decidedAt[this.received] = now();
    this.received += 1;
    if (this.received % this.#betweenMarks === 0 || this.received === 1) this.#mark();
  }

  /** How often the prices crossed their moving mean. */
  #decide(price: number): void {
    this.#mean = this.#mean === 0 ? price : this.#mean + WEIGHT * (price - this.#mean);
    const above = price > this.#mean;
    if (above !== this.#above) this.#decisions += 1;
    this.#above = above;
  }

  #mark(): void {
    const at = now();
    if (this.#firstAt === 0) this.#firstAt = at;
    if (this.#beganCpu === null) {
      if (at - this.#firstAt < this.#warmUp) return;
      this.#beganCpu = process.cpuUsage();
      this.#beganAt = at;
      this.#beganCount = this.received;
    }
    this.#markedAt = at;
    this.#markedCount = this.received;
    this.#lastCpu = process.cpuUsage(this.#beganCpu);
  }

  result(): Result {
    const { user, system } = this.#lastCpu ?? { user: 0, system: 0 };
    return {
      received: this.received,
      callbacks: this.callbacks,
      messages: this.#markedCount - this.#beganCount,
      seconds: (this.#markedAt - this.#beganAt) / 1e9,
      cpuMs: (user + system) / 1_000,
      decidedAt: this.#decidedAt,
      decisions: this.#decisions,
    };
  }
}

/** Of the machine: the same in every process. */
function now(): number {
  return Number(process.hrtime.bigint());
}
