import { Histogram } from '#core/metrics/histogram.ts';

/** What the engine counts and measures; latencies in microseconds. One object, written by the hot path, read by `/metrics` and `/status`. */
export class EngineMetrics {
  /** Book in hand → strategy, risk and intent: the lane's step, with nothing sent yet. */
  readonly decision = new Histogram();
  /** Frame on the socket → order handed to the socket. */
  readonly tickToOrder = new Histogram();
  /** Order handed to the socket → the venue's acknowledgement. */
  readonly orderToAck = new Histogram();
  badFrames = 0;
  errors = 0;
  takeovers = 0;
  /** Times that a part fell silent, and that one was begun anew (H13). */
  silentParts = 0;
  restartedParts = 0;
  readonly orders = new Map<string, number>();
  /** What was dropped, by reason: nothing is without a count (H5). */
  readonly dropped = new Map<string, number>();

  count(what: string): void {
    this.orders.set(what, (this.orders.get(what) ?? 0) + 1);
  }

  drop(reason: string): void {
    this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + 1);
  }
}
