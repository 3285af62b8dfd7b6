import type { BookScales } from '#core/market/book-writer.ts';
import { SnapshotBookSync, type SnapshotStreamRule } from '../connection/snapshot-book-sync.ts';

const RULE: SnapshotStreamRule = {
  change: 'change',
  // One that is older than the book belongs to a connection that is being replaced.
  isOldSnapshot: (snapshot, sequence) => snapshot.lastSequence <= sequence,
  isRepeated: (change, sequence) => change.lastSequence <= sequence,
  gap: ({ previousSequence }, sequence) =>
    previousSequence === sequence ? null : `gap: prev_change_id=${previousSequence} after change_id=${sequence}`,
};

/**
 * Local book of Deribit ("book.{instrument_name}.{interval}"): the subscription begins with a snapshot, and each change names the one before it; another one
 * is a gap, answered by a new subscription. A change that is not newer than the book is a repetition.
 */
export class DeribitBookSync extends SnapshotBookSync {
  constructor(symbol: string, scales: BookScales) {
    super(symbol, scales, RULE);
  }
}
