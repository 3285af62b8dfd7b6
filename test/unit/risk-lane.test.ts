import { describe, expect, it } from 'vitest';
import { NO_POLICY, POLICY } from '#core/config/policy.ts';
import type { UnitRef } from '#core/control/unit.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { Price } from '#core/market/scaled-decimal.ts';
import type { OrderIntent } from '#core/orders/order.ts';
import { allotmentOf } from '#core/risk/allotment.ts';
import { RiskBook } from '#core/risk/risk-book.ts';
import { BTC, LaneWorld, laneConfiguration } from '../support/lane-world.ts';

const UNIT: UnitRef = { account: 'main', mode: 'paper', venue: 'binance-usdm' };
const EQUITY: Instrument = { ...BTC, kind: 'equity', minNotional: 0 };
const HOUR_MS = 3_600_000;

function bookOf(policy: Readonly<Record<string, unknown>>): RiskBook {
  const parsed = POLICY.parse({ version: 1, ...policy });
  return new RiskBook(parsed, allotmentOf(parsed, [{ ...UNIT, symbol: 'BTCUSDT' }], UNIT));
}

const budget = (limits: Readonly<Record<string, unknown>>) =>
  bookOf({ budgets: [{ name: 'all', mode: 'paper', ...limits }] });

const rule = (changes: Readonly<Record<string, number>> = {}) => ({
  window: 2,
  bad: 2,
  withinMs: 600_000,
  openMs: 5_000,
  maxOpenMs: 60_000,
  ...changes,
});

/** What the lane's last refusal says. */
function refusal(world: LaneWorld): string | undefined {
  return world.told('order.denied').at(-1)?.code;
}

/** Moves the market until the lane asks to enter, and says what it was refused for; undefined: it entered. */
function tryEntry(world: LaneWorld): string | undefined {
  const denied = world.told('order.denied').length;
  const placed = world.placed.length;
  for (let count = 0; count < 30; count += 1) {
    world.tick(1);
    if (world.told('order.denied').length > denied) return refusal(world);
    if (world.placed.length > placed) return undefined;
  }
  throw new Error('the lane asked for nothing');
}

/** The direction of the market in which an order gains. */
function signOf(intent: OrderIntent): 1 | -1 {
  return intent.side === 'buy' ? 1 : -1;
}

/** Enters, fills and closes at a loss or a gain of `ticks`. */
function trade(world: LaneWorld, ticks: number): void {
  const entry = world.enter();
  world.fill(entry, entry.size);
  world.report(entry, 'filled', entry.size);
  const before = world.placed.length;
  world.pass(1_100);
  world.tick(ticks * signOf(entry));
  world.pass(3_100);
  for (const intent of world.placed.slice(before)) {
    if (world.lane.position.size !== 0) {
      world.fill({ ...intent, price: world.middle as Price }, intent.size);
      world.report(intent, 'filled', intent.size);
    } else world.report(intent, 'canceled', 0);
  }
  expect(world.lane.position.size).toBe(0);
  expect(world.lane.state).toBe('Idle');
}

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
    const book = new RiskBook(NO_POLICY, allotmentOf(NO_POLICY, [], UNIT));
    const [one, two] = [lane(book), lane(book, 'ETHUSDT')];
    const held = one.enter();
    one.fill(held, held.size);
    expect(book.exposure).toBe(0);
    const first = POLICY.parse({ version: 1, budgets: [{ name: 'all', mode: 'paper', maxExposure: 1_000 }] });
    book.apply(first, allotmentOf(first, [{ ...UNIT, symbol: 'BTCUSDT' }], UNIT));
    expect(tryEntry(two)).toBe('EXPOSURE_UNPRICED');
    for (const world of [one, two]) world.pass(50);
    expect(tryEntry(two)).toBe('UNIT_EXPOSURE_LIMIT');
  });

  it('S10: a new policy holds for the next order', () => {
    const book = budget({ maxExposure: 500 });
    const world = lane(book);
    expect(tryEntry(world)).toBe('UNIT_EXPOSURE_LIMIT');
    const wider = POLICY.parse({ version: 2, budgets: [{ name: 'all', mode: 'paper', maxExposure: 5_000 }] });
    book.apply(wider, allotmentOf(wider, [{ ...UNIT, symbol: 'BTCUSDT' }], UNIT));
    expect(tryEntry(world)).toBeUndefined();
  });
});

describe('breakers of a lane and its unit', () => {
  const lane = (book: RiskBook, symbol = 'BTCUSDT') =>
    new LaneWorld(laneConfiguration({ name: symbol.toLowerCase(), symbol }), {}, { ...BTC, symbol }, book);
  const alerts = (world: LaneWorld) => world.told('alert').map((alert) => alert.code);

  it('H12, H14: losses in a row stop the lane that made them, and one trial lets it go on', () => {
    const book = bookOf({ breakers: { consecutiveLosses: rule() } });
    const [one, two] = [lane(book), lane(book, 'ETHUSDT')];
    trade(one, -30);
    trade(one, -30);
    expect(alerts(one)).toContain('BREAKER_OPENED');
    expect(tryEntry(one)).toBe('BREAKER_LOSSES');
    expect(tryEntry(two)).toBeUndefined();
    one.mono += 6e9;
    one.pass(60);
    trade(one, 60);
    expect(alerts(one)).toContain('BREAKER_CLOSED');
  });

  it('H12, H4: a lane that goes to another symbol, or is configured anew, takes its losses in a row with it', () => {
    const book = bookOf({ breakers: { consecutiveLosses: rule() } });
    const follower = (symbol: string) =>
      new LaneWorld(laneConfiguration({ name: 'follower', symbol }), {}, { ...BTC, symbol }, book);
    const one = follower('BTCUSDT');
    trade(one, -30);
    const two = follower('ETHUSDT');
    two.mono = one.mono;
    trade(two, -30);
    expect(alerts(two)).toContain('BREAKER_OPENED');
    const three = follower('SOLUSDT');
    three.mono = two.mono;
    expect(tryEntry(three)).toBe('BREAKER_LOSSES');
    three.mono += 6e9;
    three.pass(60);
    trade(three, 60);
    expect(alerts(three)).toContain('BREAKER_CLOSED');
    expect(alerts(one)).toEqual([]);
    expect(tryEntry(lane(book))).toBeUndefined();
  });

  it('H12: a trade that only its fees made a loss counts as one', () => {
    const world = lane(bookOf({ breakers: { consecutiveLosses: rule({ window: 1, bad: 1 }) } }));
    trade(world, 1);
    expect(tryEntry(world)).toBe('BREAKER_LOSSES');
  });

  it('H12: a lane that is flat for a moment while its entry can still fill has not ended its trade', () => {
    const world = lane(bookOf({ breakers: { consecutiveLosses: rule() } }));
    const entry = world.enter();
    for (const part of [4, entry.size - 4]) {
      const before = world.placed.length;
      world.fill(entry, part);
      world.pass(1_100);
      world.tick(-30 * signOf(entry));
      const exit = world.placed.slice(before).find((intent) => intent.type === 'market');
      if (exit === undefined) throw new Error('no exit');
      world.fill({ ...exit, price: world.middle as Price }, part);
      world.report(exit, 'filled', exit.size);
      expect(world.lane.position.size).toBe(0);
    }
    expect(world.lane.state).toBe('Idle');
    expect(alerts(world)).not.toContain('BREAKER_OPENED');
    trade(world, -30);
    expect(alerts(world)).toContain('BREAKER_OPENED');
  });

  it('H14: rejections stop all lanes of the unit; exits pass', () => {
    const book = bookOf({ breakers: { rejectRate: rule() } });
    const [one, two] = [lane(book), lane(book, 'ETHUSDT')];
    const held = two.enter();
    two.fill(held, held.size);
    for (let count = 0; count < 2; count += 1) {
      const entry = one.enter();
      const answer = { kind: 'rejected', errorClass: 'reject', code: '-2019', text: 'margin' } as const;
      one.lane.onAnswer(entry.clientOrderId, 'place', answer, one.now());
      one.collect();
    }
    expect(tryEntry(one)).toBe('BREAKER_REJECTS');
    const before = two.placed.length;
    two.pass(1_100);
    two.tick(-40 * signOf(held));
    expect(two.placed.slice(before).some((intent) => intent.reduceOnly)).toBe(true);
  });

  it('H14: answers that say nothing, and answers that come late, stop entries', () => {
    const errors = bookOf({ breakers: { errorRate: rule({ window: 1, bad: 1 }) } });
    const one = lane(errors);
    const entry = one.enter();
    one.lane.onAnswer(
      entry.clientOrderId,
      'place',
      { kind: 'unknown', cause: 'timeout', code: '', text: '' },
      one.now(),
    );
    one.report(entry, 'canceled', 0);
    expect(tryEntry(one)).toBe('BREAKER_ERRORS');
    const late = lane(bookOf({ slowAckMs: 100, breakers: { latency: rule({ window: 1, bad: 1 }) } }));
    const slow = late.enter();
    late.mono += 101e6;
    late.accept(slow);
    late.report(slow, 'canceled', 0);
    expect(tryEntry(late)).toBe('BREAKER_LATENCY');
  });

  it('H2, H14: a position that differs from the venue’s stops entries until comparisons agree again', () => {
    const world = lane(bookOf({ breakers: { reconciliation: rule({ window: 1, bad: 1 }) } }));
    const ask = (size: number) => {
      world.mono += 1e9;
      world.verify(size);
    };
    ask(5);
    ask(0);
    expect(tryEntry(world), 'a report on its way is no difference').toBeUndefined();
    const entry = world.placed.at(-1);
    if (entry !== undefined) world.report(entry, 'canceled', 0);
    for (const size of [5, 5, 0, 0, 0]) ask(size);
    expect(tryEntry(world)).toBe('BREAKER_RECONCILIATION');
    world.mono += 5e9;
    world.verify(0);
    expect(tryEntry(world)).toBeUndefined();
  });
});
