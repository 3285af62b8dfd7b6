import type { Now } from '../lanes/now.ts';
import type { Instrument } from '../market/instrument.ts';
import { type Price, parseScaled, type Size } from '../market/scaled-decimal.ts';
import type { EpochMs, MonoNanos } from '../time/clock.ts';
import type { ClientOrderId, FillReport, OrderIntent } from './order.ts';
import type { PendingLedgerOrder } from './recovery.ts';
import { TrackedOrder } from './tracked-order.ts';

/** An order of a predecessor that the ledger waits for and the venue's lists leave out, with all that is known of it. Its request can no longer be carried out. */
export interface UnfoundOrder {
  readonly intent: OrderIntent;
  readonly placedAt: EpochMs;
  /** The venue's own id of it, or null if it never told one. */
  readonly venueOrderId: string | null;
  /** From when on people's word on it counts. */
  readonly unknownAt: EpochMs;
  /** Fills of it that the opening position holds, and what they come to, size units. */
  readonly fillIds: readonly string[];
  readonly filledSize: Size;
}

/** What ledger and fills say of an order that is to be taken over so. */
export function unfoundOrder(
  order: PendingLedgerOrder,
  fills: readonly FillReport[],
  instrument: Instrument,
): UnfoundOrder {
  const { sizeScale } = instrument;
  const { venueOrderId = null } = order;
  const own = fills.filter(
    (fill) =>
      fill.clientOrderId === order.clientOrderId || (venueOrderId !== null && fill.venueOrderId === venueOrderId),
  );
  const seen = own.reduce((sum, fill) => sum + parseScaled(fill.size, sizeScale), 0);
  // Fills of before the window are in the ledger, and so in the position.
  const told = parseScaled(order.cumulativeSize ?? '0', sizeScale);
  return {
    intent: intentOfLedger(order, instrument),
    placedAt: order.placedAt,
    venueOrderId,
    unknownAt: order.unknownSince ?? order.placedAt,
    fillIds: own.map((fill) => fill.fillId),
    filledSize: Math.max(seen, told) as Size,
  };
}

/** Its lease has ended: by our own clock it was sent at least so long ago, whatever the wall clock of its sender said. */
const SENT_BEFORE = 6.1e9;

/** The order as its lane follows it. */
export function trackUnfound(unfound: UnfoundOrder, now: Now): TrackedOrder {
  const order = new TrackedOrder(unfound.intent);
  order.step('submit', now.mono, []);
  order.submittedAt = (now.mono - Math.max(SENT_BEFORE, (now.epoch - unfound.placedAt) * 1e6)) as MonoNanos;
  order.placedAt = unfound.placedAt;
  order.venueOrderId = unfound.venueOrderId;
  order.unknownAt = unfound.unknownAt;
  order.takeCounted(unfound.fillIds, unfound.filledSize);
  return order;
}

/** The intent of an order as the ledger has it; how long it was meant to stand is not there. */
function intentOfLedger(order: PendingLedgerOrder, instrument: Instrument): OrderIntent {
  const { clientOrderId, side, price, size, reduceOnly, orderType, triggerPrice } = order;
  const { priceScale, sizeScale, venue, symbol } = instrument;
  return {
    clientOrderId: clientOrderId as ClientOrderId,
    venue,
    symbol,
    side,
    type: orderType,
    timeInForce: 'gtc',
    price: price === null || orderType !== 'limit' ? null : (parseScaled(price, priceScale) as Price),
    ...(triggerPrice === undefined ? {} : { triggerPrice: parseScaled(triggerPrice, priceScale) as Price }),
    size: parseScaled(size, sizeScale) as Size,
    reduceOnly,
    purpose: reduceOnly ? (orderType === 'stopMarket' ? 'stopLoss' : 'takeProfit') : 'entry',
  };
}
