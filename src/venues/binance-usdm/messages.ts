import { z } from 'zod';
import type {
  BookMessage,
  LiquidationMessage,
  QuoteMessage,
  TradingStatusMessage,
} from '#core/market/market-message.ts';
import { type RawEvent, readDiff } from '../binance/stream-messages.ts';
import {
  frameInvalid,
  optionalDecimal,
  requireCount,
  requireDecimal,
  requireText,
  requireTime,
} from '../connection/frame-fields.ts';
import type { TickerChange } from '../connection/ticker-memory.ts';

/** Public messages that USD-M futures have alone or in a form of their own. */

/** `{"e":"depthUpdate","E","T","s","U","u","pu","b":[[price,size]],"a"}` */
export function readDepthUpdate(raw: RawEvent): BookMessage {
  return readDiff(raw, requireCount(raw.pu, 'pu'));
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

/** `{"e":"contractInfo","E","s","cs":"TRADING"|…}`: a contract was listed, or its state changed. */
export function readContractInfo(raw: RawEvent): TradingStatusMessage {
  const state = requireText(raw.cs, 'cs');
  return {
    type: 'tradingStatus',
    symbol: requireText(raw.s, 's'),
    trading: state === 'TRADING',
    reason: state,
    exchangeTime: requireTime(raw.E, 'E'),
  };
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
