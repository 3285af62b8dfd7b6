import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkpointFrom } from '#local/event-source-poller/checkpoint.ts';
import type { DiscardCondition, InvocationOutcome } from '#local/event-source-poller/mapping-contract.ts';
import { type BatchRules, laneOf, type SizedRecord, StreamLane } from '#local/event-source-poller/stream-lane.ts';

interface TestRecord extends SizedRecord {
  readonly key: string;
}

/** What the function does with a record: how often it fails before it succeeds (Infinity: always). */
interface Behaviour {
  readonly failures: number;
}

interface Scenario {
  readonly rules: BatchRules;
  readonly lanes: number;
  readonly behaviours: readonly Behaviour[];
  readonly keys: readonly number[];
  readonly chunks: readonly number[];
  /** Ways an invocation may go wrong beside what its records do, one after the other. */
  readonly weather: readonly ('fine' | 'throttled' | 'crash' | 'nonsense')[];
}

const scenarios: fc.Arbitrary<Scenario> = fc.integer({ min: 1, max: 40 }).chain((count) =>
  fc.record({
    rules: fc.record({
      maximumRetryAttempts: fc.integer({ min: 0, max: 4 }),
      maximumRecordAgeMs: fc.option(fc.integer({ min: 500, max: 20_000 }), { nil: null }),
      bisectOnError: fc.boolean(),
      reportsItemFailures: fc.boolean(),
      batchSize: fc.integer({ min: 1, max: 12 }),
      batchWindowMs: fc.constantFrom(0, 200),
    }),
    lanes: fc.integer({ min: 1, max: 3 }),
    behaviours: fc.array(
      fc.oneof(
        { weight: 6, arbitrary: fc.constant({ failures: 0 }) },
        { weight: 2, arbitrary: fc.record({ failures: fc.integer({ min: 1, max: 3 }) }) },
        { weight: 1, arbitrary: fc.constant({ failures: Number.POSITIVE_INFINITY }) },
      ),
      { minLength: count, maxLength: count },
    ),
    keys: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: count, maxLength: count }),
    chunks: fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 1, maxLength: 20 }),
    weather: fc.array(fc.constantFrom('fine', 'fine', 'fine', 'throttled', 'crash', 'nonsense'), { maxLength: 12 }),
  }),
);

interface Observed {
  readonly records: readonly TestRecord[];
  readonly effects: TestRecord[];
  readonly discards: { record: TestRecord; condition: DiscardCondition; invocations: number }[];
  readonly resolved: string[];
  /** Checkpoint after each step, with the records that were unresolved then. */
  readonly positions: (string | null)[];
  /** Per record, how many invocations that ran and failed held it as their first record. */
  readonly failuresAtFront: Map<string, number>;
  passedUnresolved: boolean;
}

/** Runs a shard of lanes against a function with the given behaviour, on a clock that `wait` moves. */
async function run(scenario: Scenario): Promise<Observed> {
  let now = 0;
  const records = scenario.keys.map((key, index): TestRecord => {
    const partitionKey = `key-${key}`;
    return { sequenceNumber: String(1000 + index), partitionKey, key: partitionKey, arrivedAtMs: 0, payloadBytes: 10 };
  });
  const failuresLeft = new Map(
    records.map((record, i) => [record.sequenceNumber, scenario.behaviours[i]?.failures ?? 0]),
  );
  const observed: Observed = {
    records,
    effects: [],
    discards: [],
    resolved: [],
    positions: [],
    failuresAtFront: new Map(),
    passedUnresolved: false,
  };
  const checkpoint = checkpointFrom(null);
  const weather = [...scenario.weather];
  const failed = (batch: readonly TestRecord[]) => {
    const front = batch[0]?.sequenceNumber ?? '';
    observed.failuresAtFront.set(front, (observed.failuresAtFront.get(front) ?? 0) + 1);
  };
  const invoke = async (batch: readonly TestRecord[]): Promise<InvocationOutcome> => {
    await Promise.resolve();
    now += 5;
    const today = weather.shift() ?? 'fine';
    if (today === 'throttled') return { kind: 'not-invoked' };
    if (today === 'crash') {
      failed(batch);
      return { kind: 'function-error' };
    }
    if (today === 'nonsense' && scenario.rules.reportsItemFailures) {
      failed(batch);
      return { kind: 'returned', response: { batchItemFailures: [{ itemIdentifier: '' }] } };
    }
    // An ordered processor: stops at the first record that fails.
    for (const record of batch) {
      const left = failuresLeft.get(record.sequenceNumber) ?? 0;
      if (left > 0) {
        failuresLeft.set(record.sequenceNumber, left - 1);
        failed(scenario.rules.reportsItemFailures ? batch.slice(batch.indexOf(record)) : batch);
        return scenario.rules.reportsItemFailures
          ? { kind: 'returned', response: { batchItemFailures: [{ itemIdentifier: record.sequenceNumber }] } }
          : { kind: 'function-error' };
      }
      observed.effects.push(record);
    }
    return { kind: 'returned', response: scenario.rules.reportsItemFailures ? { batchItemFailures: [] } : 'done' };
  };
  const lanes = Array.from(
    { length: scenario.lanes },
    () =>
      new StreamLane<TestRecord>(scenario.rules, {
        invoke,
        discard: async (batch, condition, invocations) => {
          for (const record of batch) observed.discards.push({ record, condition, invocations });
        },
        resolved: (batch) => {
          for (const { sequenceNumber } of batch) {
            checkpoint.resolve(sequenceNumber);
            observed.resolved.push(sequenceNumber);
          }
          const position = checkpoint.position();
          observed.positions.push(position);
          const done = new Set(observed.resolved);
          if (position !== null && records.some((r) => r.sequenceNumber <= position && !done.has(r.sequenceNumber)))
            observed.passedUnresolved = true;
        },
        nowMs: () => now,
        wait: async (ms) => {
          now += ms;
          await Promise.resolve();
        },
        backOffMs: (attempt) => 10 * attempt,
      }),
  );
  const running = lanes.map((lane) => lane.run());
  let from = 0;
  for (let step = 0; from < records.length; step += 1) {
    const chunk = records.slice(from, from + (scenario.chunks[step % scenario.chunks.length] ?? 1));
    from += chunk.length;
    for (const record of chunk) checkpoint.admit(record.sequenceNumber);
    for (const record of chunk) lanes[laneOf(record.partitionKey, lanes.length)]?.push([record]);
    await Promise.resolve();
  }
  for (const lane of lanes) lane.close();
  await Promise.all(running);
  return observed;
}

describe('the event-source poller keeps the documented mapping contract', () => {
  it('T4: no record is lost: each is handled or handed to the destination, and resolved once', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        const { records, effects, discards, resolved } = await run(scenario);
        const handled = new Set(effects.map((record) => record.sequenceNumber));
        const given = new Set(discards.map(({ record }) => record.sequenceNumber));
        for (const { sequenceNumber } of records)
          expect(handled.has(sequenceNumber) || given.has(sequenceNumber)).toBe(true);
        expect([...resolved].sort()).toEqual(records.map((record) => record.sequenceNumber));
        expect(discards.length).toBe(given.size);
      }),
      { numRuns: 300 },
    );
  });

  it('T4: order per key: no record is first handled after a later one of its key', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        const { effects } = await run(scenario);
        const highest = new Map<string, string>();
        const seen = new Set<string>();
        for (const record of effects) {
          if (seen.has(record.sequenceNumber)) continue;
          seen.add(record.sequenceNumber);
          expect(record.sequenceNumber > (highest.get(record.key) ?? '')).toBe(true);
          highest.set(record.key, record.sequenceNumber);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('the checkpoint only moves forward, never past a record that is not done, and ends at the last', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        const { records, positions, passedUnresolved } = await run(scenario);
        expect(passedUnresolved).toBe(false);
        const moved = positions.filter((position) => position !== null);
        expect(moved).toEqual([...moved].sort());
        expect(positions.at(-1)).toBe(records.at(-1)?.sequenceNumber);
      }),
      { numRuns: 200 },
    );
  });

  it('retries end: a record fails at the front of a batch at most quota + 1 times, and once more per split', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        const { failuresAtFront } = await run(scenario);
        const splits = scenario.rules.bisectOnError ? Math.ceil(Math.log2(scenario.rules.batchSize)) + 1 : 0;
        for (const count of failuresAtFront.values())
          expect(count).toBeLessThanOrEqual((scenario.rules.maximumRetryAttempts ?? 0) + 1 + splits);
      }),
      { numRuns: 200 },
    );
  });

  it('what fails no more often than the quota allows, and is young enough, is never given up; throttling costs nothing', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        let quota = 4;
        const patient: Scenario = {
          ...scenario,
          behaviours: scenario.behaviours.map(({ failures }) => {
            const granted = Math.min(failures, quota);
            quota -= granted;
            return { failures: granted };
          }),
          weather: scenario.weather.map((each) => (each === 'throttled' ? each : 'fine')),
          rules: {
            ...scenario.rules,
            maximumRecordAgeMs: null,
            maximumRetryAttempts: 4,
            bisectOnError: true,
            reportsItemFailures: true,
          },
        };
        const { records, discards, effects } = await run(patient);
        expect(discards).toEqual([]);
        expect(effects.map((record) => record.sequenceNumber).sort()).toEqual(records.map((r) => r.sequenceNumber));
      }),
      { numRuns: 300 },
    );
  });

  it('splitting isolates a poison record: with bisect and throwing functions only poison is given up', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        const { records, discards } = await run({
          ...scenario,
          weather: [],
          behaviours: scenario.behaviours.map(({ failures }) => ({
            failures: failures === 0 ? 0 : Number.POSITIVE_INFINITY,
          })),
          rules: { ...scenario.rules, maximumRecordAgeMs: null, bisectOnError: true, reportsItemFailures: false },
        });
        const poison = records.filter((_, index) => (scenario.behaviours[index]?.failures ?? 0) > 0);
        expect(discards.map(({ record }) => record.sequenceNumber).sort()).toEqual(poison.map((r) => r.sequenceNumber));
        for (const { condition } of discards) expect(condition).toBe('RetryAttemptsExhausted');
      }),
      { numRuns: 200 },
    );
  });
});
