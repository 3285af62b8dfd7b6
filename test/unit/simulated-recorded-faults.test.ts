import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { EpochMs } from '#core/time/clock.ts';
import { inspectRecording } from '#simulation/market-sources/instruments-of-recording.ts';
import { createRecordedMarket } from '#simulation/market-sources/recorded-market.ts';
import { diff, FRAMES, pathOf, record, replay, START_MS, snapshot, trade } from '../support/recording-builder.ts';
import { CLOCK_START } from '../support/scripted-market.ts';

describe('gaps', () => {
  it('are counted, and mended by the next snapshot', () => {
    const file = record('gap.raw', [
      snapshot(10, [['100.0', '3.0']], [['101.0', '5.0']]),
      diff(11, 15, 10, [['100.0', '2.0']], []),
      diff(21, 25, 20, [['99.5', '1.0']], []),
      snapshot(
        24,
        [
          ['100.0', '1.0'],
          ['99.5', '4.0'],
        ],
        [['101.5', '5.0']],
      ),
      diff(26, 30, 25, [['99.0', '1.0']], []),
    ]);
    const { exchange, source } = replay(file);
    exchange.advanceTo((CLOCK_START + 150) as EpochMs);
    expect(exchange.book('COINUSDT', 5)).toMatchObject({
      bids: [
        [1000, 20],
        [995, 10],
      ],
      asks: [[1010, 50]],
      sequence: 25,
    });
    exchange.advanceTo((CLOCK_START + 1_000) as EpochMs);
    expect(exchange.book('COINUSDT', 5)).toMatchObject({
      bids: [
        [1000, 10],
        [995, 10],
        [990, 10],
      ],
      asks: [[1015, 50]],
      sequence: 30,
    });
    expect(source.stats().gaps).toBe(1);
  });

  it('do not count the same volume twice where trades are recorded singly and aggregated', () => {
    const aggregate = {
      stream: 'coinusdt@aggTrade',
      data: { e: 'aggTrade', E: START_MS, s: 'COINUSDT', a: 9, p: '100.0', q: '0.5', f: 1, l: 1, T: START_MS, m: true },
    };
    const { exchange, events } = replay(record('both.raw', [FRAMES[0], FRAMES[1], aggregate, FRAMES[3]]));
    exchange.advanceTo((CLOCK_START + 1_000) as EpochMs);
    expect(events.filter((event) => event.kind === 'trade')).toHaveLength(1);
    expect(events.filter((event) => event.kind === 'raw')).toHaveLength(3);
  });
});

describe('several files', () => {
  it('are merged by their times', () => {
    const first = record('one.raw', [FRAMES[0], FRAMES[2], FRAMES[4]]);
    const second = record('two.raw', [FRAMES[3], FRAMES[1], FRAMES[5]]);
    const { exchange, events } = replay(first, second);
    exchange.advanceTo((CLOCK_START + 1_000) as EpochMs);
    expect(events.flatMap((event) => (event.kind === 'raw' ? [event.channel] : []))).toEqual([
      'book',
      'book',
      'trades',
      'book',
      'trades',
    ]);
  });
});

describe('bad input', () => {
  it('is one clear error: no file, no gzip, nothing of a known venue, two venues', () => {
    expect(() => inspectRecording([pathOf('absent.gz')])).toThrow(/RECORDING_MISSING: file=.*absent.gz/);
    const broken = pathOf('broken.gz');
    writeFileSync(broken, gzipSync('x'.repeat(10_000)).subarray(0, 20));
    expect(() => inspectRecording([broken])).toThrow(/RECORDING_UNREADABLE/);
    const foreign = pathOf('foreign.txt');
    writeFileSync(foreign, 'hello\nworld\n');
    expect(() => inspectRecording([foreign])).toThrow(/RECORDING_VENUE/);
    const bybit = record('v.raw', [{ topic: 'publicTrade.XRPUSDT', ts: 1, data: [] }]);
    expect(() => inspectRecording([record('w.raw', FRAMES), bybit])).toThrow(/RECORDING_VENUE/);
    expect(() => inspectRecording([bybit])).toThrow(/RECORDING_EMPTY/);
  });

  it('R3: frames of spot, which are much like those of futures, are not taken for them', () => {
    const spot = record('spot.raw', [
      {
        stream: 'btcusdt@depth@100ms',
        data: { e: 'depthUpdate', E: 1, s: 'BTCUSDT', U: 1, u: 2, b: [['1', '1']], a: [] },
      },
      {
        stream: 'btcusdt@trade',
        data: { e: 'trade', E: 1, T: 1, s: 'BTCUSDT', t: 1, p: '1', q: '1', m: false, M: true },
      },
    ]);
    const { venue, instruments } = inspectRecording([spot]);
    expect(venue).toBe('binance-spot');
    expect(() => createRecordedMarket({ venue: 'binance-usdm', files: [spot], instruments })).toThrow(
      /RECORDING_EMPTY/,
    );
  });

  it('in single lines is counted with its reason, and the rest goes on', () => {
    const file = record('bad.raw', [
      FRAMES[0],
      '{"stream":"coinusdt@depth@0ms","da',
      { data: { e: 'trade', s: 'COINUSDT' } },
      FRAMES[2],
      FRAMES[3],
    ]);
    const { exchange, source, events } = replay(file);
    exchange.advanceTo((CLOCK_START + 1_000) as EpochMs);
    const { skipped, frames } = source.stats();
    expect([skipped.count, frames]).toEqual([2, 2]);
    expect(skipped.examples[0]).toMatch(/bad\.raw:2 FRAME_SYNTAX/);
    expect(events.at(-1)).toEqual({ kind: 'end' });
  });

  it('of numbers that do not fit the instrument ends the replay with the line', () => {
    const file = record('scale.raw', FRAMES);
    const { venue, instruments } = inspectRecording([file]);
    const coarse = instruments.map((each) => ({ ...each, priceScale: 0 }));
    expect(() => createRecordedMarket({ venue, files: [file], instruments: coarse })).toThrow(/RECORDING_SCALE/);
    const trades = record('trades.raw', [trade(1, '100.0', '0.5', true), trade(2, '100.5', '0.5', true)]);
    const source = createRecordedMarket({ venue, files: [trades], instruments: coarse });
    expect(() => [source.next(1_000), source.next(1_000)]).toThrow(/RECORDING_SCALE: file=.*trades\.raw line=2/);
  });
});
