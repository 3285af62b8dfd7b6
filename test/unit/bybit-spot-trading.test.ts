import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatScaled, type Price, type Size } from '#core/market/scaled-decimal.ts';
import type { ClientOrderId } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { classOfCode } from '#venues/bybit/errors.ts';
import { type BybitMarketWorld, createBybitMarketWorld } from '../support/bybit-spot-world.ts';
import { until } from '../support/until.ts';

let world: BybitMarketWorld;

beforeEach(async () => {
  world = await createBybitMarketWorld('spot');
  await world.live();
});
afterEach(async () => {
  expect(world.server.stats().errors).toEqual([]);
  await world.close();
});

const away = (share: number): Price =>
  (Math.floor((world.exchange.ticker('BTCUSDT').lastPrice * share) / world.btc.tickSize) * world.btc.tickSize) as Price;
const market = { type: 'market', timeInForce: 'ioc', price: null } as const;

describe('Bybit spot questions by who knows no instruments', () => {
  it('what is held is asked of wallet and list of instruments together', async () => {
    const { instruments: _known, ...runtime } = world.runtime;
    const queries = world.venue.createQueries(runtime);
    expect(await queries.positions(['BTCUSDT', 'SOLUSDT'])).toEqual([
      expect.objectContaining({ symbol: 'BTCUSDT', size: '2', entryPrice: '0' }),
    ]);
    await expect(queries.positions(['NOSUCH'])).rejects.toMatchObject({ venueCode: 'SYMBOL_UNKNOWN' });
  });
});

describe('Bybit spot orders', () => {
  it('H3: a market buy is meant in the asset, its fee is taken from it, and what is held is the balance', async () => {
    const size = 1_000_000 as Size;
    expect((await world.place(world.intent('m-1', { ...market, size }))).kind).toBe('accepted');
    await until('filled', () => world.orders('m-1').at(-1)?.status === 'filled');
    const held = () => world.reports.findLast((each) => each.kind === 'position' && each.symbol === 'BTCUSDT');
    await until('told of the holding', () => held() !== undefined);

    const fills = world.fills('m-1');
    expect(fills.map((fill) => fill.feeCurrency)).toEqual(fills.map(() => 'BTC'));
    const bought = fills.reduce((sum, fill) => sum + Number(fill.size) - Number(fill.fee), 0);
    expect(Number(formatScaled(size, 8))).toBeCloseTo(
      fills.reduce((sum, fill) => sum + Number(fill.size), 0),
      10,
    );
    const balance = world.exchange.balances('main').find((each) => each.currency === 'BTC')?.walletBalance;
    expect(Number(balance)).toBeCloseTo(2 + bought, 10);
    expect(held()).toMatchObject({ kind: 'position', source: 'accountStream', size: balance, entryPrice: '0' });
    expect(await world.queries.positions(['BTCUSDT', 'ETHUSDT'])).toEqual([
      expect.objectContaining({ symbol: 'BTCUSDT', source: 'query', size: balance }),
    ]);
    const queried = await world.queries.fillsSince('BTCUSDT', (Date.now() - 60_000) as EpochMs);
    expect(queried.map((fill) => [fill.fillId, fill.fee, fill.feeCurrency])).toEqual(
      fills.map((fill) => [fill.fillId, fill.fee, 'BTC']),
    );
  });

  it('a sell pays its fee in quote currency, and reduce-only, which spot does not have, is not asked for', async () => {
    const sell = world.intent('s-1', { ...market, side: 'sell', reduceOnly: true, size: 100_000 as Size });
    expect((await world.place(sell)).kind).toBe('accepted');
    await until('filled', () => world.orders('s-1').at(-1)?.status === 'filled');
    expect(world.fills('s-1').map((fill) => fill.feeCurrency)).toContain('USDT');
    expect(world.exchange.orders('main', null)[0]).toMatchObject({ reduceOnly: false });
    expect(world.venue.supports.reduceOnly).toBe(false);
  });

  it('an order that is cancelled after a part was filled ends as canceled, with what it filled', async () => {
    const ask = world.exchange.book('BTCUSDT', 1).asks[0];
    if (ask === undefined) throw new Error('no ask');
    const size = (ask[1] + 10 * world.btc.lotSize) as Size;
    expect((await world.place(world.intent('p-1', { price: ask[0], size }))).kind).toBe('accepted');
    await until('a part', () => world.orders('p-1').at(-1)?.status === 'partiallyFilled');
    expect((await world.cancel('p-1')).kind).toBe('accepted');
    await until('ended', () => world.orders('p-1').at(-1)?.status === 'canceled');
    expect(world.orders('p-1').at(-1)).toMatchObject({ cumulativeSize: expect.stringMatching(/^0\.\d*[1-9]/) });
    const [row] = await world.queries.ordersSince('BTCUSDT', (Date.now() - 60_000) as EpochMs);
    expect(row).toMatchObject({ clientOrderId: 'p-1', status: 'canceled' });
  });

  it('a stop and a take-profit wait for the same holding, on either side of the price, and occupy none of it', async () => {
    const size = 150_000_000 as Size;
    const stop = { side: 'sell', timeInForce: 'gtc', price: null, size } as const;
    const below = world.intent('stop-1', { ...stop, type: 'stopMarket', triggerPrice: away(0.97) });
    const above = world.intent('take-1', { ...stop, type: 'takeProfitMarket', triggerPrice: away(1.03) });
    expect([(await world.place(below)).kind, (await world.place(above)).kind]).toEqual(['accepted', 'accepted']);
    expect(world.exchange.openOrders('main', 'BTCUSDT').map(({ type, triggerPrice }) => [type, triggerPrice])).toEqual([
      ['stopMarket', away(0.97)],
      ['takeProfitMarket', away(1.03)],
    ]);
    expect((await world.queries.openOrders('BTCUSDT')).map((each) => [each.clientOrderId, each.status])).toEqual(
      expect.arrayContaining([
        ['stop-1', 'accepted'],
        ['take-1', 'accepted'],
      ]),
    );
  });

  it('a stop is found among the orders of its own kind and taken back, by websocket and by REST; its end is told as canceled', async () => {
    const stop = {
      side: 'sell',
      type: 'stopMarket',
      timeInForce: 'gtc',
      price: null,
      triggerPrice: away(0.97),
    } as const;
    await world.place(world.intent('stop-1', stop));
    await world.place(world.intent('stop-2', stop));
    expect(await world.cancel('stop-1')).toMatchObject({ kind: 'accepted' });
    const named = { symbol: 'BTCUSDT', clientOrderId: 'stop-2' as ClientOrderId, venueOrderId: null };
    expect(await world.queries.cancelOrder(named)).toMatchObject({ kind: 'accepted' });
    await until('both ended', () => ['stop-1', 'stop-2'].every((id) => world.orders(id).at(-1)?.status === 'canceled'));
    expect(world.exchange.openOrders('main', null)).toEqual([]);
    // One that is of neither kind is looked for in both, and then said not to be there.
    expect(await world.cancel('nobody')).toMatchObject({ kind: 'rejected', code: '170213', errorClass: 'notFound' });
  });

  it('H11: more than there is refused with the venue’s own codes, as are sizes and values that are too small', async () => {
    const tooMuch = world.intent('big', { size: 8_000_000_000 as Size });
    expect(await world.place(tooMuch)).toMatchObject({ kind: 'rejected', code: '170131', errorClass: 'reject' });
    const tooSmall = world.intent('small', { size: world.btc.lotSize });
    expect(await world.place(tooSmall)).toMatchObject({ kind: 'rejected', code: '170140', errorClass: 'reject' });
    const offGrid = world.intent('grid', { size: (world.btc.lotSize * 1_000 + 1) as Size });
    expect(await world.place(offGrid)).toMatchObject({ kind: 'rejected', code: '170137', errorClass: 'reject' });
    const once = world.intent('once');
    expect((await world.place(once)).kind).toBe('accepted');
    expect(await world.place(once)).toMatchObject({ kind: 'rejected', code: '170141', errorClass: 'alreadySo' });
  });

  it('F26: twenty orders a second are let through, and no more asked for', async () => {
    const answers = await Promise.all(
      Array.from({ length: 22 }, (_, index) => world.place(world.intent(`n-${index}`))),
    );
    expect(answers.filter(({ kind }) => kind === 'accepted')).toHaveLength(20);
    expect(answers.slice(20)).toEqual([
      expect.objectContaining({ kind: 'notSent', reason: 'rateLimited' }),
      expect.objectContaining({ kind: 'notSent', reason: 'rateLimited' }),
    ]);
  });

  it.each([
    [170139, 'cancel', 'alreadySo'],
    [170142, 'cancel', 'alreadySo'],
    [170143, 'query', 'notFound'],
    [170213, 'cancel', 'notFound'],
    [170146, 'create', 'unknown'],
    [170131, 'create', 'reject'],
    [170135, 'create', 'reject'],
  ] as const)('H11: code %i on %s is %s', (code, operation, expected) => {
    expect(classOfCode(code, operation)).toBe(expected);
  });
});
