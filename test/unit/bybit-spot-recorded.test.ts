import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { EpochMs } from '#core/time/clock.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { inspectRecording } from '#simulation/market-sources/instruments-of-recording.ts';
import { createRecordedMarket } from '#simulation/market-sources/recorded-market.ts';
import { createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import { createBybitSpotServer } from '#simulation/protocol/bybit-spot-server.ts';
import { bybitSpot } from '#venues/bybit-spot/venue.ts';
import { until } from '../support/until.ts';

const START_MS = 1_680_652_847_000;
const at = (step: number) => START_MS + step * 20;
type Levels = readonly (readonly [string, string])[];

function book(step: number, type: 'snapshot' | 'delta', u: number, b: Levels, a: Levels) {
  const data = { s: 'XRPUSDT', b, a, u, seq: u * 3 };
  return { topic: 'orderbook.50.XRPUSDT', ts: at(step), type, data, cts: at(step) - 2 };
}

const ROW = { i: '2290000000050703789', T: at(2), p: '0.5021', v: '12.5', S: 'Buy', s: 'XRPUSDT', BT: false };
const QUOTE = { s: 'XRPUSDT', b: [['0.5020', '101.5']], a: [['0.5022', '4']], u: 77, seq: 9 };
const CANDLE = {
  ...{ start: at(0), end: at(0) + 59_999, interval: '1', open: '0.5', close: '0.5021', high: '0.5021', low: '0.5' },
  ...{ volume: '12.5', turnover: '6.2', confirm: false, timestamp: at(5) },
};
const RECORDED = [
  book(0, 'snapshot', 700, [['0.5020', '100']], [['0.5021', '50.25']]),
  book(1, 'delta', 701, [['0.5020', '101.5']], []),
  { topic: 'publicTrade.XRPUSDT', ts: at(2), type: 'snapshot', data: [ROW] },
  { topic: 'orderbook.1.XRPUSDT', ts: at(3), type: 'snapshot', data: QUOTE, cts: at(3) },
  book(
    4,
    'delta',
    702,
    [],
    [
      ['0.5021', '0'],
      ['0.5022', '4'],
    ],
  ),
  { topic: 'kline.1.XRPUSDT', data: [CANDLE], ts: at(5), type: 'snapshot' },
  {
    ...{ topic: 'tickers.XRPUSDT', ts: at(6), type: 'snapshot', cs: 5 },
    data: { symbol: 'XRPUSDT', lastPrice: '0.5021', usdIndexPrice: '0.5022' },
  },
].map((frame) => JSON.stringify(frame));

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bybit-spot-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The recording played to one client of everything, from the first frame or from a later one on. */
async function play(joinAt: number) {
  const file = join(folder, 'spot.raw');
  writeFileSync(file, RECORDED.map((frame, step) => `${BigInt(at(step)) * 1_000_000n} ${frame}\n`).join(''));
  const { venue, instruments } = inspectRecording([file]);
  expect(venue).toBe('bybit-spot');
  const source = createRecordedMarket({ venue, files: [file], instruments });
  const clockStart = systemClock.epochMs();
  const exchange = createSimulatedExchange({ instruments, source, clockStart });
  const keys = createApiKeyRing([]);
  const server = await createBybitSpotServer({ exchange, keys, clock: systemClock, host: '127.0.0.1', port: 0 });
  const step = (count: number): void => exchange.advanceTo((clockStart + count * 20 + 1) as EpochMs);
  if (joinAt > 0) step(joinAt - 1);
  const socket = new WebSocket(`${server.urls.market}/v5/public/spot`);
  const texts: string[] = [];
  socket.on('message', (data) => texts.push(String(data)));
  await new Promise((resolve) => socket.once('open', resolve));
  const { channels } = bybitSpot.supports;
  const [request] = bybitSpot.marketData.subscribe(
    '1',
    channels.map((channel) => ({ channel, symbol: 'XRPUSDT' })),
  );
  socket.send(request?.text ?? '');
  await until('subscribed', () => texts.length > 0);
  step(RECORDED.length);
  return {
    exchange,
    texts,
    async end(): Promise<void> {
      socket.terminate();
      expect(server.stats().errors).toEqual([]);
      await server.close();
    },
  };
}

describe('a recording of Bybit spot', () => {
  it('is served frame by frame as it was received, and nothing is made up beside it', async () => {
    const { exchange, texts, end } = await play(0);
    await until('the last frame', () => texts.includes(RECORDED.at(-1) ?? ''));
    const frames = texts.filter((text) => RECORDED.includes(text));
    expect(frames).toEqual(RECORDED);
    expect(exchange.book('XRPUSDT', 5)).toMatchObject({ sequence: 702, asks: [[5_022, expect.any(Number)]] });
    expect(exchange.ticker('XRPUSDT').lastPrice).toBe(5_021);
    await end();
  });

  it('gives who joins later the book as it stands, under the number that the next frame follows', async () => {
    const { texts, end } = await play(3);
    await until('the last frame', () => texts.includes(RECORDED.at(-1) ?? ''));
    const decode = bybitSpot.marketData.createDecoder();
    const [instrument] = builtInInstruments('bybit-spot');
    if (instrument === undefined) throw new Error('no instrument');
    const sync = bybitSpot.createBookSync({ ...instrument, symbol: 'XRPUSDT', priceScale: 4 });
    const outcomes: string[] = [];
    for (const text of texts) {
      decode(Buffer.from(text), (message) => {
        if (message.type === 'book') outcomes.push(sync.onMessage(message).kind);
      });
    }
    expect(outcomes.at(-1)).toBe('applied');
    expect(outcomes).not.toContain('resync');
    expect(sync.book.sequence).toBe(702);
    expect(sync.book.levels('sell', 1)[0]?.[0]).toBe(5_022);
    await end();
  });
});
