import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import type { VenueId } from '#core/market/instrument.ts';
import { type EngineProcesses, openEngineProcesses } from '../support/engine-process.ts';
import { comeToRest, watchEntries } from '../support/engine-process-truth.ts';
import { eventsOf } from '../support/events-of.ts';

const MINUTES = 60_000;
const VENUE: VenueId = 'bybit-linear';
const LANE = 'follower';

/** One lane that follows a scanner over two symbols which are much alike, so that it often prefers the other. */
function following(configuration: RuntimeConfiguration): RuntimeConfiguration {
  const [first, second] = configuration.lanes;
  if (first === undefined || second === undefined) throw new Error('two symbols are needed');
  for (const lane of [first, second]) {
    lane.limits.maxDataAgeMs = 1_000;
    lane.strategy.takeTicks = 8 * lane.strategy.entryTicks;
    lane.strategy.cooldownMs = 1_000;
  }
  const { strategy, limits, reservedSize } = second;
  return {
    ...configuration,
    lanes: [
      {
        ...first,
        name: LANE,
        confirm: 'unseen',
        symbolFrom: 'scan',
        perSymbol: { [second.symbol]: { strategy, limits, reservedSize } },
      },
    ],
    scanners: [
      {
        name: 'scan',
        venue: VENUE,
        candidates: [first.symbol, second.symbol],
        sampleMs: 50,
        span: 4,
        warmUp: 4,
        maxAgeMs: 5_000,
        weights: { volatility: 1, volume: 1, spread: 0 },
        floors: { minVolatilityBps: 0, minVolumePerMinute: 0, maxSpreadBps: 100 },
        margin: 0,
        holdMs: 0,
        minStayMs: 0,
      },
    ],
  };
}

describe('M5: a lane changes its symbol while the venue does not do as it is asked', () => {
  let world: EngineProcesses;

  beforeAll(async () => {
    world = await openEngineProcesses({
      name: 'faults-switch',
      venues: [{ venue: VENUE, symbols: 2, market: { eventsPerSecond: 30 } }],
      configure: following,
      environment: { MILLRACE_LEASE_MS: '20000', MILLRACE_LEASE_RENEW_MS: '2000' },
    });
    await world.start('a');
    await world.until('it trades', () => steps(0).some(({ to }) => to === 'Trading'), 2 * MINUTES);
  }, 6 * MINUTES);
  afterAll(() => world?.close(), 2 * MINUTES);

  const steps = (from: number) => eventsOf(world.events.slice(from), 'lane.symbol').map(({ body }) => body);

  /** Entries that were not of the symbol that the lane traded at that moment, by the order in which the engine told both. */
  function strayed(): readonly string[] {
    const lines: string[] = [];
    let trading: string | null = null;
    const told = world.events
      .filter(({ type, venue }) => venue === VENUE && (type === 'lane.symbol' || type === 'order.intended'))
      .sort((left, right) => left.epoch - right.epoch || left.sequence - right.sequence);
    for (const event of told) {
      if (event.type === 'lane.symbol') trading = event.body.to === 'Trading' ? event.body.symbol : null;
      else if (event.type === 'order.intended' && event.body.purpose === 'entry' && event.body.symbol !== trading)
        lines.push(`${event.body.clientOrderId} entered ${event.body.symbol} while ${trading ?? 'nothing'} was traded`);
    }
    return lines;
  }

  it.each([
    ['G5: an unsubscription is refused: no entry by old ticks, and the lane trades again', 'unsubscribeRefused'],
    [
      'G5: the answer to an unsubscription is lost: no entry by old ticks, and the lane trades again',
      'unsubscribeLost',
    ],
  ] as const)(
    '%s',
    async (_title, fault) => {
      const venue = world.venue(VENUE);
      const entries = watchEntries(venue);
      const { faults } = venue.server;
      const before = world.events.length;
      faults.arm(fault);
      await world.until('it struck', () => faults.happened(fault) > 0, 3 * MINUTES);
      const struckAt = world.events.length;
      const reached = () => steps(struckAt).filter(({ to }) => to === 'Trading');
      const tookMs = await world.until('it trades again', () => reached().length >= 2, 5 * MINUTES);
      process.stdout.write(
        `measured ${fault}: ${Math.round(tookMs)} ms until it had traded twice again; ${steps(before).length} steps\n`,
      );
      expect(strayed()).toEqual([]);
      expect(entries.doubled).toEqual([]);
      const held = new Set(
        venue.exchange.positions(venue.account).flatMap(({ symbol, size }) => (size === 0 ? [] : [symbol])),
      );
      expect(held.size).toBeLessThanOrEqual(1);
    },
    10 * MINUTES,
  );

  it(
    'G6: symbols are proposed faster than they can be changed: nothing queues, the latest wins',
    async () => {
      const venue = world.venue(VENUE);
      const entries = watchEntries(venue);
      const from = world.events.length;
      const proposed = () => eventsOf(world.events.slice(from), 'scanner.proposed');
      const done = () => steps(from).filter(({ to }) => to === 'Trading').length;
      await world.until('many are proposed', () => proposed().length >= 30 && done() >= 3, 5 * MINUTES);
      process.stdout.write(`measured G6: ${proposed().length} proposals, ${done()} changes\n`);
      // Each change that began went where the newest proposal by then said, or it went nowhere.
      expect(done()).toBeLessThanOrEqual(proposed().length + 1);
      expect(strayed()).toEqual([]);
      expect(entries.doubled).toEqual([]);
      await world.configure((configuration) => {
        const [scanner] = configuration.scanners ?? [];
        if (scanner === undefined) throw new Error('there is no scanner');
        return { ...configuration, version: configuration.version + 1, scanners: [{ ...scanner, minStayMs: 600_000 }] };
      });
      await world.until(
        'it stays',
        () =>
          steps(from).at(-1)?.to === 'Trading' &&
          Date.now() - (eventsOf(world.events, 'lane.symbol').at(-1)?.time ?? 0) > 5_000,
        3 * MINUTES,
      );
      expect(strayed()).toEqual([]);
    },
    10 * MINUTES,
  );

  it(
    'H4: at rest, venue, ledger and engine say the same of both symbols',
    async () => {
      await comeToRest(world, VENUE, 2 * MINUTES);
    },
    5 * MINUTES,
  );
});
