import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { POLICY, type Policy } from '#core/config/policy.ts';
import { MODES, type UnitRef, unitId } from '#core/control/unit.ts';
import type { OrderIntent } from '#core/orders/order.ts';
import { allotmentOf, type BudgetedLane } from '#core/risk/allotment.ts';
import { RiskBook } from '#core/risk/risk-book.ts';
import type { MonoNanos } from '#core/time/clock.ts';
import { BTC, LaneWorld, laneConfiguration } from '../support/lane-world.ts';

const UNIT: UnitRef = { account: 'main', mode: 'paper', venue: 'binance-usdm' };
const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'] as const;

function bookWith(limits: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>> = {}): RiskBook {
  const policy = POLICY.parse({ version: 1, budgets: [{ name: 'all', mode: 'paper', ...limits }], ...more });
  return new RiskBook(policy, allotmentOf(policy, [{ ...UNIT, symbol: 'BTCUSDT' }], UNIT));
}

/** An order as the venue has it. */
interface VenueOrder {
  readonly lane: number;
  readonly intent: OrderIntent;
  filled: number;
  open: boolean;
}

type Step =
  | { kind: 'tick'; lane: number; ticks: number }
  | { kind: 'pass'; lane: number; ms: number }
  | { kind: 'ack' | 'unknown' | 'notSent' | 'cancelDone' | 'cancelLost'; pick: number }
  | { kind: 'fill'; pick: number; share: number; told: 'both' | 'reportAlone' | 'nothing' };

const lane = fc.nat(SYMBOLS.length - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('tick' as const), lane, ticks: fc.integer({ min: -4, max: 4 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), lane, ms: fc.constantFrom(20, 200, 600, 1_500) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'ack' as const,
        'unknown' as const,
        'notSent' as const,
        'cancelDone' as const,
        'cancelLost' as const,
      ),
      pick: fc.nat(20),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('fill' as const),
      pick: fc.nat(20),
      share: fc.constantFrom(0.3, 0.5, 1),
      told: fc.constantFrom('both' as const, 'reportAlone' as const, 'nothing' as const),
    }),
  },
);

/** Signed size that the venue holds of a lane. */
function heldOf(lane: number, orders: readonly VenueOrder[]): number {
  return orders
    .filter((order) => order.lane === lane)
    .reduce((total, { intent, filled }) => total + (intent.side === 'buy' ? filled : -filled), 0);
}

/** What a reduce-only order may still fill: the venue sees to it that it opens nothing. */
function reducible(order: VenueOrder, orders: readonly VenueOrder[]): number {
  const held = heldOf(order.lane, orders);
  return Math.max(0, order.intent.side === 'sell' ? held : -held);
}

/** Value that the venue's truth can come to: what is held, and what of the entries can still fill. */
function truth(orders: readonly VenueOrder[], worlds: readonly LaneWorld[]): number {
  return worlds.reduce((sum, world, index) => {
    const own = orders.filter((order) => order.lane === index);
    const held = heldOf(index, orders);
    const entries = own.filter((order) => order.open && !order.intent.reduceOnly);
    const rest = (side: 'buy' | 'sell') =>
      entries
        .filter((order) => order.intent.side === side)
        .reduce((total, order) => total + order.intent.size - order.filled, 0);
    const worst = Math.max(Math.abs(held), held + rest('buy'), rest('sell') - held);
    return sum + (worst / 1e3) * (world.middle / 10);
  }, 0);
}

function play(
  steps: readonly Step[],
  book: RiskBook,
  look: (orders: readonly VenueOrder[], worlds: readonly LaneWorld[]) => void,
): LaneWorld[] {
  const worlds = SYMBOLS.map(
    (symbol) => new LaneWorld(laneConfiguration({ name: symbol.toLowerCase(), symbol }), {}, { ...BTC, symbol }, book),
  );
  const orders: VenueOrder[] = [];
  const seen = worlds.map(() => 0);
  const take = () =>
    worlds.forEach((world, index) => {
      for (const intent of world.placed.slice(seen[index])) orders.push({ lane: index, intent, filled: 0, open: true });
      seen[index] = world.placed.length;
    });
  for (const each of steps) {
    if (each.kind === 'tick') for (let count = 0; count < 4; count += 1) worlds[each.lane]?.tick(each.ticks);
    else if (each.kind === 'pass') worlds[each.lane]?.pass(each.ms);
    else act(each, orders, worlds);
    take();
    look(orders, worlds);
  }
  return worlds;
}

function act(
  each: Exclude<Step, { kind: 'tick' | 'pass' }>,
  orders: readonly VenueOrder[],
  worlds: readonly LaneWorld[],
): void {
  const open = orders.filter((order) => order.open);
  const order = open[each.pick % Math.max(1, open.length)];
  const world = order === undefined ? undefined : worlds[order.lane];
  if (order === undefined || world === undefined) return;
  const { intent } = order;
  const answer = (text: Parameters<typeof world.lane.onAnswer>[2]) => {
    world.lane.onAnswer(intent.clientOrderId, 'place', text, world.now());
    world.collect();
  };
  switch (each.kind) {
    case 'ack':
      world.accept(intent);
      return;
    case 'unknown':
      answer({ kind: 'unknown', cause: 'timeout', code: '', text: '' });
      return;
    case 'notSent':
      if (order.filled > 0 || world.lane.orders.get(intent.clientOrderId)?.state !== 'Submitted') return;
      order.open = false;
      answer({ kind: 'notSent', reason: 'notReady', text: '' });
      return;
    case 'cancelDone':
    case 'cancelLost':
      order.open = false;
      if (each.kind === 'cancelDone') world.report(intent, 'canceled', order.filled);
      return;
    case 'fill': {
      const wanted = Math.min(intent.size - order.filled, Math.max(1, Math.floor(intent.size * each.share)));
      const size = intent.reduceOnly ? Math.min(wanted, reducible(order, orders)) : wanted;
      if (size <= 0) return;
      order.filled += size;
      if (order.filled >= intent.size) order.open = false;
      if (each.told === 'both') world.fill(intent, size);
      if (each.told !== 'nothing') world.report(intent, order.open ? 'partiallyFilled' : 'filled', order.filled);
    }
  }
}

describe('the lanes of a unit together', () => {
  it('H12, F6: never come to more than the unit may, whatever is filled, lost, unknown or late', () => {
    let refused = 0;
    let entered = 0;
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 30, maxLength: 120, size: 'max' }),
        fc.constantFrom(650, 1_250, 1_900),
        (steps, maxExposure) => {
          const book = bookWith({ maxExposure });
          const worlds = play(steps, book, (orders, all) => {
            const value = truth(orders, all);
            // Prices move by some hundred ticks after an order has passed: this is more than that.
            expect(value).toBeLessThanOrEqual(maxExposure * 1.003);
            expect(value).toBeLessThanOrEqual(book.exposure * 1.003);
          });
          for (const world of worlds) {
            refused += world.lane.denials.get('UNIT_EXPOSURE_LIMIT') ?? 0;
            entered += world.placed.filter((intent) => !intent.reduceOnly).length;
          }
        },
      ),
      { numRuns: 150 },
    );
    expect(refused, 'the limit was never asked').toBeGreaterThan(50);
    expect(entered).toBeGreaterThan(100);
  });

  it('H12: never have more orders open than the unit may, exits aside', () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 30, maxLength: 120, size: 'max' }), (steps) => {
        const worlds = play(steps, bookWith({ maxOpenOrders: 2 }), (_orders, all) => {
          const entries = all.flatMap((world) =>
            world.lane.orders.pending().filter((o) => o.alive && !o.intent.reduceOnly),
          );
          expect(entries.length).toBeLessThanOrEqual(2);
        });
        for (const world of worlds) refused += world.lane.denials.get('UNIT_OPEN_ORDERS_LIMIT') ?? 0;
      }),
      { numRuns: 80 },
    );
    expect(refused).toBeGreaterThan(20);
  });

  it('H12: the sums of the book are those of what its lanes told last, to the last smallest amount', () => {
    const tell = fc.record({
      slot: fc.nat(4),
      exposure: fc.oneof(
        { weight: 6, arbitrary: fc.double({ min: 0, max: 1e7, noNaN: true }) },
        fc.constant(Number.NaN),
      ),
      profit: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      openOrders: fc.nat(9),
      laterDay: fc.constantFrom(0, 0, 0, 0, 1),
    });
    fc.assert(
      fc.property(fc.array(tell, { maxLength: 100 }), (tells) => {
        const book = bookWith({ maxExposure: 1 });
        const told = new Map<
          number,
          { exposure: bigint; profit: bigint; day: number; open: number; unpriced: boolean }
        >();
        let day = 20_000;
        let peak = 0n;
        for (const each of tells) {
          if (each.laterDay === 1 && Number.isFinite(each.exposure)) {
            day += 1;
            peak = 0n;
          }
          book.tell(book.join(`S${each.slot}`), each.exposure, each.profit, each.openOrders, day);
          const unpriced = Number.isNaN(each.exposure);
          const before = told.get(each.slot) ?? { exposure: 0n, profit: 0n, day: -1 };
          told.set(each.slot, {
            ...(unpriced
              ? before
              : {
                  exposure: BigInt(Math.ceil(each.exposure * 1e4)),
                  profit: BigInt(Math.floor(each.profit * 1e4)),
                  day,
                }),
            open: each.openOrders,
            unpriced,
          });
          const all = [...told.values()];
          const sum = (of: (row: (typeof all)[number]) => bigint) => all.reduce((total, row) => total + of(row), 0n);
          const profit = sum((row) => (row.day === day ? row.profit : 0n));
          if (profit > peak) peak = profit;
          expect(BigInt(Math.round(book.exposure * 1e4))).toBe(sum((row) => row.exposure));
          expect(BigInt(Math.round(book.profit * 1e4))).toBe(profit);
          expect(BigInt(Math.round(book.drawdown * 1e4))).toBe(peak - profit);
          expect(book.openOrders).toBe(all.reduce((total, row) => total + row.open, 0));
          expect(book.unpriced).toBe(all.filter((row) => row.unpriced).length);
        }
      }),
    );
  });

  it('H12: a unit sends no faster than its part of the rate, whichever lanes send', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 100 }), (waits) => {
        const book = bookWith({ maxOrderRate: 5 });
        const sent: number[] = [];
        let now = 0;
        for (const wait of waits) {
          now += wait;
          if (book.orderTokens((now * 1e6) as MonoNanos) < 1) continue;
          book.sent('USDT', 0);
          sent.push(now);
        }
        // A second's worth may be saved up, and a second's worth comes in.
        for (const at of sent)
          expect(sent.filter((each) => each >= at && each < at + 1_000).length).toBeLessThanOrEqual(10);
      }),
    );
  });
});

describe('what a budget is divided into', () => {
  const venues = ['binance-usdm', 'bybit-linear', 'deribit'] as const;
  const lanes: fc.Arbitrary<BudgetedLane[]> = fc.uniqueArray(
    fc.record({
      account: fc.constantFrom('a', 'b', 'c'),
      mode: fc.constantFrom(...MODES),
      venue: fc.constantFrom(...venues),
      symbol: fc.constantFrom('X', 'Y'),
    }),
    { maxLength: 12, selector: (each) => `${unitId(each)}/${each.symbol}` },
  );
  const policies: fc.Arbitrary<(units: readonly string[]) => Policy> = fc
    .record({
      amount: fc.double({ min: 0.01, max: 1e9, noNaN: true }),
      orders: fc.integer({ min: 1, max: 50 }),
      mode: fc.constantFrom(...MODES),
      accounts: fc.option(fc.subarray(['a', 'b', 'c'], { minLength: 1 }), { nil: undefined }),
      venues: fc.option(fc.subarray([...venues], { minLength: 1 }), { nil: undefined }),
      bySymbol: fc.boolean(),
      weights: fc.array(fc.nat(1_000), { minLength: 12, maxLength: 12 }),
    })
    .map(
      ({ amount, orders, mode, bySymbol, weights, ...over }) =>
        (units) =>
          POLICY.parse({
            version: 1,
            budgets: [
              {
                name: 'b',
                mode,
                ...(over.accounts === undefined ? {} : { accounts: over.accounts }),
                ...(over.venues === undefined ? {} : { venues: over.venues }),
                ...(bySymbol ? { symbols: ['X'] } : { maxDailyLoss: amount, maxOpenOrders: orders }),
                maxExposure: amount,
                shares: Object.fromEntries(units.map((unit, index) => [unit, weights[index] ?? 1])),
              },
            ],
          }),
    );

  it('H12, T11: the parts of all units never exceed the whole, and units that it is not over have no limit by it', () => {
    fc.assert(
      fc.property(lanes, policies, (all, policyOf) => {
        const units = [...new Map(all.map((each) => [unitId(each), each])).values()];
        const policy = policyOf(units.map((each) => unitId(each)));
        const [budget] = policy.budgets;
        if (budget === undefined) return;
        const covered = units.filter(
          (each) =>
            each.mode === budget.mode &&
            (budget.accounts?.includes(each.account) ?? true) &&
            (budget.venues?.includes(each.venue) ?? true),
        );
        const parts = (of: (unit: UnitRef) => number | undefined) =>
          covered.reduce((sum, each) => sum + BigInt(Math.round((of(each) ?? 0) * 1e4)), 0n);
        const whole = BigInt(Math.floor((budget.maxExposure ?? 0) * 1e4));
        for (const each of units.filter((unit) => !covered.includes(unit)))
          expect(allotmentOf(policy, all, each).maxExposure).toBe(Number.POSITIVE_INFINITY);
        if (budget.symbols !== undefined) {
          expect(parts((unit) => allotmentOf(policy, all, unit).symbolExposure.get('X'))).toBeLessThanOrEqual(whole);
          return;
        }
        expect(parts((unit) => allotmentOf(policy, all, unit).maxExposure)).toBeLessThanOrEqual(whole);
        const orders = covered.reduce((sum, each) => sum + allotmentOf(policy, all, each).maxOpenOrders, 0);
        expect(orders).toBeLessThanOrEqual(budget.maxOpenOrders ?? 0);
        if (covered.length === 1 && covered[0] !== undefined && budget.shares[unitId(covered[0])] !== 0)
          expect(parts((unit) => allotmentOf(policy, all, unit).maxExposure)).toBe(whole);
      }),
    );
  });
});
