import { describe, expect, it } from 'vitest';
import { runWorld } from '../world/world.ts';
import { scriptOf } from '../world/world-script.ts';

/** Seeds that no test run has. */
const FROM = 100_000;
const WORLDS = 3_000;
const BLOCK = 250;

describe('the simulated world, at length', () => {
  for (let from = FROM; from < FROM + WORLDS; from += BLOCK) {
    it(`M4: the invariants hold after every step and at rest, seeds ${from} to ${from + BLOCK - 1}`, async () => {
      const failures: string[] = [];
      for (let seed = from; seed < from + BLOCK; seed += 1) {
        const { violation } = await runWorld(scriptOf(seed));
        if (violation !== null) failures.push(`npm run world -- --seed ${seed} --trace: ${violation}`);
      }
      expect(failures).toEqual([]);
    });
  }
});
