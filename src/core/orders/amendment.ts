import type { Price, Size } from '../market/scaled-decimal.ts';
import type { EpochMs, MonoNanos } from '../time/clock.ts';

/**
 * What became of a request to amend an order, apart from what became of the order (F14). `applied`: the venue said that the order has the new terms. `refused`: the venue said no. `notSent`: nothing left
 * the process. `lapsed`: long after the request could last be carried out, the venue says that the order has its old terms. `overtaken`: the order ended first.
 */
export const AMENDMENT_OUTCOMES = ['applied', 'refused', 'notSent', 'lapsed', 'overtaken'] as const;
export type AmendmentOutcome = (typeof AMENDMENT_OUTCOMES)[number];

/** An amendment under way: at most one of an order, and the next only when this one's outcome is known. */
export interface Amendment {
  readonly price: Price;
  /** Total size, not remainder. */
  readonly size: Size;
  readonly sentAt: MonoNanos;
  /** Latest time of the venue that was known when it was sent: what the venue said before cannot be about it. */
  readonly knownAt: EpochMs;
  /** The venue's own word that the order has these terms has come. */
  applied: boolean;
  /** The answer to the request has come, whatever it was. */
  answered: boolean;
}
