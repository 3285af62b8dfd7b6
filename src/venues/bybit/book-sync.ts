import type { BookScales } from '#core/market/book-writer.ts';
import { SnapshotBookSync, type SnapshotStreamRule } from '../connection/snapshot-book-sync.ts';

const RULE: SnapshotStreamRule = {
  change: 'delta',
  isOldSnapshot: ({ lastSequence }, sequence) => lastSequence === sequence && lastSequence !== 1,
  isRepeated: (delta, sequence) => delta.lastSequence === sequence,
  gap: (delta, sequence) =>
    delta.lastSequence === sequence + 1 ? null : `gap: u=${delta.lastSequence} after u=${sequence}`,
};

/**
 * Local book of Bybit (V5 documentation, "Orderbook"): the subscription begins with a snapshot, deltas follow, and a snapshot at any time replaces
 * the book (`u` 1: the venue's service has restarted). The pages do not promise that `u` rises by one; on every recorded frame it does, so anything
 * else is taken as a gap and answered by a new subscription. The same `u` again is a repetition.
 */
export class BybitBookSync extends SnapshotBookSync {
  constructor(symbol: string, scales: BookScales) {
    super(symbol, scales, RULE);
  }
}
