import type { MarketMessage } from '#core/market/market-message.ts';
import {
  frameInvalid,
  isObject,
  requireDecimal,
  requireLevels,
  requireText,
  requireTime,
} from '../connection/frame-fields.ts';

/**
 * Messages of the spot stream before V5, `{"topic","params":{"symbol"},"data"}`. The venue sends them no more; recordings of it are still read. Of a topic the
 * venue's answers have no `data`.
 */
export interface RetiredFrame {
  readonly topic?: unknown;
  readonly params?: unknown;
  readonly data?: unknown;
}

interface Params {
  readonly symbol?: unknown;
}

interface RetiredDepth {
  readonly t?: unknown;
  readonly v?: unknown;
  readonly b?: unknown;
  readonly a?: unknown;
}

interface RetiredTrade {
  readonly v?: unknown;
  readonly t?: unknown;
  readonly p?: unknown;
  readonly q?: unknown;
  readonly m?: unknown;
}

interface RetiredQuote {
  readonly bidPrice?: unknown;
  readonly bidQty?: unknown;
  readonly askPrice?: unknown;
  readonly askQty?: unknown;
  readonly time?: unknown;
}

/** What a frame of a topic without parts says; nothing for topics that are not read. Throws `FRAME_INVALID`. */
export function readRetired(frame: RetiredFrame): readonly MarketMessage[] {
  const { topic, data } = frame;
  if (data === undefined || (topic !== 'depth' && topic !== 'trade' && topic !== 'bookTicker')) return [];
  if (!isObject(data)) throw frameInvalid('data is not an object');
  if (!isObject(frame.params)) throw frameInvalid('params is not an object');
  const params: Params = frame.params;
  const symbol = requireText(params.symbol, 'symbol');
  if (topic === 'depth') return [readDepth(symbol, data)];
  return [topic === 'trade' ? readTrade(symbol, data) : readQuote(symbol, data)];
}

/** The whole book each time; the first part of its version rises. */
function readDepth(symbol: string, data: RetiredDepth): MarketMessage {
  const [version = ''] = requireText(data.v, 'v').split('_');
  if (!/^\d{1,15}$/.test(version)) throw frameInvalid('v is not a version');
  const sequence = Number(version);
  return {
    type: 'book',
    symbol,
    isSnapshot: true,
    bids: requireLevels(data.b, 'b'),
    asks: requireLevels(data.a, 'a'),
    firstSequence: sequence,
    lastSequence: sequence,
    previousSequence: null,
    exchangeTime: requireTime(data.t, 't'),
  };
}

/** `m`: the taker bought. */
function readTrade(symbol: string, data: RetiredTrade): MarketMessage {
  if (typeof data.m !== 'boolean') throw frameInvalid('m is neither true nor false');
  return {
    type: 'trade',
    symbol,
    id: requireText(data.v, 'v'),
    price: requireDecimal(data.p, 'p'),
    size: requireDecimal(data.q, 'q'),
    side: data.m ? 'buy' : 'sell',
    exchangeTime: requireTime(data.t, 't'),
  };
}

function readQuote(symbol: string, data: RetiredQuote): MarketMessage {
  return {
    type: 'quote',
    symbol,
    bidPrice: requireDecimal(data.bidPrice, 'bidPrice'),
    bidSize: requireDecimal(data.bidQty, 'bidQty'),
    askPrice: requireDecimal(data.askPrice, 'askPrice'),
    askSize: requireDecimal(data.askQty, 'askQty'),
    sequence: null,
    exchangeTime: requireTime(data.time, 'time'),
  };
}
