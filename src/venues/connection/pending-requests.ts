import type { Timers } from '#core/time/clock.ts';

/** What became of a request that waited for its answer. */
export type RequestOutcome<Answer> =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'linkLost'; readonly reason: string };

export interface PendingRequests<Answer> {
  readonly size: number;
  /**
   * Waits for the answer to `id`; `settle` is called exactly once. `session` is the connection it was written to.
   * False, and nothing is kept, if the bound is reached or `id` is waiting already.
   */
  add(id: string, session: number, timeoutMs: number, settle: (outcome: RequestOutcome<Answer>) => void): boolean;
  /** Hands over an answer. False: nobody waits for it (late, repeated or not ours). */
  answer(id: string, answer: Answer): boolean;
  /** Settles a request without an answer because its connection went. */
  fail(id: string, reason: string): boolean;
  /** Settles every request of one session, oldest first. */
  failSession(session: number, reason: string): void;
  failAll(reason: string): void;
}

interface Waiting<Answer> {
  readonly session: number;
  readonly settle: (outcome: RequestOutcome<Answer>) => void;
  readonly cancelTimer: () => void;
}

/** Requests that wait for their answers by id; bounded, and each settles exactly once. */
export function createPendingRequests<Answer>(timers: Timers, maxPending: number): PendingRequests<Answer> {
  const waiting = new Map<string, Waiting<Answer>>();

  function settle(id: string, outcome: RequestOutcome<Answer>): boolean {
    const request = waiting.get(id);
    if (request === undefined) return false;
    waiting.delete(id);
    request.cancelTimer();
    request.settle(outcome);
    return true;
  }

  function failWhere(chosen: (request: Waiting<Answer>) => boolean, reason: string): void {
    for (const [id, request] of [...waiting]) if (chosen(request)) settle(id, { kind: 'linkLost', reason });
  }

  return {
    get size() {
      return waiting.size;
    },
    add(id, session, timeoutMs, onSettled) {
      if (waiting.size >= maxPending || waiting.has(id)) return false;
      const cancelTimer = timers.after(timeoutMs, () => settle(id, { kind: 'timeout' }));
      waiting.set(id, { session, settle: onSettled, cancelTimer });
      return true;
    },
    answer: (id, answer) => settle(id, { kind: 'answer', answer }),
    fail: (id, reason) => settle(id, { kind: 'linkLost', reason }),
    failSession: (session, reason) => failWhere((request) => request.session === session, reason),
    failAll: (reason) => failWhere(() => true, reason),
  };
}
