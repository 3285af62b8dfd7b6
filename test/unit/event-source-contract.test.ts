import { describe, expect, it } from 'vitest';
import { checkpointFrom } from '#local/event-source-poller/checkpoint.ts';
import {
  expire,
  type InvocationOutcome,
  type RetryRules,
  resolve,
  type Segment,
} from '#local/event-source-poller/mapping-contract.ts';
import { deletable } from '#local/event-source-poller/sqs-contract.ts';
import { laneOf, MAXIMUM_PAYLOAD_BYTES, type SizedRecord, StreamLane } from '#local/event-source-poller/stream-lane.ts';

const RULES: RetryRules = {
  maximumRetryAttempts: 2,
  maximumRecordAgeMs: 60_000,
  bisectOnError: true,
  reportsItemFailures: true,
};

function records(...numbers: number[]): SizedRecord[] {
  return numbers.map((n) => ({ sequenceNumber: String(n), partitionKey: 'k', arrivedAtMs: n, payloadBytes: 10 }));
}

function segment(numbers: number[], retries = 0): Segment<SizedRecord> {
  return { records: records(...numbers), retries, invocations: retries };
}

const answered = (response: unknown): InvocationOutcome => ({ kind: 'returned', response });
const failing = (...identifiers: unknown[]) =>
  answered({ batchItemFailures: identifiers.map((itemIdentifier) => ({ itemIdentifier })) });
const numbersOf = (each: { readonly records: readonly SizedRecord[] }) =>
  each.records.map((r) => Number(r.sequenceNumber));

/** What follows, by sequence numbers: done / given up / next batches with the retries they have used. */
function outcome(rules: RetryRules, batch: Segment<SizedRecord>, how: InvocationOutcome) {
  const { succeeded, discarded, next } = resolve(rules, batch, how);
  return {
    done: numbersOf({ records: succeeded }),
    gone: numbersOf({ records: discarded }),
    next: next.map((each) => [numbersOf(each), each.retries]),
  };
}

describe('the mapping contract: a batch and how its invocation ended', () => {
  it.each([
    ['an empty list', { batchItemFailures: [] }],
    ['a null list', { batchItemFailures: null }],
    ['an empty answer', {}],
    ['null', null],
    ['another answer', 'OK'],
  ])('%s is full success', (_, response) => {
    expect(outcome(RULES, segment([1, 2, 3]), answered(response))).toEqual({ done: [1, 2, 3], gone: [], next: [] });
  });

  it.each([
    ['an empty identifier', failing('')],
    ['a null identifier', failing(null)],
    ['an identifier that is not in the batch', failing('9')],
    ['a misnamed identifier', answered({ batchItemFailures: [{ id: '2' }] })],
    ['a list that is none', answered({ batchItemFailures: 'all' })],
    ['an error', { kind: 'function-error' } as const],
  ])('%s is full failure: with bisect two halves, and the quota untouched', (_, how) => {
    expect(outcome(RULES, segment([1, 2, 3], 1), how)).toEqual({
      done: [],
      gone: [],
      next: [
        [[1, 2], 1],
        [[3], 1],
      ],
    });
  });

  it('full failure without bisect costs one retry, and the last one gives the batch up', () => {
    const plain = { ...RULES, bisectOnError: false };
    const error: InvocationOutcome = { kind: 'function-error' };
    expect(outcome(plain, segment([1, 2], 1), error)).toEqual({ done: [], gone: [], next: [[[1, 2], 2]] });
    expect(outcome(plain, segment([1, 2], 2), error)).toEqual({ done: [], gone: [1, 2], next: [] });
    expect(outcome({ ...plain, maximumRetryAttempts: null }, segment([1], 10_000), error).next).toEqual([
      [[1], 10_001],
    ]);
  });

  it('the lowest number named is the checkpoint: what came before is done, everything from it on comes again', () => {
    expect(outcome(RULES, segment([1, 2, 3, 4]), failing('4', '2'))).toEqual({
      done: [1],
      gone: [],
      next: [[[2, 3, 4], 0]],
    });
    const plain = { ...RULES, bisectOnError: false };
    expect(outcome(plain, segment([1, 2, 3, 4]), failing('3'))).toEqual({
      done: [1, 2],
      gone: [],
      next: [[[3, 4], 1]],
    });
    expect(outcome(plain, segment([1, 2, 3], 2), failing('2'))).toEqual({ done: [1], gone: [2, 3], next: [] });
  });

  it('a failure at the first record splits nothing off: it costs a retry', () => {
    expect(outcome(RULES, segment([1, 2], 1), failing('1'))).toEqual({ done: [], gone: [], next: [[[1, 2], 2]] });
    expect(outcome(RULES, segment([1, 2], 2), failing('1'))).toEqual({ done: [], gone: [1, 2], next: [] });
  });

  it('identifiers count only where the mapping reports failures', () => {
    expect(outcome({ ...RULES, reportsItemFailures: false }, segment([1, 2]), failing('1')).done).toEqual([1, 2]);
  });

  it('what was not invoked comes again as it was', () => {
    const batch = segment([1, 2], 2);
    expect(resolve(RULES, batch, { kind: 'not-invoked' })).toEqual({
      succeeded: [],
      discarded: [],
      next: [batch],
      backOff: true,
    });
  });

  it('records past their age are given up from the front, whatever is left of the quota', () => {
    const young = { ...RULES, maximumRecordAgeMs: 10 };
    const aged = expire(young, segment([100, 105, 111]), 116);
    expect([numbersOf({ records: aged.expired }), aged.live?.records.length]).toEqual([[100, 105], 1]);
    expect(expire(young, segment([100]), 110).expired).toEqual([]);
    expect(expire(young, segment([100]), 111).live).toBeNull();
    expect(expire({ ...RULES, maximumRecordAgeMs: null }, segment([0]), 1e12).expired).toEqual([]);
  });
});

describe('the checkpoint', () => {
  it('waits at a hole and then takes everything behind it', () => {
    const checkpoint = checkpointFrom('0');
    for (const number of ['1', '2', '3']) checkpoint.admit(number);
    checkpoint.resolve('2');
    expect([checkpoint.position(), checkpoint.outstanding()]).toEqual(['0', 2]);
    checkpoint.resolve('1');
    expect(checkpoint.position()).toBe('2');
    checkpoint.resolve('3');
    expect([checkpoint.position(), checkpoint.outstanding()]).toEqual(['3', 0]);
  });

  it('refuses what was resolved or admitted before, or never', () => {
    const checkpoint = checkpointFrom(null);
    checkpoint.admit('1');
    expect(() => checkpoint.admit('1')).toThrow('admitted twice');
    checkpoint.resolve('1');
    expect(() => checkpoint.resolve('1')).toThrow('not outstanding');
    expect(() => checkpoint.resolve('2')).toThrow('not outstanding');
  });
});

describe('batches of a lane', () => {
  async function batches(rules: { batchSize: number; batchWindowMs: number }, given: readonly SizedRecord[]) {
    const seen: number[][] = [];
    const lane = new StreamLane<SizedRecord>(
      { ...RULES, ...rules },
      {
        invoke: async (batch) => {
          seen.push(batch.map((record) => Number(record.sequenceNumber)));
          return { kind: 'returned', response: null };
        },
        discard: async () => undefined,
        resolved: () => undefined,
        nowMs: () => 0,
        wait: () => new Promise(() => undefined),
        backOffMs: () => 0,
      },
    );
    const running = lane.run();
    for (const record of given) lane.push([record]);
    await new Promise((resolveSoon) => setTimeout(resolveSoon, 5));
    const beforeClose = seen.length;
    lane.close();
    await running;
    return { seen, beforeClose };
  }

  it('fill up to their size, and wait for their window while they are not full', async () => {
    const { seen, beforeClose } = await batches({ batchSize: 3, batchWindowMs: 1000 }, records(1, 2, 3, 4, 5, 6, 7));
    expect(seen).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
    expect(beforeClose).toBe(2);
  });

  it('are cut at the payload an invocation takes, and a record alone may be larger', async () => {
    const half = Math.ceil(MAXIMUM_PAYLOAD_BYTES / 2) + 1;
    const large = records(1, 2, 3).map((record) => ({ ...record, payloadBytes: half }));
    expect((await batches({ batchSize: 10, batchWindowMs: 0 }, large)).seen).toEqual([[1], [2], [3]]);
    const huge = records(1).map((record) => ({ ...record, payloadBytes: 2 * MAXIMUM_PAYLOAD_BYTES }));
    expect((await batches({ batchSize: 10, batchWindowMs: 0 }, huge)).seen).toEqual([[1]]);
  });

  it('a key stays in its lane', () => {
    for (const lanes of [1, 2, 7, 10])
      for (const key of ['paper/a/binance-usdm', 'x', '', 'ключ']) {
        expect(laneOf(key, lanes)).toBe(laneOf(key, lanes));
        expect(laneOf(key, lanes)).toBeLessThan(lanes);
      }
    expect(new Set(Array.from({ length: 100 }, (_, i) => laneOf(`key-${i}`, 4))).size).toBe(4);
    expect(() => laneOf('x', 0)).toThrow('PARALLELIZATION_INVALID');
  });
});

describe('the contract of queues: which messages are deleted', () => {
  const batch = ['a', 'b', 'c'].map((messageId) => ({ messageId }));
  const ids = (kept: readonly { messageId: string }[]) => kept.map(({ messageId }) => messageId);

  it.each([
    ['full success', answered(null), ['a', 'b', 'c']],
    ['one named', failing('b'), ['a', 'c']],
    ['an unusable identifier', failing(''), []],
    ['an unknown identifier', failing('z'), []],
    ['an error', { kind: 'function-error' } as const, []],
    ['not invoked', { kind: 'not-invoked' } as const, []],
  ])('%s', (_, how, deleted) => {
    expect(ids(deletable(true, batch, how))).toEqual(deleted);
  });

  it('without reported failures a returned batch is done', () => {
    expect(ids(deletable(false, batch, failing('b')))).toEqual(['a', 'b', 'c']);
  });
});
