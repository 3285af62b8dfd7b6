import { z } from 'zod';
import type { BookMessage, CandleMessage, MarketControlMessage, TradeMessage } from '#core/market/market-message.ts';
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
 * Public messages that all Binance markets have in common. Hot ones are checked by hand, field by field as they are used; cold ones by schema. Unknown fields
 * are allowed: the venue adds some without notice.
 */

/** Any event before it is checked. `e` names its kind; letters mean different things in different events. */
export interface RawEvent {
  readonly e?: unknown;
  readonly E?: unknown;
  readonly T?: unknown;
  readonly s?: unknown;
  readonly st?: unknown;
  readonly U?: unknown;
  readonly u?: unknown;
  readonly pu?: unknown;
  readonly b?: unknown;
  readonly B?: unknown;
  readonly a?: unknown;
  readonly A?: unknown;
  readonly t?: unknown;
  readonly l?: unknown;
  readonly p?: unknown;
  readonly q?: unknown;
  readonly m?: unknown;
  readonly X?: unknown;
  readonly c?: unknown;
  readonly i?: unknown;
  readonly r?: unknown;
  readonly o?: unknown;
  readonly k?: unknown;
  readonly cs?: unknown;
  /** Only in answers of REST: `openInterest`, `depth`. */
  readonly symbol?: unknown;
  readonly openInterest?: unknown;
  readonly time?: unknown;
}

/** `{"e":"depthUpdate","E","s","U","u","b":[[price,size]],"a"}`; `previousSequence` is the market's own (`pu`), or null. */
export function readDiff(raw: RawEvent, previousSequence: number | null): BookMessage {
  const message: BookMessage = {
    type: 'book',
    symbol: requireText(raw.s, 's'),
    isSnapshot: false,
    bids: requireLevels(raw.b, 'b'),
    asks: requireLevels(raw.a, 'a'),
    firstSequence: requireCount(raw.U, 'U'),
    lastSequence: requireCount(raw.u, 'u'),
    previousSequence,
    exchangeTime: requireTime(raw.T ?? raw.E, 'T'),
  };
  if (message.firstSequence > message.lastSequence) throw frameInvalid(`U=${raw.U} is above u=${raw.u}`);
  return message;
}

/**
 * `{"e":"aggTrade","s","a","p","q","l":last trade in it,"T","m"}`. `m`: the buyer was the maker, so the taker sold. Recordings of 2019 have no `a`; there the
 * last trade is its name.
 */
export function readAggregateTrade(raw: RawEvent): TradeMessage {
  return readTradeWithId(raw, requireCount(raw.a ?? raw.l, 'a'));
}

/** `{"e":"trade","s","t","p","q","T","m","X"}`; null for those made outside the book (`X` is `INSURANCE_FUND` or `ADL`). */
export function readTrade(raw: RawEvent): TradeMessage | null {
  const trade = readTradeWithId(raw, requireCount(raw.t, 't'));
  return raw.X === 'INSURANCE_FUND' || raw.X === 'ADL' ? null : trade;
}

function readTradeWithId(raw: RawEvent, id: number): TradeMessage {
  if (typeof raw.m !== 'boolean') throw frameInvalid('m is not a boolean');
  return {
    type: 'trade',
    symbol: requireText(raw.s, 's'),
    id: String(id),
    price: requireDecimal(raw.p, 'p'),
    size: requireDecimal(raw.q, 'q'),
    side: raw.m ? 'sell' : 'buy',
    exchangeTime: requireTime(raw.T ?? raw.E, 'T'),
  };
}

/** `{"e":"24hrTicker","E","s","c":last price}` */
export function readDayTicker(raw: RawEvent): TickerChange {
  return { lastPrice: optionalDecimal(requireDecimal(raw.c, 'c'), 'c') };
}

interface RawCandle {
  readonly t?: unknown;
  readonly i?: unknown;
  readonly o?: unknown;
  readonly h?: unknown;
  readonly l?: unknown;
  readonly c?: unknown;
  readonly v?: unknown;
  readonly x?: unknown;
}

const CANDLE_MS: Readonly<Record<string, number>> = { '1m': 60_000 };

/** `{"e":"kline","E","s","k":{"t":start,"i":"1m","o","h","l","c","v","x":closed}}`; null for lengths that are not carried. */
export function readCandle(raw: RawEvent): CandleMessage | null {
  if (!isObject(raw.k)) throw frameInvalid('k is not an object');
  const candle: RawCandle = raw.k;
  const intervalMs = CANDLE_MS[requireText(candle.i, 'k.i')];
  if (intervalMs === undefined) return null;
  if (typeof candle.x !== 'boolean') throw frameInvalid('k.x is not a boolean');
  return {
    type: 'candle',
    symbol: requireText(raw.s, 's'),
    intervalMs,
    openTime: requireTime(candle.t, 'k.t'),
    open: requireDecimal(candle.o, 'k.o'),
    high: requireDecimal(candle.h, 'k.h'),
    low: requireDecimal(candle.l, 'k.l'),
    close: requireDecimal(candle.c, 'k.c'),
    volume: requireDecimal(candle.v, 'k.v'),
    closed: candle.x,
    exchangeTime: requireTime(raw.E, 'E'),
  };
}

/** A REST depth snapshot before it is checked. */
export interface RawDepthSnapshot {
  readonly lastUpdateId?: unknown;
  readonly bids?: unknown;
  readonly asks?: unknown;
  readonly E?: unknown;
  readonly T?: unknown;
}

/** `{"lastUpdateId","E","T","bids","asks"}` of the REST depth, which does not name its symbol. `time` stands in where it has no time of its own. */
export function readDepthSnapshot(raw: RawDepthSnapshot, symbol: string, time: EpochMs | null): BookMessage {
  const lastSequence = requireCount(raw.lastUpdateId, 'lastUpdateId');
  const stamp = raw.T ?? raw.E;
  return {
    type: 'book',
    symbol,
    isSnapshot: true,
    bids: requireLevels(raw.bids, 'bids'),
    asks: requireLevels(raw.asks, 'asks'),
    firstSequence: lastSequence,
    lastSequence,
    previousSequence: null,
    exchangeTime: stamp === undefined && time !== null ? time : requireTime(stamp, 'T'),
  };
}

/** `{"result":null,"id"}`, `{"error":{"code","msg"},"id"}` or `{"code","msg","id"?}`. */
const requestAnswer = z.looseObject({
  id: z.union([z.string(), z.number()]).nullish(),
  result: z.unknown().optional(),
  error: z.looseObject({ code: z.number(), msg: z.string() }).optional(),
  code: z.number().optional(),
  msg: z.string().optional(),
});

/** What the venue says of a request. */
export function readRequestAnswer(value: unknown): MarketControlMessage | null {
  const parsed = requestAnswer.safeParse(value);
  if (!parsed.success)
    throw frameInvalid(`answer: ${parsed.error.issues[0]?.path.join('.') ?? ''} is not as documented`);
  const { id, error, code, msg } = parsed.data;
  const refusal = error ?? (code === undefined ? null : { code, msg: msg ?? '' });
  if (id === undefined || id === null) {
    return refusal === null ? null : { type: 'venueError', code: String(refusal.code), text: refusal.msg };
  }
  const requestId = String(id);
  return refusal === null
    ? { type: 'subscribed', requestId, ok: true }
    : { type: 'subscribed', requestId, ok: false, reason: `${refusal.code} ${refusal.msg}` };
}
