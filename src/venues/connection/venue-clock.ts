import { messageOf } from '#core/errors.ts';
import { type Clock, type EpochMs, type MonoNanos, nanosFromMs, type Timers } from '#core/time/clock.ts';

/** Beyond this difference of wall clock and venue clock people are told (F27). */
export const CLOCK_ALARM_MS = 250;

export interface VenueClockOptions {
  /** Samples whose round trip took longer say too little and are not used. */
  readonly maxRoundTripMs?: number;
  /** How many of the latest samples the median is taken of. */
  readonly samples?: number;
}

export interface VenueClock {
  /**
   * Takes one reading: the venue said `venueTime` in answer to a request sent and answered at these monotonic times.
   * False if its round trip was too long to be of use.
   */
  sample(sentAt: MonoNanos, receivedAt: MonoNanos, venueTime: EpochMs): boolean;
  /** The venue has refused a time that was made here: the next reading takes the place of all before it, so that no majority of old ones outvotes a step of either clock. */
  distrust(): void;
  /** The venue's time now, as late as can be without being ahead of it. Before the first sample: the wall clock. Follows the monotonic clock: steps of the wall clock do not matter. */
  venueNow(): EpochMs;
  /** Venue time minus wall time, best estimate, in ms; null before the first sample. */
  offsetMs(): number | null;
  /** Wall and venue clock are further apart than `CLOCK_ALARM_MS`. */
  alarm(): boolean;
  /** There is a reading, and the venue has refused none of its times since. */
  synced(): boolean;
}

/**
 * Offset to a venue's clock from the median of samples bounded by their round trips (F27). The venue read its clock before the answer came,
 * so `venueTime - receivedAt` never lies above the true offset, and neither does the median of such bounds.
 */
export function createVenueClock(clock: Clock, options: VenueClockOptions = {}): VenueClock {
  const maxRoundTrip = nanosFromMs(options.maxRoundTripMs ?? 1_000);
  const capacity = options.samples ?? 9;
  const lowerBounds: number[] = [];
  const midpoints: number[] = [];
  /** Median of the bounds: asked for by every order, changed only by a sample. */
  let lowerBound = 0;
  let distrusted = false;

  function offsetMs(): number | null {
    if (midpoints.length === 0) return null;
    return median(midpoints) + clock.monoNanos() / 1e6 - clock.epochMs();
  }

  return {
    sample(sentAt, receivedAt, venueTime) {
      const roundTrip = receivedAt - sentAt;
      if (!(roundTrip >= 0 && roundTrip <= maxRoundTrip) || !Number.isFinite(venueTime)) return false;
      if (distrusted) {
        distrusted = false;
        lowerBounds.length = 0;
        midpoints.length = 0;
      }
      lowerBounds.push(venueTime - receivedAt / 1e6);
      midpoints.push(venueTime - (sentAt + receivedAt) / 2e6);
      if (lowerBounds.length > capacity) {
        lowerBounds.shift();
        midpoints.shift();
      }
      lowerBound = median(lowerBounds);
      return true;
    },
    distrust() {
      distrusted = true;
    },
    venueNow() {
      if (lowerBounds.length === 0) return clock.epochMs();
      return Math.floor(lowerBound + clock.monoNanos() / 1e6) as EpochMs;
    },
    offsetMs,
    alarm() {
      const offset = offsetMs();
      return offset !== null && Math.abs(offset) > CLOCK_ALARM_MS;
    },
    synced: () => lowerBounds.length > 0 && !distrusted,
  };
}

/** The lower median: never above the middle value, so that a bound stays a bound. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? 0;
}

export interface VenueClockKeeperOptions {
  readonly venueClock: VenueClock;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Asks the venue for its time. */
  readonly ask: () => Promise<EpochMs>;
  readonly onFailure: (text: string) => void;
  /** The clocks have come too far apart (`alarm`), or are together again: told once for each change. */
  readonly onAlarm?: (raised: boolean, offsetMs: number) => void;
  readonly everyMs?: number;
}

/** Reads the venue's clock a few times at once, then at intervals. Returns what ends it. */
export function keepVenueClock(options: VenueClockKeeperOptions): () => void {
  const everyMs = options.everyMs ?? 30_000;
  let stopped = false;
  let cancel: () => void = () => undefined;
  let quick = 3;
  let alarmed = false;
  const look = (): void => {
    if (options.venueClock.alarm() === alarmed) return;
    alarmed = !alarmed;
    options.onAlarm?.(alarmed, options.venueClock.offsetMs() ?? 0);
  };
  const round = (): void => {
    takeSample(options.venueClock, options.clock, options.ask)
      .then(look, (error: unknown) => options.onFailure(messageOf(error)))
      .finally(() => {
        if (stopped) return;
        quick = Math.max(0, quick - 1);
        cancel = options.timers.after(quick > 0 ? 200 : everyMs, round);
      });
  };
  round();
  return () => {
    stopped = true;
    cancel();
  };
}

/** Asks once and takes the sample. */
export async function takeSample(venueClock: VenueClock, clock: Clock, ask: () => Promise<EpochMs>): Promise<void> {
  const sentAt = clock.monoNanos();
  const venueTime = await ask();
  venueClock.sample(sentAt, clock.monoNanos(), venueTime);
}
