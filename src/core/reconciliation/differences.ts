import { unitId } from '../control/unit.ts';
import type { OrderState } from '../events/trading-event.ts';
import { formatExact, parseExact } from '../ledger/exact-decimal.ts';
import type { LedgerOrder } from '../ledger/ledger-entry.ts';
import { orderIdPrefix } from '../orders/client-order-id.ts';
import { isForeignOrderId } from '../orders/foreign-order.ts';
import type { FillReport, OrderReport } from '../orders/order.ts';
import { isTerminal } from '../orders/order-state.ts';
import { termsOfFill } from '../positions/fill-terms.ts';
import { inPlaceOf } from '../positions/in-place-of.ts';
import type { SymbolLook } from './symbol-look.ts';

/** A report that says that the venue is done with an order. */
export type EndReport = OrderReport & { readonly status: 'filled' | 'canceled' | 'rejected' | 'expired' };

/** One thing in which the parties differ, with its evidence. */
export type Difference =
  /** The venue executed it and the ledger has not heard. `ours`: of an order that was placed here. */
  | { readonly kind: 'missingFill'; readonly fill: FillReport; readonly ours: boolean }
  /** The ledger waits for the end of an order that the venue is done with. */
  | { readonly kind: 'missedEnd'; readonly order: LedgerOrder; readonly report: EndReport }
  /** The ledger waits for an order that the venue, asked everywhere, does not know. That alone proves nothing. */
  | { readonly kind: 'unprovenOrder'; readonly clientOrderId: string; readonly since: number }
  /** Open at the venue under an id of ours, and the ledger never intended it (`null`) or takes it for ended. */
  | { readonly kind: 'unknownOrder'; readonly report: OrderReport; readonly ledgerState: OrderState | null }
  /** Open at the venue, and not placed here. */
  | { readonly kind: 'foreignOrder'; readonly report: OrderReport }
  | PositionDifference
  /** What the lane last said of itself does not go with what is held. */
  | { readonly kind: 'engine'; readonly lane: string; readonly state: string; readonly position: string };

/** The positions differ. Decimal text. */
export interface PositionDifference {
  readonly kind: 'position';
  readonly ledger: string;
  readonly venue: string;
  /** What the missing fills come to. */
  readonly missing: string;
  /** What they leave unexplained: venue − ledger − missing. */
  readonly rest: string;
  /** Adjustments that had been made for want of these very fills: with the fills they are to be taken back. Empty: nothing explains the rest. */
  readonly replaces: readonly string[];
  /** The fills for which they stand still. */
  readonly instead: readonly FillReport[];
}

/** From when on what the ledger lacks is lacking, and no longer on its way. */
export interface Patience {
  /** Anything younger is on its way, ms. */
  readonly settleMs: number;
  /** The ledger's writers may be so far behind, ms: until then only what the ledger has heard beyond is lacking. */
  readonly writersBehindMs: number;
}

/** Compares what the parties say of one symbol. What may be on its way to the ledger is no difference. */
export function compareSymbol(look: SymbolLook, patience: Patience): readonly Difference[] {
  const { settleMs } = patience;
  const held = look.ledger.hasHistory ? fillsAndPosition(look, patience) : [];
  // A lane's word comes by the same way as its executions: while these are missing, it may be on its way.
  const lane = held.length === 0 ? engine(look, settleMs) : [];
  return [...held, ...orders(look, patience), ...lane];
}

/** Whether the ledger would have what happened at that time, had it been told. */
export function isDue(look: SymbolLook, venueTime: number, { settleMs, writersBehindMs }: Patience): boolean {
  return venueTime <= look.ledger.heardThrough - settleMs || venueTime <= look.at - writersBehindMs;
}

/** Signed change of the position by one execution, 10^-18 units. */
export function deltaOfFill(look: Pick<SymbolLook, 'instrument'>, fill: FillReport): bigint {
  const size = parseExact(fill.size);
  const { positionFee = '0' } = termsOfFill(look.instrument, fill);
  return (fill.side === 'buy' ? size : -size) - parseExact(positionFee);
}

function isOurs(look: SymbolLook, clientOrderId: string | null): boolean {
  return clientOrderId?.startsWith(orderIdPrefix(look.unit.mode, unitId(look.unit))) === true;
}

function fillsAndPosition(look: SymbolLook, patience: Patience): readonly Difference[] {
  const known = new Set(look.ledger.fills.map((fill) => fill.fillId));
  // Fill queries of some venues leave the client's id out: the venue's own id tells whose it is.
  const owners = new Map<string, string>();
  for (const { venueOrderId, clientOrderId } of [...look.venue.orders, ...look.venue.openOrders]) {
    if (clientOrderId !== null) owners.set(venueOrderId, clientOrderId);
  }
  const missing = look.venue.fills
    .filter((fill) => fill.venueTime >= look.comparedFrom && !known.has(fill.fillId))
    .map((fill) => ({ ...fill, clientOrderId: fill.clientOrderId ?? owners.get(fill.venueOrderId) ?? null }));
  // One that is on its way makes any comparison of sums meaningless.
  if (missing.some((fill) => !isDue(look, fill.venueTime, patience))) return [];
  const found: Difference[] = missing.map((fill) => ({
    kind: 'missingFill',
    fill,
    ours: isOurs(look, fill.clientOrderId),
  }));
  const explained = missing.reduce((sum, fill) => sum + deltaOfFill(look, fill), 0n);
  const ledger = parseExact(look.ledger.positionSize);
  const venue = parseExact(look.venue.position.size);
  const rest = venue - ledger - explained;
  // A spot holding may be anybody's: what is more than is known is not ours.
  const excess = look.instrument.kind === 'spot' && rest > 0n;
  if ((rest === 0n && explained === 0n) || excess) return found;
  // Of a fill whose adjustment has been taken back already nothing stands any more.
  const takenBack = new Set(look.ledger.adjustments.map((each) => each.adjustmentId));
  const instead = missing.filter((fill) => !takenBack.has(inPlaceOf(fill.fillId)));
  const standing = instead.reduce((sum, fill) => sum + deltaOfFill(look, fill), 0n);
  const replaces = rest === -standing && rest !== 0n ? adjustmentsFor(look, explained, missing) : [];
  const position: PositionDifference = {
    kind: 'position',
    ledger: formatExact(ledger),
    venue: formatExact(venue),
    missing: formatExact(explained),
    rest: formatExact(rest),
    replaces,
    instead: replaces.length === 0 ? [] : instead,
  };
  return [...found, position];
}

/** The adjustment, or all of the window together, that came to `delta`: it stood for the fills while they were missing. */
function adjustmentsFor(look: SymbolLook, delta: bigint, missing: readonly FillReport[]): readonly string[] {
  const takenBack = new Set(missing.map((fill) => inPlaceOf(fill.fillId)));
  const candidates = look.ledger.adjustments.filter(
    (each) =>
      each.time >= look.comparedFrom &&
      (each.reason === 'adopted' || each.reason === 'correction') &&
      !takenBack.has(each.adjustmentId),
  );
  const one = candidates.find((each) => parseExact(each.delta) === delta);
  if (one !== undefined) return [one.adjustmentId];
  const sum = candidates.reduce((total, each) => total + parseExact(each.delta), 0n);
  return sum === delta ? candidates.map((each) => each.adjustmentId) : [];
}

function orders(look: SymbolLook, patience: Patience): readonly Difference[] {
  const { settleMs } = patience;
  const found: Difference[] = [];
  const known = new Map(look.ledger.orders.map((order) => [order.clientOrderId, order]));
  const reports = new Map<string, OrderReport>();
  // What nobody here placed is in the ledger by the venue's name.
  const byVenueId = new Map<string, OrderReport>();
  for (const report of [...look.venue.orders, ...look.venue.openOrders]) {
    if (report.clientOrderId !== null) reports.set(report.clientOrderId, report);
    byVenueId.set(report.venueOrderId, report);
  }
  for (const order of look.ledger.orders) {
    const since = Math.max(order.intent?.time ?? 0, order.state?.time ?? 0);
    const ended = order.state !== null && isTerminal(order.state.state);
    if (ended || since > look.at - settleMs) continue;
    const report = isForeignOrderId(order.clientOrderId)
      ? byVenueId.get(order.state?.venueOrderId ?? '')
      : reports.get(order.clientOrderId);
    if (report === undefined) found.push({ kind: 'unprovenOrder', clientOrderId: order.clientOrderId, since });
    else if (isEnd(report) && isDue(look, report.venueTime, patience)) found.push({ kind: 'missedEnd', order, report });
  }
  for (const report of look.venue.openOrders) {
    if (!isDue(look, report.venueTime, patience)) continue;
    if (report.clientOrderId === null || !isOurs(look, report.clientOrderId)) {
      found.push({ kind: 'foreignOrder', report });
      continue;
    }
    const order = known.get(report.clientOrderId) ?? null;
    const state = order?.state?.state ?? null;
    if (order === null) found.push({ kind: 'unknownOrder', report, ledgerState: null });
    else if (state !== null && isTerminal(state)) found.push({ kind: 'unknownOrder', report, ledgerState: state });
  }
  return found;
}

function isEnd(report: OrderReport): report is EndReport {
  return report.status !== 'accepted' && report.status !== 'partiallyFilled';
}

function engine(look: SymbolLook, settleMs: number): readonly Difference[] {
  const { lane } = look;
  if (lane === null || lane.time > look.at - settleMs) return [];
  // Of a spot balance only what the ledger has bought is the lane's.
  const position = look.instrument.kind === 'spot' ? look.ledger.positionSize : look.venue.position.size;
  const flat = parseExact(position) === 0n;
  const wrong = flat ? lane.state === 'PositionOpen' : lane.state === 'Idle';
  return wrong ? [{ kind: 'engine', lane: lane.lane, state: lane.state, position }] : [];
}
