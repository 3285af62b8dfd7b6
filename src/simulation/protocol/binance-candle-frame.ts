import type { Instrument } from '#core/market/instrument.ts';
import { CANDLE_MS, type Candle } from './binance-candles.ts';
import { fixed, idNumber } from './binance-rows.ts';

/** `kline`, the same on all markets. */
export function candleFrame(instrument: Instrument, candle: Candle, time: number): string {
  const { priceScale, sizeScale, symbol } = instrument;
  const volume = fixed(candle.volume, sizeScale);
  return JSON.stringify({
    e: 'kline',
    E: Math.floor(time),
    s: symbol,
    k: {
      t: candle.start,
      T: candle.start + CANDLE_MS - 1,
      s: symbol,
      i: '1m',
      f: idNumber(candle.firstId),
      L: idNumber(candle.lastId),
      o: fixed(candle.open, priceScale),
      c: fixed(candle.close, priceScale),
      h: fixed(candle.high, priceScale),
      l: fixed(candle.low, priceScale),
      v: volume,
      n: candle.trades,
      x: candle.closed,
      q: '0',
      V: '0',
      Q: '0',
      B: '0',
    },
  });
}
