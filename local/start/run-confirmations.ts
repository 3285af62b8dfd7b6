import type { ConfirmationCounts, ListedConfirmation } from '#aws/confirmations.ts';

/** Longer than the longest wait between two questions (27 times the local environment's first): a venue that counts requests by the minute refuses some. */
const CONFIRM_MS = 150_000;
const LOOK_MS = 500;

/** Waits until no execution runs any more, within bounds. */
export async function awaitConfirmations(count: () => Promise<ConfirmationCounts>) {
  const deadline = performance.now() + CONFIRM_MS;
  for (;;) {
    const counts = await count();
    if (counts.running === 0 || performance.now() > deadline) {
      return {
        confirmed: counts.confirmed,
        confirmedByQuery: counts.confirmedByQuery,
        unconfirmed: counts.running + counts.unconfirmed,
      };
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Of each order `confirmed`, or how its confirmation ended otherwise. */
export function endingsOf(known: ReadonlyMap<string, ListedConfirmation>): ReadonlyMap<string, string> {
  return new Map(
    [...known].map(([id, each]) => {
      if (each.kind !== 'ended') return [id, each.kind === 'broken' ? each.reason : each.kind];
      const { state, by, reason } = each.outcome;
      return [id, state === 'Unknown' ? `Unknown by ${by}: ${reason}` : 'confirmed'];
    }),
  );
}
