import type { Clock, Timers } from '#core/time/clock.ts';
import { createRateBudget } from './rate-budget.ts';

/** When the client messages of one connection may leave. */
export interface SendPace {
  /** Runs now, or in its turn as soon as the venue's limit allows. Returns what takes it out of the line. */
  whenAllowed(send: () => void): () => void;
  /** A message that leaves at once, whatever the line is: heartbeats and replies. It counts like any other. */
  count(): void;
  /** Requests that wait. */
  readonly waiting: number;
  /** The connection is gone: what waits will not be sent. */
  end(): void;
}

const SECOND_MS = 1_000;
/** One message of each second is kept for heartbeats, replies, and the pongs that the transport sends by itself. */
const RESERVE = 1;

/**
 * Keeps a venue's limit of client messages a second on one connection: requests wait in order, none is refused for its pace. `perSecond` null: no limit.
 * The window rolls, so that no second anywhere holds more than `perSecond`.
 */
export function createSendPace(clock: Clock, timers: Timers, perSecond: number | null): SendPace {
  if (perSecond === null) {
    return {
      whenAllowed(send) {
        send();
        return () => undefined;
      },
      count: () => undefined,
      waiting: 0,
      end: () => undefined,
    };
  }
  const budget = createRateBudget(clock, {
    capacity: perSecond,
    windowMs: SECOND_MS,
    cancelReserve: perSecond > RESERVE ? RESERVE : 0,
  });
  const line: (() => void)[] = [];
  let cancel: (() => void) | null = null;
  let draining = false;

  function drain(): void {
    if (draining || cancel !== null) return;
    draining = true;
    for (let next = line[0]; next !== undefined; next = line[0]) {
      const waitMs = budget.take('normal');
      if (waitMs > 0) {
        cancel = timers.after(waitMs, () => {
          cancel = null;
          drain();
        });
        break;
      }
      line.shift();
      next();
    }
    draining = false;
  }

  return {
    whenAllowed(send) {
      line.push(send);
      drain();
      return () => {
        const at = line.indexOf(send);
        if (at >= 0) line.splice(at, 1);
      };
    },
    count() {
      budget.force(1);
    },
    get waiting() {
      return line.length;
    },
    end() {
      line.length = 0;
      cancel?.();
      cancel = null;
    },
  };
}
