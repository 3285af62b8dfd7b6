import type { LedgerAdjustment } from './ledger-entry.ts';

/** Which adjustments a recovery had before it when it compared the ledger with the venue. */
export interface KnownAdjustments {
  /** All of earlier epochs it knew, or would never have missed. */
  readonly fromEpoch: number;
  /** Ids of those that it knew, of this epoch and later ones. */
  readonly known: readonly string[];
}

type Adjustment = Pick<LedgerAdjustment, 'adjustmentId' | 'reason' | 'epoch' | 'sequence' | 'time' | 'supersedes'>;

/** What the venue states by an id of its own is true whoever tells it, and is never taken back. */
const OWN_WORD: ReadonlySet<LedgerAdjustment['reason']> = new Set(['opening', 'adopted', 'correction', 'recovered']);

/** What a recovery says of the adjustments that it read: those since the newest recovery among them, which has said the same of what was before it. */
export function knownAdjustments(
  adjustments: readonly Pick<Adjustment, 'adjustmentId' | 'epoch' | 'supersedes'>[],
): KnownAdjustments {
  const fromEpoch = adjustments.reduce(
    (newest, each) => (each.supersedes === undefined ? newest : Math.max(newest, each.epoch)),
    0,
  );
  const known = adjustments.filter((each) => each.epoch >= fromEpoch && each.epoch > 0);
  return { fromEpoch, known: known.map((each) => each.adjustmentId).sort() };
}

/**
 * Adjustments of one symbol that do not count, by id. A successor that read the ledger before a correction of its predecessor had come in made the venue's position its own: what it adjusted
 * comprises that correction, and counting both would count it twice. So a recovery names the adjustments it knew, and those of earlier leases that it did not know are void, whenever they
 * arrive. What is void takes nothing back itself. Corrections from outside any engine (epoch 0) are not concerned.
 */
export function supersededAdjustments(adjustments: readonly Adjustment[]): ReadonlySet<string> {
  const told = adjustments.filter((each) => each.epoch > 0).sort(inTellingOrder);
  const superseded = new Set<string>();
  for (let index = told.length - 1; index >= 0; index -= 1) {
    const recovery = told[index];
    if (recovery?.supersedes === undefined || superseded.has(recovery.adjustmentId)) continue;
    const { fromEpoch, known } = recovery.supersedes;
    const had = new Set(known);
    for (let earlier = index - 1; earlier >= 0; earlier -= 1) {
      const each = told[earlier];
      if (each === undefined || each.epoch < fromEpoch) break;
      if (OWN_WORD.has(each.reason) && !had.has(each.adjustmentId)) superseded.add(each.adjustmentId);
    }
  }
  return superseded;
}

/** Those of `chosen` that count, judged by all that are known of the symbol. */
export function countingAdjustments<Chosen extends Adjustment>(
  chosen: readonly Chosen[],
  all: readonly Adjustment[] = chosen,
): readonly Chosen[] {
  const superseded = supersededAdjustments(all);
  return superseded.size === 0 ? chosen : chosen.filter((each) => !superseded.has(each.adjustmentId));
}

function inTellingOrder(left: Adjustment, right: Adjustment): number {
  if (left.epoch !== right.epoch) return left.epoch - right.epoch;
  // The wall clock may step back within a lease; what is told is counted.
  if (left.sequence !== undefined && right.sequence !== undefined && left.sequence !== right.sequence)
    return left.sequence - right.sequence;
  if (left.time !== right.time) return left.time - right.time;
  return left.adjustmentId < right.adjustmentId ? -1 : 1;
}
