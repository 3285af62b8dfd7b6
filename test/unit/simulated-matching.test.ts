import { describe, expect, it } from 'vitest';
import { createExchangeBench, type ExchangeBench, price, size } from '../support/scripted-market.ts';

/** Bids 1000 and 995, asks 1010 and 1015. */
function benchWithBook(options: Parameters<typeof createExchangeBench>[0] = {}): ExchangeBench {
  const bench = createExchangeBench(options);
  bench.book({
    bids: [
      [1000, 300],
      [995, 500],
    ],
    asks: [
      [1010, 200],
      [1015, 400],
    ],
  });
  return bench;
}

function fillsOf(bench: ExchangeBench, accountId = 'me'): string[] {
  return bench.exchange
    .fills(accountId, null)
    .map((fill) => `${fill.side} ${fill.size}@${fill.price} ${fill.liquidity}`);
}

describe('taking', () => {
  it('walks the visible book level by level and rests what is left of a limit order', () => {
    const bench = benchWithBook();
    const order = bench.accept({ price: price(1015), size: size(900) });
    expect(fillsOf(bench)).toEqual(['buy 200@1010 taker', 'buy 400@1015 taker']);
    expect(order).toMatchObject({ status: 'partiallyFilled', cumulativeSize: 600 });
    expect(order.cumulativeCost).toBe(200n * 1010n + 400n * 1015n);
    expect(bench.exchange.book('COINUSDT', 5)).toMatchObject({
      bids: [
        [1015, 300],
        [1000, 300],
        [995, 500],
      ],
      asks: [],
    });
  });

  it('keeps liquidity taken until the source next states that level', () => {
    const bench = benchWithBook();
    bench.accept({ type: 'market', timeInForce: 'ioc', size: size(150) });
    expect(bench.exchange.book('COINUSDT', 1).asks).toEqual([[1010, 50]]);
    bench.book({ asks: [[1015, 410]] });
    expect(bench.exchange.book('COINUSDT', 1).asks).toEqual([[1010, 50]]);
    bench.book({ isSnapshot: true, asks: [[1010, 200]], bids: [[1000, 310]] });
    expect(bench.exchange.book('COINUSDT', 1)).toMatchObject({ asks: [[1010, 50]], bids: [[1000, 310]] });
    bench.book({ asks: [[1010, 220]] });
    expect(bench.exchange.book('COINUSDT', 1).asks).toEqual([[1010, 220]]);
  });

  it('cancels what an IOC order cannot take', () => {
    const bench = benchWithBook();
    const order = bench.accept({ price: price(1010), size: size(500), timeInForce: 'ioc' });
    expect(order).toMatchObject({ status: 'canceled', endReason: 'iocRemainder', cumulativeSize: 200 });
  });

  it('fills a FOK order whole or not at all', () => {
    const bench = benchWithBook();
    const tooLarge = bench.accept({ price: price(1010), size: size(210), timeInForce: 'fok' });
    expect(tooLarge).toMatchObject({ status: 'canceled', endReason: 'fokUnfilled', cumulativeSize: 0 });
    const fitting = bench.accept({ price: price(1015), size: size(600), timeInForce: 'fok' });
    expect(fitting).toMatchObject({ status: 'filled', cumulativeSize: 600 });
  });

  it('ends a market order at its protection band, and at once where nothing is offered', () => {
    const bench = createExchangeBench({ settings: { marketBand: 0.01 } });
    expect(bench.accept({ type: 'market', timeInForce: 'ioc' })).toMatchObject({
      status: 'canceled',
      endReason: 'noLiquidity',
    });
    bench.book({
      asks: [
        [1000, 100],
        [1010, 100],
        [1015, 100],
      ],
    });
    const order = bench.accept({ type: 'market', timeInForce: 'ioc', size: size(300) });
    expect(order).toMatchObject({ status: 'canceled', endReason: 'noLiquidity', cumulativeSize: 200 });
  });

  it('lets a post-only order rest, and never take', () => {
    const bench = benchWithBook();
    expect(bench.accept({ price: price(1005), timeInForce: 'postOnly' })).toMatchObject({ status: 'open' });
    expect(bench.accept({ price: price(1010), timeInForce: 'postOnly' })).toMatchObject({
      status: 'canceled',
      endReason: 'postOnlyWouldTake',
      cumulativeSize: 0,
    });
    expect(fillsOf(bench)).toEqual([]);
  });

  it('expires a post-only order that would take where the venue does so', () => {
    const bench = benchWithBook({ settings: { postOnlyRejects: true } });
    const order = bench.accept({ price: price(1010), timeInForce: 'postOnly' });
    expect(order).toMatchObject({ status: 'expired', endReason: 'postOnlyWouldTake' });
    expect(bench.account.filter((event) => event.kind === 'order').map((event) => event.change)).toEqual([
      'new',
      'expired',
    ]);
  });

  it('cancels an own resting order that the taker would meet, and goes on behind it', () => {
    const bench = benchWithBook();
    const resting = bench.accept({ side: 'sell', price: price(1005), size: size(50) });
    bench.accept({ price: price(1010), size: size(100), timeInForce: 'ioc' });
    expect(bench.order(resting.orderId)).toMatchObject({ status: 'canceled', endReason: 'selfTrade' });
    expect(fillsOf(bench)).toEqual(['buy 100@1010 taker']);
  });

  it('matches accounts with one another by price, then by place in the queue', () => {
    const bench = benchWithBook();
    const behind = bench.accept({ side: 'sell', price: price(1010), size: size(100) }, 'other');
    const better = bench.accept({ side: 'sell', price: price(1005), size: size(100) }, 'other');
    bench.accept({ price: price(1010), size: size(350), timeInForce: 'ioc' });
    expect(fillsOf(bench)).toEqual(['buy 100@1005 taker', 'buy 200@1010 taker', 'buy 50@1010 taker']);
    expect(bench.order(better.orderId, 'other').status).toBe('filled');
    expect(bench.order(behind.orderId, 'other')).toMatchObject({ status: 'partiallyFilled', cumulativeSize: 50 });
    const prints = bench.market.filter((event) => event.kind === 'trade').map((event) => [event.size, event.price]);
    expect(prints).toEqual([
      [100, 1005],
      [200, 1010],
      [50, 1010],
    ]);
  });
});

describe('resting', () => {
  it('fills only when traded volume has passed the place in the queue, in parts', () => {
    const bench = benchWithBook();
    const order = bench.accept({ price: price(1000), size: size(100) });
    bench.trade('sell', 1000, 290);
    expect(bench.order(order.orderId).cumulativeSize).toBe(0);
    bench.trade('sell', 1000, 50);
    expect(bench.order(order.orderId)).toMatchObject({ status: 'partiallyFilled', cumulativeSize: 40 });
    bench.trade('sell', 1000, 500);
    expect(bench.order(order.orderId)).toMatchObject({ status: 'filled', cumulativeSize: 100 });
    expect(fillsOf(bench)).toEqual(['buy 40@1000 maker', 'buy 60@1000 maker']);
  });

  it('does not move for trades of the other side, or worse than its price', () => {
    const bench = benchWithBook();
    const order = bench.accept({ price: price(1005), size: size(100) });
    bench.trade('buy', 1005, 500);
    bench.trade('sell', 1010, 500);
    expect(bench.order(order.orderId).cumulativeSize).toBe(0);
  });

  it('comes forward when the size before it is withdrawn', () => {
    const bench = benchWithBook();
    const order = bench.accept({ price: price(1000), size: size(100) });
    bench.book({ bids: [[1000, 20]] });
    bench.trade('sell', 1000, 60);
    expect(bench.order(order.orderId).cumulativeSize).toBe(40);
  });

  it('stays behind what was there when more joins later', () => {
    const bench = benchWithBook();
    const order = bench.accept({ price: price(1000), size: size(100) });
    bench.book({ bids: [[1000, 900]] });
    bench.trade('sell', 1000, 310);
    expect(bench.order(order.orderId).cumulativeSize).toBe(10);
  });

  it('is filled by trades through its price, whatever stood before it', () => {
    const bench = benchWithBook();
    const order = bench.accept({ price: price(1000), size: size(100) });
    bench.trade('sell', 995, 70);
    expect(bench.order(order.orderId).cumulativeSize).toBe(70);
    expect(fillsOf(bench)).toEqual(['buy 70@1000 maker']);
    bench.trade('sell', 995, 70);
    expect(bench.order(order.orderId).status).toBe('filled');
  });

  it('is filled at its own price by a book that comes to cross it', () => {
    const bench = benchWithBook();
    const order = bench.accept({ price: price(1005), size: size(100) });
    bench.book({
      asks: [
        [1000, 30],
        [1005, 20],
      ],
      bids: [[1000, 0]],
    });
    expect(bench.order(order.orderId)).toMatchObject({ status: 'partiallyFilled', cumulativeSize: 50 });
    expect(fillsOf(bench)).toEqual(['buy 30@1005 maker', 'buy 20@1005 maker']);
    const { bids, asks } = bench.exchange.book('COINUSDT', 1);
    expect([bids[0], asks[0]]).toEqual([
      [1005, 50],
      [1010, 200],
    ]);
  });

  it('keeps its place when an amendment only lowers the size, and loses it otherwise', () => {
    const bench = benchWithBook();
    const lowered = bench.accept({ price: price(1000), size: size(100) });
    const raised = bench.accept({ price: price(1000), size: size(100) });
    const amend = (orderId: string, to: number) =>
      bench.exchange.amend('me', { orderId, clientOrderId: null }, null, size(to));
    expect(amend(lowered.orderId, 50).kind).toBe('amended');
    expect(amend(raised.orderId, 150).kind).toBe('amended');
    const last = bench.accept({ price: price(1000), size: size(100) });
    expect(amend(lowered.orderId, 60).kind).toBe('amended');
    bench.trade('sell', 1000, 300 + 150 + 100 + 10);
    expect(bench.order(raised.orderId).cumulativeSize).toBe(150);
    expect(bench.order(last.orderId).cumulativeSize).toBe(100);
    expect(bench.order(lowered.orderId).cumulativeSize).toBe(10);
  });

  it('takes when an amendment of its price crosses, and is canceled instead if it is post-only', () => {
    const bench = benchWithBook();
    const taking = bench.accept({ price: price(1000), size: size(100) });
    const target = { orderId: taking.orderId, clientOrderId: null };
    expect(bench.exchange.amend('me', target, price(1010), null)).toMatchObject({
      kind: 'amended',
      order: { status: 'filled' },
    });
    const postOnly = bench.accept({ price: price(1000), size: size(100), timeInForce: 'postOnly' });
    const second = { orderId: postOnly.orderId, clientOrderId: null };
    expect(bench.exchange.amend('me', second, price(1010), null)).toMatchObject({
      order: { status: 'canceled', endReason: 'postOnlyWouldTake' },
    });
  });

  it('refuses an amendment that changes nothing, goes below what is filled, or comes too late', () => {
    const bench = benchWithBook();
    const order = bench.accept({ price: price(1000), size: size(100) });
    const target = { orderId: order.orderId, clientOrderId: null };
    expect(bench.exchange.amend('me', target, price(1000), size(100))).toEqual({
      kind: 'refused',
      reason: 'notModified',
    });
    bench.trade('sell', 1000, 360);
    expect(bench.order(order.orderId).cumulativeSize).toBe(60);
    expect(bench.exchange.amend('me', target, null, size(60))).toEqual({ kind: 'refused', reason: 'sizeTooSmall' });
    bench.exchange.cancel('me', target);
    expect(bench.exchange.amend('me', target, null, size(90))).toEqual({ kind: 'refused', reason: 'orderNotOpen' });
    expect(bench.exchange.cancel('me', target)).toEqual({ kind: 'refused', reason: 'orderNotOpen' });
    expect(bench.exchange.cancel('me', { orderId: '1', clientOrderId: null })).toEqual({
      kind: 'refused',
      reason: 'unknownOrder',
    });
  });
});

describe('the published book', () => {
  it('follows from its changes, account orders included, its sequence rising by one', () => {
    const bench = benchWithBook();
    const order = bench.accept({ price: price(1005), size: size(100) });
    bench.trade('sell', 1005, 30);
    bench.accept({ side: 'sell', price: price(1005), size: size(20), timeInForce: 'ioc' }, 'other');
    bench.exchange.cancel('me', { orderId: order.orderId, clientOrderId: null });
    const bids = new Map<number, number>();
    const sequences: number[] = [];
    for (const event of bench.market) {
      if (event.kind !== 'bookChange') continue;
      sequences.push(event.sequence);
      for (const [at, left] of event.bids) left === 0 ? bids.delete(at) : bids.set(at, left);
    }
    expect(sequences).toEqual([1, 2, 3, 4, 5]);
    expect([...bids]).toEqual([
      [1000, 300],
      [995, 500],
    ]);
    expect(bench.exchange.book('COINUSDT', 5)).toMatchObject({ bids: [...bids], sequence: 5 });
  });

  it('drops levels that the source contradicts, so that it is never crossed', () => {
    const bench = benchWithBook();
    bench.book({ bids: [[1010, 100]] });
    expect(bench.exchange.book('COINUSDT', 1)).toMatchObject({ bids: [[1010, 100]], asks: [[1015, 400]] });
  });

  it('shows nothing of accounts beside a recorded market', () => {
    const bench = benchWithBook({ origin: 'recorded' });
    bench.accept({ price: price(1005), size: size(100) });
    bench.accept({ type: 'market', timeInForce: 'ioc', size: size(50) }, 'other');
    expect(fillsOf(bench, 'other')).toEqual(['buy 50@1010 taker']);
    expect(bench.exchange.book('COINUSDT', 1)).toMatchObject({ bids: [[1000, 300]], asks: [[1010, 200]] });
    expect(bench.market.map((event) => event.kind)).toEqual(['bookChange']);
    bench.book({ asks: [[1005, 70]] });
    expect(fillsOf(bench)).toEqual(['buy 70@1005 maker']);
    expect(bench.exchange.book('COINUSDT', 1).asks).toEqual([[1005, 70]]);
  });
});

describe('listening', () => {
  it('tells fill, order, position and balance in this order, before the call returns', () => {
    const bench = benchWithBook();
    bench.account.length = 0;
    bench.accept({ type: 'market', timeInForce: 'ioc', size: size(50) });
    expect(bench.account.map((event) => event.kind)).toEqual(['order', 'fill', 'order', 'position', 'balance']);
  });

  it('lets a listener trade in answer, and keeps the order of what happened', () => {
    const bench = benchWithBook();
    const seen: string[] = [];
    bench.exchange.listen({
      onMarket: () => undefined,
      onAccount(event) {
        if (event.kind !== 'order') return;
        seen.push(`${event.order.side} ${event.change}`);
        if (event.change === 'trade' && event.order.side === 'buy') {
          bench.accept({ side: 'sell', price: price(1020), size: size(50) });
        }
      },
    });
    bench.accept({ type: 'market', timeInForce: 'ioc', size: size(50) });
    expect(seen).toEqual(['buy new', 'buy trade', 'sell new']);
  });

  it('refuses to be moved on by its own listener', () => {
    const bench = benchWithBook();
    bench.exchange.listen({ onMarket: () => bench.at(5), onAccount: () => undefined });
    expect(() => bench.book({ bids: [[1000, 1]] })).toThrow(/EXCHANGE_REENTERED/);
  });
});
