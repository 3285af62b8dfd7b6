import { z } from 'zod';
import type {
  BookMessage,
  LevelText,
  LiquidationMessage,
  QuoteMessage,
  Side,
  TradeMessage,
  TradingStatusMessage,
} from '#core/market/market-message.ts';
import type { EpochMs } from '#core/time/clock.ts';
import {
  frameInvalid,
  isObject,
  optionalDecimal as optionalText,
  requireCount,
  requireDecimal as requireDecimalText,
  requireText,
  requireTime,
} from '../connection/frame-fields.ts';
import type { TickerChange } from '../connection/ticker-memory.ts';
import { numberText } from './json-numbers.ts';

/**
 * Data of public channels ("Subscriptions"). Hot ones are checked by hand, field by field as they are used, and their numbers may be doubles or decimal text; cold ones
 * by schema, with their numbers as text (`json-numbers.ts`). Unknown fields are allowed, and their order means nothing.
 */

interface RawBook {
  readonly type?: unknown;
  readonly timestamp?: unknown;
  readonly instrument_name?: unknown;
  readonly change_id?: unknown;
  readonly prev_change_id?: unknown;
  readonly bids?: unknown;
  readonly asks?: unknown;
}

/**
 * `book.{instrument}.{interval}`: `[action, price, amount]`, action new, change or delete. The first message is a snapshot; later ones name the change before
 * them. Old recordings have no `type`: there, what names no change before it is the snapshot.
 */
export function readBook(data: unknown): BookMessage {
  const raw: RawBook = requireObject(data);
  const changeId = count(raw.change_id, 'change_id');
  const isSnapshot = raw.type === undefined ? raw.prev_change_id === undefined : raw.type === 'snapshot';
  if (!isSnapshot && raw.type !== undefined && raw.type !== 'change')
    throw frameInvalid('type is neither snapshot nor change');
  return {
    type: 'book',
    symbol: requireText(raw.instrument_name, 'instrument_name'),
    isSnapshot,
    bids: levels(raw.bids, 'bids'),
    asks: levels(raw.asks, 'asks'),
    firstSequence: changeId,
    lastSequence: changeId,
    previousSequence: isSnapshot ? null : count(raw.prev_change_id, 'prev_change_id'),
    exchangeTime: time(raw.timestamp, 'timestamp'),
  };
}

function levels(value: unknown, field: string): readonly LevelText[] {
  if (!Array.isArray(value)) throw frameInvalid(`${field} is not a list of levels`);
  return value.map((level: unknown, index): LevelText => {
    if (!Array.isArray(level)) throw frameInvalid(`${field}[${index}] is not a level`);
    const [action, price, amount] = level as readonly unknown[];
    if (action !== 'new' && action !== 'change' && action !== 'delete') {
      throw frameInvalid(`${field}[${index}] action is not new, change or delete`);
    }
    const size = requireDecimal(amount, `${field}[${index}] amount`);
    return [requireDecimal(price, `${field}[${index}] price`), action === 'delete' ? '0' : size];
  });
}

interface RawTrade {
  readonly timestamp?: unknown;
  readonly instrument_name?: unknown;
  readonly trade_id?: unknown;
  readonly price?: unknown;
  readonly amount?: unknown;
  readonly direction?: unknown;
  readonly liquidation?: unknown;
}

/** A trade, and the liquidation that it was part of, if it was. */
export interface TradeRow {
  readonly trade: TradeMessage;
  readonly liquidation: LiquidationMessage | null;
}

/**
 * `trades.{instrument}.{interval}`: a list; `direction` is the taker's side. `liquidation` says which side of the trade was liquidated: M the maker, T the taker,
 * MT both. Legs of combination trades stand within the combination's own trade and are told again as trades of their instruments: they are left out here.
 */
export function readTrades(data: unknown): readonly TradeRow[] {
  if (!Array.isArray(data)) throw frameInvalid('data is not a list of trades');
  return data.map((row: unknown): TradeRow => {
    const raw: RawTrade = requireObject(row);
    const side = requireSide(raw.direction);
    const trade: TradeMessage = {
      type: 'trade',
      symbol: requireText(raw.instrument_name, 'instrument_name'),
      id: requireText(raw.trade_id, 'trade_id'),
      price: requireDecimal(raw.price, 'price'),
      size: requireDecimal(raw.amount, 'amount'),
      side,
      exchangeTime: time(raw.timestamp, 'timestamp'),
    };
    return { trade, liquidation: liquidationOf(trade, raw.liquidation) };
  });
}

function liquidationOf(trade: TradeMessage, mark: unknown): LiquidationMessage | null {
  if (mark === undefined || mark === null || mark === 'none') return null;
  if (mark !== 'M' && mark !== 'T' && mark !== 'MT') throw frameInvalid('liquidation is not M, T or MT');
  const { symbol, id, price, size, side, exchangeTime } = trade;
  const opposite = side === 'buy' ? 'sell' : 'buy';
  return { type: 'liquidation', symbol, id, price, size, side: mark === 'M' ? opposite : side, exchangeTime };
}

interface RawQuote {
  readonly timestamp?: unknown;
  readonly instrument_name?: unknown;
  readonly best_bid_price?: unknown;
  readonly best_bid_amount?: unknown;
  readonly best_ask_price?: unknown;
  readonly best_ask_amount?: unknown;
}

/** The best prices of `quote.{instrument}` and of a ticker. Null while a side is empty, which the venue writes as null or 0. */
export function readQuote(data: unknown): QuoteMessage | null {
  const raw: RawQuote = requireObject(data);
  const symbol = requireText(raw.instrument_name, 'instrument_name');
  const exchangeTime = time(raw.timestamp, 'timestamp');
  const bidPrice = side(raw.best_bid_price, 'best_bid_price');
  const bidSize = side(raw.best_bid_amount, 'best_bid_amount');
  const askPrice = side(raw.best_ask_price, 'best_ask_price');
  const askSize = side(raw.best_ask_amount, 'best_ask_amount');
  if (bidPrice === null || bidSize === null || askPrice === null || askSize === null) return null;
  return { type: 'quote', symbol, bidPrice, bidSize, askPrice, askSize, sequence: null, exchangeTime };
}

function side(value: unknown, field: string): string | null {
  if (value === undefined || value === null) return null;
  const text = requireDecimal(value, field);
  return Number(text) === 0 ? null : text;
}

interface RawTicker {
  readonly timestamp?: unknown;
  readonly instrument_name?: unknown;
  readonly last_price?: unknown;
  readonly mark_price?: unknown;
  readonly index_price?: unknown;
  readonly current_funding?: unknown;
  readonly open_interest?: unknown;
}

/** `ticker.{instrument}.{interval}`: whole each time; nulls are common for options. Funding is continuous here: the rate of now, no time of a next one. */
export function readTicker(data: unknown): { symbol: string; change: TickerChange; exchangeTime: EpochMs } {
  const raw: RawTicker = requireObject(data);
  return {
    symbol: requireText(raw.instrument_name, 'instrument_name'),
    change: {
      lastPrice: optionalDecimal(raw.last_price, 'last_price'),
      markPrice: optionalDecimal(raw.mark_price, 'mark_price'),
      indexPrice: optionalDecimal(raw.index_price, 'index_price'),
      fundingRate: optionalDecimal(raw.current_funding, 'current_funding'),
      openInterest: optionalDecimal(raw.open_interest, 'open_interest'),
    },
    exchangeTime: time(raw.timestamp, 'timestamp'),
  };
}

const decimal = z.string().regex(/^\d+(\.\d+)?$/);
const candle = z.looseObject({
  tick: z.string().regex(/^\d{1,16}$/),
  open: decimal,
  high: decimal,
  low: decimal,
  close: decimal,
  volume: decimal,
  cost: decimal.optional(),
});
export type CandleRow = z.infer<typeof candle>;

/** `chart.trades.{instrument}.{resolution}`: the candle of now, again and again. `volume` is in the base currency, `cost` in quote currency. */
export function readCandle(data: unknown): CandleRow {
  return read(candle, data, 'candle');
}

const platformState = z.looseObject({
  maintenance: z.boolean().optional(),
  locked: z.union([z.boolean(), z.string()]).optional(),
  price_index: z.string().optional(),
});

/** What `platform_state` says: maintenance of all, or an index whose instruments are locked or free again. */
export function readPlatformState(data: unknown): {
  readonly maintenance: boolean | null;
  readonly index: string | null;
  readonly locked: boolean | null;
} {
  const { maintenance, locked, price_index: index } = read(platformState, data, 'platform_state');
  return {
    maintenance: maintenance ?? null,
    index: index ?? null,
    locked: locked === undefined ? null : locked === true || locked === 'true',
  };
}

const instrumentState = z.looseObject({
  instrument_name: z.string().min(1),
  state: z.string(),
  timestamp: z.string().regex(/^\d{1,16}$/),
});

/** `instrument.state.{kind}.{currency}`: created, started, settled, closed, terminated … ; what is `started` or `open` trades. */
export function readInstrumentState(data: unknown): TradingStatusMessage {
  const { instrument_name: symbol, state, timestamp } = read(instrumentState, data, 'instrument.state');
  const trading = state === 'started' || state === 'open';
  return { type: 'tradingStatus', symbol, trading, reason: state, exchangeTime: Number(timestamp) as EpochMs };
}

/** One row of `public/get_instruments`. */
export const instrumentRow = z.looseObject({
  instrument_name: z.string().min(1),
  kind: z.string(),
  is_active: z.boolean(),
  base_currency: z.string(),
  quote_currency: z.string(),
  settlement_currency: z.string().optional(),
  counter_currency: z.string().optional(),
  instrument_type: z.string().optional(),
  future_type: z.string().optional(),
  tick_size: decimal,
  tick_size_steps: z.array(z.looseObject({ tick_size: decimal })).optional(),
  min_trade_amount: decimal,
  contract_size: decimal,
});

function read<Schema extends z.ZodType>(schema: Schema, data: unknown, what: string): z.infer<Schema> {
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  throw frameInvalid(`${what}: ${parsed.error.issues[0]?.path.join('.') ?? ''} is not as documented`);
}

function requireObject(value: unknown): object {
  if (isObject(value)) return value;
  throw frameInvalid('data is not an object');
}

function requireSide(value: unknown): Side {
  if (value === 'buy' || value === 'sell') return value;
  throw frameInvalid('direction is not a side');
}

function count(value: unknown, field: string): number {
  return requireCount(wholeNumber(value), field);
}

function time(value: unknown, field: string): EpochMs {
  return requireTime(wholeNumber(value), field);
}

/** A whole number, or text that is one. */
function wholeNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^\d{1,17}$/.test(value) ? Number(value) : Number.NaN;
}

function requireDecimal(value: unknown, field: string): string {
  return requireDecimalText(numberText(value), field);
}

function optionalDecimal(value: unknown, field: string): string | null {
  return optionalText(numberText(value), field);
}
