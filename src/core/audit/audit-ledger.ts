import { type UnitRef, unitId } from '../control/unit.ts';
import type { LedgerFill, LedgerOrder } from '../ledger/ledger-entry.ts';
import { orderIdPrefix } from '../orders/client-order-id.ts';
import { type AuditedConfirmation, type AuditedOrder, auditOrder, type OrderVerdict } from './audit-order.ts';

/** Which orders of a unit are audited. */
export interface AuditSelection {
  /** By the time of the intent, or of the state where there is none, ms; null: any. */
  readonly from: number | null;
  readonly to: number | null;
  /** One order alone; null: all. */
  readonly clientOrderId: string | null;
}

/** What the ledger has of a unit, as it was read. */
export interface AuditedUnit {
  readonly unit: UnitRef;
  /** Of its whole account: those of other venues are left aside. */
  readonly orders: readonly LedgerOrder[];
  readonly fills: readonly LedgerFill[];
  /** By client order id; null: they were not read. */
  readonly confirmations: ReadonlyMap<string, AuditedConfirmation> | null;
}

/** What came of the audit of a unit. */
export interface UnitAudit {
  /** In the order of their beginnings, each with what it was judged by. */
  readonly orders: readonly { readonly audited: AuditedOrder; readonly verdict: OrderVerdict }[];
  /** Executions under an id of the unit's own whose order the ledger does not have. */
  readonly orphans: readonly LedgerFill[];
}

/** Audits the orders of one unit. */
export function auditUnit(
  { unit, orders, fills, confirmations }: AuditedUnit,
  { from, to, clientOrderId }: AuditSelection,
  now: number,
): UnitAudit {
  const own = fills.filter((fill) => fill.venue === unit.venue);
  const byClient = grouped(own, (fill) => fill.clientOrderId);
  const byVenue = grouped(own, (fill) => `${fill.symbol}#${fill.venueOrderId}`);
  const chosen = orders
    .filter(({ intent, state }) => (intent ?? state)?.venue === unit.venue)
    .filter((order) => clientOrderId === null || order.clientOrderId === clientOrderId)
    .filter((order) => (from === null || beganAt(order) >= from) && (to === null || beganAt(order) < to))
    .sort((one, other) => beganAt(one) - beganAt(other) || (one.clientOrderId < other.clientOrderId ? -1 : 1));
  const audited = chosen.map((order): AuditedOrder => {
    const { state } = order;
    const named = byClient.get(order.clientOrderId) ?? [];
    const venues = state?.venueOrderId == null ? [] : (byVenue.get(`${state.symbol}#${state.venueOrderId}`) ?? []);
    const all = [...new Map([...named, ...venues].map((fill) => [fill.fillId, fill])).values()];
    return {
      order,
      fills: all.sort((one, other) => one.venueTime - other.venueTime),
      confirmation: confirmations === null ? undefined : (confirmations.get(order.clientOrderId) ?? null),
    };
  });
  const known = new Set(orders.map((order) => order.clientOrderId));
  const prefix = orderIdPrefix(unit.mode, unitId(unit));
  return {
    orders: audited.map((each) => ({ audited: each, verdict: auditOrder(each, now) })),
    orphans: own.filter(({ clientOrderId: id }) => id?.startsWith(prefix) === true && !known.has(id)),
  };
}

function beganAt({ intent, state }: LedgerOrder): number {
  return intent?.time ?? state?.time ?? 0;
}

function grouped(
  fills: readonly LedgerFill[],
  keyOf: (fill: LedgerFill) => string | null,
): ReadonlyMap<string, readonly LedgerFill[]> {
  const groups = new Map<string, LedgerFill[]>();
  for (const fill of fills) {
    const key = keyOf(fill);
    if (key === null) continue;
    const group = groups.get(key) ?? [];
    group.push(fill);
    groups.set(key, group);
  }
  return groups;
}
