import type { Instrument } from '#core/market/instrument.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { SimulatedMarketEvent } from '../exchange/simulated-exchange.ts';
import { priceOf, type Row } from './deribit-rows.ts';

type Trade = Extract<SimulatedMarketEvent, { kind: 'trade' }>;

/** Candles of one minute, made from the trades as they come. */
export interface Candles {
  /** The candle with the trade in it, as `chart.trades` states it. */
  add(trade: Trade, instrument: Instrument): Row;
  /** The last candles of a symbol, oldest first. */
  recent(symbol: string): readonly Candle[];
}

export interface Candle {
  readonly tick: number;
  open: number;
  high: number;
  low: number;
  close: number;
  /** In size units. */
  size: number;
}

const MINUTE_MS = 60_000;
const KEPT = 500;

export function createCandles(): Candles {
  const bySymbol = new Map<string, Candle[]>();
  return {
    add(trade, instrument) {
      const candles = bySymbol.get(trade.symbol) ?? [];
      bySymbol.set(trade.symbol, candles);
      const tick = Math.floor(trade.time / MINUTE_MS) * MINUTE_MS;
      let candle = candles.at(-1);
      if (candle === undefined || candle.tick !== tick) {
        candle = { tick, open: trade.price, high: trade.price, low: trade.price, close: trade.price, size: 0 };
        candles.push(candle);
        if (candles.length > KEPT) candles.shift();
      }
      candle.high = Math.max(candle.high, trade.price);
      candle.low = Math.min(candle.low, trade.price);
      candle.close = trade.price;
      candle.size += trade.size;
      return candleRow(candle, instrument);
    },
    recent: (symbol) => bySymbol.get(symbol) ?? [],
  };
}

/** `volume` is in base currency, `cost` in quote currency: of an inverse contract the size itself. */
function candleRow(candle: Candle, instrument: Instrument): Row {
  const size = Number(formatScaled(candle.size, instrument.sizeScale));
  const close = Number(formatScaled(candle.close, instrument.priceScale));
  const isInverse = instrument.kind === 'inverse';
  return {
    tick: candle.tick,
    open: priceOf(instrument, candle.open),
    high: priceOf(instrument, candle.high),
    low: priceOf(instrument, candle.low),
    close: priceOf(instrument, candle.close),
    volume: isInverse ? Number((size / close).toFixed(8)) : size,
    cost: isInverse ? size : Number((size * close).toFixed(8)),
  };
}
