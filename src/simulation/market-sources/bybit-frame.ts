import { MillraceError } from '#core/errors.ts';
import {
  type Fields,
  idField,
  isFields,
  levelsField,
  numberField,
  optionalNumber,
  optionalText,
  parseObject,
  textField,
} from './json-fields.ts';
import type { FrameContent, TradeText, VenueFrame } from './venue-frame.ts';

/** Reads a Bybit V5 public frame of any category (V5 documentation, "Websocket Stream / Public"). Throws `FRAME_SYNTAX` and `FRAME_FIELD`. */
export function parseBybitFrame(bytes: Uint8Array): VenueFrame {
  const message = parseObject(bytes);
  if (typeof message.topic !== 'string') return { kind: 'control' };
  const stream = message.topic;
  const [kind, ...rest] = stream.split('.');
  const symbol = rest.at(-1) ?? '';
  const venueTimeMs = optionalNumber(message, 'ts');
  const frame = { kind: 'frame', symbol, stream, venueTimeMs } as const;
  switch (kind) {
    case 'orderbook': {
      const depth = Number(rest[0]);
      const content = bookOf(message, depth);
      return { ...frame, channel: depth === 1 ? 'quotes' : 'book', content };
    }
    case 'publicTrade':
      return { ...frame, channel: 'trades', content: { kind: 'trades', feed: 'single', trades: tradesOf(message) } };
    case 'tickers':
      return { ...frame, channel: 'ticker', content: tickerOf(dataOf(message)) };
    case 'allLiquidation':
    case 'liquidation':
      return { ...frame, channel: 'liquidations', content: null };
    case 'kline':
      return { ...frame, channel: 'candles', content: null };
    default:
      return { ...frame, channel: 'other', content: null };
  }
}

function dataOf(message: Fields): Fields {
  if (isFields(message.data)) return message.data;
  throw new MillraceError('validation', 'FRAME_FIELD', `field=data type=${typeof message.data}`);
}

function bookOf(message: Fields, depth: number): FrameContent {
  const data = dataOf(message);
  const sequence = numberField(data, 'u');
  return {
    kind: 'book',
    isSnapshot: message.type === 'snapshot',
    bids: levelsField(data, 'b'),
    asks: levelsField(data, 'a'),
    first: sequence,
    last: sequence,
    previous: null,
    depth,
  };
}

function tradesOf(message: Fields): readonly TradeText[] {
  if (!Array.isArray(message.data) || !message.data.every(isFields)) {
    throw new MillraceError('validation', 'FRAME_FIELD', `field=data type=${typeof message.data}`);
  }
  return message.data.map((trade) => ({
    id: idField(trade, 'i'),
    price: textField(trade, 'p'),
    size: textField(trade, 'v'),
    takerSide: trade.S === 'Sell' ? 'sell' : 'buy',
  }));
}

/** A field that is absent has not changed. */
function tickerOf(data: Fields): FrameContent {
  return {
    kind: 'ticker',
    lastPrice: optionalText(data, 'lastPrice'),
    markPrice: optionalText(data, 'markPrice'),
    indexPrice: optionalText(data, 'indexPrice'),
    fundingRate: optionalText(data, 'fundingRate'),
    nextFundingTime: optionalNumber(data, 'nextFundingTime'),
    openInterest: optionalText(data, 'openInterest'),
  };
}
