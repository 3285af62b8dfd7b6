import { Counter, Gauge, Registry } from 'prom-client';
import type { Publisher } from '#core/events/publisher-port.ts';
import type { Histogram } from '#core/metrics/histogram.ts';
import type { EngineMetrics } from './engine-metrics.ts';
import type { FeedStatus } from './feed-runner.ts';
import type { ScannerStatus } from './feed-scanner.ts';
import type { UnitStatus } from './unit-status.ts';

/** What `/metrics` reads at each scrape (R12). */
export interface MetricSources {
  readonly metrics: EngineMetrics;
  readonly publisher: Publisher;
  readonly feeds: () => readonly FeedStatus[];
  readonly units: () => readonly UnitStatus[];
  /** Absent: there are none. */
  readonly scanners?: () => readonly ScannerStatus[];
  /** Parts that do not beat now (H13); absent: nobody looks. */
  readonly silentParts?: () => number;
}

/** Prometheus text of the engine; every figure is read when asked, so that the hot path counts in plain fields. */
export function createPrometheus(sources: MetricSources): () => Promise<string> {
  const registry = new Registry();
  const register = { registers: [registry] };
  const frames = new Gauge({
    name: 'millrace_frames',
    help: 'Market frames by connection and fate',
    labelNames: ['venue', 'connection', 'fate'],
    ...register,
  });
  const bytes = new Gauge({
    name: 'millrace_frame_bytes',
    help: 'Bytes of market frames received',
    labelNames: ['venue', 'connection'],
    ...register,
  });
  const gaps = new Gauge({
    name: 'millrace_book_gaps',
    help: 'Times a book was lost',
    labelNames: ['venue', 'symbol'],
    ...register,
  });
  const valid = new Gauge({
    name: 'millrace_book_valid',
    help: '1 while the book is complete',
    labelNames: ['venue', 'symbol'],
    ...register,
  });
  const live = new Gauge({
    name: 'millrace_connection_live',
    help: '1 while the connection is live',
    labelNames: ['venue', 'connection'],
    ...register,
  });
  const connections = new Gauge({
    name: 'millrace_connection_events',
    help: 'What happened to the connection so far: attempts, opened, lost, resubscribed, silences, planned changes',
    labelNames: ['venue', 'connection', 'kind'],
    ...register,
  });
  const connectionState = new Gauge({
    name: 'millrace_connection_state_since_seconds',
    help: 'Since when the connection is in this state, seconds of Unix time',
    labelNames: ['venue', 'connection', 'state'],
    ...register,
  });
  const overlap = new Gauge({
    name: 'millrace_overlap_dropped',
    help: 'Messages of one of two sockets that were not taken while one was replaced, by reason',
    labelNames: ['venue', 'connection', 'reason'],
    ...register,
  });
  const venueClock = new Gauge({
    name: 'millrace_venue_clock_offset_ms',
    help: 'Time of the venue minus ours',
    labelNames: ['venue'],
    ...register,
  });
  const latency = new Gauge({
    name: 'millrace_latency_microseconds',
    help: 'Latency quantiles since the start',
    labelNames: ['stage', 'quantile'],
    ...register,
  });
  const orders = new Gauge({
    name: 'millrace_orders',
    help: 'Order events by kind',
    labelNames: ['kind'],
    ...register,
  });
  const denials = new Gauge({
    name: 'millrace_denials',
    help: 'Orders refused by risk',
    labelNames: ['lane', 'code'],
    ...register,
  });
  const open = new Gauge({
    name: 'millrace_lane_open',
    help: '1 while the lane may enter',
    labelNames: ['lane'],
    ...register,
  });
  const changes = new Gauge({
    name: 'millrace_symbol_changes',
    help: 'Of a lane whose symbol a scanner picks: changes begun and done, steps that failed, proposals and answers dropped by reason',
    labelNames: ['lane', 'kind'],
    ...register,
  });
  const changing = new Gauge({
    name: 'millrace_symbol_change_state_seconds',
    help: 'For how long a lane whose symbol a scanner picks has been in this state',
    labelNames: ['lane', 'state'],
    ...register,
  });
  const scores = new Gauge({
    name: 'millrace_scanner_score',
    help: 'Score of a candidate, 0 to 1; absent while it does not rank',
    labelNames: ['scanner', 'symbol'],
    ...register,
  });
  const unheard = new Gauge({
    name: 'millrace_messages_dropped',
    help: 'Messages that nobody was told, by reason',
    labelNames: ['reason'],
    ...register,
  });
  const sink = new Gauge({
    name: 'millrace_publisher',
    help: 'State of the publisher',
    labelNames: ['figure'],
    ...register,
  });
  const parts = new Gauge({
    name: 'millrace_parts',
    help: 'Parts of the engine: silent now, times that one fell silent, times that one was begun anew',
    labelNames: ['figure'],
    ...register,
  });
  const faults = new Counter({
    name: 'millrace_errors_total',
    help: 'Errors handled',
    labelNames: ['kind'],
    ...register,
  });

  return async () => {
    for (const gauge of [
      frames,
      bytes,
      gaps,
      valid,
      live,
      connections,
      connectionState,
      overlap,
      venueClock,
      denials,
      open,
      changes,
      changing,
      scores,
    ])
      gauge.reset();
    for (const account of sources.publisher.accounts()) {
      const { venue, connection } = account;
      frames.set({ venue, connection, fate: 'received' }, account.received);
      frames.set({ venue, connection, fate: 'published' }, account.published);
      frames.set({ venue, connection, fate: 'shed' }, account.shed);
      bytes.set({ venue, connection }, account.bytes);
    }
    for (const feed of sources.feeds()) {
      if (feed.venueClock.offsetMs !== null) venueClock.set({ venue: feed.venue }, feed.venueClock.offsetMs);
      for (const each of feed.connections) {
        // Connections of two feeds of one venue have the same names.
        const connection = feed.feed === feed.venue ? each.name : `${feed.feed}/${each.name}`;
        const labels = { venue: feed.venue, connection };
        const { state, since } = each.status;
        live.set(labels, state === 'live' ? 1 : 0);
        if (since !== undefined) connectionState.set({ ...labels, state }, since / 1_000);
        for (const [kind, count] of Object.entries(each.counts)) connections.set({ ...labels, kind }, count);
        connections.set({ ...labels, kind: 'changed' }, each.overlap.changesDone);
        for (const [reason, count] of Object.entries(each.overlap.dropped)) overlap.set({ ...labels, reason }, count);
      }
      for (const book of feed.books) {
        gaps.set({ venue: feed.venue, symbol: book.symbol }, book.gaps);
        valid.set({ venue: feed.venue, symbol: book.symbol }, book.valid ? 1 : 0);
      }
    }
    for (const { scanner, candidates, dropped } of sources.scanners?.() ?? []) {
      for (const { symbol, score } of candidates) if (score !== null) scores.set({ scanner, symbol }, score);
      for (const [reason, count] of Object.entries(dropped)) unheard.set({ reason: `${scanner}: ${reason}` }, count);
    }
    for (const [reason, count] of sources.metrics.dropped) unheard.set({ reason }, count);
    for (const unit of sources.units()) {
      for (const each of unit.switches) {
        const labels = { lane: each.lane };
        changing.set({ ...labels, state: each.state }, each.forMs / 1_000);
        changes.set({ ...labels, kind: 'begun' }, each.begun);
        changes.set({ ...labels, kind: 'done' }, each.done);
        changes.set({ ...labels, kind: 'failed' }, each.failed);
        for (const [reason, count] of Object.entries(each.dropped)) changes.set({ ...labels, kind: reason }, count);
      }
      for (const lane of unit.lanes) {
        open.set(
          { lane: lane.lane },
          unit.closed === null && unit.fence === null && lane.entriesPaused === null ? 1 : 0,
        );
        for (const [code, count] of Object.entries(lane.denials)) denials.set({ lane: lane.lane, code }, count);
      }
    }
    setQuantiles(latency, 'decision', sources.metrics.decision);
    setQuantiles(latency, 'tickToOrder', sources.metrics.tickToOrder);
    setQuantiles(latency, 'orderToAck', sources.metrics.orderToAck);
    for (const [kind, count] of sources.metrics.orders) orders.set({ kind }, count);
    const publisher = sources.publisher.metrics();
    sink.set({ figure: 'records' }, publisher.recordsSent);
    sink.set({ figure: 'bytes' }, publisher.bytesSent);
    sink.set({ figure: 'retried' }, publisher.retriedEntries);
    sink.set({ figure: 'journal_bytes' }, publisher.journalBytes);
    sink.set({ figure: 'lag_ms' }, publisher.lagMs);
    sink.set({ figure: 'circuit_open' }, publisher.circuit === 'closed' ? 0 : 1);
    parts.set({ figure: 'silent' }, sources.silentParts?.() ?? 0);
    parts.set({ figure: 'fell_silent' }, sources.metrics.silentParts);
    parts.set({ figure: 'begun_anew' }, sources.metrics.restartedParts);
    faults.reset();
    faults.inc({ kind: 'frame' }, sources.metrics.badFrames);
    faults.inc({ kind: 'other' }, sources.metrics.errors);
    return registry.metrics();
  };
}

function setQuantiles(gauge: Gauge<'stage' | 'quantile'>, stage: string, histogram: Histogram): void {
  for (const quantile of [0.5, 0.9, 0.99])
    gauge.set({ stage, quantile: String(quantile) }, histogram.quantile(quantile));
}
