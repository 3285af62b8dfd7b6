import type { Variates } from './random-variates.ts';

/** Share of events that others have set off: what clusters arrivals. */
const BRANCHING = 0.8;
/** How fast the excitement dies down, per second. */
const DECAY_PER_SECOND = 30;

/**
 * Arrival times of a self-exciting (Hawkes) process with an exponential kernel, by thinning (Ogata, "On Lewis' simulation method for point processes",
 * 1981). Returns a function that gives the milliseconds to each next arrival; their long-run mean is 1000 / `ratePerSecond`.
 */
export function createHawkesArrivals(ratePerSecond: number, variates: Variates): () => number {
  const base = ratePerSecond * (1 - BRANCHING);
  const jump = BRANCHING * DECAY_PER_SECOND;
  let excitement = ratePerSecond - base;
  return () => {
    let waited = 0;
    for (;;) {
      const bound = base + excitement;
      const step = variates.exponential() / bound;
      waited += step;
      excitement *= Math.exp(-DECAY_PER_SECOND * step);
      if (variates.uniform() * bound > base + excitement) continue;
      excitement += jump;
      return waited * 1_000;
    }
  };
}
