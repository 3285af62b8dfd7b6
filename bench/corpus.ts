import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { BookScales } from '#core/market/book-writer.ts';
import type { VenueId } from '#core/market/instrument.ts';

/** Frames of one symbol as they came in, and where they are from. */
export interface Corpus {
  readonly venue: VenueId;
  readonly symbol: string;
  readonly scales: BookScales;
  readonly origin: string;
  readonly frames: readonly Buffer[];
}

const SHARED_DATA = process.env.MILLRACE_SHARED_DATA ?? resolve(import.meta.dirname, '../../shared/data');
const RECORDED = 'binance/recorded/usdm_btcusdt_20240808.raw.gz';
const MAX_FRAMES = 20_000;

export function corpora(): readonly Corpus[] {
  return [binanceRecorded() ?? binanceGenerated(), bybitGenerated()];
}

/** Mean bytes of a frame. */
export function meanBytes({ frames }: Corpus): number {
  return Math.round(frames.reduce((sum, frame) => sum + frame.length, 0) / frames.length);
}

function binanceRecorded(): Corpus | null {
  const file = join(SHARED_DATA, RECORDED);
  if (!existsSync(file)) return null;
  const lines = gunzipSync(readFileSync(file)).toString().split('\n').slice(0, MAX_FRAMES);
  const texts = lines.map((line) => line.slice(line.indexOf(' ') + 1)).filter((text) => text.startsWith('{"stream"'));
  return {
    venue: 'binance-usdm',
    symbol: 'BTCUSDT',
    scales: { priceScale: 1, sizeScale: 3 },
    origin: 'recorded: depth, trade, bookTicker',
    frames: texts.map((text) => Buffer.from(text)),
  };
}

function binanceGenerated(): Corpus {
  let sequence = 1_000_000;
  const frames = walk().map(({ kind, bids, asks, price, time }, index) => {
    const previous = sequence;
    if (kind === 'book') sequence += 17;
    const data =
      kind === 'book'
        ? {
            e: 'depthUpdate',
            E: time,
            T: time,
            s: 'BTCUSDT',
            U: previous + 1,
            u: sequence,
            pu: previous,
            b: bids.toReversed(),
            a: asks,
          }
        : {
            e: 'aggTrade',
            E: time,
            s: 'BTCUSDT',
            a: index,
            p: price,
            q: '0.010',
            f: 1,
            l: 2,
            T: time,
            m: index % 2 === 0,
          };
    return Buffer.from(JSON.stringify({ stream: `btcusdt@${kind === 'book' ? 'depth@100ms' : 'aggTrade'}`, data }));
  });
  return {
    venue: 'binance-usdm',
    symbol: 'BTCUSDT',
    scales: { priceScale: 1, sizeScale: 3 },
    origin: 'generated: depth, aggTrade',
    frames,
  };
}

export function bybitGenerated(): Corpus {
  let update = 1_000;
  const frames = walk().map(({ kind, bids, asks, price, time }, index) => {
    if (kind === 'book') update += 1;
    return Buffer.from(
      JSON.stringify(
        kind === 'book'
          ? {
              topic: 'orderbook.50.BTCUSDT',
              type: index === 0 ? 'snapshot' : 'delta',
              ts: time,
              data: { s: 'BTCUSDT', b: bids, a: asks, u: update, seq: update * 7 },
              cts: time - 2,
            }
          : {
              topic: 'publicTrade.BTCUSDT',
              type: 'snapshot',
              ts: time,
              data: [
                { T: time, s: 'BTCUSDT', S: 'Buy', v: '0.010', p: price, L: 'PlusTick', i: `id-${index}`, BT: false },
              ],
            },
      ),
    );
  });
  return {
    venue: 'bybit-linear',
    symbol: 'BTCUSDT',
    scales: { priceScale: 1, sizeScale: 3 },
    origin: 'generated: orderbook.50, publicTrade',
    frames,
  };
}

interface Step {
  readonly kind: 'book' | 'trade';
  readonly bids: readonly (readonly [string, string])[];
  readonly asks: readonly (readonly [string, string])[];
  readonly price: string;
  readonly time: number;
}

const BOOK_DEPTH = 50;

/** Levels that a message changes: 4 by the median, 13 at the 90th percentile, 31 at the 99th, as counted in a recording of Bybit. */
function changedLevels(random: (below: number) => number): number {
  const share = random(100);
  if (share < 50) return 1 + random(4);
  if (share < 90) return 5 + random(9);
  return share < 99 ? 14 + random(18) : 32 + random(8);
}

/**
 * A market that wanders: each book step changes some levels a side, best first, as venues send them; in every third the middle moves by a tick, so that the best
 * levels go and come and the book keeps its depth; every tenth step is a trade. The book never crosses.
 */
function walk(): readonly Step[] {
  let seed = 7;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % below;
  };
  let middle = 600_000;
  return Array.from({ length: MAX_FRAMES }, (_, index): Step => {
    const sizes = { bids: new Map<number, number>(), asks: new Map<number, number>() };
    const some = (): number => 1 + random(5_000);
    for (let count = index === 0 ? 2 * BOOK_DEPTH : changedLevels(random); count > 0; count -= 1) {
      const rank = index === 0 ? (count - 1) >>> 1 : random(BOOK_DEPTH);
      if (count % 2 === 0) sizes.bids.set(middle - 1 - rank, some());
      else sizes.asks.set(middle + 1 + rank, some());
    }
    const isTrade = index > 0 && index % 10 === 0;
    if (index > 0 && !isTrade && index % 3 === 0) {
      const up = random(2) === 1;
      // The best level that the middle moves over goes, its price becomes the middle; the old middle and a far level come, a far level goes.
      sizes[up ? 'asks' : 'bids'].set(up ? middle + 1 : middle - 1, 0);
      sizes[up ? 'asks' : 'bids'].set(up ? middle + 1 + BOOK_DEPTH : middle - 1 - BOOK_DEPTH, some());
      sizes[up ? 'bids' : 'asks'].set(middle, some());
      sizes[up ? 'bids' : 'asks'].set(up ? middle - BOOK_DEPTH : middle + BOOK_DEPTH, 0);
      middle += up ? 1 : -1;
    }
    const levels = (side: 'bids' | 'asks') =>
      [...sizes[side]]
        .sort(([one], [other]) => (side === 'bids' ? other - one : one - other))
        .map(([price, size]): [string, string] => [(price / 10).toFixed(2), (size / 1_000).toFixed(3)]);
    return {
      kind: isTrade ? 'trade' : 'book',
      bids: levels('bids'),
      asks: levels('asks'),
      price: (middle / 10).toFixed(2),
      time: 1_723_161_256_298 + index,
    };
  });
}
