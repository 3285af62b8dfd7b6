import { describe, expect, it } from 'vitest';
import { failuresOf } from './failing-seeds.ts';

/** The seeds beyond those of `world.test.ts`: a file of their own, so that two cores share them. */
const FROM = 251;
const UNTIL = 500;
const BLOCK = 25;

describe('the simulated world, more of it', () => {
  for (let from = FROM; from <= UNTIL; from += BLOCK) {
    it(`M4: the invariants hold after every step and at rest, seeds ${from} to ${from + BLOCK - 1}`, async () => {
      expect(await failuresOf(from, BLOCK)).toEqual([]);
    });
  }
});
