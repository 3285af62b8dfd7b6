import type { SymbolLook } from './symbol-look.ts';

/**
 * Why two looks at a symbol are not the same standing picture, or null: only what stands still for `settleMs`, with no execution younger than that, may be corrected. What moves
 * is on its way, and a correction of it would count it twice.
 */
export function whyUnsettled(first: SymbolLook, second: SymbolLook, settleMs: number): string | null {
  if (second.at - first.at < settleMs) return `only ${second.at - first.at} ms lie between the two looks`;
  if (!first.venue.quiet || !second.venue.quiet) return 'the venue executed while it was asked';
  const youngest = second.venue.fills.reduce((latest, fill) => Math.max(latest, fill.venueTime), 0);
  if (youngest > second.at - settleMs) return `the venue's last execution is ${second.at - youngest} ms old`;
  if (first.venue.position.size !== second.venue.position.size) return "the venue's position moved";
  if (textOf(first.venue.fills) !== textOf(second.venue.fills)) return "the venue's executions changed";
  if (first.ledger.positionSize !== second.ledger.positionSize) return "the ledger's position moved";
  if (textOf(first.ledger.fills) !== textOf(second.ledger.fills)) return 'the ledger took in executions';
  return null;
}

function textOf(fills: readonly { readonly fillId: string }[]): string {
  return fills
    .map((fill) => fill.fillId)
    .sort()
    .join(' ');
}
