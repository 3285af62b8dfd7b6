import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { KeyLoads } from '#aws/publisher/key-loads.ts';
import { PublisherCore } from '#aws/publisher/publisher-core.ts';
import { allocateCounters, SharedCounters } from '#aws/publisher/shared-counters.ts';
import { allocateRing, RingProducer } from '#aws/publisher/shared-ring.ts';
import { shardShare } from '#core/events/shard-load.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const load = (key: string, bytesPerSecond: number, recordsPerSecond = 10) => ({
  key,
  bytesPerSecond,
  recordsPerSecond,
});

describe('load of shards and their keys', () => {
  test('a share is the worse of bytes and records', () => {
    expect(shardShare(load('a', 500_000, 100))).toBe(0.5);
    expect(shardShare(load('a', 500_000, 900))).toBe(0.9);
  });
});

describe('what a publisher counts under its keys', () => {
  test('a window of 10 s: each key once, the hottest first, and the next begins empty', () => {
    const loads = new KeyLoads(0);
    for (let second = 0; second < 10; second += 1) {
      loads.add('quiet', 1_000);
      loads.add('busy', 50_000);
      loads.add('busy', 50_000);
    }
    expect(loads.turn(9_999)).toBeNull();
    expect(loads.turn(10_000)).toEqual([load('busy', 100_000, 2), load('quiet', 1_000, 1)]);
    expect(loads.turn(20_000)).toEqual([]);
  });

  test('a connection that is too much for a shard is told of by its key, in the log and as a figure', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'millrace-hot-'));
    folders.push(folder);
    const [marketRing, counters] = [allocateRing(4 * 1024 * 1024), allocateCounters()];
    const told: [string, Readonly<Record<string, unknown>>][] = [];
    let nowMs = 0;
    const taken: number[] = [];
    const core = new PublisherCore({
      marketRing,
      tradingRing: allocateRing(64 * 1024),
      counters,
      putMarket: async (records) => {
        for (const { data } of records) taken.push(data.byteLength);
        return records.map(() => ({ ok: true }));
      },
      putTrading: async (records) => records.map(() => ({ ok: true })),
      journal: { folder, maxBytes: 1024 * 1024 },
      backoff: { baseMs: 1, capMs: 1 },
      clock: systemClock,
      timers: systemTimers,
      random: { next: () => 0 },
      nowMs: () => nowMs,
      log: (_, text, fields) => told.push([text, fields]),
    });
    const anchor = { mono: 0 as MonoNanos, epoch: 0 as EpochMs };
    const origin = { venue: 'binance-usdm', engine: 'e', startedAt: 0, epoch: 1, anchor } as const;
    core.addConnection(0, { ...origin, connection: 'binance-usdm/public/1' });
    core.addConnection(1, { ...origin, connection: 'binance-usdm/public/2' });
    const shared = new SharedCounters(counters);
    const producer = new RingProducer(marketRing);
    // What does not compress: 860 KB a second on the first connection, 10 KB on the second.
    let sequence = 0;
    for (let turn = 0; turn < 100; turn += 1) {
      sequence += 1;
      const random = crypto.getRandomValues(new Uint8Array(43_000));
      producer.write(0, turn, turn, sequence * 2 - 1, random);
      producer.write(0, turn, turn, sequence * 2, crypto.getRandomValues(new Uint8Array(43_000)));
      producer.write(1, turn, turn, sequence, random.subarray(0, 1_000));
      nowMs += 100;
      core.turn();
      while (shared.of(0, 'published') + shared.of(1, 'published') < 3 * (turn + 1))
        await new Promise((resolve) => setImmediate(resolve));
    }
    nowMs += 1;
    core.turn();
    core.close();

    const hot = told.filter(([text]) => text === 'partition key is hot');
    expect(hot).toHaveLength(1);
    expect(hot[0]?.[1]).toMatchObject({ stream: 'market', key: 'binance-usdm/public/1' });
    const percent = shared.get('hottestKeyPercent');
    const expected = (taken.filter((bytes) => bytes > 10_000).reduce((sum, bytes) => sum + bytes, 0) / 10 / 1e6) * 100;
    expect(Math.abs(percent - expected)).toBeLessThan(2);
  });
});
