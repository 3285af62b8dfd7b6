import type { SimulatedOrderRequest } from './simulated-exchange.ts';
import type { SymbolMarket } from './symbol-market.ts';

/** Whether a stop order's trigger price is reached: stops trigger when the price turns against the position they close, take-profits when it turns its way. */
export function isTriggered(
  request: Pick<SimulatedOrderRequest, 'type' | 'side' | 'triggerPrice'>,
  market: SymbolMarket,
  triggerBy: 'mark' | 'last',
): boolean {
  const price = triggerBy === 'mark' || market.lastPrice === 0 ? market.markPrice() : market.lastPrice;
  if (request.triggerPrice === null || price === 0) return false;
  const rises = (request.type === 'stopMarket') === (request.side === 'buy');
  return rises ? price >= request.triggerPrice : price <= request.triggerPrice;
}
