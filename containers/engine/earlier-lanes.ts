import type { Lane } from '#core/lanes/lane.ts';
import type { Now } from '#core/lanes/now.ts';

/** An earlier symbol's lane that is at rest is looked after less often after this, ns. */
const AWAKE_NANOS = 60e9;
const ASLEEP_LOOK_NANOS = 60e9;

interface Earlier {
  readonly lane: Lane;
  awakeUntil: number;
  lookedAt: number;
}

/** Flat, and nothing of it can fill any more. */
export function isAtRest(lane: Lane): boolean {
  return lane.flat && lane.quiet;
}

/**
 * The lanes of symbols that a scanned lane has left, one for each at most. No book reaches them, but reports do: an order that was taken for ended may come alive again, and is then followed and closed
 * like any other. One that has been at rest for a while sleeps: it is looked after once a minute.
 */
export class EarlierLanes {
  readonly #earlier: Earlier[] = [];

  get all(): readonly Lane[] {
    return this.#earlier.map((each) => each.lane);
  }

  on(symbol: string): Lane | null {
    return this.#earlier.find((each) => each.lane.symbol === symbol)?.lane ?? null;
  }

  /** A lane that is not at rest; null: all are. */
  get restless(): Lane | null {
    return this.#earlier.find((each) => !isAtRest(each.lane))?.lane ?? null;
  }

  add(lane: Lane, { mono }: Now): void {
    this.#earlier.push({ lane, awakeUntil: mono + AWAKE_NANOS, lookedAt: Number.NEGATIVE_INFINITY });
  }

  remove(lane: Lane): void {
    const at = this.#earlier.findIndex((each) => each.lane === lane);
    if (at >= 0) this.#earlier.splice(at, 1);
  }

  /** Something was reported of it. False: it is none of these. */
  wake(lane: Lane, { mono }: Now): boolean {
    const found = this.#earlier.find((each) => each.lane === lane);
    if (found !== undefined) found.awakeUntil = mono + AWAKE_NANOS;
    return found !== undefined;
  }

  /** Those that do not sleep, and those whose minute is over. */
  due({ mono }: Now): readonly Lane[] {
    const due: Lane[] = [];
    for (const each of this.#earlier) {
      if (!isAtRest(each.lane)) each.awakeUntil = mono + AWAKE_NANOS;
      if (mono >= each.awakeUntil && mono - each.lookedAt < ASLEEP_LOOK_NANOS) continue;
      each.lookedAt = mono;
      due.push(each.lane);
    }
    return due;
  }
}
