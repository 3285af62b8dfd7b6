import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allocateRing } from '#aws/publisher/shared-ring.ts';
import { drawChart } from '../../bench/soak/chart.ts';
import type { Sample } from '../../bench/soak/messages.ts';
import { pictureOf, tableOf } from '../../bench/soak/report.ts';
import { ENGINE_ENVIRONMENT, runSoak } from '../../bench/soak/run-soak.ts';
import { faultsOf, type SoakRun, slopePerMinute } from '../../bench/soak/verdict.ts';

const RATE = 500;
const SECONDS = 2;

/** Three minutes, a look each second: a saw-tooth of 8 MB, as a collector makes it, on a line of its own slope. */
function samples(mbPerMinute: number): readonly Sample[] {
  return Array.from({ length: 180 }, (_, second) => ({
    atMs: second * 1_000,
    rss: 1e6 * (150 + (second % 9) + (mbPerMinute * second) / 60 + (second === 100 ? 40 : 0)),
    heapUsed: 30e6,
    external: 5e6,
    gcCount: 3,
    gcMs: 4,
    gcLongestMs: 2,
    loopP50Ms: 0.1,
    loopP99Ms: 1,
    loopLongestMs: 5,
    publishLagMs: 60,
    received: second * 100,
    published: second * 100,
    shed: 0,
  }));
}

function run(changes: Partial<SoakRun> = {}): SoakRun {
  return {
    messagesPerSecond: 100,
    seconds: 180,
    warmUpSeconds: 60,
    samples: samples(0),
    sent: { market: 18_000, answers: 3, connections: 3, slowConsumers: 0, errors: [] },
    engine: {
      connections: [
        { connection: 'a', venue: 'binance-usdm', received: 18_003, published: 18_001, shed: 2, shedBy: { outage: 2 } },
        { connection: 'inputs', venue: 'engine', received: 7, published: 7, shed: 0, shedBy: {} },
      ],
      badFrames: 0,
      bookGaps: 0,
      bookMessages: 15_000,
      orders: { intended: 12 },
      retained: [
        { atMs: 60_000, bytes: 30e6 },
        { atMs: 180_000, bytes: 30.2e6 },
      ],
      complaints: [],
    },
    stream: {
      requests: 9,
      bytes: 9,
      marketRecords: 9,
      frames: 18_008,
      repeated: 0,
      malformed: 0,
      tradingRecords: 3,
      keys: [],
    },
    ...changes,
  };
}

describe('soak', () => {
  it('R13, T5: a real engine under a paced flood: every frame is accounted for from the venue to the stream, and a planted leak is found', async () => {
    const soaked = await runSoak({
      venues: ['binance-usdm', 'bybit-linear'],
      messagesPerSecond: RATE,
      seconds: SECONDS,
      warmUpSeconds: 0.2,
      seed: 1,
      leakBytesPerSecond: 40e6,
    });
    const bars = { maxSlopeMbPerMinute: 1_200, maxRssMb: 1_000, minRateShare: 0.5 };
    expect(faultsOf(soaked, bars)).toEqual([
      expect.stringMatching(/^MEMORY_GROWS: mbPerMinute=/),
      expect.stringMatching(/^RETAINED_GROWS: mbPerMinute=/),
    ]);
    const received = soaked.engine.connections.reduce(
      (sum, { venue, ...each }) => sum + (venue === 'engine' ? 0 : each.received),
      0,
    );
    expect(soaked.sent.market).toBeGreaterThan(RATE);
    expect(soaked.sent.market + soaked.sent.answers).toBe(received);
    expect(soaked.engine.bookMessages).toBeGreaterThan(RATE / 2);
    expect(soaked.stream.frames).toBeGreaterThan(received);
    expect(soaked.samples.length).toBeGreaterThan(3);
    expect(tableOf(soaked).find(([what]) => what === 'sent = received')?.[1]).toContain(
      `${received.toLocaleString('en-GB')} received`,
    );
  });

  it('T5: a flat saw-tooth with a spike has no slope, and 2 MB a minute beneath it are found', () => {
    const slope = (mbPerMinute: number) => slopePerMinute(samples(mbPerMinute), (each) => each.rss / 1e6) ?? Number.NaN;
    expect(Math.abs(slope(0))).toBeLessThan(0.2);
    expect(slope(2)).toBeGreaterThan(1.7);
    expect(slope(2)).toBeLessThan(2.3);
    expect(faultsOf(run())).toEqual([]);
    expect(faultsOf(run({ samples: samples(2) }))).toEqual([expect.stringMatching(/^MEMORY_GROWS/)]);
  });

  it('T5: what a full collection leaves is judged by itself, also while the resident memory stands still', () => {
    const { engine } = run();
    const retained = [
      { atMs: 60_000, bytes: 30e6 },
      { atMs: 180_000, bytes: 33e6 },
    ];
    expect(faultsOf(run({ engine: { ...engine, retained } }))).toEqual([
      expect.stringMatching(/^RETAINED_GROWS: mbPerMinute=1.50/),
    ]);
  });

  it('T5: the soaked engine has the memory settings of the image', () => {
    const image = readFileSync(new URL('../../containers/engine/Dockerfile', import.meta.url), 'utf8').replaceAll(
      '"',
      '',
    );
    for (const [name, value] of Object.entries(ENGINE_ENVIRONMENT)) expect(image).toContain(`${name}=${value}`);
    for (const start of ['../../containers/engine/main.ts', '../../bench/soak/engine-process.ts'])
      expect(readFileSync(new URL(start, import.meta.url), 'utf8'), start).toMatch(/^keepHeapSmall\(\);$/m);
  });

  it('T5: a ring takes its memory when it is made, not as it fills', () => {
    const bytes = 64 * 1024 * 1024;
    const before = process.memoryUsage.rss();
    const ring = allocateRing(bytes);
    expect(process.memoryUsage.rss() - before).toBeGreaterThan(0.8 * bytes);
    expect(ring.byteLength).toBeGreaterThan(bytes);
  });

  it('a partition key that is nearly too much for a shard fails, whatever the others bring', () => {
    const whole = run();
    const bytes = 0.85 * 1e6 * whole.seconds;
    const keys = [
      { key: 'market quiet', records: 1_800, bytes: 1e6 },
      { key: 'market loud', records: 1_800, bytes },
      { key: 'trading many', records: 950 * whole.seconds, bytes: 1e6 },
    ];
    expect(faultsOf(run({ stream: { ...whole.stream, keys } }))).toEqual([
      'KEY_HOT: key=trading many percentOfShard=95',
      'KEY_HOT: key=market loud percentOfShard=85',
    ]);
  });

  it('T5: memory past the bar fails, also while it is flat', () => {
    const large = samples(0).map((each) => ({ ...each, rss: each.rss + 150e6 }));
    expect(faultsOf(run({ samples: large }))).toEqual([expect.stringMatching(/^MEMORY_LARGE/)]);
  });

  it('R13: each frame that is missing anywhere is a fault of its own', () => {
    const whole = run();
    const [first, inputs] = whole.engine.connections;
    if (first === undefined || inputs === undefined) throw new Error('no connections');
    const lost = { ...whole.engine, connections: [{ ...first, published: 18_000 }, inputs] };
    const codes = (changes: Partial<SoakRun>) => faultsOf(run(changes)).map((fault) => fault.split(':')[0]);
    expect(codes({ engine: lost })).toEqual(['FRAMES_UNACCOUNTED', 'STREAM_DIFFERS']);
    expect(codes({ sent: { ...whole.sent, market: 18_001 } })).toEqual(['FRAMES_MISSING']);
    expect(codes({ stream: { ...whole.stream, frames: 18_007 } })).toEqual(['STREAM_DIFFERS']);
    expect(codes({ messagesPerSecond: 200 })).toEqual(['RATE_MISSED']);
    expect(codes({ engine: { ...whole.engine, badFrames: 1, bookGaps: 1 } })).toEqual(['FRAMES_REFUSED', 'BOOK_GAPS']);
    expect(codes({ samples: [] })).toEqual(['TOO_SHORT']);
    expect(codes({ engine: { ...whole.engine, retained: [] } })).toEqual(['TOO_SHORT']);
  });

  it('R13: the picture has a line for each figure, inside its frame, and escapes what it is given', () => {
    const picture = pictureOf(run());
    expect(picture.match(/<polyline/g)).toHaveLength(9);
    const heights = [...picture.matchAll(/points="([^"]+)"/g)].flatMap(([, points]) =>
      (points ?? '').split(' ').map((point) => Number(point.split(',')[1])),
    );
    expect(heights.length).toBeGreaterThan(1_000);
    expect(heights.every((height) => height >= 44 && height <= 44 + 5 * 150)).toBe(true);
    expect(drawChart('a < b & c', [], 0)).toContain('a &lt; b &amp; c');
  });
});
