import { expect, it } from 'vitest';
import { createPendingRequests, type RequestOutcome } from '#venues/connection/pending-requests.ts';
import { createManualClock } from '../support/manual-clock.ts';

function setUp(maxPending = 10) {
  const manual = createManualClock();
  const pending = createPendingRequests<string>(manual.timers, maxPending);
  const outcomes: [string, RequestOutcome<string>][] = [];
  const add = (id: string, session = 1, timeoutMs = 1_000): boolean =>
    pending.add(id, session, timeoutMs, (outcome) => outcomes.push([id, outcome]));
  return { manual, pending, outcomes, add };
}

it('a request settles exactly once: an answer that comes twice, or after its time, finds nobody', () => {
  const { manual, pending, outcomes, add } = setUp();
  add('a');
  add('b');
  expect(pending.answer('a', 'done')).toBe(true);
  expect(pending.answer('a', 'again')).toBe(false);
  manual.advance(1_000);
  expect(pending.answer('b', 'late')).toBe(false);
  expect(outcomes).toEqual([
    ['a', { kind: 'answer', answer: 'done' }],
    ['b', { kind: 'timeout' }],
  ]);
  expect(manual.pending).toBe(0);
});

it('the loss of a link settles the requests that went over it, oldest first, and no others', () => {
  const { pending, outcomes, add } = setUp();
  add('a', 1);
  add('b', 2);
  add('c', 1);
  pending.failSession(1, 'cut');
  expect(outcomes.map(([id]) => id)).toEqual(['a', 'c']);
  expect(outcomes[0]?.[1]).toEqual({ kind: 'linkLost', reason: 'cut' });
  expect(pending.size).toBe(1);
});

it('R9: past its bound it takes no more, and an id that waits is not taken twice', () => {
  const { add } = setUp(2);
  expect(add('a')).toBe(true);
  expect(add('a')).toBe(false);
  expect(add('b')).toBe(true);
  expect(add('c')).toBe(false);
});
