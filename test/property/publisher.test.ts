import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StreamRecord } from '#aws/publisher/put-records.ts';
import { RecordDispatcher } from '#aws/publisher/record-dispatcher.ts';
import { joinTradingEvents } from '#core/events/trading-record.ts';
import { seededRandom } from '#core/time/seeded-random.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { createScriptedStream, type StreamAct } from '../support/scripted-stream.ts';

interface Numbered extends StreamRecord {
  readonly number: number;
}

const afterMs = fc.integer({ min: 0, max: 300 });
const acts: fc.Arbitrary<StreamAct> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('answer' as const), bits: fc.nat(), afterMs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('answer' as const), bits: fc.constant(0x7fffffff), afterMs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('refused' as const), afterMs }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('lostAnswer' as const), taken: fc.boolean(), afterMs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('hang' as const), taken: fc.boolean() }) },
);
const steps = fc.array(
  fc.record({
    /** Records for these keys are handed over … */
    keys: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 12 }),
    /** … then time passes. */
    waitMs: fc.integer({ min: 0, max: 400 }),
    /** Whether the oldest record is to be shed. */
    shed: fc.boolean(),
  }),
  { minLength: 1, maxLength: 25 },
);

describe('publisher: what goes to a stream', () => {
  test('R9: under any pattern of failures nothing is lost, order per key is kept, a re-send is the same record, and what was taken is not sent again', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.array(acts, { maxLength: 40 }), fc.integer(), async (plan, script, seed) => {
        const time = createManualClock();
        const stream = createScriptedStream(time.timers);
        stream.act = (request) => script[request] ?? { kind: 'answer', bits: 0, afterMs: 1 };
        const acknowledged: Numbered[] = [];
        const dispatcher = new RecordDispatcher<Numbered>({
          put: stream.put,
          ...time,
          backoff: { baseMs: 100, capMs: 5_000 },
          random: seededRandom(seed),
          onAcknowledged: (record) => acknowledged.push(record),
        });
        const given: Numbered[] = [];
        const shed = new Set<StreamRecord>();
        for (const step of plan) {
          for (const key of step.keys) {
            const record = { key: `key-${key}`, data: new Uint8Array([key]), number: given.length };
            given.push(record);
            dispatcher.enqueue(record);
          }
          dispatcher.send();
          const oldest = dispatcher.pending().find((record) => step.shed && dispatcher.evict(record));
          if (oldest !== undefined) shed.add(oldest);
          await time.advanceAsync(step.waitMs);
        }
        await time.advanceAsync(20 * 60_000);

        const kept = given.filter((record) => !shed.has(record));
        expect(stream.wrongs).toEqual([]);
        expect(dispatcher.outstanding).toBe(0);
        expect(dispatcher.circuit).toBe('closed');
        // Taken: everything that was kept, nothing that was shed, and only the very records that were given.
        expect(new Set(stream.taken)).toEqual(new Set(kept));
        expect(stream.taken.every((record) => given.includes(record as Numbered))).toBe(true);
        const firstDeliveries = [...new Set(stream.taken)];
        for (const key of new Set(given.map((record) => record.key))) {
          const ofKey = (records: readonly StreamRecord[]) => records.filter((record) => record.key === key);
          expect(ofKey(firstDeliveries)).toEqual(ofKey(kept));
          expect(ofKey(acknowledged)).toEqual(ofKey(kept));
        }
        expect(time.pending).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test('R9: several of one key in a record: nothing is lost, order per key is kept, the bounds hold, and what was taken is not sent again', async () => {
    const bound = fc.record({ maxRecords: fc.integer({ min: 1, max: 5 }), maxBytes: fc.integer({ min: 1, max: 12 }) });
    await fc.assert(
      fc.asyncProperty(
        steps,
        bound,
        fc.array(acts, { maxLength: 40 }),
        fc.integer(),
        async (plan, rule, script, seed) => {
          const time = createManualClock();
          const stream = createScriptedStream(time.timers);
          stream.act = (request) => script[request] ?? { kind: 'answer', bits: 0, afterMs: 1 };
          const numbersOf = (record: StreamRecord) => Buffer.from(record.data).toString().split('\n').map(Number);
          const acknowledged: Numbered[] = [];
          const dispatcher = new RecordDispatcher<Numbered>({
            async put(records, signal) {
              const known = new Set(acknowledged.map((record) => record.number));
              for (const record of records) expect(numbersOf(record).filter((each) => known.has(each))).toEqual([]);
              return stream.put(records, signal);
            },
            ...time,
            backoff: { baseMs: 100, capMs: 5_000 },
            random: seededRandom(seed),
            join: { ...rule, join: joinTradingEvents },
            onAcknowledged: (record) => acknowledged.push(record),
          });
          const given: Numbered[] = [];
          const shed = new Set<Numbered>();
          for (const step of plan) {
            for (const key of step.keys) {
              const number = given.length;
              given.push({ key: `key-${key % 2}`, data: Buffer.from(String(number)), number });
              dispatcher.enqueue(given[number] ?? { key: '', data: new Uint8Array(), number });
            }
            dispatcher.send();
            const oldest = dispatcher.pending().find((record) => step.shed && dispatcher.evict(record));
            if (oldest !== undefined) shed.add(oldest);
            await time.advanceAsync(step.waitMs);
          }
          await time.advanceAsync(20 * 60_000);

          expect(stream.wrongs).toEqual([]);
          expect(dispatcher.outstanding).toBe(0);
          for (const record of stream.taken) {
            const count = numbersOf(record).length;
            expect(count === 1 || (count <= rule.maxRecords && record.data.length <= rule.maxBytes)).toBe(true);
          }
          for (const key of ['key-0', 'key-1']) {
            const kept = given
              .filter((record) => record.key === key && !shed.has(record))
              .map((record) => record.number);
            const taken = stream.taken.filter((record) => record.key === key).flatMap(numbersOf);
            expect([...new Set(taken)]).toEqual(kept);
            expect(acknowledged.filter((record) => record.key === key).map((record) => record.number)).toEqual(kept);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
