import type { EpochMs } from '../time/clock.ts';
import type { MarketHours, MarketSession } from './market-hours.ts';

/** Remembers the session that a market is in, so that asking costs two comparisons; a clock that is set back or forth is seen by them as well. */
export class SessionClock {
  readonly #hours: MarketHours;
  #session: MarketSession | null = null;

  constructor(hours: MarketHours) {
    this.#hours = hours;
  }

  at(now: EpochMs): MarketSession {
    const known = this.#session;
    if (known !== null && now >= known.from && now < known.until) return known;
    const session = this.#hours(now);
    this.#session = session;
    return session;
  }

  /** Why nothing may be opened at `now`, or null: closed, or less than `stopBeforeCloseMs` before the close. */
  refuses(now: EpochMs, stopBeforeCloseMs: number): string | null {
    const session = this.at(now);
    if (!session.open) return `opens=${instant(session.until)}`;
    return now < session.until - stopBeforeCloseMs
      ? null
      : `closes=${instant(session.until)} entriesEndMinutesBefore=${stopBeforeCloseMs / 60_000}`;
  }
}

function instant(at: EpochMs): string {
  return new Date(at).toISOString();
}
