import type { Clock, Random } from '#core/time/clock.ts';

export type CircuitState = 'closed' | 'open' | 'halfOpen';

export interface BackoffRule {
  readonly baseMs: number;
  readonly capMs: number;
}

/** Full jitter: anything from 0 to the bound that doubles with each try. */
export function fullJitterMs(rule: BackoffRule, tries: number, random: Random): number {
  return random.next() * Math.min(rule.capMs, rule.baseMs * 2 ** Math.min(tries, 30));
}

/** Requests that fail whole, one after the other, until the circuit opens. */
const FAILURES_TO_OPEN = 3;

/** Keeps requests away from a stream that fails: open for a jittered, growing time, then one probe, then closed or open again (T8). */
export class StreamCircuit {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #rule: BackoffRule;
  #state: CircuitState = 'closed';
  #failures = 0;
  #opened = 0;
  #openUntilMs = 0;

  constructor(clock: Clock, random: Random, rule: BackoffRule) {
    this.#clock = clock;
    this.#random = random;
    this.#rule = rule;
  }

  get state(): CircuitState {
    return this.#state;
  }

  /** How long no request may be made, ms; 0: now. An open circuit whose time has passed becomes half open. */
  waitMs(): number {
    if (this.#state !== 'open') return 0;
    const left = this.#openUntilMs - this.#nowMs();
    if (left > 0) return left;
    this.#state = 'halfOpen';
    return 0;
  }

  /** The service took at least one record. */
  succeeded(): void {
    this.#state = 'closed';
    this.#failures = 0;
    this.#opened = 0;
  }

  /** The service took none. */
  failed(): void {
    this.#failures += 1;
    if (this.#state !== 'halfOpen' && this.#failures < FAILURES_TO_OPEN) return;
    this.#state = 'open';
    this.#openUntilMs = this.#nowMs() + fullJitterMs(this.#rule, this.#opened, this.#random);
    this.#opened += 1;
  }

  #nowMs(): number {
    return this.#clock.monoNanos() / 1e6;
  }
}
