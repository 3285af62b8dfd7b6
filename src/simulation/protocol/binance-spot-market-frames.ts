import type { Instrument } from '#core/market/instrument.ts';
import type { SimulatedBook } from '../exchange/simulated-exchange.ts';
import { candleFrame } from './binance-candle-frame.ts';
import type { DayStatistics, DepthChange, MarketFrames, PublicTrade } from './binance-market-streams.ts';
import { idNumber } from './binance-rows.ts';
import { eight } from './binance-spot-rows.ts';

type Levels = readonly (readonly [number, number])[];

function levels({ priceScale, sizeScale }: Instrument, each: Levels): string {
  return `[${each.map(([price, size]) => `["${eight(price, priceScale)}","${eight(size, sizeScale)}"]`).join(',')}]`;
}

/** No `T` and no `pu`: the sequence goes on from the last `u`. */
function depthUpdate(instrument: Instrument, change: DepthChange, time: number): string {
  const { symbol } = instrument;
  return (
    `{"e":"depthUpdate","E":${Math.floor(time)},"s":"${symbol}","U":${change.previous + 1},"u":${change.last},` +
    `"b":${levels(instrument, change.bids)},"a":${levels(instrument, change.asks)}}`
  );
}

/** A partial book is the REST answer's shape: it names neither itself nor its symbol. */
function partialDepth(instrument: Instrument, book: SimulatedBook): string {
  return `{"lastUpdateId":${book.sequence},"bids":${levels(instrument, book.bids)},"asks":${levels(instrument, book.asks)}}`;
}

/** It has no time and no name. */
function bookTicker(instrument: Instrument, book: SimulatedBook): string {
  const { priceScale, sizeScale, symbol } = instrument;
  return (
    `{"u":${book.sequence},"s":"${symbol}","b":"${eight(book.bids[0]?.[0] ?? 0, priceScale)}","B":"${eight(book.bids[0]?.[1] ?? 0, sizeScale)}",` +
    `"a":"${eight(book.asks[0]?.[0] ?? 0, priceScale)}","A":"${eight(book.asks[0]?.[1] ?? 0, sizeScale)}"}`
  );
}

function trade({ symbol, priceScale, sizeScale }: Instrument, event: PublicTrade): string {
  const at = Math.floor(event.time);
  return (
    `{"e":"trade","E":${at},"s":"${symbol}","t":${JSON.stringify(idNumber(event.tradeId))},"p":"${eight(event.price, priceScale)}",` +
    `"q":"${eight(event.size, sizeScale)}","T":${at},"m":${event.takerSide === 'sell'},"M":true}`
  );
}

function aggTrade({ symbol, priceScale, sizeScale }: Instrument, event: PublicTrade): string {
  const at = Math.floor(event.time);
  const id = JSON.stringify(idNumber(event.tradeId));
  return (
    `{"e":"aggTrade","E":${at},"s":"${symbol}","a":${id},"p":"${eight(event.price, priceScale)}","q":"${eight(event.size, sizeScale)}",` +
    `"f":${id},"l":${id},"T":${at},"m":${event.takerSide === 'sell'},"M":true}`
  );
}

function ticker24h(instrument: Instrument, day: DayStatistics, time: number): string {
  const { symbol, priceScale, sizeScale } = instrument;
  const price = (value: number): string => eight(value, priceScale);
  const change = day.open === 0 ? 0 : (day.last / day.open - 1) * 100;
  return JSON.stringify({
    e: '24hrTicker',
    E: Math.floor(time),
    s: symbol,
    p: eight(day.last - day.open, priceScale),
    P: change.toFixed(3),
    w: price(Math.round((day.high + day.low) / 2)),
    x: price(day.open),
    c: price(day.last),
    Q: eight(day.lastSize, sizeScale),
    o: price(day.open),
    h: price(day.high),
    l: price(day.low),
    v: eight(day.volume, sizeScale),
    q: '0.00000000',
    O: Math.floor(day.since),
    C: Math.floor(time),
    F: 0,
    L: day.trades,
    n: day.trades,
  });
}

function miniTicker(instrument: Instrument, day: DayStatistics, time: number): string {
  const { symbol, priceScale, sizeScale } = instrument;
  const price = (value: number): string => eight(value, priceScale);
  return (
    `{"e":"24hrMiniTicker","E":${Math.floor(time)},"s":"${symbol}","c":"${price(day.last)}","o":"${price(day.open)}",` +
    `"h":"${price(day.high)}","l":"${price(day.low)}","v":"${eight(day.volume, sizeScale)}","q":"0.00000000"}`
  );
}

/** Market-data messages of spot. */
export const SPOT_FRAMES: MarketFrames = {
  depthUpdate,
  partialDepth,
  bookTicker,
  trade,
  aggTrade,
  candle: candleFrame,
  ticker24h,
  miniTicker,
  markPrice: null,
};
