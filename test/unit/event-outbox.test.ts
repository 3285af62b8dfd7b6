import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { EventOutbox } from '#aws/publisher/event-outbox.ts';
import { allocateRing, RingConsumer, RingProducer } from '#aws/publisher/shared-ring.ts';

function createWorld() {
  const memory = allocateRing(1024);
  const consumer = new RingConsumer(memory);
  return {
    outbox: new EventOutbox(new RingProducer(memory)),
    /** Takes everything out of the ring. */
    take(): number[] {
      const numbers: number[] = [];
      for (let entry = consumer.peek(); entry !== null; entry = consumer.peek()) {
        numbers.push(entry.a);
        consumer.advance();
      }
      consumer.free(consumer.position);
      return numbers;
    },
  };
}

test('R9: events that find the ring full wait, and follow in order when there is room', async () => {
  const { outbox, take } = createWorld();
  for (let number = 1; number <= 30; number += 1) expect(outbox.put(number, 4, Buffer.alloc(100))).toBe(true);
  expect(outbox.waiting).toBeGreaterThan(10);
  const taken: number[] = [];
  for (let round = 0; round < 100 && taken.length < 31; round += 1) {
    taken.push(...take());
    // One more while others wait goes behind them.
    if (round === 0) outbox.put(31, 4, Buffer.alloc(1));
    await sleep(5);
  }
  expect(taken).toEqual(Array.from({ length: 31 }, (_, index) => index + 1));
  expect(outbox.close()).toBe(0);
});

test('R9: with memory full as well the event is refused, and what was waiting is counted at the end', () => {
  const { outbox } = createWorld();
  const large = Buffer.alloc(16 * 1024 * 1024);
  const outcomes = [1, 2, 3, 4, 5].map((number) => outbox.put(number, 4, large));
  expect(outcomes).toEqual([true, true, true, true, false]);
  expect(outbox.close()).toBe(4);
});
