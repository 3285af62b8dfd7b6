import type { BookScales } from '#core/market/book-writer.ts';
import { BinanceBookSync, type SequenceRule } from '../binance/book-sync.ts';

/**
 * "How to manage a local order book correctly" of spot: diffs `{U, u}`, a snapshot `{lastUpdateId}`; drop `u <= lastUpdateId`, the first one applied has
 * `U <= lastUpdateId + 1 <= u`, no later one a `U` above the last `u` + 1. Sizes are absolute, so one that reaches back behind the last is applied whole.
 */
const RULE: SequenceRule = {
  isOlder: (diff, sequence) => diff.lastSequence <= sequence,
  joins: (diff, sequence) => diff.firstSequence <= sequence + 1 && sequence + 1 <= diff.lastSequence,
  isRepeated: (diff, sequence) => diff.lastSequence <= sequence,
  gap: (diff, sequence) =>
    diff.firstSequence <= sequence + 1 ? null : `gap: U=${diff.firstSequence} after u=${sequence}`,
};

/** Local book of a spot pair. */
export class BinanceSpotBookSync extends BinanceBookSync {
  constructor(symbol: string, scales: BookScales) {
    super(symbol, scales, RULE);
  }
}
