import { describe, expect, test } from 'vitest';
import { openBinance } from '../support/binance-usdm-world.ts';
import { call, ORDER, request } from '../support/plain-binance-client.ts';

/** A venue on which a plain client bought twice, at 60001.0 and 60002.0. */
async function afterTwoTrades() {
  const world = await openBinance();
  for (const price of [600_010, 600_020]) {
    world.rest('sell', price, 10);
    await call(world, 'POST', '/fapi/v1/order', { ...ORDER, price: `${price / 10}.0` });
  }
  return world;
}

describe('what clients ask of the public trades', () => {
  test('trades and aggregates are told oldest first, with the maker’s side', async () => {
    const world = await afterTwoTrades();
    const trades = await request(world, 'GET', '/fapi/v1/trades?symbol=BTCUSDT&limit=5');
    expect(trades.body).toMatchObject([
      { price: '60001.0', qty: '0.010', quoteQty: '600.0100', isBuyerMaker: false },
      { price: '60002.0', qty: '0.010' },
    ]);
    const aggregated = await request(world, 'GET', '/fapi/v1/aggTrades?symbol=BTCUSDT&limit=1');
    expect(aggregated.body).toMatchObject([{ p: '60002.0', q: '0.010', m: false }]);
    expect(aggregated.body[0].a).toBe(trades.body[1].id);
  });

  test('the day is told from them, of one symbol or of all', async () => {
    const world = await afterTwoTrades();
    const one = await request(world, 'GET', '/fapi/v1/ticker/24hr?symbol=BTCUSDT');
    expect(one.body).toMatchObject({
      openPrice: '60001.0',
      lastPrice: '60002.0',
      priceChange: '1.0',
      weightedAvgPrice: '60001.5',
      volume: '0.020',
      quoteVolume: '1200.0300',
      count: 2,
    });
    expect((await request(world, 'GET', '/fapi/v1/ticker/24hr')).body).toMatchObject([{ symbol: 'BTCUSDT' }]);
  });

  test('a symbol that is not traded and a limit out of range are refused with the venue’s codes', async () => {
    const world = await openBinance();
    const unknown = await request(world, 'GET', '/fapi/v1/trades?symbol=NOPE');
    expect([unknown.status, unknown.body.code]).toEqual([400, -1121]);
    const beyond = await request(world, 'GET', '/fapi/v1/aggTrades?symbol=BTCUSDT&limit=5000');
    expect([beyond.status, beyond.body.code]).toEqual([400, -1130]);
  });

  test('the leverage brackets that clients ask for beside positions are a list, for one symbol too', async () => {
    const world = await openBinance();
    const { body } = await call(world, 'GET', '/fapi/v1/leverageBracket', { symbol: 'BTCUSDT' });
    expect(body).toMatchObject([{ symbol: 'BTCUSDT', brackets: [{ bracket: 1, maintMarginRatio: 0.005 }] }]);
  });
});
