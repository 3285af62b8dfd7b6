import type { Instrument } from '#core/market/instrument.ts';
import type { SimulatedBook, SimulatedTicker } from '../exchange/simulated-exchange.ts';
import { candleFrame } from './binance-candle-frame.ts';
import type { DayStatistics, DepthChange, MarketFrames, PublicTrade } from './binance-market-streams.ts';
import { fixed, idNumber, levelText } from './binance-rows.ts';

/** Market-data messages in the venue's form; `time` in ms. */
function depthUpdate(instrument: Instrument, change: DepthChange, time: number): string {
  const { symbol } = instrument;
  const at = Math.floor(time);
  return (
    `{"e":"depthUpdate","E":${at},"T":${at},"s":"${symbol}","U":${change.first},"u":${change.last},"pu":${change.previous},` +
    `"b":${levelText(instrument, change.bids)},"a":${levelText(instrument, change.asks)}}`
  );
}

function partialDepth(instrument: Instrument, book: SimulatedBook, time: number): string {
  return depthUpdate(
    instrument,
    { first: book.sequence, last: book.sequence, previous: book.sequence - 1, bids: book.bids, asks: book.asks },
    time,
  );
}

function bookTicker(instrument: Instrument, book: SimulatedBook, time: number): string {
  const { priceScale, sizeScale, symbol } = instrument;
  const at = Math.floor(time);
  return (
    `{"e":"bookTicker","u":${book.sequence},"s":"${symbol}",` +
    `"b":"${fixed(book.bids[0]?.[0] ?? 0, priceScale)}","B":"${fixed(book.bids[0]?.[1] ?? 0, sizeScale)}",` +
    `"a":"${fixed(book.asks[0]?.[0] ?? 0, priceScale)}","A":"${fixed(book.asks[0]?.[1] ?? 0, sizeScale)}","T":${at},"E":${at}}`
  );
}

function trade(instrument: Instrument, event: PublicTrade): string {
  const at = Math.floor(event.time);
  return (
    `{"e":"trade","E":${at},"T":${at},"s":"${instrument.symbol}","t":${JSON.stringify(idNumber(event.tradeId))},` +
    `"p":"${fixed(event.price, instrument.priceScale)}","q":"${fixed(event.size, instrument.sizeScale)}","X":"MARKET","m":${event.takerSide === 'sell'}}`
  );
}

function aggTrade(instrument: Instrument, event: PublicTrade): string {
  const at = Math.floor(event.time);
  const id = JSON.stringify(idNumber(event.tradeId));
  return (
    `{"e":"aggTrade","E":${at},"a":${id},"s":"${instrument.symbol}","p":"${fixed(event.price, instrument.priceScale)}",` +
    `"q":"${fixed(event.size, instrument.sizeScale)}","nq":"${fixed(event.size, instrument.sizeScale)}","f":${id},"l":${id},"T":${at},"m":${event.takerSide === 'sell'},"st":1}`
  );
}

function markPrice(instrument: Instrument, ticker: SimulatedTicker, time: number): string {
  const { priceScale, symbol } = instrument;
  const index = fixed(ticker.indexPrice, priceScale);
  return (
    `{"e":"markPriceUpdate","E":${Math.floor(time)},"s":"${symbol}","p":"${fixed(ticker.markPrice, priceScale)}","i":"${index}","P":"${index}",` +
    `"r":"${ticker.fundingRate}","T":${Math.floor(ticker.nextFundingTime)},"st":1}`
  );
}

function ticker24h(instrument: Instrument, day: DayStatistics, time: number): string {
  const { priceScale, sizeScale, symbol } = instrument;
  const price = (value: number): string => fixed(value, priceScale);
  const change = day.open === 0 ? 0 : (day.last / day.open - 1) * 100;
  return (
    `{"e":"24hrTicker","E":${Math.floor(time)},"s":"${symbol}","p":"${price(day.last - day.open)}","P":"${change.toFixed(3)}",` +
    `"w":"${price(Math.round((day.high + day.low) / 2))}","c":"${price(day.last)}","Q":"${fixed(day.lastSize, sizeScale)}","o":"${price(day.open)}",` +
    `"h":"${price(day.high)}","l":"${price(day.low)}","v":"${fixed(day.volume, sizeScale)}","q":"0",` +
    `"O":${Math.floor(day.since)},"C":${Math.floor(time)},"F":0,"L":${day.trades},"n":${day.trades},"st":1}`
  );
}

function miniTicker(instrument: Instrument, day: DayStatistics, time: number): string {
  const price = (value: number): string => fixed(value, instrument.priceScale);
  return (
    `{"e":"24hrMiniTicker","E":${Math.floor(time)},"s":"${instrument.symbol}","c":"${price(day.last)}","o":"${price(day.open)}",` +
    `"h":"${price(day.high)}","l":"${price(day.low)}","v":"${fixed(day.volume, instrument.sizeScale)}","q":"0","st":1}`
  );
}

/** Market-data messages of USD-M futures. */
export const USDM_FRAMES: MarketFrames = {
  depthUpdate,
  partialDepth,
  bookTicker,
  trade,
  aggTrade,
  candle: candleFrame,
  ticker24h,
  miniTicker,
  markPrice,
};
