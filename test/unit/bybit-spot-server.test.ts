import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { systemClock } from '#core/time/system-clock.ts';
import { GOOD_KEYS } from '../support/bybit-linear-world.ts';
import { type BybitMarketWorld, createBybitMarketWorld } from '../support/bybit-spot-world.ts';
import { until } from '../support/until.ts';

let world: BybitMarketWorld;
const opened: WebSocket[] = [];
const message = z.looseObject({ topic: z.string().optional() });

/** A client that shares nothing with ours. */
async function client(path: string) {
  const socket = new WebSocket(`${world.server.urls.market}${path}`);
  opened.push(socket);
  const texts: string[] = [];
  socket.on('message', (data) => texts.push(String(data)));
  await new Promise((resolve) => socket.once('open', resolve));
  return {
    texts,
    send: (value: unknown) => socket.send(JSON.stringify(value)),
    async ask(value: unknown) {
      const before = texts.length;
      socket.send(JSON.stringify(value));
      await until('an answer', () => texts.length > before);
      return message.parse(JSON.parse(texts[before] ?? ''));
    },
    async of(topic: string): Promise<string> {
      const found = () => texts.find((text) => message.parse(JSON.parse(text)).topic === topic);
      await until(topic, () => found() !== undefined);
      return found() ?? '';
    },
  };
}

const hmac = (text: string): string => createHmac('sha256', GOOD_KEYS.secret).update(text).digest('hex');

async function post(path: string, body: unknown) {
  const [text, time] = [JSON.stringify(body), Date.now()];
  const response = await fetch(`${world.server.urls.rest}${path}`, {
    method: 'POST',
    body: text,
    headers: {
      'X-BAPI-API-KEY': GOOD_KEYS.key,
      'X-BAPI-TIMESTAMP': String(time),
      'X-BAPI-RECV-WINDOW': '5000',
      'X-BAPI-SIGN': hmac(`${time}${GOOD_KEYS.key}5000${text}`),
    },
  });
  return z.looseObject({ retCode: z.number() }).parse(await response.json());
}

beforeEach(async () => {
  world = await createBybitMarketWorld('spot');
});
afterEach(async () => {
  for (const socket of opened.splice(0)) socket.terminate();
  expect(world.server.stats().errors).toEqual([]);
  await world.close();
});

const steps = async (count: number): Promise<void> => {
  for (let step = 0; step < count; step += 1) {
    world.exchange.advanceTo(systemClock.epochMs());
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

describe('the simulated Bybit spot', () => {
  it('acknowledges in its own words, ten topics at most, and writes its frames’ fields in its own order', async () => {
    const { ask, of, send } = await client('/v5/public/spot');
    const args = ['orderbook.50.BTCUSDT', 'publicTrade.BTCUSDT', 'tickers.BTCUSDT', 'kline.1.BTCUSDT'];
    expect(await ask({ op: 'subscribe', req_id: 'r1', args })).toMatchObject({ success: true, ret_msg: 'subscribe' });
    expect(await of('orderbook.50.BTCUSDT')).toMatch(/^\{"topic":"orderbook.50.BTCUSDT","ts":\d+,"type":"snapshot"/);
    const ticker = JSON.parse(await of('tickers.BTCUSDT'));
    expect(ticker).toMatchObject({ type: 'snapshot', data: { symbol: 'BTCUSDT', usdIndexPrice: expect.any(String) } });
    expect(ticker.data).not.toHaveProperty('markPrice');
    expect(JSON.parse(await of('kline.1.BTCUSDT'))).toMatchObject({ data: [{ interval: '1', confirm: false }] });
    send({ op: 'ping' });
    await steps(60);
    expect(await of('publicTrade.BTCUSDT')).toMatch(/"ts":\d+,"type":"snapshot","data":\[\{"i":"\d+","T":\d+,"p":/);

    const many = Array.from({ length: 11 }, () => 'orderbook.1.BTCUSDT');
    const other = await client('/v5/public/spot');
    expect(await other.ask({ op: 'subscribe', args: many })).toMatchObject({ success: false });
    expect(await other.ask({ op: 'subscribe', args: ['allLiquidation.BTCUSDT'] })).toMatchObject({ success: false });
  });

  it('a market buy without a unit is worth so much of the quote currency', async () => {
    const order = { category: 'spot', symbol: 'BTCUSDT', side: 'Buy', orderType: 'Market', qty: '600' };
    expect(await post('/v5/order/create', order)).toMatchObject({ retCode: 0 });
    const [placed] = world.exchange.orders('main', null);
    const worth = ((placed?.size ?? 0) / 1e8) * (world.best('asks') / 100);
    expect(worth).toBeGreaterThan(550);
    expect(worth).toBeLessThanOrEqual(601);
  });

  it('a stop must say that it is one, and is taken back only as one', async () => {
    const stop = { category: 'spot', symbol: 'BTCUSDT', side: 'Sell', orderType: 'Market', qty: '0.001' };
    const low = String(Math.floor((world.exchange.ticker('BTCUSDT').lastPrice / 100) * 0.9));
    expect(await post('/v5/order/create', { ...stop, triggerPrice: low })).toMatchObject({ retCode: 170130 });
    const named = { ...stop, triggerPrice: low, orderFilter: 'tpslOrder', orderLinkId: 'st-1' };
    expect(await post('/v5/order/create', named)).toMatchObject({ retCode: 0 });
    const cancel = { category: 'spot', symbol: 'BTCUSDT', orderLinkId: 'st-1' };
    expect(await post('/v5/order/cancel', cancel)).toMatchObject({ retCode: 170213 });
    expect(await post('/v5/order/cancel', { ...cancel, orderFilter: 'tpslOrder' })).toMatchObject({ retCode: 0 });
  });

  it('has no positions, and takes orders of no other category', async () => {
    const order = { category: 'linear', symbol: 'BTCUSDT', side: 'Buy', orderType: 'Market', qty: '1' };
    expect(await post('/v5/order/create', order)).toMatchObject({ retCode: 10001 });
    const path = `${world.server.urls.rest}/v5/market/tickers?category=linear`;
    expect(await (await fetch(path)).json()).toMatchObject({ retCode: 10001 });
    await expect(world.queries.positions(['NOSUCH'])).rejects.toMatchObject({ venueCode: 'SYMBOL_UNKNOWN' });
  });

  it('the wallet is not told when it is subscribed, and then coin by coin', async () => {
    const { ask, texts, of } = await client('/v5/private');
    const expires = Date.now() + 5_000;
    const args = [GOOD_KEYS.key, expires, hmac(`GET/realtime${expires}`)];
    expect(await ask({ op: 'auth', args })).toMatchObject({ success: true });
    expect(await ask({ op: 'subscribe', args: ['wallet', 'execution'] })).toMatchObject({ success: true });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(texts).toHaveLength(2);
    world.exchange.transfer('main', 'BTC', '1');
    expect(JSON.parse(await of('wallet'))).toMatchObject({ data: [{ coin: [{ coin: 'BTC', walletBalance: '3' }] }] });
  });
});
