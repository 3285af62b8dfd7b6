import { z } from 'zod';
import type {
  BookMessage,
  CandleMessage,
  LevelText,
  LiquidationMessage,
  MarketControlMessage,
  Side,
  TradeMessage,
} from '#core/market/market-message.ts';
import type { EpochMs } from '#core/time/clock.ts';
import {
  frameInvalid,
  isObject,
  optionalDecimal,
  requireCount,
  requireDecimal,
  requireLevels,
  requireText,
  requireTime,
} from '../connection/frame-fields.ts';
import type { TickerChange } from '../connection/ticker-memory.ts';

/**
 * Public messages of Bybit V5. Hot ones are checked by hand, field by field as they are used; cold ones by schema. Unknown fields are allowed, and
 * the order of fields means nothing: it differs by topic.
 */

/** Any frame before it is checked: `{"topic","type","ts","data","cts"?}`, or an answer. */
export interface RawFrame {
  readonly topic?: unknown;
  readonly type?: unknown;
  readonly ts?: unknown;
  readonly cts?: unknown;
  readonly data?: unknown;
  readonly op?: unknown;
  readonly success?: unknown;
}

interface RawBook {
  readonly s?: unknown;
  readonly b?: unknown;
  readonly a?: unknown;
  readonly u?: unknown;
}

/** `orderbook.{depth}.{symbol}`: `data:{s,b,a,u,seq}`; `cts` is when the matching engine made it. Size 0 deletes. */
export function readBook(frame: RawFrame): BookMessage {
  if (!isObject(frame.data)) throw frameInvalid('data is not an object');
  const data: RawBook = frame.data;
  const sequence = requireCount(data.u, 'u');
  return {
    type: 'book',
    symbol: requireText(data.s, 's'),
    isSnapshot: isSnapshot(frame),
    bids: requireLevels(data.b, 'b'),
    asks: requireLevels(data.a, 'a'),
    firstSequence: sequence,
    lastSequence: sequence,
    previousSequence: null,
    exchangeTime: requireTime(frame.cts ?? frame.ts, 'cts'),
  };
}

interface RawTrade {
  readonly T?: unknown;
  readonly s?: unknown;
  readonly S?: unknown;
  readonly v?: unknown;
  readonly p?: unknown;
  readonly i?: unknown;
}

/** `publicTrade.{symbol}`: `data:[{T,s,S,v,p,i}]`; `S` is the taker's side. All of a frame or none. */
export function readTrades(frame: RawFrame): readonly TradeMessage[] {
  return rows(frame).map((row): TradeMessage => {
    const raw: RawTrade = row;
    return {
      type: 'trade',
      symbol: requireText(raw.s, 's'),
      id: requireText(raw.i, 'i'),
      price: requireDecimal(raw.p, 'p'),
      size: requireDecimal(raw.v, 'v'),
      side: requireSide(raw.S),
      exchangeTime: requireTime(raw.T, 'T'),
    };
  });
}

/** `allLiquidation.{symbol}`: `data:[{T,s,S,v,p}]`; `S` is the side of the position, so the taker's is the other one. `p` is the bankruptcy price. */
export function readLiquidations(frame: RawFrame): readonly LiquidationMessage[] {
  return rows(frame).map((row): LiquidationMessage => {
    const raw: RawTrade = row;
    return {
      type: 'liquidation',
      symbol: requireText(raw.s, 's'),
      id: null,
      price: requireDecimal(raw.p, 'p'),
      size: requireDecimal(raw.v, 'v'),
      side: requireSide(raw.S) === 'buy' ? 'sell' : 'buy',
      exchangeTime: requireTime(raw.T, 'T'),
    };
  });
}

interface RawLiquidation {
  readonly symbol?: unknown;
  readonly side?: unknown;
  readonly price?: unknown;
  readonly size?: unknown;
  readonly updatedTime?: unknown;
}

/** `liquidation.{symbol}`, which `allLiquidation` has replaced; recordings hold it. One liquidation a second at the most; `side` is that of the position. */
export function readFormerLiquidation(frame: RawFrame): LiquidationMessage {
  if (!isObject(frame.data)) throw frameInvalid('data is not an object');
  const data: RawLiquidation = frame.data;
  return {
    type: 'liquidation',
    symbol: requireText(data.symbol, 'symbol'),
    id: null,
    price: requireDecimal(data.price, 'price'),
    size: requireDecimal(data.size, 'size'),
    side: requireSide(data.side) === 'buy' ? 'sell' : 'buy',
    exchangeTime: requireTime(data.updatedTime, 'updatedTime'),
  };
}

interface RawCandle {
  readonly start?: unknown;
  readonly interval?: unknown;
  readonly open?: unknown;
  readonly high?: unknown;
  readonly low?: unknown;
  readonly close?: unknown;
  readonly volume?: unknown;
  readonly confirm?: unknown;
  readonly timestamp?: unknown;
}

const MINUTE_MS = 60_000;

/** `kline.{interval}.{symbol}`: `data:[{start,end,interval,open,close,high,low,volume,turnover,confirm,timestamp}]`; intervals are minutes, days and more are not read. */
export function readCandles(topic: string, frame: RawFrame): readonly CandleMessage[] {
  const [, interval = '', ...rest] = topic.split('.');
  const symbol = requireText(rest.join('.'), 'topic');
  if (!/^\d{1,3}$/.test(interval)) return [];
  return rows(frame).map((row): CandleMessage => {
    const raw: RawCandle = row;
    if (typeof raw.confirm !== 'boolean') throw frameInvalid('confirm is neither true nor false');
    return {
      type: 'candle',
      symbol,
      intervalMs: Number(interval) * MINUTE_MS,
      openTime: requireTime(raw.start, 'start'),
      open: requireDecimal(raw.open, 'open'),
      high: requireDecimal(raw.high, 'high'),
      low: requireDecimal(raw.low, 'low'),
      close: requireDecimal(raw.close, 'close'),
      volume: requireDecimal(raw.volume, 'volume'),
      closed: raw.confirm,
      exchangeTime: requireTime(raw.timestamp, 'timestamp'),
    };
  });
}

interface RawTicker {
  readonly symbol?: unknown;
  readonly lastPrice?: unknown;
  readonly markPrice?: unknown;
  readonly indexPrice?: unknown;
  readonly fundingRate?: unknown;
  readonly nextFundingTime?: unknown;
  readonly openInterest?: unknown;
}

/** `tickers.{symbol}`: of contracts a snapshot, then deltas in which a missing field is unchanged; of spot snapshots alone, without mark and funding. */
export function readTicker(frame: RawFrame): { symbol: string; change: TickerChange; exchangeTime: EpochMs } {
  if (!isObject(frame.data)) throw frameInvalid('data is not an object');
  const data: RawTicker = frame.data;
  return {
    symbol: requireText(data.symbol, 'symbol'),
    change: {
      lastPrice: optionalDecimal(data.lastPrice, 'lastPrice'),
      markPrice: optionalDecimal(data.markPrice, 'markPrice'),
      indexPrice: optionalDecimal(data.indexPrice, 'indexPrice'),
      fundingRate: optionalDecimal(data.fundingRate, 'fundingRate'),
      nextFundingTime: fundingTime(data.nextFundingTime),
      openInterest: optionalDecimal(data.openInterest, 'openInterest'),
    },
    exchangeTime: requireTime(frame.ts, 'ts'),
  };
}

/** Milliseconds as text; empty or 0 for contracts without funding. */
function fundingTime(value: unknown): EpochMs | null {
  if (value === undefined || value === null || value === '' || value === '0') return null;
  if (typeof value !== 'string') throw frameInvalid('nextFundingTime is not text');
  return requireTime(Number(value), 'nextFundingTime');
}

export function isSnapshot(frame: RawFrame): boolean {
  if (frame.type !== 'snapshot' && frame.type !== 'delta') throw frameInvalid('type is neither snapshot nor delta');
  return frame.type === 'snapshot';
}

/** The one level that a side of `orderbook.1` has after a change, or null if it has none. */
export function bestLevel(before: LevelText | null, changes: readonly LevelText[]): LevelText | null {
  let best = before;
  for (const level of changes) {
    requireDecimal(level[0], 'price');
    if (Number(requireDecimal(level[1], 'size')) > 0) best = level;
    else if (best !== null && Number(best[0]) === Number(level[0])) best = null;
  }
  return best;
}

function rows(frame: RawFrame): readonly object[] {
  const { data } = frame;
  if (!Array.isArray(data)) throw frameInvalid('data is not a list');
  for (const row of data) if (!isObject(row)) throw frameInvalid('data holds what is not an object');
  return data;
}

function requireSide(value: unknown): Side {
  if (value === 'Buy') return 'buy';
  if (value === 'Sell') return 'sell';
  throw frameInvalid('S is not a side');
}

/**
 * `{"success","ret_msg","conn_id","req_id"?,"op"}`; on option streams `{"success","data":{"failTopics"},"type":"COMMAND_RESP"}`; on others
 * `{"op":"pong","args"}` or `{"retCode","retMsg","op"}`.
 */
const requestAnswer = z.looseObject({
  success: z.boolean().optional(),
  ret_msg: z.string().optional(),
  retCode: z.number().optional(),
  retMsg: z.string().optional(),
  req_id: z.string().optional(),
  op: z.string().optional(),
  data: z.unknown().optional(),
});

const failedTopics = z.looseObject({ failTopics: z.array(z.string()) });

/** What the venue says of a request, or null for an answer that has nothing to say to us. */
export function readRequestAnswer(value: unknown): MarketControlMessage | null {
  const parsed = requestAnswer.safeParse(value);
  if (!parsed.success)
    throw frameInvalid(`answer: ${parsed.error.issues[0]?.path.join('.') ?? ''} is not as documented`);
  const { success, ret_msg: text = parsed.data.retMsg ?? '', retCode, op, req_id: requestId, data } = parsed.data;
  if (text === 'pong' || op === 'pong') return { type: 'pong' };
  const failed = failedTopics.safeParse(data);
  const topics = failed.success ? failed.data.failTopics : [];
  const ok = (success ?? retCode === 0) && topics.length === 0;
  const reason = topics.length > 0 ? `topics refused: ${topics.join(', ')}` : text;
  if (requestId !== undefined && requestId !== '' && (op === 'subscribe' || op === 'unsubscribe' || op === undefined)) {
    return ok ? { type: 'subscribed', requestId, ok } : { type: 'subscribed', requestId, ok, reason };
  }
  return ok ? null : { type: 'venueError', code: String(retCode ?? op ?? 'unknown'), text: reason };
}
