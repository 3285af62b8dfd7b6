import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Timers } from '#core/time/clock.ts';
import type { FeedStatus } from './feed-runner.ts';
import type { MetricSources } from './prometheus.ts';

/** Metrics of the engine go to CloudWatch as log lines in the embedded metric format, once in this time. */
const EVERY_MS = 10_000;

export interface CloudWatchOptions extends MetricSources {
  readonly environment: string;
  readonly engine: string;
  readonly timers: Timers;
}

type Counters = Readonly<Record<string, number>>;

/**
 * Reports what the engine counts and measures, aggregated (R12): one blob for the engine and one for each venue, far below the format's 100 metrics. Counters are
 * told as what was added since the last report. Returns what stops it; the last figures are told then.
 */
export function startCloudWatchMetrics(options: CloudWatchOptions): () => void {
  const last = new Map<string, Counters>();
  let cancel: () => void = () => undefined;

  function report(): void {
    for (const blob of metricBlobs(options)) {
      const key = JSON.stringify(blob.dimensions);
      tell(options, blob, last.get(key) ?? {});
      last.set(key, blob.counters);
    }
  }

  function next(): void {
    cancel = options.timers.after(EVERY_MS, () => {
      report();
      next();
    });
  }
  next();
  return () => {
    cancel();
    report();
  };
}

/** What one blob says: counters since the start, and figures as they are now. */
export interface MetricBlob {
  readonly dimensions: Readonly<Record<string, string>>;
  readonly counters: Counters;
  readonly gauges: Readonly<Record<string, { readonly value: number; readonly unit: keyof typeof MetricUnit }>>;
}

/** The figures of this moment, without the dimensions that every blob has. */
export function metricBlobs({ metrics, publisher, feeds, units, silentParts }: MetricSources): readonly MetricBlob[] {
  const { lagMs, journalBytes, retriedEntries, recordsSent, hottestKeyPercent } = publisher.metrics();
  const engine: MetricBlob = {
    dimensions: {},
    counters: {
      RecordsPublished: recordsSent,
      RecordsRetried: retriedEntries,
      // Over all connections, the input log's among them: what was shed cannot be replayed (M8).
      FramesShed: publisher.accounts().reduce((total, account) => total + account.shed, 0),
      FramesRefused: metrics.badFrames,
      Errors: metrics.errors,
      Takeovers: metrics.takeovers,
      PartsBegunAnew: metrics.restartedParts,
      OrdersIntended: metrics.orders.get('intended') ?? 0,
      OrdersDenied: metrics.orders.get('Denied') ?? 0,
      OrdersSubmitted: metrics.orders.get('Submitted') ?? 0,
      OrdersUnknown: metrics.orders.get('Unknown') ?? 0,
      Fills: metrics.orders.get('fill') ?? 0,
    },
    gauges: {
      PublishLag: { value: lagMs, unit: 'Milliseconds' },
      HottestKey: { value: hottestKeyPercent, unit: 'Percent' },
      JournalSize: { value: journalBytes, unit: 'Bytes' },
      EntriesBlocked: { value: publisher.entriesBlocked() === null ? 0 : 1, unit: 'Count' },
      UnitsHeld: { value: units().length, unit: 'Count' },
      PartsSilent: { value: silentParts?.() ?? 0, unit: 'Count' },
      DecisionP99: { value: metrics.decision.quantile(0.99), unit: 'Microseconds' },
      TickToOrderP99: { value: metrics.tickToOrder.quantile(0.99), unit: 'Microseconds' },
      // Over all venues, for the alarms; by venue they stand in the blobs below.
      ...feedGauges(feeds()),
    },
  };
  const byVenue = Map.groupBy(feeds(), (feed) => feed.venue);
  return [engine, ...[...byVenue].map(([venue, held]) => venueBlob(venue, held, publisher.accounts()))];
}

/** One blob for a venue, however many feeds of it are held: two under one name would be told as one that goes to and fro. */
function venueBlob(
  venue: FeedStatus['venue'],
  feeds: readonly FeedStatus[],
  accounts: ReturnType<MetricSources['publisher']['accounts']>,
): MetricBlob {
  const own = accounts.filter((account) => account.venue === venue);
  const books = feeds.flatMap((feed) => feed.books);
  const connections = feeds.flatMap((feed) => feed.connections);
  const sum = (count: 'received' | 'published' | 'shed' | 'bytes') =>
    own.reduce((total, account) => total + account[count], 0);
  return {
    dimensions: { Venue: venue },
    counters: {
      FramesReceived: sum('received'),
      FramesPublished: sum('published'),
      FramesShed: sum('shed'),
      BytesReceived: sum('bytes'),
      BookGaps: books.reduce((total, book) => total + book.gaps, 0),
      Reconnects: connections.reduce((total, { counts }) => total + counts.lost, 0),
      Resubscriptions: connections.reduce((total, { counts }) => total + counts.resubscribed, 0),
      Silences: connections.reduce((total, { counts }) => total + counts.silences, 0),
      PlannedChanges: connections.reduce((total, { overlap }) => total + overlap.changesDone, 0),
      OverlapDropped: connections.reduce(
        (total, { overlap: { dropped } }) => total + dropped.ahead + dropped.duplicate + dropped.outsideWindow,
        0,
      ),
    },
    gauges: feedGauges(feeds),
  };
}

/** How it stands with feeds: clocks too far apart (F27), books that may not be quoted, connections that are not live. */
function feedGauges(feeds: readonly FeedStatus[]): MetricBlob['gauges'] {
  const count = (value: number) => ({ value, unit: 'Count' }) as const;
  return {
    VenueClockApart: count(feeds.filter((feed) => feed.venueClock.alarm).length),
    BooksInvalid: count(feeds.flatMap((feed) => feed.books.filter((book) => !book.valid)).length),
    ConnectionsDown: count(
      feeds.flatMap((feed) => feed.connections.filter(({ status }) => status.state !== 'live')).length,
    ),
  };
}

function tell({ environment, engine }: CloudWatchOptions, blob: MetricBlob, before: Counters): void {
  const metrics = new Metrics({ namespace: 'Millrace', serviceName: 'engine' });
  metrics.setDefaultDimensions({ Environment: environment, ...blob.dimensions });
  // Which engine it was is a field of the line, no dimension: alarms are on the service, whoever holds the lease.
  metrics.addMetadata('engine', engine);
  for (const [name, count] of Object.entries(blob.counters)) {
    metrics.addMetric(name, MetricUnit.Count, Math.max(0, count - (before[name] ?? 0)));
  }
  for (const [name, { value, unit }] of Object.entries(blob.gauges)) metrics.addMetric(name, MetricUnit[unit], value);
  metrics.publishStoredMetrics();
}
