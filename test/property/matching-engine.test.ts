import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatExact, parseExact } from '#core/ledger/exact-decimal.ts';
import type { Side } from '#core/market/market-message.ts';
import type { TimeInForce } from '#core/orders/order.ts';
import type { SimulatedFill, SimulatedOrderRequest } from '#simulation/exchange/simulated-exchange.ts';
import { createExchangeBench, type ExchangeBench, type Level, price, size } from '../support/scripted-market.ts';

const ACCOUNTS = ['me', 'other'] as const;
type AccountId = (typeof ACCOUNTS)[number];

/** One thing that happens; prices in ticks around 1000, sizes in lots. */
type Action =
  | { readonly do: 'book'; readonly middle: number; readonly bids: readonly number[]; readonly asks: readonly number[] }
  | { readonly do: 'trade'; readonly takerSide: Side; readonly ticks: number; readonly lots: number }
  | {
      readonly do: 'place';
      readonly account: AccountId;
      readonly side: Side;
      readonly type: SimulatedOrderRequest['type'];
      readonly timeInForce: TimeInForce;
      readonly ticks: number;
      readonly lots: number;
      readonly reduceOnly: boolean;
    }
  | { readonly do: 'cancel'; readonly account: AccountId; readonly pick: number }
  | {
      readonly do: 'amend';
      readonly account: AccountId;
      readonly pick: number;
      readonly ticks: number;
      readonly lots: number;
    }
  | { readonly do: 'wait'; readonly minutes: number };

const side = fc.constantFrom<Side>('buy', 'sell');
const account = fc.constantFrom<AccountId>(...ACCOUNTS);
const ticks = fc.integer({ min: -8, max: 8 });
const lots = fc.integer({ min: 1, max: 60 });
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('book' as const),
      middle: fc.integer({ min: -5, max: 5 }),
      bids: fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 3, maxLength: 3 }),
      asks: fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 3, maxLength: 3 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('trade' as const), takerSide: side, ticks, lots }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('place' as const),
      account,
      side,
      type: fc.constantFrom('limit', 'limit', 'limit', 'market', 'stopMarket', 'takeProfitMarket'),
      timeInForce: fc.constantFrom<TimeInForce>('gtc', 'gtc', 'ioc', 'fok', 'postOnly'),
      ticks,
      lots,
      reduceOnly: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), account, pick: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('amend' as const), account, pick: fc.nat(20), ticks, lots }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 300 }) }) },
);

const priceAt = (offset: number) => price(1000 + offset * 5);

function levels(from: number, step: number, sizes: readonly number[]): Level[] {
  return sizes.map((count, index) => [priceAt(from + step * index), count * 10]);
}

function run(bench: ExchangeBench, each: Action): void {
  switch (each.do) {
    case 'book':
      bench.book({
        isSnapshot: true,
        bids: levels(each.middle - 1, -1, each.bids).filter(([, count]) => count > 0),
        asks: levels(each.middle, 1, each.asks).filter(([, count]) => count > 0),
      });
      return;
    case 'trade':
      bench.trade(each.takerSide, priceAt(each.ticks), each.lots * 10);
      return;
    case 'place': {
      const isLimit = each.type === 'limit';
      bench.place(
        {
          side: each.side,
          type: each.type,
          timeInForce: isLimit ? each.timeInForce : 'ioc',
          price: isLimit ? priceAt(each.ticks) : null,
          triggerPrice: each.type.endsWith('Market') ? priceAt(each.ticks) : null,
          size: size(each.lots * 10),
          reduceOnly: each.reduceOnly,
        },
        each.account,
      );
      return;
    }
    case 'cancel':
    case 'amend': {
      const open = bench.exchange.openOrders(each.account, null);
      const target = { orderId: open[each.pick % Math.max(1, open.length)]?.orderId ?? '0', clientOrderId: null };
      if (each.do === 'cancel') bench.exchange.cancel(each.account, target);
      else bench.exchange.amend(each.account, target, priceAt(each.ticks), size(each.lots * 10));
      return;
    }
    case 'wait':
      bench.at(bench.exchange.now() - CLOCK_ORIGIN + each.minutes * 60_000);
      return;
  }
}

const CLOCK_ORIGIN = createExchangeBench().exchange.now();

function signed(fill: Pick<SimulatedFill, 'side' | 'size'>): number {
  return fill.side === 'buy' ? fill.size : -fill.size;
}

function positionOf(bench: ExchangeBench, accountId: AccountId): number {
  return bench.exchange.positions(accountId)[0]?.size ?? 0;
}

/** Runs the actions and checks the laws after each. `deposit` decides whether liquidations come into play. */
function play(actions: readonly Action[], deposit: string, check: (bench: ExchangeBench) => void): ExchangeBench {
  const bench = createExchangeBench({ deposit, leverage: 20 });
  for (const each of actions) {
    run(bench, each);
    check(bench);
  }
  return bench;
}

const actions = fc.array(action, { minLength: 5, maxLength: 60, size: 'max' });

describe('the matching engine', () => {
  it('keeps positions, wallets, orders and fills in agreement, exactly', () => {
    fc.assert(
      fc.property(actions, fc.constantFrom('1000000', '40'), (played, deposit) => {
        play(played, deposit, (bench) => {
          for (const accountId of ACCOUNTS) {
            const fills = bench.exchange.fills(accountId, null);
            expect(positionOf(bench, accountId)).toBe(fills.reduce((sum, fill) => sum + signed(fill), 0));
            const told = bench.account.filter((event) => event.kind === 'balance' && event.accountId === accountId);
            const besides = told.reduce(
              (sum, event) =>
                event.kind === 'balance' && (event.reason === 'funding' || isCover(event))
                  ? sum + parseExact(event.change)
                  : sum,
              0n,
            );
            const settled = fills.reduce(
              (sum, fill) => sum + parseExact(fill.realizedProfit) - parseExact(fill.fee),
              0n,
            );
            expect(bench.exchange.balances(accountId)[0]?.walletBalance).toBe(
              formatExact(parseExact(deposit) + settled + besides),
            );
            // Profit, realised or not, is what was sold for more than it was bought, with what is held at the mark price.
            const [position] = bench.exchange.positions(accountId);
            const cash = fills.reduce((sum, fill) => sum - BigInt(fill.price) * BigInt(signed(fill)), 0n);
            const worth = cash + BigInt(position?.markPrice ?? 0) * BigInt(position?.size ?? 0);
            const realized = fills.reduce((sum, fill) => sum + parseExact(fill.realizedProfit), 0n);
            expect(realized + parseExact(position?.unrealizedProfit ?? '0')).toBe(worth * 10n ** 15n);
            for (const order of bench.exchange.orders(accountId, null)) {
              const own = fills.filter((fill) => fill.orderId === order.orderId);
              expect(order.cumulativeSize).toBe(own.reduce((sum, fill) => sum + fill.size, 0));
              expect(order.cumulativeCost).toBe(
                own.reduce((sum, fill) => sum + BigInt(fill.price) * BigInt(fill.size), 0n),
              );
              expect(order.cumulativeSize).toBeLessThanOrEqual(order.size);
              expect(order.status === 'filled').toBe(order.cumulativeSize === order.size);
            }
          }
        });
      }),
      { numRuns: 150 },
    );
  });

  it('never shows a crossed book, and shows what its changes add up to', () => {
    fc.assert(
      fc.property(actions, (played) => {
        const copy = { bids: new Map<number, number>(), asks: new Map<number, number>() };
        let read = 0;
        play(played, '1000000', (bench) => {
          for (; read < bench.market.length; read += 1) {
            const event = bench.market[read];
            if (event?.kind !== 'bookChange') continue;
            for (const [at, left] of event.bids) left === 0 ? copy.bids.delete(at) : copy.bids.set(at, left);
            for (const [at, left] of event.asks) left === 0 ? copy.asks.delete(at) : copy.asks.set(at, left);
          }
          const { bids, asks } = bench.exchange.book('COINUSDT', 1_000);
          const [bid] = bids;
          const [ask] = asks;
          if (bid !== undefined && ask !== undefined) expect(bid[0]).toBeLessThan(ask[0]);
          expect(bids).toEqual([...copy.bids].sort(([a], [b]) => b - a));
          expect(asks).toEqual([...copy.asks].sort(([a], [b]) => a - b));
        });
      }),
      { numRuns: 150 },
    );
  });

  it('keeps each order to its promise: FOK whole or not, post-only maker only, limits not passed, reduce-only never opening', () => {
    fc.assert(
      fc.property(actions, (played) => {
        const held = new Map<string, number>();
        const bench = play(played, '1000000', () => undefined);
        for (const event of bench.account) {
          if (event.kind !== 'fill') continue;
          const { fill, order } = event;
          const before = held.get(fill.accountId) ?? 0;
          held.set(fill.accountId, before + signed(fill));
          if (order.reduceOnly) {
            expect(Math.sign(signed(fill))).toBe(-Math.sign(before));
            expect(fill.size).toBeLessThanOrEqual(Math.abs(before));
          }
          if (order.timeInForce === 'postOnly') expect(fill.liquidity).toBe('maker');
          if (order.price !== null && order.side === 'buy') expect(fill.price).toBeLessThanOrEqual(order.price);
          if (order.price !== null && order.side === 'sell') expect(fill.price).toBeGreaterThanOrEqual(order.price);
          if (order.price !== null && fill.liquidity === 'maker') expect(fill.price).toBe(order.price);
        }
        for (const accountId of ACCOUNTS) {
          for (const order of bench.exchange.orders(accountId, null)) {
            if (order.timeInForce === 'fok') expect([0, order.size]).toContain(order.cumulativeSize);
          }
          for (const order of bench.exchange.openOrders(accountId, null)) {
            const isResting = order.status !== 'untriggered';
            if (!order.reduceOnly || !isResting) continue;
            const position = positionOf(bench, accountId);
            expect(order.side === 'sell' ? position : -position).toBeGreaterThanOrEqual(
              order.size - order.cumulativeSize,
            );
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('takes no more than is offered, better prices first, and prints what it takes', () => {
    const offers = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(offers, fc.array(fc.tuple(lots, ticks), { maxLength: 8 }), (offered, takers) => {
        const bench = createExchangeBench();
        bench.book({ asks: levels(-2, 1, offered).filter(([, count]) => count > 0), bids: [[priceAt(-9), 1000]] });
        for (const [count, limit] of takers) {
          const request = { price: priceAt(limit), size: size(count * 10), timeInForce: 'ioc' } as const;
          const before = bench.exchange.book('COINUSDT', 10).asks;
          const order = bench.accept(request);
          let left = count * 10;
          const expected: [number, number][] = [];
          for (const [at, available] of before) {
            if (at > request.price || left === 0) break;
            expected.push([at, Math.min(left, available)]);
            left -= Math.min(left, available);
          }
          const fills = bench.exchange.fills('me', null).filter((fill) => fill.orderId === order.orderId);
          expect(fills.map((fill) => [fill.price, fill.size])).toEqual(expected);
        }
        const taken = bench.exchange.fills('me', null).reduce((sum, fill) => sum + fill.size, 0);
        const left = bench.exchange.book('COINUSDT', 10).asks.reduce((sum, [, count]) => sum + count, 0);
        expect(taken + left).toBe(offered.reduce((sum, count) => sum + count * 10, 0));
        const prints = bench.market.flatMap((event) => (event.kind === 'trade' ? [event.size] : []));
        expect(prints.reduce<number>((sum, count) => sum + count, 0)).toBe(taken);
      }),
      { numRuns: 200 },
    );
  });

  it('fills resting orders by price, then by time, and not beyond the volume that reached them', () => {
    const resting = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), lots), { minLength: 1, maxLength: 6 });
    const flow = fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), lots), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(resting, flow, fc.integer({ min: 0, max: 40 }), (orders, trades, queue) => {
        const bench = createExchangeBench();
        bench.book({ bids: levels(0, -1, [queue, queue, queue, queue, 1]).filter(([, count]) => count > 0) });
        const placed = orders.map(([depth, count]) => bench.accept({ price: priceAt(-depth), size: size(count * 10) }));
        const model = [0, 1, 2, 3].map((depth) => ({
          ahead: queue * 10,
          orders: placed.flatMap((order, index) =>
            order.price === priceAt(-depth) ? [{ index, left: order.size as number }] : [],
          ),
        }));
        for (const [depth, count] of trades) {
          bench.trade('sell', priceAt(-depth), count * 10);
          let volume = count * 10;
          for (const [at, level] of model.slice(0, depth + 1).entries()) {
            // Whoever stood at a better price than the trade's is gone already.
            const passed = at < depth ? 0 : Math.min(volume, level.ahead);
            level.ahead = at < depth ? 0 : level.ahead - passed;
            volume -= passed;
            for (const order of level.orders) {
              const filled = Math.min(volume, order.left);
              order.left -= filled;
              volume -= filled;
            }
            if (volume === 0) break;
          }
        }
        for (const { index, left } of model.flatMap((level) => level.orders)) {
          const order = bench.order(placed[index]?.orderId ?? '');
          expect(order.size - order.cumulativeSize).toBe(left);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('is deterministic: equal calls give equal events', () => {
    fc.assert(
      fc.property(actions, (played) => {
        const [first, second] = [1, 2].map(() => play(played, '40', () => undefined));
        expect(first?.account).toEqual(second?.account);
        expect(first?.market).toEqual(second?.market);
      }),
      { numRuns: 50 },
    );
  });
});

/** What the venue pays when a liquidation leaves a debt: a change that no fill stands behind. */
function isCover(event: {
  readonly reason: string;
  readonly change: string;
  readonly balance: { readonly walletBalance: string };
}): boolean {
  return event.reason === 'liquidation' && event.balance.walletBalance === '0' && !event.change.startsWith('-');
}
