import { describe, expect, it } from 'vitest';
import { NO_POLICY, POLICY } from '#core/config/policy.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { allotmentOf } from '#core/risk/allotment.ts';
import { RiskBook } from '#core/risk/risk-book.ts';
import { BTC, LaneWorld, laneConfiguration } from '../support/lane-world.ts';
import { bookOf, RISK_UNIT, signOf, trade, tryEntry } from '../support/risk-trading.ts';

const EQUITY: Instrument = { ...BTC, kind: 'equity', minNotional: 0 };
const HOUR_MS = 3_600_000;

const budget = (limits: Readonly<Record<string, unknown>>) =>
  bookOf({ budgets: [{ name: 'all', mode: 'paper', ...limits }] });

describe('market hours of a lane', () => {
  const equityLane = (mode: 'paper' | 'testnet', marketHours?: 'always' | 'us-equity') => {
    const usual = laneConfiguration({ mode });
    return new LaneWorld(
      { ...usual, limits: { ...usual.limits, ...(marketHours === undefined ? {} : { marketHours }) } },
      {},
      EQUITY,
    );
  };

  it('G17: an equity lane opens nothing after the close, and trades from the next opening on', () => {
    const world = equityLane('testnet');
    // 2023-11-14, 17:13 in New York.
    expect(tryEntry(world)).toBe('MARKET_CLOSED');
    expect(world.told('order.denied').at(-1)?.detail).toBe('opens=2023-11-15T14:30:00.000Z');
    world.mono += 16.3 * HOUR_MS * 1e6;
    expect(tryEntry(world)).toBeUndefined();
  });

  it('G17: a position over the weekend: entries end before the close, its exit passes even while the market is closed', () => {
    const world = equityLane('testnet');
    // Friday, 2023-11-17, 15:53 in New York.
    world.mono += (2 * 24 + 22.6667) * HOUR_MS * 1e6;
    const entry = world.enter();
    world.fill(entry, entry.size);
    world.report(entry, 'filled', entry.size);
    world.mono += 300e9;
    const before = world.placed.length;
    world.mono += 24 * HOUR_MS * 1e6;
    world.tick(-40 * signOf(entry));
    world.pass(1_100);
    world.tick(-1);
    const exits = world.placed.slice(before);
    expect(exits.length).toBeGreaterThan(0);
    expect(exits.every((intent) => intent.reduceOnly)).toBe(true);
    expect(world.lane.denials.get('MARKET_CLOSED')).toBeUndefined();
  });

  it('G17: entries end five minutes before the close, whatever the strategy wishes', () => {
    const world = equityLane('testnet');
    // Friday, 2023-11-17, 15:56 in New York.
    world.mono += (2 * 24 + 22.72) * HOUR_MS * 1e6;
    expect(tryEntry(world)).toBe('MARKET_CLOSED');
    expect(world.told('order.denied').at(-1)?.detail).toMatch(/^closes=2023-11-17T21:00:00\.000Z/);
  });

  it('G17: simulated venues never close, unless the lane says otherwise', () => {
    expect(tryEntry(equityLane('paper'))).toBeUndefined();
    expect(tryEntry(equityLane('paper', 'us-equity'))).toBe('MARKET_CLOSED');
    expect(tryEntry(equityLane('testnet', 'always'))).toBeUndefined();
  });
});
describe('a lane within its unit', () => {
  const lane = (book: RiskBook, symbol = 'BTCUSDT', changes: Partial<Instrument> = {}) =>
    new LaneWorld(laneConfiguration({ name: symbol.toLowerCase(), symbol }), {}, { ...BTC, ...changes, symbol }, book);

  it('F6: an order of one lane that is Unknown counts at its full size against the others', () => {
    const book = budget({ maxExposure: 1_000 });
    const [one, two] = [lane(book), lane(book, 'ETHUSDT')];
    const entry = one.enter();
    one.lane.onAnswer(
      entry.clientOrderId,
      'place',
      { kind: 'unknown', cause: 'timeout', code: '', text: '' },
      one.now(),
    );
    one.collect();
    expect(one.lane.orders.get(entry.clientOrderId)?.state).toBe('Unknown');
    expect(tryEntry(two)).toBe('UNIT_EXPOSURE_LIMIT');
    one.report(entry, 'canceled', 0);
    expect(book.exposure).toBe(0);
    expect(tryEntry(two)).toBeUndefined();
  });

  it('F12: what the venue says has filled counts before the fill itself has come', () => {
    const book = budget({ maxExposure: 1_000 });
    const world = lane(book);
    const entry = world.enter();
    const asked = book.exposure;
    world.report(entry, 'filled', entry.size);
    world.pass(50);
    expect(book.exposure).toBeCloseTo(asked, 0);
    world.fill(entry, entry.size);
    expect(book.exposure).toBeCloseTo(asked, 0);
  });

  it('H12: the loss of all lanes stops each of them; a new day lets them go on', () => {
    const book = budget({ maxDailyLoss: 0.5 });
    const [one, two] = [lane(book), lane(book, 'ETHUSDT')];
    trade(one, -30);
    expect(book.profit).toBeLessThan(-0.02);
    const entry = one.enter();
    one.fill(entry, entry.size);
    one.tick(-5_000 * signOf(entry));
    one.pass(60);
    expect(book.profit).toBeLessThan(-0.5);
    expect(tryEntry(two)).toBe('UNIT_DAILY_LOSS_LIMIT');
    for (const world of [one, two]) {
      world.mono += 24 * HOUR_MS * 1e6;
      world.pass(60);
    }
    expect(book.profit).toBeGreaterThan(-0.5);
    expect(tryEntry(two)).toBeUndefined();
  });

  it('H12: a fall from the highest profit of the day stops entries though the day is still won', () => {
    const book = budget({ maxDrawdown: 3 });
    const [one, two] = [lane(book), lane(book, 'ETHUSDT')];
    two.pass(60);
    const entry = one.enter();
    one.fill(entry, entry.size);
    one.tick(10_000 * signOf(entry));
    one.pass(60);
    const top = book.profit;
    expect(top).toBeGreaterThan(5);
    one.tick(-4_000 * signOf(entry));
    one.pass(60);
    expect(book.profit).toBeGreaterThan(0);
    expect(book.drawdown).toBeCloseTo(top - book.profit, 3);
    expect(tryEntry(two)).toBe('UNIT_DRAWDOWN_LIMIT');
  });

  it('H12: a lane has a drawdown limit of its own', () => {
    const usual = laneConfiguration();
    const world = new LaneWorld({ ...usual, limits: { ...usual.limits, maxDrawdown: 0.02 } });
    trade(world, -30);
    expect(tryEntry(world)).toBe('DRAWDOWN_LIMIT');
  });

  it('H12: one symbol takes no more than its share', () => {
    const book = bookOf({ maxConcentration: 0.5, budgets: [{ name: 'all', mode: 'paper', maxExposure: 1_100 }] });
    expect(tryEntry(lane(book))).toBe('CONCENTRATION_LIMIT');
  });

  it('H12: what the venue says is free, less what was sent since, must cover an entry', () => {
    const book = bookOf({ marginRate: 0.1 });
    const [one, two] = [lane(book), lane(book, 'ETHUSDT')];
    book.balance('USDT', 100);
    expect(tryEntry(one)).toBeUndefined();
    expect(book.available('USDT')).toBeLessThan(41);
    expect(tryEntry(two)).toBe('MARGIN_INSUFFICIENT');
    book.balance('USDT', null);
    expect(tryEntry(two)).toBeUndefined();
  });

  it('H12: money of unknown worth opens nothing where a budget counts money', () => {
    const strange = { quoteCurrency: 'XYZ', settlementCurrency: 'XYZ' };
    expect(tryEntry(lane(budget({ maxExposure: 1e6 }), 'BTCUSDT', strange))).toBe('EXPOSURE_UNPRICED');
    expect(tryEntry(lane(budget({ maxOpenOrders: 5 }), 'BTCUSDT', strange))).toBeUndefined();
  });

  it('H12: an inverse contract counts in its quote currency, its profit by its own price', () => {
    const book = budget({ maxExposure: 1e6 });
    const inverse: Partial<Instrument> = {
      kind: 'inverse',
      quoteCurrency: 'USD',
      settlementCurrency: 'BTC',
      sizeScale: 0,
      multiplier: 1,
      minNotional: 0,
    };
    const usual = laneConfiguration();
    const configuration = {
      ...usual,
      strategy: { ...usual.strategy, baseSize: '1000' },
      limits: { ...usual.limits, maxOrderSize: '5000', maxPositionSize: '5000' },
    };
    const world = new LaneWorld(configuration, {}, { ...BTC, ...inverse }, book);
    const entry = world.enter();
    expect(book.exposure).toBe(1_000);
    world.lane.onFill({ ...world.fillReport(entry, 0), size: '1000', fee: '0' }, world.now());
    world.tick(6_000 * signOf(entry));
    world.pass(60);
    expect(book.profit).toBeCloseTo(10, 0);
  });

  it('H12: a lane that has not begun opens nothing beside it, where a budget counts money', () => {
    const book = budget({ maxExposure: 1e6 });
    const one = lane(book);
    book.join('ETHUSDT');
    expect(tryEntry(one)).toBe('EXPOSURE_UNPRICED');
    const two = lane(book, 'ETHUSDT');
    expect(tryEntry(one)).toBeUndefined();
    expect(tryEntry(two)).toBeUndefined();
  });

  it('S10: where there was no policy, the first one holds once each lane has told what it holds', () => {
    const book = new RiskBook(NO_POLICY, allotmentOf(NO_POLICY, [], RISK_UNIT));
    const [one, two] = [lane(book), lane(book, 'ETHUSDT')];
    const held = one.enter();
    one.fill(held, held.size);
    expect(book.exposure).toBe(0);
    const first = POLICY.parse({ version: 1, budgets: [{ name: 'all', mode: 'paper', maxExposure: 1_000 }] });
    book.apply(first, allotmentOf(first, [{ ...RISK_UNIT, symbol: 'BTCUSDT' }], RISK_UNIT));
    expect(tryEntry(two)).toBe('EXPOSURE_UNPRICED');
    for (const world of [one, two]) world.pass(50);
    expect(tryEntry(two)).toBe('UNIT_EXPOSURE_LIMIT');
  });

  it('S10: a new policy holds for the next order', () => {
    const book = budget({ maxExposure: 500 });
    const world = lane(book);
    expect(tryEntry(world)).toBe('UNIT_EXPOSURE_LIMIT');
    const wider = POLICY.parse({ version: 2, budgets: [{ name: 'all', mode: 'paper', maxExposure: 5_000 }] });
    book.apply(wider, allotmentOf(wider, [{ ...RISK_UNIT, symbol: 'BTCUSDT' }], RISK_UNIT));
    expect(tryEntry(world)).toBeUndefined();
  });
});
