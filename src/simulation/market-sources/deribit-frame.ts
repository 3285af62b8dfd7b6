import { Decimal } from 'decimal.js';
import { MillraceError } from '#core/errors.ts';
import type { LevelText } from '#core/market/market-message.ts';
import { type Fields, idField, isFields, numberField, parseObject, textField } from './json-fields.ts';
import type { FrameContent, TradeText, VenueFrame } from './venue-frame.ts';

/** Reads a Deribit notification ("Subscriptions"). Throws `FRAME_SYNTAX` and `FRAME_FIELD`. */
export function parseDeribitFrame(bytes: Uint8Array): VenueFrame {
  const message = parseObject(bytes);
  const { method, params } = message;
  if (method !== 'subscription' || !isFields(params) || typeof params.channel !== 'string') return { kind: 'control' };
  const stream = params.channel;
  const [kind = '', symbol = '', third = '', ...rest] = stream.split('.');
  switch (kind) {
    case 'book': {
      const data = dataOf(params);
      // With a group and a depth it is a message of another kind.
      const content = rest.length === 0 ? bookOf(data) : null;
      return {
        kind: 'frame',
        symbol,
        stream,
        channel: content === null ? 'other' : 'book',
        content,
        venueTimeMs: timeOf(data),
      };
    }
    case 'trades': {
      const trades = rowsOf(params);
      const time = trades[0] === undefined ? null : timeOf(trades[0]);
      const name = trades[0] === undefined ? symbol : textField(trades[0], 'instrument_name');
      const content: FrameContent = { kind: 'trades', feed: 'single', trades: trades.map(tradeOf) };
      return { kind: 'frame', symbol: name, stream, channel: 'trades', content, venueTimeMs: time };
    }
    case 'ticker': {
      const data = dataOf(params);
      return { kind: 'frame', symbol, stream, channel: 'ticker', content: tickerOf(data), venueTimeMs: timeOf(data) };
    }
    case 'quote': {
      const data = dataOf(params);
      return { kind: 'frame', symbol, stream, channel: 'quotes', content: null, venueTimeMs: timeOf(data) };
    }
    case 'chart':
      return { kind: 'frame', symbol: third, stream, channel: 'candles', content: null, venueTimeMs: null };
    default:
      return { kind: 'frame', symbol: '', stream, channel: 'other', content: null, venueTimeMs: null };
  }
}

function dataOf(params: Fields): Fields {
  if (isFields(params.data)) return params.data;
  throw new MillraceError('validation', 'FRAME_FIELD', `field=data type=${typeof params.data}`);
}

function rowsOf(params: Fields): readonly Fields[] {
  if (Array.isArray(params.data) && params.data.every(isFields)) return params.data;
  throw new MillraceError('validation', 'FRAME_FIELD', `field=data type=${typeof params.data}`);
}

function timeOf(data: Fields): number {
  return numberField(data, 'timestamp');
}

/** A change names the one before it; the first message is the whole book. */
function bookOf(data: Fields): FrameContent {
  const sequence = numberField(data, 'change_id');
  const isSnapshot = data.type === 'snapshot' || (data.type === undefined && data.prev_change_id === undefined);
  return {
    kind: 'book',
    isSnapshot,
    bids: levelsOf(data, 'bids'),
    asks: levelsOf(data, 'asks'),
    first: sequence,
    last: sequence,
    previous: isSnapshot ? null : numberField(data, 'prev_change_id'),
    depth: Number.POSITIVE_INFINITY,
  };
}

function levelsOf(data: Fields, name: string): readonly LevelText[] {
  const value = data[name];
  if (!Array.isArray(value)) throw new MillraceError('validation', 'FRAME_FIELD', `field=${name} type=${typeof value}`);
  return value.map((level: unknown): LevelText => {
    const [action, price, amount] = Array.isArray(level) ? (level as readonly unknown[]) : [];
    if (typeof action !== 'string' || typeof price !== 'number' || typeof amount !== 'number') {
      throw new MillraceError('validation', 'FRAME_FIELD', `field=${name} type=level`);
    }
    return [decimalText(price), action === 'delete' ? '0' : decimalText(amount)];
  });
}

function tradeOf(trade: Fields): TradeText {
  return {
    id: idField(trade, 'trade_id'),
    price: decimalText(numberField(trade, 'price')),
    size: decimalText(numberField(trade, 'amount')),
    takerSide: trade.direction === 'sell' ? 'sell' : 'buy',
  };
}

/** Nulls are common: an option that has never traded has no last price. */
function tickerOf(data: Fields): FrameContent {
  const decimal = (name: string): string | null =>
    typeof data[name] === 'number' ? decimalText(numberField(data, name)) : null;
  return {
    kind: 'ticker',
    lastPrice: decimal('last_price'),
    markPrice: decimal('mark_price'),
    indexPrice: decimal('index_price'),
    fundingRate: decimal('current_funding'),
    nextFundingTime: null,
    openInterest: decimal('open_interest'),
  };
}

/** A number as plain decimal text: the shortest that means this double, which is what the venue wrote. */
function decimalText(value: number): string {
  return new Decimal(value).toFixed();
}
