import { mayOpen } from '#core/control/dead-man.ts';
import { type UnitRef, unitId } from '#core/control/unit.ts';
import { messageOf } from '#core/errors.ts';
import { orderIdPrefix } from '#core/orders/client-order-id.ts';
import type { ClientOrderId, OrderReport } from '#core/orders/order.ts';
import type { VenueQueries } from '#core/orders/venue-ports.ts';

/** Orders by the client's id. */
export interface CancelledOrders {
  readonly cancelled: readonly string[];
  /** Ours, and left standing: they only close. */
  readonly kept: readonly string[];
  /** Why something that could open a position may still stand; by the venue's own list after all cancels. */
  readonly failed: readonly string[];
}

type Queries = Pick<VenueQueries, 'openOrders' | 'cancelOrder'>;

/** Cancels by REST what a unit has open and what could open a position. Orders of others are not touched. Never rejects. */
export async function cancelOrdersOf(
  queries: Queries,
  unit: UnitRef,
  symbols: readonly string[],
): Promise<CancelledOrders> {
  const cancelled: string[] = [];
  const kept: string[] = [];
  const failed: string[] = [];
  for (const symbol of symbols) {
    try {
      const reasons = new Map<string, string>();
      const before = await openOf(queries, unit, symbol);
      for (const { clientOrderId, venueOrderId } of before.opening) {
        const target = { symbol, clientOrderId, venueOrderId };
        try {
          const answer = await queries.cancelOrder(target);
          if (answer.kind !== 'accepted') reasons.set(clientOrderId, answer.text);
        } catch (error) {
          // The list after all cancels says what became of it.
          reasons.set(clientOrderId, messageOf(error));
        }
      }
      const after = before.opening.length === 0 ? before : await openOf(queries, unit, symbol);
      const standing = new Set(after.opening.map((order) => order.clientOrderId));
      for (const { clientOrderId } of before.opening) if (!standing.has(clientOrderId)) cancelled.push(clientOrderId);
      for (const id of standing) failed.push(`${id} (${symbol}): ${reasons.get(id) ?? 'still open'}`);
      kept.push(...after.closing);
    } catch (error) {
      failed.push(`${symbol}: ${messageOf(error)}`);
    }
  }
  return { cancelled, kept, failed };
}

async function openOf(queries: Queries, unit: UnitRef, symbol: string) {
  const prefix = orderIdPrefix(unit.mode, unitId(unit));
  const ours = (await queries.openOrders(symbol)).flatMap((report: OrderReport) =>
    report.clientOrderId?.startsWith(prefix) === true
      ? [{ report, clientOrderId: report.clientOrderId as ClientOrderId, venueOrderId: report.venueOrderId }]
      : [],
  );
  return {
    opening: ours.filter(({ report }) => mayOpen(report)),
    closing: ours.filter(({ report }) => !mayOpen(report)).map((order) => order.clientOrderId),
  };
}
