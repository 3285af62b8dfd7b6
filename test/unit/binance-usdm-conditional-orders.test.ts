import { describe, expect, test } from 'vitest';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { FillReport, OrderReport } from '#core/orders/order.ts';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { readAs } from '#venues/binance/private-messages.ts';
import { algoRow, algoUpdate, reportOfAlgoRow, reportOfAlgoUpdate } from '#venues/binance-usdm/algo-orders.ts';
import { createBinanceUsdmQueries } from '#venues/binance-usdm/queries.ts';
import { answers, BTCUSDT, intent, LATER, openBinance } from '../support/binance-usdm-world.ts';
import { hasSharedData, sharedRows } from '../support/shared-data.ts';
import { until } from '../support/until.ts';

const STOP = { type: 'stopMarket', side: 'sell', price: null, timeInForce: 'ioc', reduceOnly: true } as const;

/** A venue where the account holds 0.010, and the market stands at 60,000.0. */
async function holding() {
  const world = await openBinance();
  const { entry } = await world.openOrderEntry();
  const stream = await world.openAccountStream();
  await until('live', () => entry.notReady() === null && stream.stream.status().state === 'live');
  const { received, take } = answers();
  world.rest('sell', 600_000, 10);
  entry.place(intent(), BTCUSDT, LATER(), take);
  await until('the entry', () => received[0]);
  world.rest('buy', 599_000, 50);
  const place = async (order: Parameters<typeof entry.place>[0]): Promise<OrderAnswer> => {
    const known = received.length;
    entry.place(order, BTCUSDT, LATER(), take);
    return until('an answer', () => received[known]);
  };
  const cancel = async (clientOrderId: ReturnType<typeof intent>['clientOrderId']): Promise<OrderAnswer> => {
    const known = received.length;
    entry.cancel({ symbol: 'BTCUSDT', clientOrderId, venueOrderId: null }, LATER(), take);
    return until('an answer', () => received[known]);
  };
  const orderReports = (id: string) =>
    stream.reports.filter((each): each is OrderReport => each.kind === 'orderReport' && each.clientOrderId === id);
  return { ...world, entry, reports: stream.reports, place, cancel, orderReports };
}

describe('conditional orders of USD-M', () => {
  test.each([
    ['stopMarket', 580_000],
    ['takeProfitMarket', 620_000],
  ] as const)('a %s waits at the service that keeps it, where queries find it (F3)', async (type, trigger) => {
    const { exchange, place, queries, orderReports } = await holding();
    const stop = intent({ ...STOP, type, triggerPrice: trigger as Price });
    const answer = await place(stop);

    expect(answer.kind).toBe('accepted');
    expect(exchange.openOrders('tested', null)).toMatchObject([
      { type, status: 'untriggered', triggerPrice: trigger, reduceOnly: true, clientOrderId: stop.clientOrderId },
    ]);
    await until('its report', () => orderReports(stop.clientOrderId)[0]);
    const known = {
      status: 'accepted',
      clientOrderId: stop.clientOrderId,
      price: null,
      size: '0.01',
      reduceOnly: true,
      orderType: type,
      triggerPrice: String(trigger / 10),
    };
    expect(orderReports(stop.clientOrderId)).toMatchObject([known]);
    expect(await queries.orderByClientId('BTCUSDT', stop.clientOrderId)).toMatchObject({
      kind: 'found',
      report: known,
    });
    expect(await queries.openOrders('BTCUSDT')).toMatchObject([known]);
    const since = await queries.ordersSince('BTCUSDT', (Date.now() - 60_000) as EpochMs);
    expect(since.map((each) => each.clientOrderId)).toContain(stop.clientOrderId);
  });

  test('F24: triggered, it is the same order: its fill and its end come under the id that was placed, from stream and query', async () => {
    const { place, queries, reports, orderReports } = await holding();
    const stop = intent({ ...STOP, size: 5 as Size, triggerPrice: 599_500 as Price });
    await place(stop);
    // A trade at the bid takes the last price past the trigger.
    await place(intent({ type: 'market', price: null, timeInForce: 'ioc', side: 'sell', size: 1 as Size }));
    await until('its end', () => orderReports(stop.clientOrderId).some((each) => each.status === 'filled'));

    const fills = reports.filter((each): each is FillReport => each.kind === 'fill');
    expect(fills.at(-1)).toMatchObject({ clientOrderId: stop.clientOrderId, side: 'sell', size: '0.005' });
    expect(orderReports(stop.clientOrderId).map((each) => each.status)).toEqual(['accepted', 'accepted', 'filled']);
    expect(await queries.orderByClientId('BTCUSDT', stop.clientOrderId)).toMatchObject({
      kind: 'found',
      report: { status: 'filled', cumulativeSize: '0.005' },
    });
    const from = (Date.now() - 60_000) as EpochMs;
    expect((await queries.fillsSince('BTCUSDT', from)).at(-1)).toMatchObject({ clientOrderId: stop.clientOrderId });
    const since = await queries.ordersSince('BTCUSDT', from);
    expect(since.filter((each) => each.clientOrderId === stop.clientOrderId)).toMatchObject([{ status: 'filled' }]);
    expect(await queries.openOrders('BTCUSDT')).toEqual([]);
  });

  test('F10, F24: a stop that was placed long before the question is told by its own id, fill and order', async () => {
    const { place, queries, exchange, advance, orderReports } = await holding();
    const stop = intent({ ...STOP, size: 5 as Size, triggerPrice: 599_500 as Price });
    await place(stop);
    const placed = await until('it waits', () => orderReports(stop.clientOrderId)[0]);
    await until('time has passed', () => Date.now() > placed.venueTime + 5);
    const from = Date.now() as EpochMs;
    advance();
    await place(intent({ type: 'market', price: null, timeInForce: 'ioc', side: 'sell', size: 1 as Size }));
    await until('its end', () => orderReports(stop.clientOrderId).some((each) => each.status === 'filled'));

    expect(exchange.fills('tested', null)).toHaveLength(3);
    const fills = await queries.fillsSince('BTCUSDT', from);
    expect(fills.at(-1)).toMatchObject({ clientOrderId: stop.clientOrderId, size: '0.005' });
    const since = await queries.ordersSince('BTCUSDT', from);
    expect(since.filter((each) => each.status === 'filled' && each.size === '0.005')).toEqual(
      since.filter((each) => each.clientOrderId === stop.clientOrderId),
    );
  });

  test('F4: a triggered order that the plain endpoint denies is not known, which is no error', async () => {
    const { place, runtime, orderReports } = await holding();
    const stop = intent({ ...STOP, size: 5 as Size, triggerPrice: 599_500 as Price });
    await place(stop);
    await place(intent({ type: 'market', price: null, timeInForce: 'ioc', side: 'sell', size: 1 as Size }));
    await until('its end', () => orderReports(stop.clientOrderId).some((each) => each.status === 'filled'));
    const forgetful = createBinanceUsdmQueries(
      {
        ...runtime,
        // The venue has put the plain order away, the conditional one not.
        fetch: async (address, options) => {
          const { pathname } = new URL(String(address));
          if (pathname === '/fapi/v1/allOrders') return new Response('[]');
          if (pathname !== '/fapi/v1/order') return runtime.fetch(address, options);
          return new Response('{"code":-2013,"msg":"Order does not exist."}', { status: 400 });
        },
      },
      async () => [BTCUSDT],
    );
    expect(await forgetful.orderByClientId('BTCUSDT', stop.clientOrderId)).toEqual({ kind: 'notFound' });
  });

  test('it is cancelled where it waits, by socket and by REST; twice is told as such', async () => {
    const { exchange, place, cancel, queries, orderReports } = await holding();
    const stop = intent({ ...STOP, triggerPrice: 580_000 as Price });
    await place(stop);
    expect((await cancel(stop.clientOrderId)).kind).toBe('accepted');
    await until('its end', () => orderReports(stop.clientOrderId).some((each) => each.status === 'canceled'));
    expect(await cancel(stop.clientOrderId)).toMatchObject({ kind: 'rejected', errorClass: 'alreadySo' });

    const other = intent({ ...STOP, triggerPrice: 570_000 as Price });
    await place(other);
    const target = { symbol: 'BTCUSDT', clientOrderId: other.clientOrderId, venueOrderId: null };
    expect(await queries.cancelOrder(target)).toMatchObject({ kind: 'accepted' });
    expect(await queries.cancelOrder(target)).toMatchObject({ kind: 'rejected', errorClass: 'alreadySo' });
    expect(exchange.openOrders('tested', null)).toEqual([]);
  });

  test('one that another process placed is cancelled as well', async () => {
    const { exchange, place, openOrderEntry } = await holding();
    const stop = intent({ ...STOP, triggerPrice: 580_000 as Price });
    await place(stop);
    const { entry } = await openOrderEntry();
    await until('live', () => entry.notReady() === null);
    const { received, take } = answers();
    entry.cancel({ symbol: 'BTCUSDT', clientOrderId: stop.clientOrderId, venueOrderId: null }, LATER(), take);
    await until('the cancel', () => received[0]);
    expect(received).toMatchObject([{ kind: 'accepted' }]);
    expect(exchange.openOrders('tested', null)).toEqual([]);
  });

  test('one that would trigger at once is refused, and plain orders cancelled at once leave it alone', async () => {
    const { exchange, place, queries } = await holding();
    const stop = intent({ ...STOP, triggerPrice: 610_000 as Price });
    expect(await place(stop)).toMatchObject({ kind: 'rejected', code: '-2021', errorClass: 'reject' });
    expect(await queries.orderByClientId('BTCUSDT', stop.clientOrderId)).toEqual({ kind: 'notFound' });
    expect(exchange.openOrders('tested', null)).toEqual([]);
  });

  test('one that somebody else placed to close whatever there is states no size, and blocks no question', () => {
    const row = {
      algoId: 7,
      clientAlgoId: 'web_1',
      symbol: 'BTCUSDT',
      side: 'SELL',
      orderType: 'STOP_MARKET',
      quantity: null,
      triggerPrice: '58000.0',
      algoStatus: 'NEW',
      actualOrderId: 0,
      closePosition: true,
      createTime: 1,
      updateTime: 2,
    };
    const read = readAs(algoRow, row, 'test');
    expect(read.actualOrderId).toBe('');
    expect(reportOfAlgoRow(read)).toMatchObject({ status: 'accepted', size: '0', triggerPrice: '58000', price: null });
    expect(readAs(algoRow, { ...row, actualOrderId: null }, 'test').actualOrderId).toBe('');
  });

  test.skipIf(!hasSharedData('binance/fixtures/nautilus.jsonl'))('published shapes are read', () => {
    const rows = sharedRows('binance/fixtures/nautilus.jsonl') as { name: string; body: { data?: unknown } }[];
    const bodyOf = (name: string) => {
      const body = rows.find((each) => each.name === name)?.body;
      return body?.data ?? body;
    };
    const canceled = readAs(algoUpdate, bodyOf('algo_update_canceled'), 'canceled');
    expect(reportOfAlgoUpdate(canceled)).toMatchObject({ status: 'canceled', venueOrderId: '2148719', size: '0.01' });
    const triggered = readAs(algoUpdate, bodyOf('ws_futures_algo_update_triggered'), 'triggered');
    expect([triggered.o.ai, reportOfAlgoUpdate(triggered)]).toEqual(['88937381063', null]);
    const mocks = sharedRows('binance/fixtures/official_connector_mocks.jsonl') as { method: string; body: unknown }[];
    const query = mocks.find((each) => each.method === 'queryAlgoOrder()')?.body;
    expect(reportOfAlgoRow(readAs(algoRow, query, 'query'))).toMatchObject({
      price: '750',
      triggerPrice: '750',
      status: 'canceled',
      venueOrderId: '2146760',
    });
  });
});
