import { seededRandom } from '#core/time/seeded-random.ts';

/** Every chance of a world comes from one of these: equal seeds, equal worlds. */
export interface Dice {
  /** True in `share` of all throws. */
  chance(share: number): boolean;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Uniform whole number in [low, high]. */
  whole(low: number, high: number): number;
  /** One of a list that is not empty. Throws `RangeError` for an empty one. */
  pick<Item>(items: readonly Item[]): Item;
  next(): number;
}

export function createDice(seed: number): Dice {
  const random = seededRandom(seed);
  // Neighbouring seeds begin alike.
  for (let skipped = 0; skipped < 8; skipped += 1) random.next();
  const between = (low: number, high: number) => low + (high - low) * random.next();
  const whole = (low: number, high: number) => Math.floor(between(low, high + 1));
  return {
    next: () => random.next(),
    // Nothing is drawn where nothing can come of it: a fault that is left out leaves the rest of the world as it was.
    chance: (share) => share > 0 && random.next() < share,
    between,
    whole,
    pick(items) {
      const item = items[whole(0, items.length - 1)];
      if (item === undefined) throw new RangeError('nothing to pick from');
      return item;
    },
  };
}
