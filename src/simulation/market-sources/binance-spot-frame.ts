import { MillraceError } from '#core/errors.ts';
import { quoteOf, tradeOf } from './binance-frame.ts';
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
import type { FrameContent, VenueFrame } from './venue-frame.ts';

type Channel = Extract<VenueFrame, { kind: 'frame' }>['channel'];

/** Names of the streams of plain frames, which do not say theirs. */
const STREAM: Readonly<Record<string, string>> = { depthUpdate: 'depth', kline: 'kline_1m', '24hrTicker': 'ticker' };

/** What only USD-M futures have: a frame with it is none of spot's. */
const OF_FUTURES: Readonly<Record<string, readonly string[]>> = {
  depthUpdate: ['pu'],
  trade: ['X'],
  aggTrade: ['st', 'nq'],
  bookTicker: ['e'],
};

/**
 * Reads a Binance spot frame: `{stream, data}` or plain, or the answer of `/api/v3/depth` (spot documentation, "WebSocket Streams"). `bookTicker` does not name
 * itself. Throws `FRAME_SYNTAX` and `FRAME_FIELD`, the latter also for frames of USD-M futures.
 */
export function parseBinanceSpotFrame(bytes: Uint8Array): VenueFrame {
  const message = parseObject(bytes);
  if ('lastUpdateId' in message) {
    return {
      kind: 'depthSnapshot',
      sequence: numberField(message, 'lastUpdateId'),
      bids: levelsField(message, 'bids'),
      asks: levelsField(message, 'asks'),
    };
  }
  const data = isFields(message.data) ? message.data : message;
  const event = typeof data.e === 'string' ? data.e : isQuote(data) ? 'bookTicker' : null;
  if (event === null) return { kind: 'control' };
  const strange = OF_FUTURES[event]?.find((name) => name in data);
  if (strange !== undefined) {
    throw new MillraceError('validation', 'FRAME_FIELD', `field=${strange} is of binance-usdm, not of binance-spot`);
  }
  const symbol = textField(data, 's');
  const { channel, content } = contentOf(event, data);
  return {
    kind: 'frame',
    symbol,
    channel,
    stream: optionalText(message, 'stream') ?? `${symbol.toLowerCase()}@${STREAM[event] ?? event}`,
    content,
    venueTimeMs: optionalNumber(data, 'E'),
  };
}

function isQuote(data: Fields): boolean {
  return 'u' in data && 'b' in data && 'B' in data && 'a' in data && 'A' in data;
}

function contentOf(event: string, data: Fields): { channel: Channel; content: FrameContent | null } {
  switch (event) {
    case 'depthUpdate':
      return { channel: 'book', content: bookOf(data) };
    case 'trade':
      return { channel: 'trades', content: tradeOf(data, 'single', idField(data, 't')) };
    case 'aggTrade':
      return { channel: 'trades', content: tradeOf(data, 'aggregated', idField(data, 'a')) };
    case 'bookTicker':
      return { channel: 'quotes', content: quoteOf(data) };
    case 'kline':
      return { channel: 'candles', content: null };
    case '24hrTicker':
      return { channel: 'ticker', content: null };
    case 'markPriceUpdate':
    case 'forceOrder':
      throw new MillraceError('validation', 'FRAME_FIELD', `event=${event} is of binance-usdm, not of binance-spot`);
    default:
      return { channel: 'other', content: null };
  }
}

/** The sequence goes on without a hole: a diff follows the one whose last number is below its first. */
function bookOf(data: Fields): FrameContent {
  const first = numberField(data, 'U');
  return {
    kind: 'book',
    isSnapshot: false,
    bids: levelsField(data, 'b'),
    asks: levelsField(data, 'a'),
    first,
    last: numberField(data, 'u'),
    previous: first - 1,
    depth: Number.POSITIVE_INFINITY,
  };
}
