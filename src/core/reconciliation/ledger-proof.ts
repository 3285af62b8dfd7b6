import { parseExact } from '../ledger/exact-decimal.ts';
import type { SymbolLook } from './symbol-look.ts';

/**
 * Whether a difference of positions is the ledger's alone. `proven`: the engine said, after the venue had been asked for the first time, that it holds what the venue holds: all that it had told until then is in the
 * ledger, a unit's events come in their order, and it will tell nothing more about this. `engineIsAtIt`: it said that it holds something else: what it does about that is still to come. `unproven`: nobody can say
 * what is on its way to the ledger.
 */
export interface LedgerProof {
  readonly kind: 'proven' | 'engineIsAtIt' | 'unproven';
  /** One line; of a proof ''. */
  readonly reason: string;
}

/** Corrections beside the engine's own would be made twice: so the ledger's position is corrected only where this is a proof. */
export function proofOf(first: SymbolLook, second: SymbolLook): LedgerProof {
  const { engine, venue } = second;
  if (engine === null) return { kind: 'unproven', reason: 'no engine has said what it holds' };
  if (engine.time < first.at) {
    const agoMs = second.at - engine.time;
    return {
      kind: 'unproven',
      reason: `the ledger has an engine's last word of what it holds from ${agoMs} ms ago, before the venue was asked`,
    };
  }
  const held = parseExact(engine.held);
  if (held === parseExact(engine.venue) && held === parseExact(venue.position.size))
    return { kind: 'proven', reason: '' };
  return {
    kind: 'engineIsAtIt',
    reason: `the engine held ${engine.held} and saw ${engine.venue} at the venue, which says ${venue.position.size}: it compares by itself`,
  };
}
