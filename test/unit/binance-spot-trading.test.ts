import { describe, expect, test } from 'vitest';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { FillReport, OrderReport } from '#core/orders/order.ts';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { BTC_SPOT, openSpot, placeSpot, SPOT_KEYS, spotIntent } from '../support/binance-spot-world.ts';
import { until } from '../support/until.ts';

const LATER = () => (Date.now() + 60_000) as EpochMs;

describe('order entry of spot', () => {
  test.each([
    ['gtc', { type: 'limit', timeInForce: 'gtc' }],
    ['ioc', { type: 'limit', timeInForce: 'ioc' }],
    ['fok', { type: 'limit', timeInForce: 'fok' }],
    ['postOnly', { type: 'limit', timeInForce: 'postOnly' }],
  ] as const)('H3: a limit order goes out %s, and lives as it was meant', async (timeInForce, meant) => {
    const { exchange, openOrderEntry } = await openSpot();
    const { entry } = await openOrderEntry();
    const intent = spotIntent({ timeInForce });
    const answer = await placeSpot(entry, intent);
    const [placed] = exchange.orders('tested', null);
    expect(answer).toMatchObject({ kind: 'accepted', venueOrderId: placed?.orderId });
    expect(placed).toMatchObject({
      ...meant,
      clientOrderId: intent.clientOrderId,
      price: 6_000_000,
      size: 1_000_000,
      reduceOnly: false,
    });
  });

  test('H16: spot has no reduce-only: the wish is dropped, the order goes', async () => {
    const { exchange, rest, openOrderEntry } = await openSpot();
    const { entry } = await openOrderEntry();
    rest('buy', 5_999_900, 2_000_000);
    const intent = spotIntent({ type: 'market', price: null, timeInForce: 'ioc', side: 'sell', reduceOnly: true });
    expect((await placeSpot(entry, intent)).kind).toBe('accepted');
    expect(exchange.orders('tested', null)).toMatchObject([{ status: 'filled', reduceOnly: false }]);
  });

  test.each([
    ['stopMarket', 'sell', 5_900_000],
    ['takeProfitMarket', 'sell', 6_100_000],
    ['stopMarket', 'buy', 6_100_000],
    ['takeProfitMarket', 'buy', 5_900_000],
  ] as const)('a %s to %s waits for its trigger', async (type, side, trigger) => {
    const { exchange, rest, queries, openOrderEntry, openAccountStream } = await openSpot();
    const { entry } = await openOrderEntry();
    const { reports } = await openAccountStream();
    rest('buy', 5_999_900, 2_000_000);
    rest('sell', 6_000_100, 2_000_000);
    await placeSpot(entry, spotIntent({ type: 'market', price: null, timeInForce: 'ioc' }));
    const answer = await placeSpot(
      entry,
      spotIntent({ type, side, price: null, timeInForce: 'ioc', triggerPrice: trigger as Price }),
    );
    expect(answer.kind).toBe('accepted');
    expect(exchange.openOrders('tested', null)).toMatchObject([{ type, triggerPrice: trigger, status: 'untriggered' }]);
    // Who adopts it must not take it for an order at the market.
    const told = { orderType: type, triggerPrice: String(trigger / 100), price: null, status: 'accepted' };
    expect(await queries.openOrders('BTCUSDT')).toMatchObject([told]);
    await until('its report', () => reports.some((each) => each.kind === 'orderReport' && each.orderType === type));
    expect(reports.filter((each) => each.kind === 'orderReport').at(-1)).toMatchObject(told);
  });

  test.each([
    ['a post-only order that would take', spotIntent({ timeInForce: 'postOnly', price: 6_000_100 as Price }), '-2010'],
    ['more than the account has', spotIntent({ size: 900_000_000 as Size }), '-2010'],
    ['a size off the lot', spotIntent({ size: 1_000_001 as Size }), '-1013'],
    ['an order of too little value', spotIntent({ size: 1_000 as Size }), '-1013'],
    ['an unknown symbol', spotIntent({ symbol: 'NOPEUSDT' }), '-1121'],
  ])('%s is refused for good', async (_what, intent, code) => {
    const { exchange, rest, openOrderEntry } = await openSpot();
    const { entry } = await openOrderEntry();
    rest('sell', 6_000_100, 2_000_000);
    expect(await placeSpot(entry, intent)).toMatchObject({ kind: 'rejected', code, errorClass: 'reject' });
    expect(exchange.orders('tested', null)).toEqual([]);
  });

  test('F2: the same id twice is the order that already lives', async () => {
    const { exchange, openOrderEntry } = await openSpot();
    const { entry } = await openOrderEntry();
    const intent = spotIntent();
    await placeSpot(entry, intent);
    expect(await placeSpot(entry, intent)).toMatchObject({ kind: 'rejected', code: '-2010', errorClass: 'alreadySo' });
    expect(exchange.orders('tested', null)).toHaveLength(1);
  });

  test('an amendment lowers the size in place, under the same id; anything else is refused before it is sent', async () => {
    const { exchange, server, openOrderEntry, openAccountStream } = await openSpot();
    const { entry } = await openOrderEntry();
    const { reports } = await openAccountStream();
    const intent = spotIntent();
    await placeSpot(entry, intent);
    const target = { symbol: 'BTCUSDT', clientOrderId: intent.clientOrderId, venueOrderId: null };
    const answers: OrderAnswer[] = [];
    const take = (answer: OrderAnswer) => answers.push(answer);
    const change = { side: 'buy', price: 6_000_000 as Price, size: 500_000 as Size } as const;
    entry.amend(target, change, BTC_SPOT, LATER(), take);
    await until('the amendment', () => answers[0]);
    expect(answers[0]?.kind).toBe('accepted');
    expect(exchange.openOrders('tested', null)).toMatchObject([{ size: 500_000, price: 6_000_000 }]);
    await until('its report', () => reports.some((each) => each.kind === 'orderReport' && each.size === '0.005'));
    expect(reports.at(-1)).toMatchObject({ kind: 'position' });
    for (const report of reports) {
      if (report.kind === 'orderReport') expect(report.clientOrderId).toBe(intent.clientOrderId);
    }

    const { requests } = server.stats();
    entry.amend(target, { ...change, price: 6_000_001 as Price }, BTC_SPOT, LATER(), take);
    await until('the refusal', () => answers[1]);
    expect(answers[1]).toMatchObject({ kind: 'rejected', code: 'AMEND_UNSUPPORTED', errorClass: 'reject' });
    entry.amend(target, { ...change, size: 900_000 as Size }, BTC_SPOT, LATER(), take);
    await until('the other refusal', () => answers[2]);
    expect(answers[2]).toMatchObject({ kind: 'rejected', code: '-2038', errorClass: 'reject' });
    expect(server.stats().requests).toBe(requests);
    expect(exchange.openOrders('tested', null)).toMatchObject([{ size: 500_000, price: 6_000_000 }]);
  });

  test('F1, F2, T6: no answer, an open outcome and a cut link are unknown once, and each order lives', async () => {
    const { exchange, server, logged, openOrderEntry } = await openSpot();
    const { entry } = await openOrderEntry({ answerTimeoutMs: 150 });
    server.faults.arm('placeTimesOutButAccepted');
    expect(await placeSpot(entry, spotIntent())).toMatchObject({ kind: 'unknown', cause: 'timeout' });
    server.faults.arm('placeUnclearButAccepted');
    expect(await placeSpot(entry, spotIntent())).toMatchObject({ kind: 'unknown', code: '-1007' });
    server.faults.arm('placeCutsLink');
    expect(await placeSpot(entry, spotIntent())).toMatchObject({ kind: 'unknown', cause: 'linkLost' });
    expect(exchange.openOrders('tested', null)).toHaveLength(3);
    await until('live again', () => entry.notReady() === null);
    expect(logged.join('\n')).not.toContain(SPOT_KEYS.secret);
  });

  test('F26: the venue’s limit of orders is kept before it is met', async () => {
    const { exchange, openOrderEntry } = await openSpot({
      limits: { orders: [{ interval: 'SECOND', intervalNum: 10, limit: 2 }] },
    });
    const { entry } = await openOrderEntry();
    const kinds: string[] = [];
    for (let count = 0; count < 3; count += 1) kinds.push((await placeSpot(entry, spotIntent())).kind);
    expect(kinds).toEqual(['accepted', 'accepted', 'notSent']);
    expect(exchange.orders('tested', null)).toHaveLength(2);
  });
});

describe('account stream of spot', () => {
  test('a fill is told once, with its fee in what was received, and the holding is what is left', async () => {
    const { rest, openOrderEntry, openAccountStream, exchange } = await openSpot();
    const { entry } = await openOrderEntry();
    const { reports } = await openAccountStream();
    rest('sell', 6_000_000, 1_000_000);
    const intent = spotIntent();
    await placeSpot(entry, intent);
    await until('the holding', () => reports.some((each) => each.kind === 'position'));
    const [fill] = exchange.fills('tested', null);
    const fills = reports.filter((each): each is FillReport => each.kind === 'fill');
    expect(fills).toMatchObject([
      {
        fillId: fill?.fillId,
        clientOrderId: intent.clientOrderId,
        price: '60000',
        size: '0.01',
        fee: fill?.fee,
        feeCurrency: 'BTC',
        liquidity: 'taker',
      },
    ]);
    const orders = reports.filter((each): each is OrderReport => each.kind === 'orderReport');
    expect(orders.map((each) => each.status)).toEqual(['accepted', 'filled']);
    const held = exchange.balances('tested').find((each) => each.currency === 'BTC')?.walletBalance;
    expect(reports.filter((each) => each.kind === 'position').at(-1)).toMatchObject({
      symbol: 'BTCUSDT',
      size: held,
      entryPrice: '0',
    });
    expect(Number(held)).toBeLessThan(2.01);
  });

  test('a cancel is told under the id of the order, not under that of the cancel', async () => {
    const { openOrderEntry, openAccountStream } = await openSpot();
    const { entry } = await openOrderEntry();
    const { reports } = await openAccountStream();
    const intent = spotIntent();
    await placeSpot(entry, intent);
    const answers: OrderAnswer[] = [];
    const target = { symbol: 'BTCUSDT', clientOrderId: intent.clientOrderId, venueOrderId: null };
    entry.cancel(target, LATER(), (answer) => answers.push(answer));
    await until('the cancel', () => answers[0]);
    await until('its report', () => reports.some((each) => each.kind === 'orderReport' && each.status === 'canceled'));
    const ids = reports.flatMap((each) => (each.kind === 'orderReport' ? [each.clientOrderId] : []));
    expect(new Set(ids)).toEqual(new Set([intent.clientOrderId]));
    entry.cancel(target, LATER(), (answer) => answers.push(answer));
    await until('the second cancel', () => answers[1]);
    expect(answers[1]).toMatchObject({ kind: 'rejected', code: '-2011', errorClass: 'alreadySo' });
  });

  test('what is locked by an order is still held; a deposit is an adjustment', async () => {
    const { exchange, openOrderEntry, openAccountStream } = await openSpot();
    const { entry } = await openOrderEntry();
    const { reports } = await openAccountStream();
    await placeSpot(entry, spotIntent({ side: 'sell', price: 7_000_000 as Price }));
    const balance = await until('the balance', () =>
      reports.find((each) => each.kind === 'balance' && each.currency === 'BTC'),
    );
    expect(balance).toMatchObject({ walletBalance: '2', availableBalance: '1.99' });
    exchange.transfer('tested', 'USDT', '25.5');
    const adjustment = await until('the deposit', () => reports.find((each) => each.kind === 'adjustment'));
    expect(adjustment).toMatchObject({ reason: 'transfer', currency: 'USDT', amount: '25.5', symbol: null });
  });

  test('F15: a stream that the venue ends is opened anew, and the listener is told that it was not live', async () => {
    const { server, openAccountStream, openOrderEntry } = await openSpot();
    const { stream, reports, statuses } = await openAccountStream();
    const { entry } = await openOrderEntry();
    const before = statuses.length;
    server.faults.arm('privateStreamExpires');
    await until('not live', () => statuses.slice(before).some((each) => each.state !== 'live'));
    await until('live again', () => stream.status().state === 'live');
    const intent = spotIntent();
    await placeSpot(entry, intent);
    await until('its report', () =>
      reports.some((each) => each.kind === 'orderReport' && each.clientOrderId === intent.clientOrderId),
    );
  });

  test('F16: connections that have reached their age are opened anew', async () => {
    const { server, openAccountStream, openOrderEntry } = await openSpot();
    const { stream, statuses } = await openAccountStream();
    const { entry } = await openOrderEntry();
    const before = statuses.length;
    server.faults.arm('connectionLifeEnds');
    await until('not live', () => statuses.slice(before).some((each) => each.state !== 'live'));
    await until('live again', () => stream.status().state === 'live' && entry.notReady() === null);
    expect(server.faults.happened('connectionLifeEnds')).toBe(1);
  });
});
