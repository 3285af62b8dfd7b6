import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MarketMessage } from '#core/market/market-message.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import { createFramesMarket } from '#simulation/market-sources/frames-market.ts';
import { inspectRecording } from '#simulation/market-sources/instruments-of-recording.ts';
import { createRecordedMarket } from '#simulation/market-sources/recorded-market.ts';
import { createAlpacaServer } from '#simulation/protocol/alpaca-server.ts';
import { createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import { createAlpacaRuntime, GOOD_KEYS, watchMarket } from '../support/alpaca-world.ts';
import { runNormalize } from '../support/run-normalize.ts';
import { until } from '../support/until.ts';

const time = (second: number): string => `2024-08-08T15:00:0${second}.123456789Z`;
const quote = (symbol: string, bid: string, second: number): string =>
  `{"T":"q","S":"${symbol}","bx":"V","bp":${bid},"bs":3,"ax":"V","ap":430.55,"as":2,"c":["R"],"z":"C","t":"${time(second)}"}`;
const trade = (symbol: string, second: number): string =>
  `{"T":"t","S":"${symbol}","i":${second},"x":"V","p":430.5,"s":4,"c":["@"],"z":"C","t":"${time(second)}"}`;
/** Frames of several symbols, as the venue sends them when much happens. */
const FRAMES = [
  '[{"T":"success","msg":"connected"}]',
  `[${quote('MSFT', '430.45', 1)},${quote('AAPL', '225.1', 1)},${trade('MSFT', 1)}]`,
  `[${quote('MSFT', '430.50', 2)}]`,
];

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'alpaca-recording-'));
  file = join(folder, 'recording.raw');
  writeFileSync(file, FRAMES.map((frame, index) => `${1_723_129_200_000 + index * 10}000000 ${frame}\n`).join(''));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a recording of Alpaca', () => {
  test('is known for what it is, with the instruments that it needs', () => {
    const facts = inspectRecording([file]);
    expect(facts.venue).toBe('alpaca');
    expect(facts.instruments.map(({ symbol, kind, quoteCurrency }) => [symbol, kind, quoteCurrency])).toEqual([
      ['MSFT', 'equity', 'USD'],
      ['AAPL', 'equity', 'USD'],
    ]);
    expect(facts.skipped.count).toBe(0);
    expect(facts.frames).toBe(4);
  });

  test('is served message by message, each to those who asked for its symbol', async () => {
    const { instruments } = inspectRecording([file]);
    const source = createRecordedMarket({ venue: 'alpaca', files: [file], instruments });
    const clockStart = systemClock.epochMs();
    const exchange = createSimulatedExchange({ instruments, source, clockStart });
    const keys = createApiKeyRing([{ ...GOOD_KEYS, accountId: 'main' }]);
    const venue = await createAlpacaServer({ exchange, keys, clock: systemClock, host: '127.0.0.1', port: 0 });
    const said: MarketMessage[] = [];
    const channels = ['book', 'quotes', 'trades'] as const;
    const { connection } = watchMarket(
      createAlpacaRuntime(venue),
      channels.map((channel) => ({ channel, symbol: 'MSFT' })),
      (message) => said.push(message),
    );
    connection.start();
    await until('live', () => connection.status().state === 'live');
    exchange.advanceTo((clockStart + 1_000) as EpochMs);
    const isMarket = ({ type }: MarketMessage): boolean => type === 'book' || type === 'quote' || type === 'trade';
    await until('all told', () => said.filter(isMarket).length === 5);
    expect(said.filter(isMarket).map((each) => ('symbol' in each ? `${each.type} ${each.symbol}` : ''))).toEqual([
      'book MSFT',
      'quote MSFT',
      'trade MSFT',
      'book MSFT',
      'quote MSFT',
    ]);
    expect(exchange.book('AAPL', 1).bids[0]?.[0]).toBeGreaterThan(0);
    await connection.stop();
    await venue.close();
    expect(venue.stats().errors).toEqual([]);
  });

  test('is normalized: books and quotes of each symbol, trades with their taker, nothing else', async () => {
    const { code, lines, errors } = await runNormalize(['--venue', 'alpaca', file]);
    expect([code, errors]).toEqual([0, [expect.stringContaining('FRAMES_OTHER: frames=1')]]);
    const said = lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    expect(said.map(({ type, symbol }) => `${type} ${symbol}`)).toEqual([
      'book MSFT',
      'quote MSFT',
      'book AAPL',
      'quote AAPL',
      'trade MSFT',
      'book MSFT',
      'quote MSFT',
    ]);
    expect(said[4]).toMatchObject({ price: '430.5', side: 'buy' });
  });

  test('is the same market when its frames come live', () => {
    const { instruments } = inspectRecording([file]);
    const market = createFramesMarket({ venue: 'alpaca', instruments, startMs: 0 });
    for (const frame of FRAMES) market.push(Buffer.from(frame), 1);
    expect(market.stats()).toMatchObject({ frames: 4, control: 1, gaps: 0 });
    const takers: string[] = [];
    for (let step = market.next(1); step !== null; step = market.next(1)) {
      for (const change of step.changes) if (change.kind === 'trade') takers.push(change.takerSide);
    }
    // 430.5 lies at the middle of 430.45 and 430.55.
    expect(takers).toEqual(['buy']);
  });
});
