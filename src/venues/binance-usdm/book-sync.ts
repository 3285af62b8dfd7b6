import type { BookScales } from '#core/market/book-writer.ts';
import { BinanceBookSync, type SequenceRule } from '../binance/book-sync.ts';

/**
 * "How to manage a local order book correctly" of USD-M futures: diffs `{U, u, pu}`, a snapshot `{lastUpdateId}`; drop `u < lastUpdateId`, the first one applied
 * has `U <= lastUpdateId <= u` or `pu == lastUpdateId`, every later one `pu ==` the previous `u`. `U` says nothing: other symbols share its counter.
 */
const RULE: SequenceRule = {
  isOlder: (diff, sequence) => diff.lastSequence < sequence,
  joins: (diff, sequence) =>
    (diff.firstSequence <= sequence && sequence <= diff.lastSequence) || diff.previousSequence === sequence,
  isRepeated: (diff, sequence) => diff.lastSequence <= sequence && (diff.previousSequence ?? Number.NaN) <= sequence,
  gap: (diff, sequence) =>
    diff.previousSequence === sequence ? null : `gap: pu=${diff.previousSequence ?? Number.NaN} after u=${sequence}`,
};

/** Local book of USD-M futures. */
export class BinanceUsdmBookSync extends BinanceBookSync {
  constructor(symbol: string, scales: BookScales) {
    super(symbol, scales, RULE);
  }
}
