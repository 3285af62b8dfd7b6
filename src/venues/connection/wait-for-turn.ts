import { VenueError } from '#core/orders/venue-error.ts';
import type { Timers } from '#core/time/clock.ts';

/** Longest wait for a turn. */
const MAX_WAIT_MS = 2_000;
/** `code` of an error that proves that nothing was sent. */
export const RATE_BUDGET = 'RATE_BUDGET';

/** Waits until `take` grants a turn of a budget (0). Rejects with `RATE_BUDGET` (class `retry`) where that is longer than a caller can be kept for. */
export async function waitForTurn(timers: Timers, path: string, take: () => number): Promise<void> {
  for (let waitMs = take(); waitMs > 0; waitMs = take()) {
    if (waitMs > MAX_WAIT_MS) {
      throw new VenueError('retry', RATE_BUDGET, `path=${path} wait=${Math.ceil(waitMs)} ms`, waitMs);
    }
    const turn = Math.ceil(waitMs);
    await new Promise<void>((resolve) => timers.after(turn, resolve));
  }
}
