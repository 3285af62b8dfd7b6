import { describe, expect, test } from 'vitest';
import type { Price } from '#core/market/scaled-decimal.ts';
import type { ClientOrderId } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { fetchInstruments } from '#venues/binance-spot/instruments.ts';
import { createBinanceSpotQueries } from '#venues/binance-spot/queries.ts';
import { BTC_SPOT, openSpot, placeSpot, spotIntent } from '../support/binance-spot-world.ts';

const DAY_MS = 24 * 3_600_000;

async function traded() {
  const world = await openSpot();
  const { entry } = await world.openOrderEntry();
  world.rest('sell', 6_000_000, 1_000_000);
  const filled = spotIntent();
  const resting = spotIntent({ price: 5_000_000 as Price });
  await placeSpot(entry, filled);
  await placeSpot(entry, resting);
  return { ...world, filled, resting };
}

describe('questions to spot', () => {
  test('F3: an order is found by its client id, open or ended; one that never was is not', async () => {
    const { queries, filled, resting } = await traded();
    expect(await queries.orderByClientId('BTCUSDT', filled.clientOrderId)).toMatchObject({
      kind: 'found',
      report: { status: 'filled', size: '0.01', cumulativeSize: '0.01', price: '60000', source: 'query' },
    });
    expect(await queries.orderByClientId('BTCUSDT', resting.clientOrderId)).toMatchObject({
      kind: 'found',
      report: { status: 'accepted', cumulativeSize: '0' },
    });
    expect(await queries.orderByClientId('BTCUSDT', 'nobody')).toEqual({ kind: 'notFound' });
  });

  test('F4: an order that the venue denies once is found elsewhere', async () => {
    const { queries, server, resting, filled } = await traded();
    for (const intent of [resting, filled]) {
      server.faults.arm('queryNotFound');
      expect(await queries.orderByClientId('BTCUSDT', intent.clientOrderId)).toMatchObject({ kind: 'found' });
    }
  });

  test('orders and fills since a week ago come whole, oldest first, though the venue answers for a day at a time', async () => {
    const { queries, exchange, filled, resting } = await traded();
    const from = (Date.now() - 7 * DAY_MS) as EpochMs;
    const orders = await queries.ordersSince('BTCUSDT', from);
    expect(orders.map((each) => each.clientOrderId)).toEqual([filled.clientOrderId, resting.clientOrderId]);
    const fills = await queries.fillsSince('BTCUSDT', from);
    const [known] = exchange.fills('tested', null);
    expect(fills).toMatchObject([
      { fillId: known?.fillId, side: 'buy', price: '60000', size: '0.01', fee: known?.fee, feeCurrency: 'BTC' },
    ]);
    expect(await queries.openOrders('BTCUSDT')).toMatchObject([{ clientOrderId: resting.clientOrderId }]);
  });

  test('what is held is the total balance of the base asset; balances have what is free beside it', async () => {
    const { queries, exchange } = await traded();
    const held = exchange.balances('tested');
    const btc = held.find((each) => each.currency === 'BTC')?.walletBalance;
    expect(await queries.positions(['BTCUSDT', 'ETHUSDT'])).toMatchObject([
      { symbol: 'BTCUSDT', size: btc, entryPrice: '0' },
    ]);
    expect(await queries.balances()).toMatchObject(
      held.map(({ currency, walletBalance, availableBalance }) => ({ currency, walletBalance, availableBalance })),
    );
  });

  test('F8: a holding of a pair that was not known before is told, not taken for nothing', async () => {
    const { runtime, exchange } = await traded();
    const earlier = new Map([['ETHUSDT', { ...BTC_SPOT, symbol: 'ETHUSDT', baseCurrency: 'ETH' }]]);
    let asked = 0;
    const queries = createBinanceSpotQueries(
      {
        ...runtime,
        instruments: () => earlier,
        fetch: (address, options) => {
          if (String(address).includes('/exchangeInfo')) asked += 1;
          return runtime.fetch(address, options);
        },
      },
      async () => [],
    );
    const size = exchange.balances('tested').find((each) => each.currency === 'BTC')?.walletBalance;
    expect(await queries.positions(['BTCUSDT'])).toMatchObject([{ symbol: 'BTCUSDT', size }]);
    for (let again = 0; again < 3; again += 1) expect(await queries.positions(['NOPEUSDT'])).toEqual([]);
    expect(asked).toBe(1);
  });

  test('an order is cancelled by REST, once', async () => {
    const { queries, exchange, resting } = await traded();
    const target = { symbol: 'BTCUSDT', clientOrderId: resting.clientOrderId, venueOrderId: null };
    expect(await queries.cancelOrder(target)).toMatchObject({ kind: 'accepted' });
    expect(exchange.openOrders('tested', null)).toEqual([]);
    expect(await queries.cancelOrder(target)).toMatchObject({ kind: 'rejected', code: '-2011' });
    const nobody = { ...target, clientOrderId: 'nobody' as ClientOrderId };
    expect(await queries.cancelOrder(nobody)).toMatchObject({ kind: 'rejected', errorClass: 'alreadySo' });
  });

  test('G12: a clock that is off is read anew', async () => {
    const { queries, server } = await traded();
    await queries.balances();
    server.faults.setClockOffsetMs(30_000);
    expect((await queries.balances()).length).toBe(2);
  });

  test('F26: a refusal for the rate carries the wait', async () => {
    const { queries, server } = await traded();
    await queries.balances();
    server.faults.arm('rateLimited');
    await expect(queries.balances()).rejects.toMatchObject({
      venueClass: 'retry',
      venueCode: '-1003',
      retryAfterMs: 1_000,
    });
  });

  test('instruments by the venue are those that it trades', async () => {
    const { runtime } = await traded();
    expect(await fetchInstruments(runtime)).toEqual([BTC_SPOT]);
  });
});
