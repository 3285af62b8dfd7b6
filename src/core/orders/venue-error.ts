import { MillraceError } from '../errors.ts';
import type { VenueErrorClass } from './venue-ports.ts';

const ERROR_CLASS_OF = {
  retry: 'retryable',
  clock: 'retryable',
  unknown: 'unknown',
  alreadySo: 'rejected',
  notFound: 'rejected',
  keys: 'configuration',
  reject: 'rejected',
} as const;

/** A venue's refusal or failure, classed. `retryAfterMs` is the wait that the venue stated, if it did. */
export class VenueError extends MillraceError {
  readonly venueClass: VenueErrorClass;
  readonly venueCode: string;
  readonly retryAfterMs: number | null;

  constructor(venueClass: VenueErrorClass, venueCode: string, text: string, retryAfterMs: number | null = null) {
    super(ERROR_CLASS_OF[venueClass], 'VENUE_REFUSED', `class=${venueClass} code=${venueCode} text=${text}`);
    this.name = 'VenueError';
    this.venueClass = venueClass;
    this.venueCode = venueCode;
    this.retryAfterMs = retryAfterMs;
  }
}
