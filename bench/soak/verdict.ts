import { HOT_SHARE, type KeyLoad, shardShare } from '#core/events/shard-load.ts';
import type { StreamCounts } from './counting-stream.ts';
import type { EngineCounts, Sample, SentCounts } from './messages.ts';

export interface SoakBars {
  /** Growth of the resident memory after the warm-up, MB (10^6 bytes) a minute. */
  readonly maxSlopeMbPerMinute: number;
  readonly maxRssMb: number;
  /** Share of the asked messages that the venues must have sent: less is another experiment. */
  readonly minRateShare: number;
}

/** `docs/performance.md` says where they come from. */
export const SOAK_BARS: SoakBars = { maxSlopeMbPerMinute: 1, maxRssMb: 250, minRateShare: 0.99 };

export interface SoakRun {
  readonly messagesPerSecond: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly samples: readonly Sample[];
  readonly sent: SentCounts;
  readonly engine: EngineCounts;
  readonly stream: StreamCounts;
}

const MB = 1e6;
const MAX_POINTS = 600;

/** Everything that a soak fails by, all at once; empty: it passed. */
export function faultsOf(run: SoakRun, bars: SoakBars = SOAK_BARS): readonly string[] {
  const faults: string[] = [];
  const slope = slopePerMinute(afterWarmUp(run), (each) => each.rss / MB);
  if (slope === null) faults.push('TOO_SHORT: fewer than two samples after the warm-up');
  else if (slope >= bars.maxSlopeMbPerMinute)
    faults.push(`MEMORY_GROWS: mbPerMinute=${slope.toFixed(2)} bar=${bars.maxSlopeMbPerMinute}`);
  const retained = retainedSlope(run);
  if (retained === null) faults.push('TOO_SHORT: retained memory was looked at once');
  else if (retained >= bars.maxSlopeMbPerMinute)
    faults.push(`RETAINED_GROWS: mbPerMinute=${retained.toFixed(2)} bar=${bars.maxSlopeMbPerMinute}`);
  const rss = Math.max(0, ...run.samples.map((each) => each.rss)) / MB;
  if (rss >= bars.maxRssMb) faults.push(`MEMORY_LARGE: rssMb=${rss.toFixed(0)} bar=${bars.maxRssMb}`);
  return [...faults, ...faultsOfCounts(run, bars)];
}

function faultsOfCounts({ sent, engine, stream, ...run }: SoakRun, bars: SoakBars): readonly string[] {
  const faults: string[] = [];
  const asked = run.messagesPerSecond * run.seconds;
  if (sent.market < asked * bars.minRateShare)
    faults.push(`RATE_MISSED: sent=${sent.market} asked=${asked}: the machine is too busy for this rate`);
  const fromVenues = engine.connections.filter(({ venue }) => venue !== 'engine');
  const received = total(fromVenues.map((each) => each.received));
  const handed = sent.market + sent.answers;
  if (handed !== received) faults.push(`FRAMES_MISSING: sent=${handed} received=${received}`);
  for (const { connection, ...each } of engine.connections)
    if (each.received !== each.published + each.shed)
      faults.push(
        `FRAMES_UNACCOUNTED: connection=${connection} received=${each.received} published=${each.published} shed=${each.shed}`,
      );
  const published = total(engine.connections.map((each) => each.published));
  if (stream.frames !== published) faults.push(`STREAM_DIFFERS: published=${published} arrived=${stream.frames}`);
  if (stream.malformed > 0) faults.push(`RECORDS_MALFORMED: count=${stream.malformed}`);
  if (engine.badFrames > 0) faults.push(`FRAMES_REFUSED: count=${engine.badFrames}`);
  if (engine.bookGaps > 0) faults.push(`BOOK_GAPS: count=${engine.bookGaps}`);
  for (const load of keyLoads({ stream, ...run }))
    if (shardShare(load) >= HOT_SHARE) faults.push(`KEY_HOT: key=${load.key} percentOfShard=${percentOf(load)}`);
  return [...faults, ...sent.errors.map((each) => `VENUE_FAULT: ${each}`)];
}

/** What each partition key brought a second, on average over the run; the hottest first. */
export function keyLoads({ stream, seconds }: Pick<SoakRun, 'stream' | 'seconds'>): readonly KeyLoad[] {
  return stream.keys
    .map(({ key, records, bytes }) => ({ key, recordsPerSecond: records / seconds, bytesPerSecond: bytes / seconds }))
    .sort((one, other) => shardShare(other) - shardShare(one));
}

/** Of what one shard takes. */
export function percentOf(load: KeyLoad): number {
  return Math.round(shardShare(load) * 100);
}

/** Growth of what a full collection leaves, MB a minute: what the engine's thread holds and never gives back. Null where it was looked at once only. */
export function retainedSlope({ engine: { retained } }: SoakRun): number | null {
  return slopePerMinute(retained, (each) => each.bytes / MB);
}

export function afterWarmUp({ samples, warmUpSeconds }: SoakRun): readonly Sample[] {
  return samples.filter((each) => each.atMs >= warmUpSeconds * 1_000);
}

/**
 * Median of the slopes of all pairs (Theil 1950, Sen 1968), a minute: a collector's saw-tooth and single spikes do not tilt it as they do a least-squares line.
 * Null for fewer than two samples.
 */
export function slopePerMinute<S extends { readonly atMs: number }>(
  samples: readonly S[],
  of: (sample: S) => number,
): number | null {
  const step = Math.max(1, Math.ceil(samples.length / MAX_POINTS));
  const points = samples
    .filter((_, index) => index % step === 0)
    .map((each) => [each.atMs / 60_000, of(each)] as const);
  const slopes = points.flatMap(([at, value], index) =>
    points
      .slice(index + 1)
      .filter(([later]) => later > at)
      .map(([later, other]) => (other - value) / (later - at)),
  );
  return slopes.length === 0 ? null : quantileOf(slopes, 0.5);
}

/** Of any numbers; 0 for none. */
export function quantileOf(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, each) => sum + each, 0);
}
