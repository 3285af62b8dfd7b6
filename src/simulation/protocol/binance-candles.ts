import type { SimulatedMarketEvent } from '../exchange/simulated-exchange.ts';

type Trade = Extract<SimulatedMarketEvent, { kind: 'trade' }>;

/** One minute of one symbol; prices and sizes at its scales. */
export interface Candle {
  readonly start: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  trades: number;
  readonly firstId: string;
  lastId: string;
  closed: boolean;
}

export const CANDLE_MS = 60_000;

/** Candles of one minute from the trades, as streams tell them. */
export interface CandleMaker {
  onTrade(trade: Trade): void;
  /** The candle that goes on, or null before the first trade. */
  current(symbol: string): Candle | null;
  /** Candles whose minute is over and that have not been taken yet. */
  takeClosed(symbol: string, now: number): readonly Candle[];
}

export function createCandleMaker(): CandleMaker {
  const open = new Map<string, Candle>();
  const ended = new Map<string, Candle[]>();

  function end(symbol: string, candle: Candle): void {
    open.delete(symbol);
    ended.set(symbol, [...(ended.get(symbol) ?? []), { ...candle, closed: true }]);
  }

  return {
    onTrade({ symbol, price, size, tradeId, time }) {
      const start = Math.floor(time / CANDLE_MS) * CANDLE_MS;
      let candle = open.get(symbol);
      if (candle !== undefined && candle.start !== start) {
        end(symbol, candle);
        candle = undefined;
      }
      if (candle === undefined) {
        const flat = { open: price, high: price, low: price, close: price, volume: 0, trades: 0 };
        candle = { ...flat, start, firstId: tradeId, lastId: tradeId, closed: false };
        open.set(symbol, candle);
      }
      candle.high = Math.max(candle.high, price);
      candle.low = Math.min(candle.low, price);
      candle.close = price;
      candle.volume += size;
      candle.trades += 1;
      candle.lastId = tradeId;
    },
    current: (symbol) => open.get(symbol) ?? null,
    takeClosed(symbol, now) {
      const candle = open.get(symbol);
      if (candle !== undefined && candle.start + CANDLE_MS <= now) end(symbol, candle);
      const due = ended.get(symbol) ?? [];
      ended.delete(symbol);
      return due;
    },
  };
}
