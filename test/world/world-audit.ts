import { auditUnit } from '#core/audit/audit-ledger.ts';
import type { AuditedConfirmation } from '#core/audit/audit-order.ts';
import { auditPlace } from '#core/audit/audit-positions.ts';
import type { UnitRef } from '#core/control/unit.ts';
import type { SimulatedExchange } from '#simulation/exchange/simulated-exchange.ts';
import type { WorldConfirmer } from './world-confirmer.ts';
import type { WorldLedger } from './world-ledger.ts';

/** What the audit that people run says of the ledger at rest; what has had no end for long is another rule's. */
export async function auditFaults(
  unit: UnitRef,
  {
    ledger,
    confirmer,
    exchange,
    forgotten,
    lied,
  }: {
    readonly ledger: WorldLedger;
    readonly confirmer: WorldConfirmer;
    readonly exchange: SimulatedExchange;
    /** Executions that the venue never tells of again. */
    readonly forgotten: ReadonlySet<string>;
    /** Orders of which the venue, or a person, said what was not so, and the confirmation believed it. */
    readonly lied: ReadonlySet<string>;
  },
): Promise<readonly string[]> {
  const adjustments = await ledger.readAdjustments();
  const orders = ledger.orders();
  const fills = ledger.fills();
  const confirmations = new Map(
    [...confirmer.outcomes].map(([id, { state, by, reason }]): [string, AuditedConfirmation] => [
      id,
      { kind: 'ended', state, by, reason },
    ]),
  );
  // No ledger can have them, and so their orders cannot be whole.
  const lacking = new Set(
    exchange.fills('main', null).flatMap((fill) => (forgotten.has(fill.fillId) ? [fill.orderId] : [])),
  );
  const latest = Math.max(0, ...orders.map((order) => order.state?.time ?? 0));
  const audit = auditUnit(
    { unit, orders, fills, confirmations },
    { from: null, to: null, clientOrderId: null },
    latest + 60_000,
  );
  const faults = audit.orders.flatMap(({ audited, verdict }) => {
    const { state } = audited.order;
    if (state === null || !state.terminal || lacking.has(state.venueOrderId ?? '')) return [];
    // A person says which end it came to, and not how much of it; its executions may come after.
    if (lied.has(audited.order.clientOrderId) || state.evidence.some((each) => each.kind === 'person')) return [];
    return verdict.verdict === 'unproven' ? [`${verdict.clientOrderId}: ${verdict.faults.join('; ')}`] : [];
  });
  const orphans = audit.orphans.map((fill) => `execution ${fill.fillId} of ${fill.clientOrderId} has no order`);
  const places = [...new Set([...fills, ...adjustments].map((each) => each.symbol))].flatMap((symbol) => {
    const mine = (each: { readonly symbol: string }) => each.symbol === symbol;
    const place = { venue: unit.venue, symbol, fills: fills.filter(mine), adjustments: adjustments.filter(mine) };
    return auditPlace({ ...place, checkpoint: null }).faults;
  });
  return [...faults, ...orphans, ...places];
}
