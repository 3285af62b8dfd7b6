import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { POLICY } from '#core/config/policy.ts';
import type { AdjustmentReport } from '#core/orders/order.ts';
import type { FeePrice } from '#core/positions/fee-price.ts';
import { termsOfFill } from '#core/positions/fill-terms.ts';
import { allotmentOf } from '#core/risk/allotment.ts';
import { RiskBook } from '#core/risk/risk-book.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';
import { BTC, LaneWorld, laneConfiguration } from '../support/lane-world.ts';

const DAY_MS = 86_400_000;
const UNIT = { account: 'main', mode: 'paper', venue: 'binance-usdm' } as const;

/** A lane that has entered with its fee in BNB. */
function paidInBnb(world: LaneWorld, fee = '0.01') {
  const intent = world.enter();
  world.accept(intent);
  const fill = { ...world.fillReport(intent, 10), fee, feeCurrency: 'BNB' };
  world.lane.onFill(fill, world.now());
  world.collect();
  return fill;
}

function priceOf(world: LaneWorld, price: string, ageMs = 0): FeePrice {
  const { mono, epoch } = world.now();
  return {
    currency: 'BNB',
    against: 'USDT',
    price,
    source: 'BNBUSDT query',
    mono: (mono - ageMs * 1e6) as MonoNanos,
    epoch: (epoch - ageMs) as EpochMs,
  };
}

function give(world: LaneWorld, price: FeePrice): void {
  world.lane.onFeePrice(price, world.now());
  world.collect();
}

function cash(world: LaneWorld, changes: Partial<AdjustmentReport> = {}): void {
  const report: AdjustmentReport = {
    kind: 'adjustment',
    reason: 'funding',
    id: 'funding-1',
    symbol: 'BTCUSDT',
    currency: 'USDT',
    amount: '-1.5',
    venueTime: world.now().epoch,
    ...changes,
  };
  world.lane.onAdjustment(report, world.now());
  world.collect();
}

describe('fees in another currency', () => {
  it('H12: are bounded until a price is known, and converted at one that comes soon after', () => {
    const world = new LaneWorld();
    const fill = paidInBnb(world);
    const value = Number(fill.price) * 0.01;
    const bounded = world.lane.dailyProfit();
    expect(world.events.find((event) => event.type === 'fill')?.body).toMatchObject({
      fee: '0.01',
      feeCurrency: 'BNB',
    });
    expect(world.pricesAsked).toEqual(['BNB']);

    give(world, priceOf(world, '600'));

    expect(world.lane.dailyProfit() - bounded).toBeCloseTo(value * 0.002 - 6, 9);
    expect(world.events.find((event) => event.type === 'fee.priced')?.body).toMatchObject({
      fillId: fill.fillId,
      settlementFee: '6',
      price: '600',
      source: 'BNBUSDT query',
    });
  });

  it('H12: are converted with the fill where a price of its time is at hand, and that is told with it', () => {
    const world = new LaneWorld();
    paidInBnb(world);
    give(world, priceOf(world, '600'));
    const [order] = world.placed;
    if (order === undefined) throw new Error('no order');
    const before = world.lane.dailyProfit();
    world.lane.onFill({ ...world.fillReport(order, 1), fee: '0.001', feeCurrency: 'BNB' }, world.now());
    world.collect();
    expect(world.events.findLast((event) => event.type === 'fill')?.body).toMatchObject({
      settlementFee: '0.6',
      feePrice: { price: '600', source: 'BNBUSDT query' },
    });
    expect(world.events.filter((event) => event.type === 'fee.priced')).toHaveLength(1);
    expect(before - world.lane.dailyProfit()).toBeGreaterThan(0);
  });

  it('H12: a price that is older than a minute converts nothing', () => {
    const world = new LaneWorld();
    paidInBnb(world);
    const bounded = world.lane.dailyProfit();
    give(world, priceOf(world, '600', 61_000));
    expect(world.lane.dailyProfit()).toBe(bounded);
    world.pass(70_000);
    give(world, priceOf(world, '600'));
    expect(world.events.some((event) => event.type === 'fee.priced')).toBe(false);
  });

  it('H12: the price is asked for again while it gets old, and no more after an hour without such fees', () => {
    const world = new LaneWorld();
    paidInBnb(world);
    give(world, priceOf(world, '600'));
    world.pass(10_000);
    expect(world.pricesAsked).toHaveLength(1);
    world.pass(11_000);
    expect(world.pricesAsked).toHaveLength(2);
    world.pass(3_600_000);
    expect(world.pricesAsked).toHaveLength(2);
  });

  it('H12: the bound is never below what a fee of a tenth of a percent can come to', () => {
    const sizes = fc.integer({ min: 1, max: 1_000_000 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 10_000_000 }), (size, price) => {
        const fill = { price: String(price / 10), size: (size / 1_000).toFixed(3), fee: '1', feeCurrency: 'BNB' };
        const { feeBound } = termsOfFill(BTC, fill);
        expect(Number(feeBound)).toBeGreaterThanOrEqual((size / 1_000) * (price / 10) * 0.001);
      }),
    );
  });
});

describe('funding', () => {
  it('H12: is of the day, once, however often it is told, and closes the lane at its daily loss', () => {
    const world = new LaneWorld(laneConfiguration());
    world.tick(0);
    cash(world);
    cash(world);
    expect(world.lane.dailyProfit()).toBeCloseTo(-1.5, 9);
    cash(world, { id: 'funding-2', amount: '-1000' });
    const denied = () => world.told('order.denied').map((denial) => denial.code);
    for (let count = 0; count < 12; count += 1) world.tick(1);
    expect(denied()).toContain('DAILY_LOSS_LIMIT');
    expect(world.placed).toEqual([]);
  });

  it('H12: of yesterday, told late, is no profit of today; transfers are nobody’s', () => {
    const world = new LaneWorld();
    world.tick(0);
    cash(world, { venueTime: (world.now().epoch - DAY_MS) as EpochMs });
    cash(world, { id: 'transfer-1', reason: 'transfer', amount: '500' });
    expect(world.lane.dailyProfit()).toBe(0);
  });

  it('H12: in a currency without a price is told for what it is, also where fees in that currency have been', () => {
    const world = new LaneWorld();
    paidInBnb(world);
    for (let count = 0; count < 70; count += 1) world.pass(1_000);
    cash(world, { currency: 'BNB', amount: '-0.1' });
    cash(world, { currency: 'BNB', amount: '-0.1', id: 'funding-2' });
    const texts = world.events.flatMap(({ type, body }) => (type === 'alert' ? [JSON.stringify(body)] : []));
    expect(texts.filter((text) => text.includes('FEE_UNPRICED'))).toEqual([
      expect.stringContaining('carry more instead'),
      expect.stringContaining('funding in BNB, of which no price is known: it is not in the profit of the day'),
    ]);
  });

  it('H12: before the first price it counts as well', () => {
    const world = new LaneWorld(laneConfiguration(), { dailyProfit: -3 });
    cash(world);
    expect(world.lane.dailyProfit()).toBeCloseTo(-4.5, 9);
    world.tick(0);
    expect(world.lane.dailyProfit()).toBeCloseTo(-4.5, 9);
  });

  it.each([
    ['back over midnight', 2 * 3_600_000, 3_600_000],
    ['back to before the lease', 0, -24 * 3_600_000],
  ])(
    'G12, H12: a wall clock that steps %s forgets no loss of the day, and the loss goes on counting for the unit',
    (_, at, back) => {
      const policy = POLICY.parse({ version: 1, reportingCurrency: 'USDT' });
      const book = new RiskBook(policy, allotmentOf(policy, [], UNIT));
      const world = new LaneWorld(laneConfiguration(), {}, BTC, book);
      world.wallMs = at;
      world.tick(0);
      cash(world, { id: 'funding-2', amount: '-1000' });
      world.wallMs = back;
      for (let count = 0; count < 12; count += 1) world.tick(1);
      expect(world.lane.dailyProfit()).toBeCloseTo(-1000, 9);
      expect(world.placed).toEqual([]);
      cash(world, { id: 'funding-3', amount: '-500' });
      world.pass(100);
      expect(book.profit).toBeCloseTo(-1500, 9);
    },
  );

  it('H12: of a settlement that pays out the session only the funding is news', () => {
    const world = new LaneWorld();
    world.tick(0);
    cash(world, { amount: '120', profit: '-0.25' });
    expect(world.lane.dailyProfit()).toBeCloseTo(-0.25, 9);
  });
});
