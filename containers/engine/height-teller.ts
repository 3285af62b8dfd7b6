import type { EventNote } from '#core/lanes/lane-effects.ts';
import type { MonoNanos } from '#core/time/clock.ts';
import type { DayHeights } from './day-of-symbols.ts';

/** A height that keeps rising is told so often, ns. */
const EVERY = 5e9;
const DECIMALS = 8;

/** Tells how high the day of a lane's symbols came, as it rises, so that a successor measures drawdowns from there. */
export class HeightTeller {
  #told = '';
  #toldAt = Number.NEGATIVE_INFINITY;

  /** What is to be told now; null: nothing. */
  due(lane: string, { day, of }: DayHeights, mono: MonoNanos): EventNote | null {
    if (of.size === 0 || mono - this.#toldAt < EVERY) return null;
    const heights = Object.fromEntries([...of].map(([currency, height]) => [currency, height.toFixed(DECIMALS)]));
    const text = JSON.stringify([day, heights]);
    if (text === this.#told) return null;
    this.#told = text;
    this.#toldAt = mono;
    return { type: 'lane.heights', body: { lane, day, heights } };
  }
}
