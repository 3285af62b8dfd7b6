import { expect } from 'vitest';
import type { OrderIntent } from '#core/orders/order.ts';
import type { ContractTrading, ContractWorld } from './contract-world.ts';

/** Orders that the venue itself has of a client id. */
export function atVenue(world: ContractWorld, id: string) {
  return world.exchange.orders('main', null).filter((each) => each.clientOrderId === id);
}

/** Places an order that the venue takes. */
export async function accepted(trading: ContractTrading, intent: OrderIntent): Promise<void> {
  const answer = await trading.place(intent);
  expect(answer, JSON.stringify(answer)).toMatchObject({ kind: 'accepted' });
}
