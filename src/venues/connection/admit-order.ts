import type { OrderAnswer } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';

export interface OrderAdmission {
  /** Own wall time until which the venue may execute the request: before the lease ends. */
  readonly validUntil: EpochMs;
  readonly now: EpochMs;
  /** The longest window that is asked for, and the shortest that would not be refused on arrival; ms. */
  readonly maxWindowMs: number;
  readonly minWindowMs: number;
  /** Takes the request from its budget; more than 0: there is none before so many ms. */
  readonly take: () => number;
  readonly pending: number;
  readonly maxPending: number;
}

/** For how long an order request that leaves now may be good, ms; or why it does not leave. The budget is asked only where there is time left. */
export function admitOrder(request: OrderAdmission): number | Extract<OrderAnswer, { kind: 'notSent' }> {
  const { validUntil, now, maxWindowMs, minWindowMs, pending, maxPending } = request;
  const windowMs = Math.min(maxWindowMs, Math.floor(validUntil - now) - 1);
  if (!(windowMs >= minWindowMs)) {
    return { kind: 'notSent', reason: 'leaseEnds', text: `${windowMs} ms are left, ${minWindowMs} are needed` };
  }
  const waitMs = request.take();
  if (waitMs > 0) return { kind: 'notSent', reason: 'rateLimited', text: `wait ${Math.ceil(waitMs)} ms` };
  if (pending >= maxPending) {
    return { kind: 'notSent', reason: 'notReady', text: `${maxPending} requests wait for their answers` };
  }
  return windowMs;
}
