import { z } from 'zod';
import type {
  BookMessage,
  LiquidationMessage,
  MarketControlMessage,
  QuoteMessage,
  TradeMessage,
} from '#core/market/market-message.ts';
import type { EpochMs } from '#core/time/clock.ts';
import {
  frameInvalid,
  optionalDecimal,
  requireCount,
  requireDecimal,
  requireLevels,
  requireText,
  requireTime,
} from '../connection/frame-fields.ts';
import type { TickerChange } from '../connection/ticker-memory.ts';

/**
 * Public messages of USD-M futures. Hot ones are checked by hand, field by field as they are used; cold ones by schema. Unknown fields are allowed: the
 * venue adds some without notice.
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
  /** Only in answers of REST: `openInterest`, `depth`. */
  readonly symbol?: unknown;
  readonly openInterest?: unknown;
  readonly time?: unknown;
}

/** `{"e":"depthUpdate","E","T","s","U","u","pu","b":[[price,size]],"a"}` */
export function readDepthUpdate(raw: RawEvent): BookMessage {
  const message: BookMessage = {
    type: 'book',
    symbol: requireText(raw.s, 's'),
    isSnapshot: false,
    bids: requireLevels(raw.b, 'b'),
    asks: requireLevels(raw.a, 'a'),
    firstSequence: requireCount(raw.U, 'U'),
    lastSequence: requireCount(raw.u, 'u'),
    previousSequence: requireCount(raw.pu, 'pu'),
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

/** `{"e":"bookTicker","u","s","b","B","a","A","T","E"}`: `u` is on the counter of the book. */
export function readBookTicker(raw: RawEvent): QuoteMessage {
  return {
    type: 'quote',
    symbol: requireText(raw.s, 's'),
    bidPrice: requireDecimal(raw.b, 'b'),
    bidSize: requireDecimal(raw.B, 'B'),
    askPrice: requireDecimal(raw.a, 'a'),
    askSize: requireDecimal(raw.A, 'A'),
    sequence: requireCount(raw.u, 'u'),
    exchangeTime: requireTime(raw.T ?? raw.E, 'T'),
  };
}

/** `{"e":"markPriceUpdate","E","s","p","i","r","T"}`: `T` is when funding is next; delivery contracts have `r` empty and `T` 0. */
export function readMarkPrice(raw: RawEvent): TickerChange {
  const markPrice = requireDecimal(raw.p, 'p');
  const indexPrice = optionalDecimal(raw.i, 'i');
  const fundingRate = optionalDecimal(raw.r, 'r');
  const hasFunding = fundingRate !== null && raw.T !== undefined && raw.T !== 0;
  return {
    markPrice: optionalDecimal(markPrice, 'p'),
    indexPrice,
    fundingRate: hasFunding ? fundingRate : null,
    nextFundingTime: hasFunding ? requireTime(raw.T, 'T') : null,
  };
}

/** `{"e":"24hrTicker","E","s","c":last price}` */
export function readDayTicker(raw: RawEvent): TickerChange {
  return { lastPrice: optionalDecimal(requireDecimal(raw.c, 'c'), 'c') };
}

interface RawForcedOrder {
  readonly s?: unknown;
  readonly S?: unknown;
  readonly X?: unknown;
  readonly ap?: unknown;
  readonly z?: unknown;
  readonly T?: unknown;
}

/** `{"e":"forceOrder","o":{"s","S","X","ap":average price,"z":filled size,"T"}}`; null until the order is filled. `S` is the taker's side. */
export function readForcedOrder(raw: RawEvent): LiquidationMessage | null {
  if (typeof raw.o !== 'object' || raw.o === null) throw frameInvalid('o is not an object');
  const order: RawForcedOrder = raw.o;
  if (order.S !== 'BUY' && order.S !== 'SELL') throw frameInvalid('o.S is not a side');
  const liquidation: LiquidationMessage = {
    type: 'liquidation',
    symbol: requireText(order.s, 'o.s'),
    id: null,
    price: requireDecimal(order.ap, 'o.ap'),
    size: requireDecimal(order.z, 'o.z'),
    side: order.S === 'SELL' ? 'sell' : 'buy',
    exchangeTime: requireTime(order.T ?? raw.E, 'o.T'),
  };
  return order.X === 'FILLED' ? liquidation : null;
}

/** A REST depth snapshot before it is checked. */
export interface RawDepthSnapshot {
  readonly lastUpdateId?: unknown;
  readonly bids?: unknown;
  readonly asks?: unknown;
  readonly E?: unknown;
  readonly T?: unknown;
}

/** `{"lastUpdateId","E","T","bids","asks"}` of `/fapi/v1/depth`, which does not name its symbol. `time` stands in where it has no time of its own. */
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

/** One symbol of `/fapi/v1/exchangeInfo`. */
export const exchangeSymbol = z.looseObject({
  symbol: z.string().min(1),
  status: z.string(),
  baseAsset: z.string(),
  quoteAsset: z.string(),
  marginAsset: z.string(),
  pricePrecision: z.int().min(0).max(15),
  quantityPrecision: z.int().min(0).max(15),
  filters: z.array(
    z.looseObject({
      filterType: z.string(),
      tickSize: z.string().optional(),
      stepSize: z.string().optional(),
      minQty: z.string().optional(),
      maxQty: z.string().optional(),
      notional: z.string().optional(),
    }),
  ),
});

export const exchangeInfo = z.looseObject({ symbols: z.array(z.unknown()) });
