import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PublisherCore } from '#aws/publisher/publisher-core.ts';
import { allocateCounters, SharedCounters } from '#aws/publisher/shared-counters.ts';
import { allocateRing, RingProducer } from '#aws/publisher/shared-ring.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';
import { seededRandom } from '#core/time/seeded-random.ts';
import { createManualClock, settle } from '../support/manual-clock.ts';
import { createScriptedStream } from '../support/scripted-stream.ts';

const SECOND_MS = 1_000;
const STEP_MS = 100;
const FRAMES_A_STEP = 1_000;
const MIB = 1024 * 1024;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'millrace-outage-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The publishing thread's work on a virtual clock, with both streams in the test's hands. */
function openPublisher() {
  const time = createManualClock();
  const [marketRing, tradingRing, counters] = [allocateRing(4 * MIB), allocateRing(MIB), allocateCounters()];
  const shared = new SharedCounters(counters);
  const market = createScriptedStream(time.timers);
  const trading = createScriptedStream(time.timers);
  const core = new PublisherCore({
    marketRing,
    tradingRing,
    counters,
    putMarket: market.put,
    putTrading: trading.put,
    journal: { folder, maxBytes: 64 * MIB },
    backoff: { baseMs: 100, capMs: 5_000 },
    clock: time.clock,
    timers: time.timers,
    random: seededRandom(5),
    nowMs: () => Math.floor(time.clock.monoNanos() / 1e6),
    log: () => undefined,
  });
  core.addConnection(0, {
    venue: 'binance-usdm',
    engine: 'engine-a',
    startedAt: 1,
    connection: 'connection-0',
    epoch: 1,
    anchor: { mono: 0 as MonoNanos, epoch: 0 as EpochMs },
  });
  const frames = new RingProducer(marketRing);
  const events = new RingProducer(tradingRing);
  const frame = Buffer.alloc(16, 'x');
  let received = 0;
  let refused = 0;
  const told: number[] = [];
  const setDown = (down: boolean): void => {
    for (const stream of [market, trading]) {
      stream.act = () => (down ? { kind: 'refused', afterMs: 5 } : { kind: 'answer', bits: 0, afterMs: 1 });
    }
  };

  /** 10,000 frames and one trading event a second. */
  async function run(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      for (let index = 0; index < FRAMES_A_STEP; index += 1) {
        received += 1;
        if (!frames.write(0, received, received, received, frame)) refused += 1;
      }
      if (passed % SECOND_MS === 0) {
        told.push(told.length + 1);
        if (!events.write('unit-0'.length, 0, 0, 0, Buffer.from(`unit-0${told.length}`))) {
          throw new Error('no room for a trading event');
        }
      }
      core.turn();
      time.advance(STEP_MS);
      await settle(1);
      // What the streams took is looked at, not kept: the test must not be what grows.
      market.taken.length = 0;
      market.requests.length = 0;
      trading.requests.length = 0;
    }
  }

  return {
    run,
    setDown,
    shared,
    trading,
    told,
    counts: () => ({ received, refused }),
    async drain(): Promise<void> {
      for (let step = 0; step < 600; step += 1) {
        core.turn();
        time.advance(STEP_MS);
        await settle(1);
      }
    },
  };
}

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/**
 * Bytes still held after everything collectable was collected. The memory of a buffer is given back by a thread of its own, some time after the
 * collection that found the buffer dead, and counts until then: the least of several looks is what is held.
 */
async function heldBytes(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 5; look += 1) {
    collect();
    await sleep(5);
    const { heapUsed, external } = process.memoryUsage();
    least = Math.min(least, heapUsed + external);
  }
  return least;
}

// A naive client keeps everything in memory until it dies of it, or drops what it cannot send and says nothing.
describe('the streams are down', () => {
  it.each([
    ['30 s', 30],
    ['5 min', 300],
    ['1 h', 3_600],
  ])(
    'G7: for %s at 10,000 messages a second: memory flat, every trading event arrives, every frame is published or counted',
    async (_name, seconds) => {
      const publisher = openPublisher();
      await publisher.run(5 * SECOND_MS);
      publisher.setDown(true);
      await publisher.run(20 * SECOND_MS);
      const before = await heldBytes();
      await publisher.run((seconds - 20) * SECOND_MS);
      const grown = (await heldBytes()) - before;
      expect(publisher.shared.get('eventsOutstanding')).toBe(1);
      publisher.setDown(false);
      await publisher.run(5 * SECOND_MS);
      await publisher.drain();

      const { received, refused } = publisher.counts();
      const published = publisher.shared.of(0, 'published');
      const shed = publisher.shared.of(0, 'shedOutage') + publisher.shared.of(0, 'shedOversize');
      expect(published + shed + refused).toBe(received);
      expect(received).toBe((seconds + 10) * 10_000);
      expect(published).toBeGreaterThan(10 * 10_000 - 1);
      const arrived = publisher.trading.taken.flatMap(({ data }) =>
        Buffer.from(data).toString().split('\n').map(Number),
      );
      expect([...new Set(arrived)]).toEqual(publisher.told);
      expect(readdirSync(folder)).toEqual([]);
      expect(grown).toBeLessThan(24 * MIB);
    },
    180_000,
  );
});
