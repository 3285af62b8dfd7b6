import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import type { EpochMs } from '#core/time/clock.ts';
import { seededRandom } from '#core/time/seeded-random.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { createBookTopic } from '#simulation/protocol/bybit-book-topic.ts';
import { createMarketConnection } from '#venues/connection/market-connection.ts';
import { createWsConnect } from '#venues/connection/ws-transport.ts';
import type { MarketDataProtocol } from '#venues/venue.ts';
import { NO_LIMITS } from '../support/no-limits.ts';
import { useBybitServer } from '../support/plain-bybit-client.ts';
import { LINEAR_BTC } from '../support/scripted-exchange.ts';
import { hasSharedData, sharedRows, sharedText } from '../support/shared-data.ts';
import { until } from '../support/until.ts';

const server = useBybitServer();
const { client } = server;

describe('public streams', () => {
  it('acknowledges per request, then begins a book with a snapshot and goes on with deltas whose u rises by one', async () => {
    server.world.exchange.setBook([[9_990, 5]], [[10_010, 7]]);
    const { ask, seen } = await client('/v5/public/linear');
    const ack = await ask({ op: 'subscribe', req_id: 'r1', args: ['orderbook.50.BTCUSDT', 'publicTrade.BTCUSDT'] });
    expect(ack).toMatchObject({ success: true, ret_msg: '', req_id: 'r1', op: 'subscribe' });
    const snapshot = (await seen(2))[1];
    expect(snapshot).toMatchObject({
      topic: 'orderbook.50.BTCUSDT',
      type: 'snapshot',
      data: { s: 'BTCUSDT', b: [['99.9', '0.005']], a: [['100.1', '0.007']] },
    });
    server.world.exchange.setBook([[9_980, 4]], [[10_010, 8]]);
    const delta = (await seen(3))[2];
    expect(delta).toMatchObject({
      type: 'delta',
      data: {
        b: [
          ['99.8', '0.004'],
          ['99.9', '0'],
        ],
        a: [['100.1', '0.008']],
      },
    });
    const updateOf = (message: unknown): number =>
      z.object({ data: z.object({ u: z.number() }) }).parse(message).data.u;
    expect(updateOf(delta)).toBe(updateOf(snapshot) + 1);
    server.world.exchange.tell({
      kind: 'trade',
      symbol: 'BTCUSDT',
      tradeId: 't1',
      price: 10_010 as never,
      size: 3 as never,
      takerSide: 'sell',
      time: 1_700_000_000_001 as EpochMs,
    });
    expect((await seen(4))[3]).toMatchObject({
      topic: 'publicTrade.BTCUSDT',
      type: 'snapshot',
      data: [{ T: 1_700_000_000_001, s: 'BTCUSDT', S: 'Sell', v: '0.003', p: '100.1', i: 't1', BT: false }],
    });
  });

  it('an invalid topic refuses its request, and subscribes to none of it', async () => {
    const { ask } = await client('/v5/public/linear');
    const refused = await ask({ op: 'subscribe', args: ['publicTrade.BTCUSDT', 'orderbook.7.BTCUSDT'] });
    expect(refused).toMatchObject({ success: false, ret_msg: 'Invalid topic: orderbook.7.BTCUSDT', op: 'subscribe' });
    expect(await ask({ op: 'ping', req_id: 'p' })).toMatchObject({
      success: true,
      ret_msg: 'pong',
      op: 'ping',
      req_id: 'p',
    });
    expect(await ask('no json')).toMatchObject({ success: false });
    const many = Array.from({ length: 1_000 }, () => 'publicTrade.BTCUSDT');
    expect(await ask({ op: 'subscribe', args: many })).toMatchObject({ success: true });
  });

  it('a ticker is a snapshot, then deltas of what changed', async () => {
    const { ask, seen } = await client('/v5/public/linear');
    await ask({ op: 'subscribe', args: ['tickers.BTCUSDT'] });
    expect((await seen(2))[1]).toMatchObject({
      type: 'snapshot',
      data: {
        lastPrice: '100',
        markPrice: '100.1',
        indexPrice: '100.05',
        fundingRate: '0.0001',
        openInterest: '123.456',
      },
    });
    server.world.exchange.setBook([[9_000, 1]], [[11_000, 1]]);
    const ticker = server.world.exchange.ticker('BTCUSDT');
    server.world.exchange.tell({ kind: 'ticker', ticker, time: Date.now() as EpochMs });
    const delta = (await seen(3))[2];
    expect(delta).toMatchObject({ type: 'delta', data: { symbol: 'BTCUSDT', bid1Price: '90', ask1Price: '110' } });
    expect(JSON.stringify(delta)).not.toContain('markPrice');
  });

  it('level 1 is a snapshot only, said again with the same u after three quiet seconds', () => {
    const sent: string[] = [];
    let best = 9_990;
    const topic = createBookTopic({
      topic: 'orderbook.1.BTCUSDT',
      depth: 1,
      stampFirst: false,
      instrument: LINEAR_BTC,
      book: () => ({ symbol: 'BTCUSDT', bids: [[best as never, 5 as never]], asks: [], sequence: 9 }),
      now: () => 1_700_000_000_000,
      restarts: () => false,
      send: (frame) => sent.push(frame),
    });
    expect(topic.snapshot(true)).toMatch(/^\{"topic":"orderbook.1.BTCUSDT","ts":1700000000000,"type":"snapshot"/);
    topic.onChange(1_000);
    expect(sent).toEqual([]);
    best = 9_980;
    topic.onChange(2_000);
    expect(sent.length).toBe(1);
    const now = performance.now();
    topic.repeatIfQuiet(now + 2_900);
    expect(sent.length).toBe(1);
    topic.repeatIfQuiet(now + 3_100);
    expect(sent[1]).toBe(sent[0]);
    topic.close();
  });

  it('F28: a frame that is left out breaks u; a new subscription begins with a snapshot that the next delta follows', async () => {
    server.world.exchange.setBook([[9_990, 5]], [[10_010, 7]]);
    const { ask, seen } = await client('/v5/public/linear');
    await ask({ op: 'subscribe', args: ['orderbook.50.BTCUSDT'] });
    await seen(2);
    server.world.venue.faults.arm('dropPublicFrame');
    server.world.exchange.setBook([[9_990, 6]], [[10_010, 7]]);
    await new Promise((resolve) => setTimeout(resolve, 30));
    server.world.exchange.setBook([[9_990, 7]], [[10_010, 7]]);
    const all = await seen(3);
    const updates = all.slice(1).map((each) => z.object({ data: z.object({ u: z.number() }) }).parse(each).data.u);
    expect((updates[1] ?? 0) - (updates[0] ?? 0)).toBe(2);
    await ask({ op: 'unsubscribe', args: ['orderbook.50.BTCUSDT'] });
    await ask({ op: 'subscribe', args: ['orderbook.50.BTCUSDT'] });
    expect((await seen(6))[5]).toMatchObject({ type: 'snapshot', data: { b: [['99.9', '0.007']] } });
  });

  const RECORDED = 'bybit/recorded/ob500_XRPUSDT_first25.jsonl.gz';
  it.skipIf(!hasSharedData(RECORDED))(
    'R4: recorded frames are served as the bytes they are, to the topic they are equivalent to',
    async () => {
      const lines = sharedText(RECORDED).trimEnd().split('\n');
      const { ask, seen, texts } = await client('/v5/public/linear');
      await ask({ op: 'subscribe', args: ['orderbook.50.BTCUSDT'] });
      for (const line of lines) {
        server.world.exchange.tell({
          kind: 'raw',
          symbol: 'BTCUSDT',
          channel: 'book',
          stream: 'orderbook.500.BTCUSDT',
          frame: Buffer.from(line),
          time: 1 as EpochMs,
        });
      }
      await seen(lines.length + 1);
      expect(texts.slice(1)).toEqual(lines);
      expect(server.world.venue.stats()).toMatchObject({ framesSent: lines.length + 1, answersSent: 1 });
      const late = await client('/v5/public/linear');
      server.world.exchange.setBook([[9_990, 5]], [[10_010, 7]]);
      await late.ask({ op: 'subscribe', args: ['orderbook.200.BTCUSDT'] });
      const joined = (await late.seen(2))[1];
      const lastOf = z.object({ data: z.object({ u: z.number() }) });
      expect(joined).toMatchObject({ type: 'snapshot', data: { b: [['99.9', '0.005']] } });
      expect(lastOf.parse(joined).data.u).toBe(lastOf.parse(sharedRows(RECORDED).at(-1)).data.u);
    },
  );
});

describe('public REST', () => {
  it('time, instruments, tickers, book, trades and candles in the documented shapes', async () => {
    const get = async (path: string): Promise<unknown> => {
      const response = await fetch(`${server.world.venue.urls.rest}/v5/market/${path}`);
      return z.object({ retCode: z.literal(0), result: z.unknown() }).parse(await response.json()).result;
    };
    server.world.exchange.setBook([[9_990, 5]], [[10_010, 7]]);
    server.world.exchange.tell({
      kind: 'trade',
      symbol: 'BTCUSDT',
      tradeId: 't1',
      price: 10_010 as never,
      size: 3 as never,
      takerSide: 'buy',
      time: 1_700_000_000_001 as EpochMs,
    });
    expect(await get('time')).toMatchObject({ timeSecond: expect.stringMatching(/^\d{10}$/) });
    expect(await get('instruments-info?category=linear')).toMatchObject({
      list: [
        {
          symbol: 'BTCUSDT',
          status: 'Trading',
          priceFilter: { tickSize: '0.1' },
          lotSizeFilter: { qtyStep: '0.001', minOrderQty: '0.001', minNotionalValue: '5' },
        },
      ],
    });
    expect(await get('tickers?category=linear&symbol=BTCUSDT')).toMatchObject({ list: [{ lastPrice: '100' }] });
    expect(await get('orderbook?category=linear&symbol=BTCUSDT')).toMatchObject({
      s: 'BTCUSDT',
      b: [['99.9', '0.005']],
      a: [['100.1', '0.007']],
    });
    expect(await get('recent-trade?category=linear&symbol=BTCUSDT')).toMatchObject({
      list: [{ execId: 't1', side: 'Buy' }],
    });
    expect(await get('kline?category=linear&symbol=BTCUSDT&interval=1')).toMatchObject({
      list: [['1699999980000', '100.1', '100.1', '100.1', '100.1', '0.003', '0.3003']],
    });
  });
});

describe('faults of the venue', () => {
  it('G8: in maintenance sockets are closed and refused and REST answers 503; afterwards all is as before', async () => {
    const { isClosed } = await client('/v5/public/linear');
    server.world.venue.faults.setMaintenance(true);
    await until('closed', isClosed);
    expect((await fetch(`${server.world.venue.urls.rest}/v5/market/time`)).status).toBe(503);
    const refused = new WebSocket(`${server.world.venue.urls.market}/v5/public/linear`);
    const reason = await new Promise<string>((resolve) => refused.once('error', (error) => resolve(error.message)));
    expect(reason).toMatch(/503/);
    server.world.venue.faults.setMaintenance(false);
    const again = await client('/v5/public/linear');
    expect(await again.ask({ op: 'ping' })).toMatchObject({ ret_msg: 'pong' });
  });

  it('R10, F16: a socket that pongs and is mute is found by the client, resubscribed once, then replaced', async () => {
    const resubscribed: string[] = [];
    const connection = createMarketConnection({
      name: 'mute',
      plan: {
        name: 'public',
        url: `${server.world.venue.urls.market}/v5/public/linear`,
        subscriptions: [{ channel: 'trades', symbol: 'BTCUSDT' }],
      },
      protocol: BARE_PROTOCOL,
      connect: createWsConnect({ insecureAllowed: true }),
      clock: systemClock,
      timers: systemTimers,
      random: seededRandom(5),
      log: () => undefined,
      backoff: { baseMs: 10, capMs: 20 },
      listener: {
        onFrame(frame) {
          const message = z
            .object({
              op: z.string().optional(),
              ret_msg: z.string().optional(),
              req_id: z.string().optional(),
              topic: z.string().optional(),
            })
            .parse(JSON.parse(frame.toString()));
          if (message.topic !== undefined) connection.heard('trades', 'BTCUSDT');
          else if (message.ret_msg === 'pong') connection.control({ type: 'pong' });
          else connection.control({ type: 'subscribed', requestId: message.req_id ?? '', ok: true });
        },
        onStatus: () => undefined,
        onRefused: () => undefined,
        onResubscribe: (_subscription, reason) => resubscribed.push(reason),
      },
    });
    connection.start();
    await until('live', () => connection.status().state === 'live');
    server.world.venue.faults.pausePublic('BTCUSDT');
    await until('replaced', () => connection.counts.opened === 2);
    expect(resubscribed.length).toBe(1);
    expect(connection.counts.frames).toBeGreaterThan(3);
    await connection.stop();
  });

  it('a half-open connection says nothing more, no pong either', async () => {
    const { socket, texts } = await client('/v5/private');
    server.world.venue.faults.setHalfOpen('private');
    socket.send('{"op":"ping"}');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(texts).toEqual([]);
    server.world.venue.faults.setHalfOpen('none');
  });
});

/** What a market connection needs of this venue, written from its documentation. */
const BARE_PROTOCOL: MarketDataProtocol = {
  plan: () => [],
  limits: NO_LIMITS,
  subscribe: (id, subscriptions) => [
    {
      requestId: id,
      text: JSON.stringify({
        op: 'subscribe',
        req_id: id,
        args: subscriptions.map((each) => `publicTrade.${each.symbol}`),
      }),
    },
  ],
  unsubscribe: (id, subscriptions) => [
    {
      requestId: id,
      text: JSON.stringify({
        op: 'unsubscribe',
        req_id: id,
        args: subscriptions.map((each) => `publicTrade.${each.symbol}`),
      }),
    },
  ],
  heartbeat: { intervalMs: 30, message: () => '{"op":"ping"}' },
  silenceMs: () => 150,
  createDecoder: () => () => undefined,
  fetchBook: null,
};
