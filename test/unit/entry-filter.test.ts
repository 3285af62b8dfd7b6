import { describe, expect, it } from 'vitest';
import { loadConfiguration } from '#core/config/runtime-configuration.ts';
import { OrderBook } from '#core/market/order-book.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import { ENTRY_FEATURES } from '#core/strategies/entry-features.ts';
import { EntryFilter } from '#core/strategies/entry-filter.ts';
import { ENTRY_FILTER_MODEL, type EntryFilterModel, modelHash } from '#core/strategies/entry-filter-model.ts';
import type { MonoNanos } from '#core/time/clock.ts';
import { BTC, LaneWorld, laneConfiguration } from '../support/lane-world.ts';

const MODEL: EntryFilterModel = {
  version: 1,
  features: [
    'spreadBps',
    'sideImbalance',
    'sideImbalanceMean',
    'sideDriftBps',
    'moveBps',
    'sideFlow',
    'signalStrength',
    'takes',
  ],
  means: [0.02, 0.1, 0.05, 0.3, 0.004, -0.2, 1.5, 0.25],
  scales: [0.01, 0.4, 0.3, 0.7, 0.003, 0.6, 0.8, 0.43],
  coefficients: [-0.31, 0.92, 0.41, -0.17, 0.05, 0.66, 0.23, -0.4],
  intercept: -0.37,
  threshold: 0.1,
};

const at = (ms: number) => (1e9 + ms * 1e6) as MonoNanos;

/** A filter that has seen forty books and thirty trades, the same each time. */
function watched(model: EntryFilterModel = MODEL): EntryFilter {
  const filter = new EntryFilter(model);
  const book = new OrderBook('BTCUSDT');
  for (let step = 0; step < 40; step += 1) {
    book.clear();
    const middle = 600_000 + ((step * 7) % 11) - ((step * 3) % 5);
    book.set('buy', (middle - 1 - (step % 2)) as Price, (1_000 + ((step * 37) % 400)) as Size);
    book.set('sell', (middle + 1) as Price, (900 + ((step * 53) % 600)) as Size);
    filter.features.onBook(book);
  }
  for (let step = 0; step < 30; step += 1)
    filter.features.onTrade(step % 3 === 0 ? 'sell' : 'buy', 1 + ((step * 29) % 17), at(step));
  return filter;
}

/** The bits of a double as hexadecimal text. */
function bitsOf(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16).padStart(16, '0');
}

describe('a learned entry filter', () => {
  it('H16: gives the bits that were computed elsewhere, for features and for the logit', () => {
    const filter = watched();
    filter.declines('buy', { style: 'take', strength: 2.25 }, at(100));
    const features = Object.fromEntries(
      ENTRY_FEATURES.map((name, place) => [name, bitsOf(filter.features.values[place] ?? 0)]),
    );
    expect(features).toEqual(KNOWN_FEATURES);
    expect(bitsOf(filter.logit)).toBe(KNOWN_LOGIT);
  });

  it('H16: passes at the threshold and declines below it, with the figures', () => {
    const { logit } = (() => {
      const filter = watched();
      filter.declines('buy', { style: 'rest', strength: 1 }, at(100));
      return filter;
    })();
    const with_ = (threshold: number) =>
      watched({ ...MODEL, threshold }).declines('buy', { style: 'rest', strength: 1 }, at(100));
    expect(with_(logit)).toBeNull();
    expect(with_(logit + 1e-9)).toContain(`logit=${logit.toPrecision(6)}`);
    expect(with_(logit + 1e-9)).toContain(`model=${modelHash({ ...MODEL, threshold: logit + 1e-9 })}`);
  });

  it('H16: declines what it cannot judge: too little seen, trades that are old, a book that was lost', () => {
    const signal = { style: 'rest', strength: 1 } as const;
    const open = { ...MODEL, threshold: -1e6 };
    expect(new EntryFilter(open).declines('buy', signal, at(0))).toContain('books=0 needed=32');
    expect(watched(open).declines('buy', signal, at(100))).toBeNull();
    expect(watched(open).declines('buy', signal, at(29 + 10_001))).toContain('sideFlow trades=stale');
    const lost = watched(open);
    lost.features.reset();
    expect(lost.declines('buy', signal, at(100))).toContain('spreadBps books=0');
    const bookless = { ...open, features: ['signalStrength' as const], means: [1], scales: [1], coefficients: [1] };
    expect(new EntryFilter(bookless).declines('buy', signal, at(0))).toBeNull();
  });

  it('H16: sees a sale as the mirror image of a purchase', () => {
    const filter = watched();
    filter.features.read('buy', { style: 'rest', strength: 1 });
    const bought = [...filter.features.values];
    filter.features.read('sell', { style: 'rest', strength: 1 });
    const sold = [...filter.features.values];
    for (const [place, name] of ENTRY_FEATURES.entries())
      expect(sold[place], name).toBe(name.startsWith('side') ? -(bought[place] ?? 0) : bought[place]);
  });

  it.each([
    ['an unknown feature', { features: ['spreadBps', 'moon'] }],
    ['a feature named twice', { features: [...MODEL.features.slice(0, 7), 'spreadBps'] }],
    ['lists of different lengths', { means: MODEL.means.slice(1) }],
    ['a scale of zero', { scales: [0, ...MODEL.scales.slice(1)] }],
    [
      'a weight beyond all numbers',
      { scales: [1e-300, ...MODEL.scales.slice(1)], coefficients: [1e300, ...MODEL.coefficients.slice(1)] },
    ],
    ['a coefficient that is no number', { coefficients: [Number.NaN, ...MODEL.coefficients.slice(1)] }],
    ['an endless threshold', { threshold: Number.POSITIVE_INFINITY }],
    ['another version', { version: 2 }],
    ['no features', { features: [], means: [], scales: [], coefficients: [] }],
  ])('G16: a model with %s is refused', (_what, change) => {
    expect(ENTRY_FILTER_MODEL.safeParse({ ...MODEL, ...change }).success).toBe(false);
    expect(ENTRY_FILTER_MODEL.safeParse(MODEL).success).toBe(true);
  });
});

describe('a lane with an entry filter', () => {
  const byStrength = (threshold: number): EntryFilterModel => ({
    version: 1,
    features: ['signalStrength'],
    means: [0],
    scales: [1],
    coefficients: [1],
    intercept: 0,
    threshold,
  });

  it('H16: what it declines is a coded denial, counted; what it passes goes on to risk', () => {
    const declining = new LaneWorld(laneConfiguration({ entryFilter: { model: byStrength(1_000) } }));
    for (let step = 0; step < 20; step += 1) declining.tick(1);
    expect(declining.placed).toEqual([]);
    const denied = declining.told('order.denied');
    expect(denied.length).toBeGreaterThan(0);
    expect(new Set(denied.map((each) => each.code))).toEqual(new Set(['ENTRY_FILTERED']));
    expect(denied[0]?.detail).toContain('threshold=1000');
    expect(declining.lane.denials.get('ENTRY_FILTERED')).toBe(denied.length);

    const passing = new LaneWorld(laneConfiguration({ entryFilter: { model: byStrength(-1_000) } }));
    expect(passing.enter().purpose).toBe('entry');
  });

  it('H16: exits are none of its business', () => {
    const world = new LaneWorld(laneConfiguration({ entryFilter: { model: byStrength(1_000) } }), {
      positionSize: 10,
      entryPrice: 600_000 as Price,
    });
    for (let step = 0; step < 20; step += 1) world.tick(1);
    world.tick(-60);
    expect(world.placed.some((each) => each.type === 'market' && each.reduceOnly)).toBe(true);
  });

  it('H16: looks at trades that the lane is given', () => {
    const flow: EntryFilterModel = { ...byStrength(0), features: ['sideFlow'] };
    const world = new LaneWorld(laneConfiguration({ entryFilter: { model: flow } }));
    for (let step = 0; step < 6; step += 1) world.tick(1);
    expect(world.placed).toEqual([]);
    for (let step = 0; step < 20; step += 1) world.lane.onTrade('buy', 5, world.now().mono);
    expect(world.enter().side).toBe('buy');
  });

  it('R3: its model is read with the configuration, is part of its hash, and is faulted with the rest', () => {
    const document = (entryFilter: unknown, changes: object = {}) =>
      JSON.stringify({
        version: 1,
        accounts: [{ name: 'main', mode: 'paper', venue: BTC.venue, onShutdown: 'cancel' }],
        lanes: [{ ...laneConfiguration(), entryFilter, ...changes }],
        feeds: [{ venue: BTC.venue, symbols: ['BTCUSDT'] }],
      });
    const files = (content: string) => () => content;
    const given = loadConfiguration(document({ model: MODEL }), 'test');
    const named = loadConfiguration(document({ path: 'filter.json' }), 'test', files(JSON.stringify(MODEL)));
    expect(named.configuration.lanes[0]?.entryFilter?.model).toEqual(given.configuration.lanes[0]?.entryFilter?.model);
    const other = loadConfiguration(
      document({ path: 'filter.json' }),
      'test',
      files(JSON.stringify({ ...MODEL, threshold: 9 })),
    );
    expect(other.hash).not.toBe(named.hash);

    expect(() => loadConfiguration(document({ path: 'filter.json' }), 'test')).toThrow('filter.json cannot be read');
    const faulty = () =>
      loadConfiguration(document({ path: 'filter.json' }, { symbol: 'no such' }), 'test', files('{"version":1}'));
    expect(faulty).toThrow(/lanes\.0\.entryFilter\.model/);
    expect(faulty).toThrow(/lanes\.0\.symbol/);
  });
});

/** Computed by a Python program from the formulas that `entry-features.ts` states: what another machine and another language give. */
const KNOWN_FEATURES = {
  spreadBps: '3fa999876cc4e837',
  sideImbalance: '3fa0256410256410',
  sideImbalanceMean: '3f91cbbea9cd3dff',
  sideDriftBps: '3fb30619dcacc04e',
  moveBps: '3fae315d2e322bea',
  sideFlow: '3fd6bee6b60f61e1',
  signalStrength: '4002000000000000',
  takes: '3ff0000000000000',
};
const KNOWN_LOGIT = 'bfd9bcf9f8fea948';
