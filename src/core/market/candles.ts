import { formatExact, parseExact } from '../ledger/exact-decimal.ts';
import type { EpochMs } from '../time/clock.ts';
import { includes, type SequenceRanges, withRange } from './sequence-ranges.ts';

/** Lengths of candles, ms. */
export const CANDLE_INTERVALS = { '1s': 1_000, '1m': 60_000 } as const;
export type CandleInterval = keyof typeof CANDLE_INTERVALS;

/** A trade and where it stood in what its connection received. */
export interface PlacedTrade {
  readonly price: string;
  readonly size: string;
  readonly exchangeTime: EpochMs;
  /** Sequence number of its frame. */
  readonly sequence: number;
  /** Its place in the frame. */
  readonly index: number;
}

/** Trades of one symbol out of one connection. */
export interface TradeBatch {
  /** Identity of the connection, its epoch and its engine's run included. */
  readonly origin: string;
  /** The frames that were looked through for trades. */
  readonly examined: SequenceRanges;
  readonly trades: readonly PlacedTrade[];
}

/** Price of the first or last trade, and its place in the venue's order. */
interface PriceAt {
  readonly price: string;
  /** Text that sorts. */
  readonly at: string;
}

/**
 * One candle with what has gone into it. Open, high, low and close do not depend on the order of arrival or on repetition; volume and count do, so the candle keeps, by
 * connection, the frames that it has: a frame's trades go in once, whenever and however often they come. A trade that two connections received counts for each: a
 * feed has one holder at a time, and while its socket is replaced only one of the two is asked (`connection-window.ts`).
 */
export interface Candle {
  /** Start of its interval. */
  readonly start: EpochMs;
  readonly open: PriceAt;
  readonly high: string;
  readonly low: string;
  readonly close: PriceAt;
  readonly volume: string;
  readonly trades: number;
  readonly applied: Readonly<Record<string, SequenceRanges>>;
}

/** The trades of a batch by the start of the candle that they belong to, by the venue's time. */
export function byCandle(batch: TradeBatch, interval: CandleInterval): ReadonlyMap<EpochMs, TradeBatch> {
  const length = CANDLE_INTERVALS[interval];
  const byStart = new Map<EpochMs, PlacedTrade[]>();
  for (const trade of batch.trades) {
    const start = (Math.floor(trade.exchangeTime / length) * length) as EpochMs;
    const trades = byStart.get(start);
    if (trades === undefined) byStart.set(start, [trade]);
    else trades.push(trade);
  }
  return new Map([...byStart].map(([start, trades]) => [start, { ...batch, trades }]));
}

/**
 * The candle of `start` with the trades of a batch, all of which belong into it; null if it has all of them already. Throws `DECIMAL_SYNTAX` for a price
 * or size that is no decimal.
 */
export function withTrades(candle: Candle | null, start: EpochMs, batch: TradeBatch): Candle | null {
  const { origin } = batch;
  const known = candle?.applied[origin] ?? [];
  const fresh = batch.trades.filter((trade) => !includes(known, trade.sequence));
  if (fresh.length === 0) return null;
  let after = candle;
  let volume = parseExact(candle?.volume ?? '0');
  for (const trade of fresh) {
    volume += parseExact(trade.size);
    after = withPrice(after, start, { price: trade.price, at: placeOf(origin, trade) });
  }
  if (after === null) return null;
  const applied = batch.examined.reduce(withRange, known);
  return {
    ...after,
    volume: formatExact(volume),
    trades: after.trades + fresh.length,
    applied: { ...after.applied, [origin]: applied },
  };
}

function withPrice(candle: Candle | null, start: EpochMs, trade: PriceAt): Candle {
  const value = parseExact(trade.price);
  if (candle === null) {
    const { price } = trade;
    return { start, open: trade, high: price, low: price, close: trade, volume: '0', trades: 0, applied: {} };
  }
  return {
    ...candle,
    open: trade.at < candle.open.at ? trade : candle.open,
    high: value > parseExact(candle.high) ? trade.price : candle.high,
    low: value < parseExact(candle.low) ? trade.price : candle.low,
    close: trade.at > candle.close.at ? trade : candle.close,
  };
}

/** The venue's time first, then the order in which the connection had the trades. */
function placeOf(origin: string, trade: PlacedTrade): string {
  const time = trade.exchangeTime.toFixed(3).padStart(18, '0');
  return `${time}|${origin}|${String(trade.sequence).padStart(16, '0')}|${String(trade.index).padStart(6, '0')}`;
}
