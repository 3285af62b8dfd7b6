import type { Publisher, PublisherMetrics } from '#core/events/publisher-port.ts';
import type { TradingEvent } from '#core/events/trading-event.ts';
import type { Dice } from '#simulation/world/dice.ts';
import type { FaultShares } from '#simulation/world/message-faults.ts';
import type { VirtualTime } from '#simulation/world/virtual-time.ts';
import type { WorldProcess } from '#simulation/world/world-process.ts';

/** How long the stream may be away before entries stop. */
const BLOCKS_AFTER_MS = 2_000;

/** The trading stream of a world and what reads it: each event at least once, seldom late, twice, or out of order. */
export class WorldStream {
  down = false;
  readonly #time: VirtualTime;
  readonly #dice: Dice;
  readonly #shares: FaultShares;
  readonly #onTheirWay = new Set<() => void>();
  readonly #readers: ((event: TradingEvent) => void)[] = [];

  constructor(time: VirtualTime, dice: Dice, shares: FaultShares) {
    this.#time = time;
    this.#dice = dice;
    this.#shares = shares;
  }

  read(reader: (event: TradingEvent) => void): void {
    this.#readers.push(reader);
  }

  put(event: TradingEvent): void {
    for (const reader of this.#readers) this.#send(event, reader);
  }

  /** Everything that is on its way arrives: what comes to rest has told it all. */
  arriveAll(): void {
    for (const arrive of [...this.#onTheirWay]) arrive();
  }

  #send(event: TradingEvent, reader: (event: TradingEvent) => void): void {
    const lateMs = this.#dice.chance(this.#shares.ledgerLate) ? this.#dice.between(500, 8_000) : 0;
    const arrive = () => {
      if (this.#onTheirWay.delete(arrive)) reader(event);
    };
    this.#onTheirWay.add(arrive);
    this.#time.after(this.#dice.between(20, 300) + lateMs, arrive);
    if (this.#dice.chance(this.#shares.ledgerTwice)) {
      this.#time.after(this.#dice.between(20, 5_000), () => reader(event));
    }
  }
}

/** What one process has decided and not yet put on the stream; it is lost with the process. */
export class WorldPublisher implements Publisher {
  /** Told here and nowhere else yet. */
  readonly unsent: TradingEvent[] = [];
  readonly #stream: WorldStream;
  readonly #process: WorldProcess;
  readonly #dice: Dice;
  readonly #onInput: (line: Uint8Array) => void;
  readonly #onEvent: (event: TradingEvent) => void;
  #sinceMs: number | null = null;
  #scheduled = false;

  constructor(
    stream: WorldStream,
    process: WorldProcess,
    dice: Dice,
    listener: { readonly onInput: (line: Uint8Array) => void; readonly onEvent: (event: TradingEvent) => void },
  ) {
    this.#stream = stream;
    this.#process = process;
    this.#dice = dice;
    this.#onInput = listener.onInput;
    this.#onEvent = listener.onEvent;
  }

  open: Publisher['open'] = (connection) => ({
    connection,
    frame: (bytes) => {
      this.#onInput(bytes);
      return true;
    },
    end: () => undefined,
  });

  event(event: TradingEvent): void {
    this.unsent.push(event);
    this.#onEvent(event);
    this.#flushSoon();
  }

  entriesBlocked(): string | null {
    const nowMs = this.#process.clock.monoNanos() / 1e6;
    return this.#sinceMs !== null && nowMs - this.#sinceMs > BLOCKS_AFTER_MS ? 'the stream is away' : null;
  }

  accounts = () => [];
  metrics = (): PublisherMetrics => ({
    recordsSent: 0,
    bytesSent: 0,
    retriedEntries: 0,
    circuit: 'closed',
    journalBytes: 0,
    lagMs: 0,
    hottestKeyPercent: 0,
    workerRestarts: 0,
  });
  flush = async () => undefined;
  close = async () => undefined;

  /** Puts everything on the stream at once: what a process does before it ends in order. */
  drain(): void {
    for (const event of this.unsent.splice(0)) this.#stream.put(event);
  }

  #flushSoon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#process.timers.after(this.#dice.between(5, 60), () => {
      this.#scheduled = false;
      if (this.#stream.down) {
        this.#sinceMs ??= this.#process.clock.monoNanos() / 1e6;
        this.#flushSoon();
        return;
      }
      this.#sinceMs = null;
      this.drain();
    });
  }
}
