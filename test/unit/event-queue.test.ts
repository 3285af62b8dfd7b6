import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EventQueue } from '#aws/publisher/event-queue.ts';
import { Journal } from '#aws/publisher/journal.ts';
import { allocateCounters, SharedCounters } from '#aws/publisher/shared-counters.ts';
import { allocateRing, RingConsumer, RingProducer } from '#aws/publisher/shared-ring.ts';
import { MAX_RECORD_EVENTS } from '#core/events/trading-record.ts';
import { seededRandom } from '#core/time/seeded-random.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { createScriptedStream } from '../support/scripted-stream.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'millrace-events-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function createWorld(journal: Journal | null) {
  const time = createManualClock();
  const stream = createScriptedStream(time.timers);
  const memory = allocateRing(64 * 1024);
  const counters = new SharedCounters(allocateCounters());
  const queue = new EventQueue({
    ring: new RingConsumer(memory),
    journal,
    stream: {
      put: stream.put,
      ...time,
      random: seededRandom(1),
      backoff: { baseMs: 50, capMs: 1_000 },
    },
    counters,
    nowMs: () => time.clock.monoNanos() / 1e6,
  });
  const producer = new RingProducer(memory);
  let number = 0;
  return {
    stream,
    counters,
    queue,
    producer,
    /** Hands events over until the ring is full, or `count` are given. */
    give(count: number): number {
      let given = 0;
      while (given < count && producer.write(4, 0, 0, 0, Buffer.from(`unit${number + 1}`))) {
        number += 1;
        given += 1;
      }
      return given;
    },
    async pass(turns: number) {
      for (let turn = 0; turn < turns; turn += 1) {
        queue.turn();
        await time.advanceAsync(5);
      }
    },
    taken: () => stream.taken.flatMap((record) => Buffer.from(record.data).toString().split('\n').map(Number)),
    given: () => Array.from({ length: number }, (_, index) => index + 1),
  };
}

test('R9: in an outage that is longer than memory and ring can bear, events wait on disk and arrive in order', async () => {
  const journal = new Journal({ folder, segmentBytes: 8 * 1024 });
  const world = createWorld(journal);
  world.stream.act = () => ({ kind: 'refused', afterMs: 1 });
  for (let round = 0; round < 60; round += 1) {
    world.give(50);
    await world.pass(3);
  }
  // Memory is full, the rest is on disk, unread, and the ring is free for what comes.
  expect(world.given()).toHaveLength(3_000);
  expect(world.queue.dispatcher.outstanding).toBeLessThanOrEqual(1_024);
  expect(journal.isRead).toBe(false);
  expect(world.producer.used).toBe(0);
  expect(journal.outstanding).toBe(3_000);

  world.stream.act = () => ({ kind: 'answer', bits: 0, afterMs: 0 });
  for (let round = 0; round < 40; round += 1) {
    world.give(5);
    await world.pass(20);
  }
  await world.pass(200);
  expect([...new Set(world.taken())]).toEqual(world.given());
  expect(world.queue.isEmpty).toBe(true);
  expect(readdirSync(folder)).toEqual([]);
});

test('R9: with journal and memory full the ring holds the rest, says so, and nothing is lost', async () => {
  const world = createWorld(new Journal({ folder, maxBytes: 4_000 }));
  world.stream.act = () => ({ kind: 'refused', afterMs: 1 });
  for (let round = 0; round < 60; round += 1) {
    world.give(50);
    await world.pass(2);
  }
  expect(world.give(10_000)).toBeLessThan(10_000);
  await world.pass(2);
  expect(world.counters.get('journalFull')).toBe(1);
  expect(world.queue.dispatcher.outstanding).toBeLessThanOrEqual(1_024);
  world.stream.act = () => ({ kind: 'answer', bits: 0, afterMs: 0 });
  await world.pass(800);
  expect([...new Set(world.taken())]).toEqual(world.given());
  expect(world.counters.get('journalFull')).toBe(0);
});

test('R9: without a journal events stay in memory and in the ring', async () => {
  const world = createWorld(null);
  world.stream.act = () => ({ kind: 'refused', afterMs: 1 });
  world.give(20);
  await world.pass(200);
  expect(world.producer.used).toBeGreaterThan(0);
  world.stream.act = () => ({ kind: 'answer', bits: 0, afterMs: 0 });
  await world.pass(200);
  expect(world.taken()).toEqual(world.given());
  expect(world.producer.used).toBe(0);
});

test('figures: events of one unit that wait go together, up to the bound of a record; one that comes alone goes at once', async () => {
  const world = createWorld(null);
  world.stream.act = () => ({ kind: 'answer', bits: 0, afterMs: 12 });
  world.give(1);
  world.queue.turn();
  expect(world.stream.requests).toHaveLength(1);
  world.give(100);
  await world.pass(40);
  expect(world.taken()).toEqual(world.given());
  const sizes = world.stream.taken.map((record) => Buffer.from(record.data).toString().split('\n').length);
  expect(sizes).toEqual([1, MAX_RECORD_EVENTS, MAX_RECORD_EVENTS, MAX_RECORD_EVENTS, 100 - 3 * MAX_RECORD_EVENTS]);
});
