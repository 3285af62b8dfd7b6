import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import type { VenueId } from '#core/market/instrument.ts';
import { seededRandom } from '#core/time/seeded-random.ts';
import { type EngineProcesses, openEngineProcesses } from '../support/engine-process.ts';
import { STRIKE_HEAD, STRIKES, strikeEngines, strikeLine } from '../support/strikes.ts';

const MINUTES = 60_000;
const VENUE: VenueId = 'bybit-linear';
/** `MILLRACE_STRIKES=5 MILLRACE_SEED=7 npm run campaign -- kill-fifty`: fewer, other ones. */
const COUNT = Number(process.env.MILLRACE_STRIKES ?? '50');
const SEED = Number(process.env.MILLRACE_SEED ?? '50');

/** Orders often, and rest long enough to be met by a strike. */
function configured(configuration: RuntimeConfiguration): RuntimeConfiguration {
  for (const lane of configuration.lanes) {
    lane.confirm = 'unseen';
    lane.strategy.cooldownMs = 200;
    lane.strategy.restMs = 2_000;
    lane.strategy.takeTicks = 4 * lane.strategy.entryTicks;
    lane.limits.maxDataAgeMs = 500;
  }
  return configuration;
}

describe('a running pipeline that is struck again and again', () => {
  let world: EngineProcesses;

  beforeAll(async () => {
    world = await openEngineProcesses({
      name: 'kill-fifty',
      venues: [{ venue: VENUE, seed: SEED, market: { eventsPerSecond: 50 } }],
      configure: configured,
    });
  }, 5 * MINUTES);
  afterAll(() => world?.close(), 2 * MINUTES);

  it(
    `M2, T4, G10, G11: killed, stopped and cut off ${COUNT} times in a row at moments of chance: no orphans, no duplicates, no order by a stale holder, the three positions equal after each`,
    async () => {
      process.stdout.write(`\nseed ${SEED}\n${STRIKE_HEAD}\n`);
      const { rows, orders } = await strikeEngines(world, VENUE, seededRandom(SEED), COUNT, (row) =>
        process.stdout.write(`${strikeLine(row)}\n`),
      );
      const times = rows.flatMap((row) => row.tradedAfterMs ?? []).sort((left, right) => left - right);
      process.stdout.write(
        `${rows.length} strikes, ${orders} orders; trading again after ${(Math.max(...times) / 1e3).toFixed(1)} s at most\n`,
      );
      expect(rows).toHaveLength(COUNT);
      expect(rows.filter((row) => row.orphans + row.duplicates + row.stale + row.differences.length > 0)).toEqual([]);
      expect(orders).toBeGreaterThan(COUNT);
      if (COUNT >= 50) expect(new Set(rows.map((row) => row.strike))).toEqual(new Set(STRIKES));
    },
    (2 + COUNT) * MINUTES,
  );
});
