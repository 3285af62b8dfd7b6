import type { Instrument } from '#core/market/instrument.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { ClientOrderId, OrderIntent } from '#core/orders/order.ts';
import type { UnfoundOrder } from '#core/orders/unfound-order.ts';
import type { EpochMs } from '#core/time/clock.ts';
import type { Dice } from '#simulation/world/dice.ts';

/** Terms that orders of scenes are sent with, and amended to, integers at the instrument's scales. */
export const PRICES = [60_000_00, 60_001_00] as const;
export const SIZES = [10, 20] as const;

/** An order to open a position, or to close one. */
export function anyIntent(clientOrderId: ClientOrderId, { venue, symbol }: Instrument, dice: Dice): OrderIntent {
  const reduceOnly = dice.chance(0.3);
  return {
    clientOrderId,
    venue,
    symbol,
    side: dice.pick(['buy', 'sell']),
    type: 'limit',
    timeInForce: 'gtc',
    price: dice.pick(PRICES) as Price,
    size: dice.pick(SIZES) as Size,
    reduceOnly,
    purpose: reduceOnly ? 'takeProfit' : 'entry',
  };
}

/** What ledger and fills say of an order of a predecessor that the venue's lists leave out: nothing of it is filled, or some, or all, with and without the executions. */
export function anyUnfound(intent: OrderIntent, now: EpochMs, dice: Dice): UnfoundOrder {
  const filled = dice.pick([0, 0, intent.size / 2, intent.size]);
  return {
    intent,
    placedAt: (now - 20_000) as EpochMs,
    venueOrderId: dice.chance(0.5) ? `v-${intent.clientOrderId}` : null,
    unknownAt: (now - dice.pick([0, 10_000])) as EpochMs,
    fillIds: filled === 0 || dice.chance(0.2) ? [] : [`before-${intent.clientOrderId}`],
    filledSize: filled as Size,
  };
}
