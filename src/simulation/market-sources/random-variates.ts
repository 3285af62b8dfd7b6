import type { Random } from '#core/time/clock.ts';

/** Variates that generated markets are made of, drawn from one seeded source. */
export interface Variates {
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** Student's t with 4 degrees of freedom, scaled to variance 1: heavy tails. */
  heavyTailed(): number;
  /** Exponential with mean 1. */
  exponential(): number;
  /** Whole number from 0, geometric with the given mean. */
  geometric(mean: number): number;
}

export function createVariates(random: Random): Variates {
  const uniform = (): number => random.next();
  const positive = (): number => 1 - random.next();
  const normal = (): number => Math.sqrt(-2 * Math.log(positive())) * Math.cos(2 * Math.PI * uniform());
  const exponential = (): number => -Math.log(positive());
  return {
    uniform,
    normal,
    exponential,
    // t with 4 degrees of freedom = normal / √(χ²₄ / 4), and χ²₄ / 2 is the sum of two exponentials; its variance is 2.
    heavyTailed: () => normal() / Math.sqrt((exponential() + exponential()) / 2) / Math.SQRT2,
    geometric: (mean) => (mean <= 0 ? 0 : Math.floor(Math.log(positive()) / Math.log(mean / (1 + mean)))),
  };
}

/** A seed for a part of the whole: equal seeds and names give equal parts, whatever other parts there are (FNV-1a). */
export function seedOf(seed: number, name: string): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash;
}
