import { listConfirmations } from '#aws/confirmations.ts';
import type { LedgerIndexReader, LedgerMoves } from '#aws/ledger-checkpoints.ts';
import type { LedgerReader } from '#aws/ledger-reader.ts';
import { type AuditSelection, auditUnit } from '#core/audit/audit-ledger.ts';
import type { AuditedConfirmation } from '#core/audit/audit-order.ts';
import { auditPlace, type PlaceVerdict } from '#core/audit/audit-positions.ts';
import { type UnitRef, unitId } from '#core/control/unit.ts';
import type { LedgerAdjustment, LedgerFill } from '#core/ledger/ledger-entry.ts';
import { placeOf } from '#core/ledger/ledger-index.ts';
import { orderLines, placeLines } from './audit-text.ts';

export interface AuditParts {
  readonly ledger: LedgerReader;
  readonly index: Pick<LedgerIndexReader, 'checkpoint' | 'moves'>;
  /** Null: confirmations are not compared. */
  readonly confirmations: (() => Promise<ReadonlyMap<string, AuditedConfirmation>>) | null;
  readonly print: (line: string) => void;
  /** Wall clock, ms. */
  readonly nowMs: () => number;
}

/** How many orders were audited, by what came of it. `faults`: of positions and of executions without an order. */
export interface AuditCounts {
  readonly orders: number;
  readonly proven: number;
  readonly unproven: number;
  readonly open: number;
  readonly faults: number;
}

/** Prints what the ledger has of each order and position of these units, with its evidence and what of it does not hold, and at the end how many are proven. */
export async function auditUnits(
  parts: AuditParts,
  units: readonly UnitRef[],
  selection: AuditSelection,
): Promise<AuditCounts> {
  const counts = { proven: 0, unproven: 0, open: 0, faults: 0 };
  const confirmations = (await parts.confirmations?.()) ?? null;
  for (const unit of units) {
    // Orders first: what is executed meanwhile then lacks no execution.
    const orders = await parts.ledger.readOrders(unit);
    const [fills, adjustments] = await Promise.all([parts.ledger.readFills(unit), parts.ledger.readAdjustments(unit)]);
    const audit = auditUnit({ unit, orders, fills, confirmations }, selection, parts.nowMs());
    parts.print(`unit ${unitId(unit)}`);
    for (const { audited, verdict } of audit.orders) {
      counts[verdict.verdict] += 1;
      for (const line of orderLines(audited, verdict)) parts.print(line);
    }
    if (selection.clientOrderId !== null) continue;
    for (const fill of audit.orphans) {
      // An order that was begun after the orders were read.
      if (fill.clientOrderId !== null && (await parts.ledger.readOrder(unit, fill.clientOrderId)) !== null) continue;
      counts.faults += 1;
      parts.print(`FAULT execution ${fill.fillId} of ${fill.clientOrderId}: the ledger does not have its order`);
    }
    for (const verdict of await placesOf(parts, unit, fills, adjustments)) {
      counts.faults += verdict.faults.length;
      for (const line of placeLines(verdict)) parts.print(line);
    }
  }
  const orders = counts.proven + counts.unproven;
  if (counts.open > 0) parts.print(`${counts.open} orders have not ended`);
  if (counts.faults > 0) parts.print(`${counts.faults} faults of positions`);
  parts.print(`${orders} orders, ${counts.proven} proven, ${counts.unproven} unproven`);
  return { orders, ...counts };
}

async function placesOf(
  { index, ledger }: AuditParts,
  unit: UnitRef,
  fills: readonly LedgerFill[],
  adjustments: readonly LedgerAdjustment[],
): Promise<readonly PlaceVerdict[]> {
  const { venue } = unit;
  const ofVenue = [...fills, ...adjustments].filter((each) => each.venue === venue);
  const symbols = [...new Set(ofVenue.map((each) => each.symbol))].sort();
  const verdicts: PlaceVerdict[] = [];
  for (const symbol of symbols) {
    const mine = (each: { readonly venue: string; readonly symbol: string }) =>
      each.venue === venue && each.symbol === symbol;
    const place = placeOf(venue, symbol);
    const fold = (await index.checkpoint(unit, place))?.fold ?? null;
    const moved = fold === null ? null : await index.moves(unit, place, fold.through);
    const since = moved === null ? null : await withoutNews(ledger, unit, moved, { fills, adjustments });
    verdicts.push(
      auditPlace({
        venue,
        symbol,
        fills: fills.filter(mine),
        adjustments: adjustments.filter(mine),
        checkpoint: fold === null || since === null ? null : { fold, ...since },
      }),
    );
  }
  return verdicts;
}

/** What the index has, but for what was written after the ledger had been read: what is in neither reading of the ledger stays, as a fault. */
async function withoutNews(
  ledger: LedgerReader,
  unit: UnitRef,
  moved: Pick<LedgerMoves, 'fills' | 'adjustments'>,
  read: Pick<LedgerMoves, 'fills' | 'adjustments'>,
): Promise<Pick<LedgerMoves, 'fills' | 'adjustments'>> {
  const fillKey = ({ venue, symbol, fillId }: LedgerFill) => `${venue}#${symbol}#${fillId}`;
  const [fills, adjustments] = [
    new Set(read.fills.map(fillKey)),
    new Set(read.adjustments.map((each) => each.adjustmentId)),
  ];
  const isNew = {
    fill: (fill: LedgerFill) => !fills.has(fillKey(fill)),
    adjustment: ({ adjustmentId }: LedgerAdjustment) => !adjustments.has(adjustmentId),
  };
  if (!moved.fills.some(isNew.fill) && !moved.adjustments.some(isNew.adjustment)) return moved;
  const [laterFills, laterAdjustments] = await Promise.all([ledger.readFills(unit), ledger.readAdjustments(unit)]);
  const arrived = {
    fills: new Set(laterFills.map(fillKey)),
    adjustments: new Set(laterAdjustments.map((each) => each.adjustmentId)),
  };
  return {
    fills: moved.fills.filter((fill) => !(isNew.fill(fill) && arrived.fills.has(fillKey(fill)))),
    adjustments: moved.adjustments.filter(
      (each) => !(isNew.adjustment(each) && arrived.adjustments.has(each.adjustmentId)),
    ),
  };
}

/** The executions of the confirmation machine, by order. */
export async function confirmationsOf(
  ...listing: Parameters<typeof listConfirmations>
): Promise<ReadonlyMap<string, AuditedConfirmation>> {
  const listed = await listConfirmations(...listing);
  return new Map(
    listed.map((each): [string, AuditedConfirmation] => {
      if (each.kind === 'ended') {
        const { state, by, reason } = each.outcome;
        return [each.clientOrderId, { kind: 'ended', state, by, reason }];
      }
      return [each.clientOrderId, each.kind === 'running' ? { kind: 'running' } : each];
    }),
  );
}
