import type { TradingEventBody } from '#core/events/trading-event.ts';
import { foreignOrderId, isForeignOrderId } from '#core/orders/foreign-order.ts';
import type { OrderReport } from '#core/orders/order.ts';
import type { SimulatedExchange } from '#simulation/exchange/simulated-exchange.ts';

/**
 * Holds the end that an engine told against the venue's own books; null: they bear it out. `reached`: the order has come to the venue, which took it.
 */
export function whyUnproven(
  { clientOrderId: id, symbol, to, evidence }: TradingEventBody<'order.state'>,
  exchange: SimulatedExchange,
  account: string,
  refusedLater: ReadonlyMap<string, OrderReport>,
  reached: boolean,
): string | null {
  if (evidence.length === 0) return `${id} ${to} with none`;
  // What nobody here placed is told by the venue's own name.
  const foreign = isForeignOrderId(id);
  const order = exchange.order(
    account,
    foreign
      ? { orderId: id.slice(foreignOrderId('').length), clientOrderId: null }
      : { orderId: null, clientOrderId: id },
  );
  const refused = refusedLater.get(id)?.venueOrderId;
  if (refused !== undefined && to !== 'Rejected') return `${id} ${to}, and the venue refused it`;
  for (const each of evidence) {
    if (each.kind === 'notSent' || each.kind === 'agreedAbsence' || each.kind === 'answer') {
      if (reached && !refusedLater.has(id)) return `${id} ${to} by ${each.kind}, and the venue had it`;
    } else if (each.kind === 'fills') {
      const known = new Set(exchange.fills(account, symbol).map(({ fillId }) => fillId));
      const unknown = each.fillIds.filter((fillId) => !known.has(fillId));
      if (unknown.length > 0) return `${id} ${to} by fills that the venue does not know: ${unknown.join(', ')}`;
    } else if (each.kind !== 'person' && (order?.orderId ?? refused) !== each.venueOrderId) {
      return `${id} ${to} by ${each.kind} of order ${each.venueOrderId}, at the venue ${order?.orderId ?? refused}`;
    }
  }
  if (order === null || to === 'Rejected' || to === 'Denied') return null;
  const ended = order.status === 'filled' || order.status === 'canceled' || order.status === 'expired';
  const agrees = ended && (order.status === 'filled') === (to === 'Filled');
  return agrees ? null : `${id} ${to}, at the venue ${order.status}`;
}
