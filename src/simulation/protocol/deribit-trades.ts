import type { SimulatedMarketEvent } from '../exchange/simulated-exchange.ts';

type Trade = Extract<SimulatedMarketEvent, { kind: 'trade' }>;

/** The last public trades of each symbol. */
export interface PublicTrades {
  add(trade: Trade): void;
  /** Oldest first. */
  of(symbol: string): readonly (Trade & { readonly sequence: number })[];
}

const KEPT = 1_000;

export function createPublicTrades(): PublicTrades {
  const bySymbol = new Map<string, (Trade & { readonly sequence: number })[]>();
  let sequence = 0;
  return {
    add(trade) {
      sequence += 1;
      const trades = bySymbol.get(trade.symbol) ?? [];
      bySymbol.set(trade.symbol, trades);
      trades.push({ ...trade, sequence });
      if (trades.length > KEPT * 2) trades.splice(0, trades.length - KEPT);
    },
    of: (symbol) => bySymbol.get(symbol) ?? [],
  };
}
