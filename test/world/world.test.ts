import { describe, expect, it } from 'vitest';
import { FAILED_WORLDS } from './failed-worlds.ts';
import { failuresOf } from './failing-seeds.ts';
import { PLANTED_BUGS, type PlantedBugName } from './planted-bugs.ts';
import { shrinkScript } from './shrink-world.ts';
import { runWorld } from './world.ts';
import { scriptOf, type WorldScript } from './world-script.ts';
import { PLAIN_SHAPE } from './world-shape.ts';

const WORLDS = 250;
/** Whose logs are replayed; `npm run world -- --replay` does it to any. */
const REPLAYED = [1, 2, 3, 4, 6, 11, 12, 13];
/** Each block is a test of its own, so that a failure names fewer seeds. */
const BLOCK = 25;

describe('the simulated world', () => {
  for (let from = 1; from <= WORLDS; from += BLOCK) {
    it(`M4: the invariants hold after every step and at rest, seeds ${from} to ${from + BLOCK - 1}`, async () => {
      expect(await failuresOf(from, BLOCK)).toEqual([]);
    });
  }

  for (const { script, showed } of FAILED_WORLDS) {
    it(`no longer so: ${showed}`, async () => {
      const { violation } = await runWorld(script);
      expect(violation).toBeNull();
    });
  }

  it('invariant 8: a world runs the same each time, and another seed makes another', async () => {
    const [once, again, other] = [
      await runWorld(scriptOf(7)),
      await runWorld(scriptOf(7)),
      await runWorld(scriptOf(8)),
    ];
    expect(again).toEqual(once);
    expect(other.hash).not.toBe(once.hash);
    expect(once.orders).toBeGreaterThan(10);
  });

  it(`invariant 8: what every engine of a world decided is decided again from its input log, faults and all, seeds ${REPLAYED.join(', ')}`, async () => {
    for (const seed of REPLAYED) {
      const { violation, orders } = await runWorld(scriptOf(seed), { replayed: true });
      expect([seed, violation]).toEqual([seed, null]);
      expect(orders).toBeGreaterThan(0);
    }
  });

  it('a world without faults trades, confirms every order by the engine’s own word, and ends in nothing unclear', async () => {
    const { violation, fills, confirmed } = await runWorld({ ...scriptOf(3, new Set()), shape: PLAIN_SHAPE });
    expect(violation).toBeNull();
    expect(fills).toBeGreaterThan(20);
    expect(Object.keys(confirmed).filter((by) => by !== 'callback' && by !== 'query')).toEqual([]);
  });
});

/** The first seed that finds a bug must be among so many. */
const SEEDS: Readonly<Record<PlantedBugName, number>> = {
  doubleEntry: 60,
  guessedTerminalState: 10,
  lostFill: 10,
  staleHolderTrades: 60,
  silentDrop: 10,
  wrongSymbol: 10,
  entersInAnyState: 10,
  unknownCountsAsEnded: 10,
  fillCountsAgain: 10,
  exitsMayOpen: 10,
  idsOfOneEpoch: 10,
  gateStaysOpen: 10,
  wishesUnheard: 10,
  agelessData: 10,
};

describe('planted bugs', () => {
  for (const [name, bug] of Object.entries(PLANTED_BUGS)) {
    const seeds = SEEDS[name as PlantedBugName];
    it(`M4: ${name} is found within ${seeds} worlds`, async () => {
      let found: string | null = null;
      for (let seed = 1; seed <= seeds && found === null; seed += 1) {
        found = (await runWorld(scriptOf(seed), { bug })).violation;
      }
      expect(found).not.toBeNull();
    }, 120_000);
  }

  /** The script without one of its faults, for each of them. */
  function faultsOf(script: WorldScript): WorldScript[] {
    const { steps, shares } = script;
    return [
      ...steps.map((step) => ({ ...script, steps: steps.filter((each) => each !== step) })),
      ...Object.entries(shares).flatMap(([name, share]) =>
        share === 0 ? [] : [{ ...script, shares: { ...shares, [name]: 0 } }],
      ),
    ];
  }

  it('a failing world is shrunk to faults of which none can be left out', async () => {
    const bug = PLANTED_BUGS.guessedTerminalState;
    const fails = async (script: WorldScript) => (await runWorld(script, { bug })).violation !== null;
    let seed = 1;
    while (scriptOf(seed).steps.length < 3 || !(await fails(scriptOf(seed)))) seed += 1;

    const shortest = await shrinkScript(scriptOf(seed), fails);

    expect(await fails(shortest)).toBe(true);
    expect(faultsOf(shortest).length).toBeLessThan(faultsOf(scriptOf(seed)).length);
    for (const without of faultsOf(shortest)) expect(await fails(without)).toBe(false);
  }, 120_000);
});
