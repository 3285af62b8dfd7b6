/**
 * Id of the adjustment that takes back what stood for an execution while nobody had told it. It is the same whoever writes it, engine or reconciler: the ledger counts it once.
 */
export function inPlaceOf(fillId: string): string {
  return `in-place-of/${fillId}`;
}
