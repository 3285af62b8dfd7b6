import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allocateRing, RingConsumer, RingProducer } from '#aws/publisher/shared-ring.ts';

const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constant('write' as const), length: fc.integer({ min: 0, max: 300 }) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('read' as const), count: fc.integer({ min: 1, max: 8 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('free' as const), keep: fc.integer({ min: 0, max: 4 }) }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'succeed' as const }) },
  ),
  { maxLength: 400 },
);

describe('shared ring', () => {
  test('R9: what was written is read once, whole and in order; a successor reads again exactly what was not freed', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 0xffffffff }), (plan, start) => {
        const memory = allocateRing(2048);
        // Positions run over 2^32 in the life of an engine.
        const aligned = (start & ~7) | 0;
        new Int32Array(memory, 0, 3).fill(aligned);
        const producer = new RingProducer(memory);
        let consumer = new RingConsumer(memory);
        const waiting: { number: number; length: number }[] = [];
        const held: { number: number; length: number; position: number }[] = [];
        let number = 0;
        for (const step of plan) {
          if (step.kind === 'write') {
            const content = new Uint8Array(step.length).fill(number & 255);
            if (producer.write(number, number / 3, -number, 2 ** 52 + number, content)) {
              waiting.push({ number, length: step.length });
            } else {
              // It refuses only what does not fit, with the waste of one wrap.
              expect(producer.used + 2 * (step.length + 40)).toBeGreaterThan(2048);
            }
            number += 1;
          } else if (step.kind === 'read') {
            for (let count = 0; count < step.count; count += 1) {
              const entry = consumer.peek();
              const expected = waiting.shift();
              if (expected === undefined) {
                expect(entry).toBeNull();
                break;
              }
              expect(entry).toMatchObject({
                tag: expected.number,
                a: expected.number / 3,
                b: -expected.number,
                c: 2 ** 52 + expected.number,
              });
              expect([...(entry?.bytes ?? [])]).toEqual(new Array(expected.length).fill(expected.number & 255));
              held.push({ ...expected, position: entry?.position ?? 0 });
              consumer.advance();
            }
          } else if (step.kind === 'free') {
            held.splice(0, Math.max(0, held.length - step.keep));
            consumer.free(held[0]?.position ?? consumer.position);
          } else {
            consumer = new RingConsumer(memory);
            waiting.unshift(...held.splice(0));
          }
        }
        expect(consumer.unread === 0).toBe(waiting.length === 0);
      }),
      { numRuns: 300 },
    );
  });

  test('an entry longer than a quarter of the ring never fits, and is refused as such', () => {
    const producer = new RingProducer(allocateRing(2048));
    expect(producer.write(0, 0, 0, 0, new Uint8Array(producer.maxEntryBytes))).toBe(true);
    expect(producer.write(0, 0, 0, 0, new Uint8Array(producer.maxEntryBytes + 1))).toBe(false);
  });

  test('a capacity that is no power of two is refused', () => {
    expect(() => allocateRing(3000)).toThrow('RING_CAPACITY');
  });
});
