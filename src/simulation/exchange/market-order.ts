import type { SimulatedOrderRequest } from './simulated-exchange.ts';

/** An order at the market, as people trade by hand: what does not fill at once is cancelled. Without a client id and not reduce-only unless that is said. */
export function marketOrder(
  terms: Pick<SimulatedOrderRequest, 'symbol' | 'side' | 'size'> &
    Partial<Pick<SimulatedOrderRequest, 'clientOrderId' | 'reduceOnly'>>,
): SimulatedOrderRequest {
  return {
    clientOrderId: null,
    type: 'market',
    timeInForce: 'ioc',
    price: null,
    triggerPrice: null,
    reduceOnly: false,
    ...terms,
  };
}
