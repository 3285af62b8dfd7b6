import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createOrderedProcessor } from '#aws/ordered-stream-processor.ts';
import { buildKinesisEvent } from '../support/kinesis-event-builder.ts';
import { createMemoryQuarantine } from '../support/memory-quarantine.ts';

const kinds = fc.array(
  fc.record({
    kind: fc.constantFrom('good', 'poison'),
    /** How often it fails before it succeeds. */
    failures: fc.integer({ min: 0, max: 3 }),
    key: fc.integer({ min: 0, max: 3 }),
  }),
  { minLength: 1, maxLength: 30 },
);

describe('ordered stream processor', () => {
  test('T4: delivered again from the reported record on, every record is handled in order or set aside, and none after an open one', async () => {
    await fc.assert(
      fc.asyncProperty(kinds, fc.integer({ min: 1, max: 8 }), async (plan, batchSize) => {
        const failuresLeft = plan.map((each) => each.failures);
        const handled: number[] = [];
        const quarantine = createMemoryQuarantine();
        const processor = createOrderedProcessor<number>({
          consumer: 'test',
          quarantine,
          log: () => undefined,
          parse(data) {
            const index = Number(data.toString());
            return plan[index]?.kind === 'poison'
              ? { kind: 'malformed', reason: 'poison' }
              : { kind: 'message', message: index };
          },
          async handle(index) {
            const left = failuresLeft[index] ?? 0;
            failuresLeft[index] = left - 1;
            if (left > 0) throw new Error('not yet');
            handled.push(index);
          },
        });
        let next = 0;
        for (let invocations = 0; next < plan.length; invocations += 1) {
          expect(invocations).toBeLessThan(plan.length * 5);
          const batch = plan.slice(next, next + batchSize).map((each, offset) => ({
            data: String(next + offset),
            key: `key-${each.key}`,
            sequenceNumber: String(next + offset),
          }));
          const { batchItemFailures } = await processor(buildKinesisEvent(batch));
          expect(batchItemFailures.length).toBeLessThanOrEqual(1);
          const [failure] = batchItemFailures;
          next = failure === undefined ? next + batch.length : Number(failure.itemIdentifier);
        }
        const numbers = plan.map((_, index) => index);
        expect(handled).toEqual(numbers.filter((index) => plan[index]?.kind === 'good'));
        expect(quarantine.records.map((each) => Number(each.sequenceNumber))).toEqual(
          numbers.filter((index) => plan[index]?.kind === 'poison'),
        );
      }),
      { numRuns: 200 },
    );
  });
});
