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
const STREAM: Readonly<Record<string, string>> = {
  depthUpdate: 'depth',
  trade: 'trade',
  aggTrade: 'aggTrade',
  bookTicker: 'bookTicker',
  markPriceUpdate: 'markPrice',
  forceOrder: 'forceOrder',
};

/**
 * Reads a Binance USD-M frame: `{stream, data}` or plain, or the answer of `/fapi/v1/depth`
 * (USD-M documentation, "Websocket Market Streams"). Throws `FRAME_SYNTAX` and `FRAME_FIELD`.
 */
export function parseBinanceUsdmFrame(bytes: Uint8Array): VenueFrame {
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
  if (typeof data.e !== 'string') return { kind: 'control' };
  const named = optionalText(message, 'stream');
  const order = isFields(data.o) ? data.o : data;
  const symbol = textField(typeof data.s === 'string' ? data : order, 's');
  const { channel, content } = contentOf(data.e, data);
  return {
    kind: 'frame',
    symbol,
    channel,
    stream: named ?? `${symbol.toLowerCase()}@${STREAM[data.e] ?? data.e}`,
    content,
    venueTimeMs: optionalNumber(data, 'E'),
  };
}

function contentOf(event: string, data: Fields): { channel: Channel; content: FrameContent | null } {
  switch (event) {
    case 'depthUpdate':
      return { channel: 'book', content: bookOf(data) };
    case 'trade':
      return { channel: 'trades', content: futuresTradeOf(data, 'single', idField(data, 't')) };
    case 'aggTrade':
      return { channel: 'trades', content: futuresTradeOf(data, 'aggregated', idField(data, 'a')) };
    case 'bookTicker':
      return { channel: 'quotes', content: quoteOf(data) };
    case 'markPriceUpdate':
      return {
        channel: 'ticker',
        content: {
          kind: 'ticker',
          lastPrice: null,
          markPrice: optionalText(data, 'p'),
          indexPrice: optionalText(data, 'i'),
          fundingRate: optionalText(data, 'r'),
          nextFundingTime: optionalNumber(data, 'T'),
          openInterest: null,
        },
      };
    case 'forceOrder':
      return { channel: 'liquidations', content: null };
    default:
      return { channel: 'other', content: null };
  }
}

function bookOf(data: Fields): FrameContent {
  return {
    kind: 'book',
    isSnapshot: false,
    bids: levelsField(data, 'b'),
    asks: levelsField(data, 'a'),
    first: numberField(data, 'U'),
    last: numberField(data, 'u'),
    previous: numberField(data, 'pu'),
    depth: Number.POSITIVE_INFINITY,
  };
}

/** `M` is of spot, whose frames are otherwise much the same. */
function futuresTradeOf(data: Fields, feed: 'single' | 'aggregated', id: string): FrameContent {
  if ('M' in data)
    throw new MillraceError('validation', 'FRAME_FIELD', 'field=M is of binance-spot, not of binance-usdm');
  return tradeOf(data, feed, id);
}
