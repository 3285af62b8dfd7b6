import { type Instrument, notional } from '#core/market/instrument.ts';
import type { Side } from '#core/market/market-message.ts';
import type { RefusalReason } from './simulated-exchange.ts';
import type { SymbolMarket } from './symbol-market.ts';

/** Whether size and price fit the instrument's rules, or why not. `price` null: an order at the market, judged by the best price. */
export function refusalByFilters(
  market: SymbolMarket,
  order: { readonly side: Side; readonly price: number | null; readonly size: number; readonly reduceOnly: boolean },
  priceBand: number,
): RefusalReason | null {
  const { instrument } = market;
  return (
    refusalBySize(instrument, order.size) ??
    (order.price === null ? null : refusalByPrice(market, order.side, order.price, priceBand)) ??
    refusalByNotional(market, order)
  );
}

export function refusalByTick(instrument: Instrument, price: number): RefusalReason | null {
  return Number.isSafeInteger(price) && price > 0 && price % instrument.tickSize === 0 ? null : 'priceTick';
}

function refusalBySize(instrument: Instrument, size: number): RefusalReason | null {
  if (!Number.isSafeInteger(size) || size <= 0 || size < instrument.minSize) return 'sizeTooSmall';
  if (size > instrument.maxSize) return 'sizeTooLarge';
  return size % instrument.lotSize === 0 ? null : 'sizeLot';
}

function refusalByPrice(market: SymbolMarket, side: Side, price: number, band: number): RefusalReason | null {
  const byTick = refusalByTick(market.instrument, price);
  if (byTick !== null) return byTick;
  const mark = market.markPrice();
  if (mark === 0) return null;
  const outside = side === 'buy' ? price > mark * (1 + band) : price < mark * (1 - band);
  return outside ? 'priceBand' : null;
}

function refusalByNotional(
  market: SymbolMarket,
  order: { readonly side: Side; readonly price: number | null; readonly size: number; readonly reduceOnly: boolean },
): RefusalReason | null {
  const { instrument } = market;
  if (order.reduceOnly || instrument.minNotional === 0) return null;
  const price = order.price ?? market.bestPrice(order.side === 'buy' ? 'sell' : 'buy') ?? market.markPrice();
  if (price === 0) return null;
  const value = notional(instrument, price as typeof instrument.tickSize, order.size as typeof instrument.lotSize);
  return value < instrument.minNotional ? 'notionalTooSmall' : null;
}
