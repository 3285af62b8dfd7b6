import { formatExact, parseExact } from '../ledger/exact-decimal.ts';
import type { LedgerAdjustment, LedgerFill } from '../ledger/ledger-entry.ts';
import type { CheckpointFold } from '../ledger/ledger-index.ts';
import { foldPosition } from '../ledger/position-fold.ts';
import { countingAdjustments } from '../ledger/superseded-adjustments.ts';

/** What the ledger has of one symbol of an account. */
export interface AuditedPlace {
  readonly venue: LedgerFill['venue'];
  readonly symbol: string;
  readonly fills: readonly LedgerFill[];
  readonly adjustments: readonly LedgerAdjustment[];
  /** The checkpoint and what came after it; null: there is none. */
  readonly checkpoint: {
    readonly fold: CheckpointFold;
    readonly fills: readonly LedgerFill[];
    readonly adjustments: readonly LedgerAdjustment[];
  } | null;
}

/** Position = opening + fills + evidenced adjustments (invariant 2), and what of that does not hold. */
export interface PlaceVerdict {
  readonly venue: string;
  readonly symbol: string;
  /** Decimal text. */
  readonly position: string;
  readonly fills: number;
  readonly adjustments: number;
  readonly faults: readonly string[];
}

/** Counts a position once more, by plain sums and by its checkpoint, and holds both against the fold that everything else goes by. */
export function auditPlace({ venue, symbol, fills, adjustments, checkpoint }: AuditedPlace): PlaceVerdict {
  const counting = countingAdjustments(adjustments);
  const { size } = foldPosition(venue, symbol, fills, adjustments);
  const faults: string[] = [];
  const summed = sumOf(fills, counting);
  if (summed !== parseExact(size))
    faults.push(`position ${size}, fills and adjustments come to ${formatExact(summed)}`);
  if (checkpoint !== null) {
    const { fold } = checkpoint;
    const later = new Set(checkpoint.adjustments.map((each) => each.adjustmentId));
    const since =
      parseExact(fold.size) +
      sumOf(
        checkpoint.fills,
        counting.filter((each) => later.has(each.adjustmentId)),
      );
    if (since !== summed)
      faults.push(
        `its checkpoint and what came after it come to ${formatExact(since)}, everything to ${formatExact(summed)}`,
      );
  }
  for (const { adjustmentId, evidence, delta } of counting) {
    if (evidence.trim() === '') faults.push(`adjustment ${adjustmentId} of ${delta} has no evidence`);
  }
  return { venue, symbol, position: size, fills: fills.length, adjustments: counting.length, faults };
}

/** Signed size of fills (less what a fee took from the position) and adjustments, 10^-18 units. */
function sumOf(fills: readonly LedgerFill[], adjustments: readonly LedgerAdjustment[]): bigint {
  let sum = 0n;
  for (const fill of fills) {
    const size = parseExact(fill.size);
    sum += (fill.side === 'buy' ? size : -size) - parseExact(fill.positionFee ?? '0');
  }
  for (const each of adjustments) sum += parseExact(each.delta);
  return sum;
}
