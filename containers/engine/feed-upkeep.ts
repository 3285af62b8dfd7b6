import type { FrameAccount } from '#core/events/publisher-port.ts';
import { type AccountCut, cutOf, hourOf } from '#core/market/hourly-account.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { CLOCK_ALARM_MS, createVenueClock, keepVenueClock } from '#venues/connection/venue-clock.ts';
import type { FeedRunnerOptions } from './feed-runner.ts';
import type { UnitEvents } from './unit-events.ts';

/** How far the venue's clock is from ours, as people see it. */
export interface VenueClockStatus {
  readonly offsetMs: number | null;
  readonly alarm: boolean;
}

const HOUR_MS = 3_600_000;
const CLOCK_EVERY_MS = 60_000;
const LOOK_AGAIN_MS = 5_000;
/** A difference of accounts is told as long as it lasts, an event each hour; people are told once. */
const DIFFERENCE_CODE = 'FRAMES_UNACCOUNTED';

/** What a feed looks after beside its frames: the venue's clock (F27), and the account of each connection and hour (M8). */
export class FeedUpkeep {
  readonly #options: FeedRunnerOptions;
  readonly #events: UnitEvents;
  readonly #accounts: () => readonly FrameAccount[];
  readonly #clock;
  readonly #cuts = new Map<string, AccountCut>();
  #endClock: () => void = () => undefined;
  #cancelHour: () => void = () => undefined;
  readonly #cancelLook = new Set<() => void>();

  constructor(options: FeedRunnerOptions, events: UnitEvents, accounts: () => readonly FrameAccount[]) {
    this.#options = options;
    this.#events = events;
    this.#accounts = accounts;
    this.#clock = createVenueClock(options.clock);
  }

  start(): void {
    const { venue, runtime, clock, timers, feedUnit } = this.#options;
    const queries = venue.createQueries({
      ...runtime,
      account: feedUnit,
      credentials: () => runtime.marketCredentials?.() ?? null,
    });
    this.#endClock = keepVenueClock({
      venueClock: this.#clock,
      clock,
      timers,
      ask: () => queries.serverTime(),
      everyMs: CLOCK_EVERY_MS,
      onFailure: (reason) => runtime.log('warn', 'venue time not known', { venue: venue.id, reason }),
      onAlarm: (raised, offsetMs) => this.#onClockAlarm(raised, offsetMs),
    });
    this.#nextHour();
  }

  stop(): void {
    this.#endClock();
    this.#cancelHour();
    for (const cancel of this.#cancelLook) cancel();
  }

  clockStatus(): VenueClockStatus {
    return { offsetMs: this.#clock.offsetMs(), alarm: this.#clock.alarm() };
  }

  #onClockAlarm(raised: boolean, offsetMs: number): void {
    const { venue, runtime } = this.#options;
    const offset = Math.round(offsetMs);
    runtime.log(raised ? 'error' : 'info', 'venue clock and ours', { venue: venue.id, raised, offsetMs: offset });
    this.#alert(
      raised ? 'warning' : 'info',
      raised ? 'VENUE_CLOCK_APART' : 'VENUE_CLOCK_TOGETHER',
      `the clock of ${venue.id} is ${offset} ms ahead of ours; ${CLOCK_ALARM_MS} ms are tolerated`,
    );
  }

  #nextHour(): void {
    const { clock, timers } = this.#options;
    const now = clock.epochMs();
    const end = (Math.floor(now / HOUR_MS) + 1) * HOUR_MS;
    this.#cancelHour = timers.after(end - now, () => {
      this.#closeHour(end as EpochMs);
      this.#nextHour();
    });
  }

  #closeHour(hourEnd: EpochMs): void {
    for (const account of this.#accounts()) {
      const key = keyOf(account);
      const before = this.#cuts.get(key) ?? null;
      const cut = cutOf(account);
      const known = before ?? { received: 0, published: 0, shed: 0 };
      // Nothing came, and nothing was on its way: such an hour has no account.
      if (known.received === cut.received && known.published + known.shed === cut.received) continue;
      this.#cuts.set(key, cut);
      const hour = hourOf(before, cut);
      this.#events.emit(
        { type: 'feed.hour', body: { connection: account.connection, hourEnd, ...hour } },
        null,
        this.#options.clock.epochMs(),
      );
      if (hour.difference !== 0) this.#lookAgain(key, before);
    }
  }

  /** The counts are written by another thread, one after the other: what is a difference still is one a moment later. */
  #lookAgain(key: string, before: AccountCut | null): void {
    this.#cancelLook.add(
      this.#options.timers.after(LOOK_AGAIN_MS, () => {
        const account = this.#accounts().find((each) => keyOf(each) === key);
        if (account === undefined) return;
        const { difference } = hourOf(before, cutOf(account));
        if (difference === 0) return;
        const { connection, received, published, shed } = account;
        this.#alert(
          'critical',
          DIFFERENCE_CODE,
          `connection=${connection} difference=${difference} received=${received} published=${published} shed=${shed}`,
        );
      }),
    );
  }

  #alert(severity: 'info' | 'warning' | 'critical', code: string, text: string): void {
    const body = { severity, code, text, dedupeKey: `${this.#options.venue.id}/${code}` };
    this.#events.emit({ type: 'alert', body }, null, this.#options.clock.epochMs());
  }
}

function keyOf({ epoch, connection }: FrameAccount): string {
  return `${epoch} ${connection}`;
}
