import type { BookScales } from '#core/market/book-writer.ts';

/** Frames as venues write them, of one market that is the same for all. */

const FRAMES = 20_000;
const BOOK_DEPTH = 50;
/** Whole decimals of the walk's prices and sizes. */
export const GENERATED_SCALES: Required<BookScales> = { priceScale: 1, sizeScale: 3, tickSize: 1 };
/** Deribit's: a tick is half a dollar, a contract ten. */
export const DERIBIT_SCALES: Required<BookScales> = { priceScale: 1, sizeScale: 0, tickSize: 5 };
const DERIBIT_TICK = 0.5;
const DERIBIT_LOT = 10;

export function binanceUsdmFrames(): readonly Buffer[] {
  let sequence = 1_000_000;
  return walk().map(({ kind, bids, asks, price, time: T }, index) => {
    const previous = sequence;
    if (kind === 'book') sequence += 17;
    const s = 'BTCUSDT';
    const book = { e: 'depthUpdate', E: T, T, s, U: previous + 1, u: sequence, pu: previous };
    const trade = { e: 'aggTrade', E: T, s, a: index, p: text(price), q: '0.010', f: 1, l: 2, T, m: index % 2 === 0 };
    const data = kind === 'book' ? { ...book, b: bids.toReversed().map(texts), a: asks.map(texts) } : trade;
    return bytes({ stream: `btcusdt@${kind === 'book' ? 'depth@100ms' : 'aggTrade'}`, data });
  });
}

export function binanceSpotFrames(): readonly Buffer[] {
  let sequence = 1_000_000;
  return walk().map(({ kind, bids, asks, price, time: T }, index) => {
    const U = sequence + 1;
    if (kind === 'book') sequence += 17;
    const s = 'BTCUSDT';
    const book = { e: 'depthUpdate', E: T, s, U, u: sequence, b: bids.map(texts), a: asks.map(texts) };
    const trade = { e: 'trade', E: T, s, t: index, p: text(price), q: '0.010', T, m: index % 2 === 0, M: true };
    return bytes({
      stream: `btcusdt@${kind === 'book' ? 'depth@100ms' : 'trade'}`,
      data: kind === 'book' ? book : trade,
    });
  });
}

export function bybitFrames(): readonly Buffer[] {
  let u = 1_000;
  return walk().map(({ kind, bids, asks, price, time: ts }, index) => {
    const s = 'BTCUSDT';
    if (kind === 'trade') {
      const rest = { L: 'PlusTick', i: `id-${index}`, BT: false };
      const trade = { T: ts, s, S: 'Buy', v: '0.010', p: text(price), ...rest };
      return bytes({ topic: `publicTrade.${s}`, type: 'snapshot', ts, data: [trade] });
    }
    u += 1;
    const data = { s, b: bids.map(texts), a: asks.map(texts), u, seq: u * 7 };
    return bytes({ topic: `orderbook.50.${s}`, type: index === 0 ? 'snapshot' : 'delta', ts, data, cts: ts - 2 });
  });
}

/** Prices and amounts are numbers; a level says whether it is new, changed or gone. */
export function deribitFrames(): readonly Buffer[] {
  const known = { bids: new Set<number>(), asks: new Set<number>() };
  const priceOf = (price: number) => 60_000 + (price - MIDDLE) * DERIBIT_TICK;
  let changeId = 33_195_894_164;
  return walk().map(({ kind, bids, asks, price, time: timestamp }, index) => {
    const instrument_name = 'BTC-PERPETUAL';
    const notification = (channel: string, data: unknown) =>
      bytes({ jsonrpc: '2.0', method: 'subscription', params: { channel, data } });
    if (kind === 'trade') {
      const head = { trade_seq: index, trade_id: `${index}`, timestamp, tick_direction: 2, price: priceOf(price) };
      const trade = { ...head, instrument_name, index_price: 60_000.5, direction: 'sell', amount: 50 };
      return notification(`trades.${instrument_name}.raw`, [trade]);
    }
    const previous = changeId;
    changeId += 3;
    const side = (name: 'bids' | 'asks', levels: readonly Level[]) =>
      levels.map(([at, size]): [string, number, number] => {
        const isKnown = known[name].has(at);
        if (size === 0) known[name].delete(at);
        else known[name].add(at);
        return [size === 0 ? 'delete' : isKnown ? 'change' : 'new', priceOf(at), size * DERIBIT_LOT];
      });
    const type = index === 0 ? 'snapshot' : 'change';
    const before = index === 0 ? {} : { prev_change_id: previous };
    const sides = { bids: side('bids', bids), asks: side('asks', asks) };
    const data = { type, timestamp, ...before, instrument_name, change_id: changeId, ...sides };
    return notification(`book.${instrument_name}.raw`, data);
  });
}

type Level = readonly [price: number, size: number];

const text = (price: number): string => (price / 10).toFixed(2);
const texts = ([price, size]: Level): [string, string] => [text(price), (size / 1_000).toFixed(3)];
const bytes = (message: object): Buffer => Buffer.from(JSON.stringify(message));

interface Step {
  readonly kind: 'book' | 'trade';
  /** Best first. */
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
  readonly price: number;
  readonly time: number;
}

const MIDDLE = 600_000;

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
  let middle = MIDDLE;
  return Array.from({ length: FRAMES }, (_, index): Step => {
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
    const levels = (side: 'bids' | 'asks'): readonly Level[] =>
      [...sizes[side]].sort(([one], [other]) => (side === 'bids' ? other - one : one - other));
    return {
      kind: isTrade ? 'trade' : 'book',
      bids: levels('bids'),
      asks: levels('asks'),
      price: middle,
      time: 1_723_161_256_298 + index,
    };
  });
}
