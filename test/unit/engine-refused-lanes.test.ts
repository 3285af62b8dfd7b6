import { afterEach, describe, expect, it } from 'vitest';
import type { LaneConfiguration, RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import { type EngineWorld, openEngineWorld } from '../support/engine-world.ts';

const VENUE = 'binance-usdm';
const UNIT = `paper/main/${VENUE}`;

let world: EngineWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

const trades = (of: EngineWorld) => {
  const unit = of.engine.units().find((each) => each.unit === UNIT);
  return unit?.closed === null && unit.fence === null;
};
const lanes = (of: EngineWorld) => of.engine.units().flatMap((unit) => unit.lanes.map((each) => each.lane));
const alerts = (of: EngineWorld, code: string) =>
  of.publisher.events.flatMap((event) => (event.type === 'alert' && event.body.code === code ? [event.body.text] : []));

/** What is configured, and a lane like the first one on a symbol that the venue does not have (any more). */
function withDelisted(configuration: RuntimeConfiguration): RuntimeConfiguration {
  const [first] = configuration.lanes;
  if (first === undefined) throw new Error('no lane');
  const feeds = configuration.feeds.map((feed) => ({ ...feed, symbols: [...feed.symbols, 'GONEUSDT'] }));
  return { ...configuration, feeds, lanes: [...configuration.lanes, { ...first, name: 'gone', symbol: 'GONEUSDT' }] };
}

/** The second lane as `change` has it. */
function second(configuration: RuntimeConfiguration, change: (lane: LaneConfiguration) => LaneConfiguration) {
  const changed = configuration.lanes.map((lane, index) => (index === 1 ? change(lane) : lane));
  return { ...configuration, lanes: changed };
}

/** Limits finer than the venue's sizes. */
const fine = (lane: LaneConfiguration): LaneConfiguration => ({
  ...lane,
  limits: { ...lane.limits, maxOrderSize: '0.00000000001' },
});

describe('a lane that cannot be traded', () => {
  it('H2, R3: a symbol that the venue does not have is left out and told of; the unit’s other lanes trade', async () => {
    world = await openEngineWorld({ venue: VENUE, change: withDelisted });
    const here = world;
    await here.until('it trades', () => trades(here));
    expect(lanes(here)).not.toContain('gone');
    expect(alerts(here, 'SYMBOL_UNKNOWN')[0]).toContain('GONEUSDT');
    expect(alerts(here, 'LANE_REFUSED')[0]).toContain('gone');
  });

  it('R3: numbers that do not fit its instrument leave a lane as it was', async () => {
    world = await openEngineWorld({ venue: VENUE, symbols: 2 });
    const here = world;
    await here.until('it trades', () => trades(here));
    const before = lanes(here);
    await here.engine.reconfigure(here.configured((whole) => second(whole, fine)));
    expect(lanes(here)).toEqual(before);
    expect(here.engine.units()[0]?.lanes.map((each) => each.entriesPaused)).toEqual([null, null]);
    expect(alerts(here, 'LANE_REFUSED')[0]).toMatch(/goes on as it was.*DECIMAL_PRECISION/);
  });

  it('H2, R3: a limit finer than the venue’s sizes leaves its lane out, and not the unit', async () => {
    world = await openEngineWorld({ venue: VENUE, symbols: 2, change: (whole) => second(whole, fine) });
    const here = world;
    await here.until('it trades', () => trades(here));
    expect(lanes(here)).toHaveLength(1);
    expect(alerts(here, 'LANE_REFUSED')[0]).toContain('DECIMAL_PRECISION');
  });

  it('R3: the same of one that is configured while the unit trades', async () => {
    world = await openEngineWorld({ venue: VENUE });
    const here = world;
    await here.until('it trades', () => trades(here));
    const before = lanes(here);
    const next = here.configured(withDelisted);
    await here.engine.reconfigure(next);
    expect(here.engine.health().parts.configuration).toEqual({ ok: true, state: next.hash });
    expect(lanes(here)).toEqual(before);
    expect(alerts(here, 'LANE_REFUSED')[0]).toContain('gone');
  });
});
