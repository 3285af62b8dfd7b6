import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemTimers } from '#core/time/system-clock.ts';
import { metricBlobs, startCloudWatchMetrics } from '#engine/cloudwatch-metrics.ts';
import { createPrometheus } from '#engine/prometheus.ts';
import { type EngineWorld, openEngineWorld } from '../support/engine-world.ts';

let world: EngineWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
  vi.restoreAllMocks();
});

async function tradingWorld(): Promise<EngineWorld> {
  world = await openEngineWorld({ venue: 'bybit-linear' });
  const here = world;
  await here.until('an order is sent', () => here.publisher.told('order.intended').length > 0, 20_000);
  return here;
}

const sourcesOf = ({ engine, publisher }: EngineWorld) => ({
  metrics: engine.metrics,
  publisher,
  feeds: () => engine.feeds(),
  units: () => engine.units(),
});

describe('metrics of a trading engine', () => {
  it('R12: /metrics has frames by venue and fate, books, connections, latencies, orders, denials and the publisher', async () => {
    const here = await tradingWorld();
    const text = await createPrometheus(sourcesOf(here))();
    for (const line of [
      /^millrace_frames\{venue="bybit-linear",connection="[^"]+",fate="received"\} [1-9]/m,
      /^millrace_frame_bytes\{venue="bybit-linear",connection="[^"]+"\} [1-9]/m,
      /^millrace_book_valid\{venue="bybit-linear",symbol="BTCUSDT"\} 1$/m,
      /^millrace_connection_live\{venue="bybit-linear",connection="public"\} 1$/m,
      /^millrace_latency_microseconds\{stage="decision",quantile="0.99"\} \d/m,
      /^millrace_orders\{kind="intended"\} [1-9]/m,
      /^millrace_publisher\{figure="lag_ms"\} \d/m,
      /^millrace_errors_total\{kind="frame"\} 0$/m,
    ]) {
      expect(text).toMatch(line);
    }
    // Two feeds of one venue: neither's connections hide the other's.
    const [feed] = here.engine.feeds();
    if (feed === undefined) throw new Error('the engine holds no feed');
    const two = await createPrometheus({ ...sourcesOf(here), feeds: () => [feed, { ...feed, feed: 'majors' }] })();
    expect(two).toMatch(/^millrace_connection_live\{venue="bybit-linear",connection="majors\/public"\} 1$/m);
    expect(two).toMatch(/^millrace_connection_live\{venue="bybit-linear",connection="public"\} 1$/m);
  }, 40_000);

  it('R12: CloudWatch gets one blob for the engine and one for each venue, in the embedded format, within its limits', async () => {
    const here = await tradingWorld();
    const lines: string[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
    const stop = startCloudWatchMetrics({
      ...sourcesOf(here),
      environment: 'test',
      engine: 'engine-test',
      timers: systemTimers,
    });
    stop();
    vi.restoreAllMocks();
    const blobs = lines
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => '_aws' in line);
    expect(blobs).toHaveLength(2);
    const [engine, venue] = blobs;
    expect(engine).toMatchObject({ Environment: 'test', engine: 'engine-test', EntriesBlocked: 0, UnitsHeld: 1 });
    expect(Number(engine?.OrdersIntended)).toBeGreaterThan(0);
    expect(venue).toMatchObject({
      Environment: 'test',
      Venue: 'bybit-linear',
      FramesShed: 0,
      BooksInvalid: 0,
      ConnectionsDown: 0,
    });
    expect(Number(venue?.FramesReceived)).toBeGreaterThan(0);
    // Two feeds of one venue are one blob, whose counts are of both.
    const [feed] = here.engine.feeds();
    if (feed === undefined) throw new Error('the engine holds no feed');
    const apart = { ...feed, venueClock: { ...feed.venueClock, alarm: true } };
    const [whole, ...venues] = metricBlobs({ ...sourcesOf(here), feeds: () => [feed, apart] });
    expect(venues).toHaveLength(1);
    expect(venues[0]?.gauges).toMatchObject({ VenueClockApart: { value: 1 }, ConnectionsDown: { value: 0 } });
    expect(whole?.gauges).toMatchObject({ VenueClockApart: { value: 1 }, BooksInvalid: { value: 0 } });
    const [alone] = metricBlobs({ ...sourcesOf(here), feeds: () => [feed] }).slice(1);
    expect(venues[0]?.counters.FramesReceived).toBe(alone?.counters.FramesReceived);
    for (const blob of metricBlobs(sourcesOf(here))) {
      expect(Object.keys(blob.counters).length + Object.keys(blob.gauges).length).toBeLessThan(100);
    }
  }, 40_000);
});
