import type { Lane } from '#core/lanes/lane.ts';

/**
 * Why the state of a lane is not what its orders and its position make it, or null (H7). `exits`: orders to close the position that this lane has sent since it was last told to run.
 */
export function laneContradicts(lane: Lane, exits: ReadonlySet<string>): string | null {
  const { state, quiet, position, name } = lane;
  if (state === 'Halted') return null;
  const flat = position.units === 0n;
  // Dust of a spot holding counts as flat, and what is dust follows the price.
  const held = !flat && lane.instrument.kind !== 'spot';
  const wrong = (why: string) => `lane ${name} is ${state}, ${why}`;
  if (state === 'Idle' && held) return wrong(`and holds ${position.text}`);
  if (state === 'Idle' && !quiet) return wrong('and an order of it can still fill');
  if ((state === 'OrderPending' || state === 'Closing') && quiet) return wrong('and no order of it can fill');
  if (state === 'PositionOpen' && flat && quiet) return wrong('and holds nothing');
  if (state === 'Closing') return null;
  for (const order of lane.orders.pending())
    if (order.alive && exits.has(order.intent.clientOrderId))
      return wrong(`and its exit ${order.intent.clientOrderId} works`);
  return null;
}
