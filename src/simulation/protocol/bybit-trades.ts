import type { Instrument } from '#core/market/instrument.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { SimulatedMarketEvent } from '../exchange/simulated-exchange.ts';
import type { Row } from './bybit-rows.ts';

type Trade = Extract<SimulatedMarketEvent, { kind: 'trade' }>;

/** The last trades of each symbol, and the candles that they make. */
export interface RecentTrades {
  add(trade: Trade): void;
  /** Newest first. */
  recent(instrument: Instrument, limit: number): readonly Row[];
  /** `[start, open, high, low, close, volume, turnover]`, newest first, from the trades still known; null for an interval that does not exist. */
  candles(symbol: string, interval: string, limit: number): readonly (readonly string[])[] | null;
}

const KEPT = 10_000;
const INTERVAL_MS: Readonly<Record<string, number>> = {
  1: 60_000,
  3: 180_000,
  5: 300_000,
  15: 900_000,
  30: 1_800_000,
  60: 3_600_000,
  120: 7_200_000,
  240: 14_400_000,
  360: 21_600_000,
  720: 43_200_000,
  D: 86_400_000,
};

export function createRecentTrades(instrumentOf: (symbol: string) => Instrument | null): RecentTrades {
  const bySymbol = new Map<string, Trade[]>();
  return {
    add(trade) {
      const trades = bySymbol.get(trade.symbol) ?? [];
      bySymbol.set(trade.symbol, trades);
      trades.push(trade);
      if (trades.length > KEPT * 2) trades.splice(0, trades.length - KEPT);
    },
    recent(instrument, limit) {
      const trades = bySymbol.get(instrument.symbol) ?? [];
      return trades
        .slice(-limit)
        .reverse()
        .map((trade) => ({
          execId: trade.tradeId,
          symbol: trade.symbol,
          price: formatScaled(trade.price, instrument.priceScale),
          size: formatScaled(trade.size, instrument.sizeScale),
          side: trade.takerSide === 'buy' ? 'Buy' : 'Sell',
          time: String(Math.floor(trade.time)),
          isBlockTrade: false,
          isRPITrade: false,
        }));
    },
    candles(symbol, interval, limit) {
      const spanMs = INTERVAL_MS[interval];
      const instrument = instrumentOf(symbol);
      if (spanMs === undefined || instrument === null) return null;
      const candles = new Map<number, Trade[]>();
      for (const trade of bySymbol.get(symbol) ?? []) {
        const start = Math.floor(trade.time / spanMs) * spanMs;
        candles.set(start, [...(candles.get(start) ?? []), trade]);
      }
      return [...candles]
        .sort(([a], [b]) => b - a)
        .slice(0, limit)
        .map(([start, trades]) => candle(start, trades, instrument));
    },
  };
}

function candle(start: number, trades: readonly Trade[], instrument: Instrument): readonly string[] {
  const prices = trades.map((trade) => trade.price);
  const price = (value: number | undefined): string => formatScaled(value ?? 0, instrument.priceScale);
  const volume = trades.reduce((sum, trade) => sum + trade.size, 0);
  const turnover = trades.reduce((sum, trade) => sum + BigInt(trade.price) * BigInt(trade.size), 0n);
  return [
    String(start),
    price(prices[0]),
    price(Math.max(...prices)),
    price(Math.min(...prices)),
    price(prices.at(-1)),
    formatScaled(volume, instrument.sizeScale),
    String(Number(turnover) / 10 ** (instrument.priceScale + instrument.sizeScale)),
  ];
}
