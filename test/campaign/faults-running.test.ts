import { afterAll, beforeAll, describe, it } from 'vitest';
import type { RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import type { VenueId } from '#core/market/instrument.ts';
import { type EngineProcesses, openEngineProcesses } from '../support/engine-process.ts';
import { comeToRest, tradeOn, watchEntries } from '../support/engine-process-truth.ts';

const MINUTES = 60_000;
/** An order of the kind that a fault strikes does not come at once. */
const PATIENCE_MS = 90_000;

/** Each fault strikes an engine that trades, and is judged by the venue; then the lanes come to rest, and venue, ledger and engine must say the same. */
const ROWS: readonly (readonly [title: string, venue: VenueId])[] = [
  ['F1: an answer to an order is lost: it asks before any further order, and ends with exactly one', 'bybit-linear'],
];

/** Entries rest for a while and are then taken back, so that cancels can be struck as well. */
function restful(configuration: RuntimeConfiguration): RuntimeConfiguration {
  for (const { strategy } of configuration.lanes) {
    strategy.takeTicks = 8 * strategy.entryTicks;
    strategy.cooldownMs = 300;
  }
  return configuration;
}

describe('M5: faults that strike a running engine', () => {
  let world: EngineProcesses;
  const turns = new Map<VenueId, Promise<unknown>>();

  beforeAll(async () => {
    world = await openEngineProcesses({
      name: 'faults-running',
      venues: [{ venue: 'bybit-linear' }, { venue: 'binance-usdm' }, { venue: 'deribit' }],
      configure: restful,
    });
    await world.start('a');
    for (const { venue } of world.venues) await tradeOn(world, venue, MINUTES);
  }, 5 * MINUTES);
  afterAll(() => world?.close(), MINUTES);

  /** One scenario of a venue at a time; venues side by side. */
  function inTurn<Result>(venue: VenueId, run: () => Promise<Result>): Promise<Result> {
    const before = turns.get(venue) ?? Promise.resolve();
    const mine = before.then(run, run);
    turns.set(
      venue,
      mine.catch(() => undefined),
    );
    return mine;
  }

  it.concurrent.for(ROWS)('%s', { timeout: 10 * MINUTES }, ([title, id], { expect: check }) =>
    inTurn(id, async () => {
      const venue = world.venue(id);
      const entries = watchEntries(venue);
      const verdict = await venue.judge(title.slice(0, title.indexOf(':')), PATIENCE_MS);
      check(verdict.kind, verdict.because).toBe('survived');
      console.log(`${title}: ${verdict.because}`);
      await comeToRest(world, id);
      check(entries.doubled).toEqual([]);
      await tradeOn(world, id);
    }),
  );
});
