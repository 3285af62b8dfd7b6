import { describe, expect, it } from 'vitest';
import type { SimulatedOrderRequest } from '#simulation/exchange/simulated-exchange.ts';
import { COIN, createExchangeBench, type ExchangeBench, price, size } from '../support/scripted-market.ts';

function benchWithBook(settings: Parameters<typeof createExchangeBench>[0] = {}): ExchangeBench {
  const bench = createExchangeBench(settings);
  bench.book({ bids: [[1000, 10_000]], asks: [[1010, 10_000]] });
  return bench;
}

function reasonOf(bench: ExchangeBench, request: Partial<SimulatedOrderRequest>): string {
  const outcome = bench.place(request);
  return outcome.kind === 'refused' ? outcome.reason : 'accepted';
}

describe('filters', () => {
  it.each<[string, Partial<SimulatedOrderRequest>]>([
    ['unknownSymbol', { symbol: 'OTHER', price: price(1000) }],
    ['priceTick', { price: price(1001) }],
    ['priceTick', { price: null }],
    ['priceTick', { price: price(0) }],
    ['sizeLot', { price: price(1000), size: size(105) }],
    ['sizeTooSmall', { price: price(1000), size: size(0) }],
    ['sizeTooLarge', { price: price(1000), size: size(1_000_010) }],
    ['notionalTooSmall', { price: price(300), size: size(10) }],
    ['priceBand', { price: price(1600) }],
    ['priceBand', { side: 'sell', price: price(500) }],
    ['accepted', { price: price(500) }],
    ['accepted', { side: 'sell', price: price(2000) }],
  ])('answer %s', (expected, request) => {
    expect(reasonOf(benchWithBook(), request)).toBe(expected);
  });

  it('refuse a second working order under a client id, and allow the id again when the first has ended', () => {
    const bench = benchWithBook();
    const first = bench.accept({ clientOrderId: 'a', price: price(1000) });
    expect(reasonOf(bench, { clientOrderId: 'a', price: price(995) })).toBe('duplicateClientOrderId');
    bench.exchange.cancel('me', { orderId: null, clientOrderId: 'a' });
    const second = bench.accept({ clientOrderId: 'a', price: price(995) });
    const found = bench.exchange.order('me', { orderId: null, clientOrderId: 'a' });
    expect([first.orderId === second.orderId, found?.orderId]).toEqual([false, second.orderId]);
  });

  it('refuse more working orders than allowed', () => {
    const bench = benchWithBook({ settings: { maxOpenOrders: 2 } });
    bench.accept({ price: price(1000) });
    bench.accept({ type: 'stopMarket', triggerPrice: price(1100) });
    expect(reasonOf(bench, { price: price(995) })).toBe('tooManyOrders');
  });

  it('refuse everything of an instrument that is not traded', () => {
    const bench = benchWithBook({ instrument: { ...COIN, tradable: false } });
    expect(reasonOf(bench, { price: price(1000) })).toBe('maintenance');
  });
});

describe('reduce-only', () => {
  it('is rejected while there is nothing to reduce', () => {
    const bench = benchWithBook();
    expect(reasonOf(bench, { side: 'sell', price: price(1010), reduceOnly: true })).toBe('reduceOnlyRejected');
    bench.accept({ side: 'sell', type: 'market', timeInForce: 'ioc' });
    expect(reasonOf(bench, { side: 'sell', price: price(1010), reduceOnly: true })).toBe('reduceOnlyRejected');
    expect(reasonOf(bench, { side: 'buy', price: price(1000), reduceOnly: true })).toBe('accepted');
  });

  it('closes the position and no more', () => {
    const bench = benchWithBook();
    bench.accept({ type: 'market', timeInForce: 'ioc', size: size(100) });
    const order = bench.accept({ side: 'sell', type: 'market', timeInForce: 'ioc', size: size(250), reduceOnly: true });
    expect(order).toMatchObject({ status: 'canceled', endReason: 'reduceOnly', cumulativeSize: 100 });
    expect(bench.exchange.positions('me')).toEqual([]);
  });

  it('shrinks with the position and goes with it', () => {
    const bench = benchWithBook();
    bench.accept({ type: 'market', timeInForce: 'ioc', size: size(100) });
    const exit = bench.accept({ side: 'sell', price: price(1020), size: size(250), reduceOnly: true });
    expect(exit.size).toBe(100);
    bench.accept({ side: 'sell', type: 'market', timeInForce: 'ioc', size: size(40) });
    expect(bench.order(exit.orderId)).toMatchObject({ status: 'open', size: 60 });
    bench.accept({ side: 'sell', type: 'market', timeInForce: 'ioc', size: size(100) });
    expect(bench.order(exit.orderId)).toMatchObject({ status: 'canceled', endReason: 'reduceOnly' });
    expect(bench.exchange.positions('me')[0]?.size).toBe(-40);
  });

  it('fills none of a FOK order that the position is too small for', () => {
    const bench = benchWithBook();
    bench.accept({ type: 'market', timeInForce: 'ioc', size: size(100) });
    const fok = { side: 'sell', price: price(1000), timeInForce: 'fok', reduceOnly: true } as const;
    expect(bench.accept({ ...fok, size: size(110) })).toMatchObject({ endReason: 'fokUnfilled', cumulativeSize: 0 });
    expect(bench.accept({ ...fok, size: size(100) })).toMatchObject({ status: 'filled' });
  });
});

describe('stop orders', () => {
  it('wait for the last price and then trade at the market', () => {
    const bench = benchWithBook();
    bench.ticker({ last: 1005 });
    const stop = bench.accept({ side: 'sell', type: 'stopMarket', triggerPrice: price(990), size: size(100) });
    const profit = bench.accept({ side: 'sell', type: 'takeProfitMarket', triggerPrice: price(1030), size: size(100) });
    expect([stop.status, profit.status]).toEqual(['untriggered', 'untriggered']);
    bench.trade('sell', 995, 10);
    expect(bench.order(stop.orderId).status).toBe('untriggered');
    bench.trade('sell', 990, 10);
    expect(bench.order(stop.orderId)).toMatchObject({ status: 'filled', cumulativeSize: 100 });
    bench.trade('buy', 1030, 10);
    expect(bench.order(profit.orderId).status).toBe('filled');
    const changes = bench.account.flatMap((event) =>
      event.kind === 'order' && event.order.orderId === stop.orderId ? [event.change] : [],
    );
    expect(changes).toEqual(['new', 'triggered', 'trade']);
  });

  it('follow the mark price where the venue does so', () => {
    const bench = benchWithBook({ settings: { triggerBy: 'mark' } });
    bench.ticker({ mark: 1005 });
    const stop = bench.accept({ side: 'buy', type: 'stopMarket', triggerPrice: price(1020) });
    bench.trade('buy', 1025, 10);
    expect(bench.order(stop.orderId).status).toBe('untriggered');
    bench.ticker({ mark: 1020 });
    expect(bench.order(stop.orderId).status).toBe('filled');
  });

  it('are refused if they would trigger at once', () => {
    const bench = benchWithBook();
    bench.ticker({ last: 1005 });
    expect(reasonOf(bench, { side: 'sell', type: 'stopMarket', triggerPrice: price(1005) })).toBe(
      'wouldTriggerImmediately',
    );
    expect(reasonOf(bench, { side: 'buy', type: 'takeProfitMarket', triggerPrice: price(1010) })).toBe(
      'wouldTriggerImmediately',
    );
  });

  it('end when triggered with nothing to reduce, or without margin', () => {
    const bench = benchWithBook({ deposit: '20' });
    bench.ticker({ last: 1005 });
    const reducing = bench.accept({ side: 'sell', type: 'stopMarket', triggerPrice: price(990), reduceOnly: true });
    const unaffordable = bench.accept({ side: 'sell', type: 'stopMarket', triggerPrice: price(990), size: size(1000) });
    bench.trade('sell', 985, 10);
    expect(bench.order(reducing.orderId)).toMatchObject({ status: 'canceled', endReason: 'reduceOnly' });
    expect(bench.order(unaffordable.orderId)).toMatchObject({ status: 'canceled', endReason: 'insufficientMargin' });
  });

  it('can be canceled while they wait', () => {
    const bench = benchWithBook();
    const stop = bench.accept({ side: 'sell', type: 'stopMarket', triggerPrice: price(990) });
    bench.exchange.cancel('me', { orderId: stop.orderId, clientOrderId: null });
    bench.trade('sell', 985, 10);
    expect(bench.order(stop.orderId)).toMatchObject({ status: 'canceled', endReason: 'user', cumulativeSize: 0 });
  });
});

describe('history', () => {
  it('keeps working orders and the newest finished ones', () => {
    const bench = benchWithBook({ settings: { historyLimit: 2 } });
    const working = bench.accept({ price: price(1000) });
    const finished = [1, 2, 3].map(() => bench.accept({ type: 'market', timeInForce: 'ioc', size: size(100) }));
    const kept = [working, ...finished.slice(1)].map((order) => order.orderId);
    expect(bench.exchange.orders('me', null).map((order) => order.orderId)).toEqual(kept);
    expect(bench.exchange.orders('me', 'OTHER')).toEqual([]);
    expect(bench.exchange.fills('me', 'COINUSDT').map((fill) => fill.orderId)).toEqual(kept.slice(1));
    expect(bench.exchange.openOrders('me', null).map((order) => order.orderId)).toEqual([working.orderId]);
    expect(bench.exchange.forgotten('me')).toEqual({ orders: 1, fills: 1 });
    const [gone] = finished;
    expect(bench.exchange.order('me', { orderId: gone?.orderId ?? '', clientOrderId: null })).toBeNull();
  });
});
