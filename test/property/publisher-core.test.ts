import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeMarketRecord } from '#aws/market-record.ts';
import { PublisherCore } from '#aws/publisher/publisher-core.ts';
import type { PutRecords } from '#aws/publisher/put-records.ts';
import { allocateCounters, SharedCounters } from '#aws/publisher/shared-counters.ts';
import { allocateRing, RingProducer } from '#aws/publisher/shared-ring.ts';
import type { EpochMs, MonoNanos, Timers } from '#core/time/clock.ts';
import { seededRandom } from '#core/time/seeded-random.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { createScriptedStream, type StreamAct } from '../support/scripted-stream.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'millrace-core-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const afterMs = fc.integer({ min: 0, max: 300 });
const acts: fc.Arbitrary<StreamAct> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('answer' as const), bits: fc.nat(), afterMs }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('refused' as const), afterMs }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('lostAnswer' as const), taken: fc.boolean(), afterMs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('hang' as const), taken: fc.boolean() }) },
);
const steps = fc.array(
  fc.record({
    frames: fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 700 })), { maxLength: 15 }),
    events: fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 4 }),
    waitMs: fc.integer({ min: 0, max: 600 }),
    /** The publishing thread dies here, between two turns. */
    dies: fc.integer({ min: 0, max: 11 }).map((number) => number === 0),
  }),
  { minLength: 1, maxLength: 30 },
);

/** Partition keys of each connection. */
const KEYS = [1, 3, 2];

/** One engine's shared memory, with a publishing thread that can be killed: nothing of a dead one has any effect. */
function createWorld(marketScript: readonly StreamAct[], tradingScript: readonly StreamAct[], seed: number) {
  const time = createManualClock();
  const nowMs = () => Math.floor(time.clock.monoNanos() / 1e6);
  const [marketRing, tradingRing, counters] = [allocateRing(8 * 1024), allocateRing(4 * 1024), allocateCounters()];
  const shared = new SharedCounters(counters);
  const market = createScriptedStream(time.timers);
  market.act = (request) => marketScript[request] ?? { kind: 'answer', bits: 0, afterMs: 1 };
  const trading = createScriptedStream(time.timers);
  trading.act = (request) => tradingScript[request] ?? { kind: 'answer', bits: 0, afterMs: 1 };
  let lost = 0;

  function start() {
    const life = { isAlive: true };
    const timers: Timers = { after: (ms, run) => time.timers.after(ms, () => life.isAlive && run()) };
    const mortal =
      (put: PutRecords): PutRecords =>
      (records, signal) =>
        new Promise((resolve, reject) => {
          put(records, signal).then(
            (outcomes) => life.isAlive && resolve(outcomes),
            (error: unknown) => life.isAlive && reject(error),
          );
        });
    const core = new PublisherCore({
      marketRing,
      tradingRing,
      counters,
      putMarket: mortal(market.put),
      putTrading: mortal(trading.put),
      journal: { folder, maxBytes: 1024 * 1024 },
      backoff: { baseMs: 50, capMs: 1_000 },
      clock: time.clock,
      timers,
      random: seededRandom(seed),
      nowMs,
      log: () => undefined,
    });
    for (const slot of [0, 1, 2])
      core.addConnection(slot, {
        venue: 'binance-usdm',
        engine: 'engine-a',
        startedAt: 1,
        connection: `connection-${slot}`,
        epoch: 1,
        anchor: { mono: 0 as MonoNanos, epoch: 0 as EpochMs },
        partitionKeys: KEYS[slot] ?? 1,
      });
    return { core, life };
  }

  let { core, life } = start();
  return {
    time,
    shared,
    market,
    trading,
    marketProducer: new RingProducer(marketRing),
    tradingProducer: new RingProducer(tradingRing),
    core: () => core,
    lost: () => lost,
    die() {
      life.isAlive = false;
      for (const slot of [0, 1, 2]) {
        lost += shared.of(slot, 'detached');
        shared.setOf(slot, 'detached', 0);
      }
      ({ core, life } = start());
    },
    async pass(ms: number) {
      for (let passed = 0; passed <= ms; passed += 20) {
        core.turn();
        await time.advanceAsync(Math.min(20, ms));
      }
    },
  };
}

describe('publishing thread', () => {
  test('R9, invariant 5: whatever the streams do and however often it dies, no event is lost, order per unit is kept, and every frame is published or counted', async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.array(acts, { maxLength: 30 }),
        fc.array(acts, { maxLength: 30 }),
        fc.integer(),
        async (plan, marketScript, tradingScript, seed) => {
          const world = createWorld(marketScript, tradingScript, seed);
          const received = [0, 0, 0];
          const refused = [0, 0, 0];
          const backlog: { unit: number; number: number }[] = [];
          const given: number[][] = [[], []];
          let numbers = 0;
          const pump = () => {
            for (let next = backlog[0]; next !== undefined; next = backlog[0]) {
              const content = Buffer.from(`unit-${next.unit}${next.number}`);
              if (!world.tradingProducer.write('unit-0'.length, 0, 0, 0, content)) return;
              backlog.shift();
            }
          };
          for (const step of plan) {
            for (const [slot, length] of step.frames) {
              received[slot] = (received[slot] ?? 0) + 1;
              numbers += 1;
              const sequence = received[slot] ?? 0;
              if (!world.marketProducer.write(slot, numbers, numbers, sequence, Buffer.alloc(length, sequence)))
                refused[slot] = (refused[slot] ?? 0) + 1;
            }
            for (const unit of step.events) {
              numbers += 1;
              given[unit]?.push(numbers);
              backlog.push({ unit, number: numbers });
            }
            pump();
            await world.pass(step.waitMs);
            if (step.dies) world.die();
          }
          for (let round = 0; round < 60; round += 1) {
            pump();
            await world.pass(120);
            await world.time.advanceAsync(11_000);
          }

          // Events: all there, first deliveries in the order of their unit, nothing left on disk.
          for (const unit of [0, 1]) {
            const taken = world.trading.taken
              .filter((record) => record.key === `unit-${unit}`)
              .flatMap((record) => Buffer.from(record.data).toString().split('\n').map(Number));
            expect([...new Set(taken)]).toEqual(given[unit]);
          }
          expect(readdirSync(folder)).toEqual([]);
          expect(world.shared.get('eventsOutstanding')).toBe(0);

          // Frames: published, or counted by reason; what the stream took is what counts as published, but for what a dead thread had in doubt.
          const distinct = new Set<string>();
          for (const { data, key, partitionKey } of world.market.taken) {
            const keys = KEYS[Number(key.at(-1))] ?? 1;
            expect(partitionKey).toMatch(keys === 1 ? /^connection-\d$/ : new RegExp(`^${key}#[0-${keys - 1}]$`));
            const decoded = decodeMarketRecord(data);
            if (decoded.kind !== 'record') throw new Error(JSON.stringify(decoded));
            for (const frame of decoded.record.frames) {
              distinct.add(`${decoded.record.connection} ${frame.sequence}`);
              expect(frame.bytes.every((byte) => byte === (frame.sequence & 255))).toBe(true);
            }
          }
          const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
          const published = sum([0, 1, 2].map((slot) => world.shared.of(slot, 'published')));
          const shed = sum([0, 1, 2].map((slot) => world.shared.of(slot, 'shedOutage'))) + sum(refused);
          expect(published + shed + world.lost()).toBe(sum(received));
          expect(distinct.size).toBeGreaterThanOrEqual(published);
          expect(distinct.size).toBeLessThanOrEqual(published + world.lost());
          expect(world.marketProducer.used).toBe(0);
          expect(world.tradingProducer.used).toBe(0);
        },
      ),
      { numRuns: 120 },
    );
  }, 60_000);
});
