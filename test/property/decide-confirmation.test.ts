import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ConfirmationEnd, ConfirmationQuery } from '#core/confirmation/confirmation-record.ts';
import {
  afterDecision,
  type ConfirmationDecision,
  decideConfirmation,
  MAXIMUM_ROUNDS,
  noteCancel,
  noteQuery,
} from '#core/confirmation/decide-confirmation.ts';
import { verdictOf } from '#core/confirmation/venue-verdict.ts';
import { buildQuery, buildRecord, foundOrder, INTENDED_AT, SETTINGS } from '../support/confirmation-builder.ts';

const size = fc.constantFrom('0', '0.01', '0.02');
const evidence = fc.constantFrom<ConfirmationEnd['evidence'][]>([], [{ kind: 'answer', code: '1', text: 't' }]);
const ledgerState = fc.constantFrom(
  'Submitted',
  'Accepted',
  'Unknown',
  'Filled',
  'Canceled',
  'Rejected',
  'Denied',
  null,
);

const order = fc.option(
  fc
    .record({
      status: fc.constantFrom('accepted', 'partiallyFilled', 'filled', 'canceled', 'rejected', 'expired'),
      cumulativeSize: size,
    })
    .map(({ status, cumulativeSize }) => foundOrder(status, cumulativeSize)),
  { nil: null },
);

const answered = fc
  .record({
    order,
    listedOpen: fc.boolean(),
    fills: fc.subarray([
      { fillId: '1', size: '0.01' },
      { fillId: '2', size: '0.01' },
    ]),
    position: size,
    ledger: fc.record({
      state: ledgerState,
      venueOrderId: fc.constantFrom(null, '4711'),
      cumulativeSize: size,
      evidence,
      position: size,
    }),
  })
  .map(({ ledger, ...rest }) => buildQuery(rest, ledger));

const failed = fc.constant({ kind: 'failed', round: 0, at: 0, reason: '503' } as const);

/** What the world does in one round. */
const round = fc.record({
  query: fc.oneof<fc.Arbitrary<ConfirmationQuery>[]>(answered, failed),
  callback: fc.option(
    fc.record({
      by: fc.constant('callback' as const),
      state: fc.constantFrom('Filled' as const, 'Canceled' as const),
      cumulativeSize: size,
      evidence,
    }),
    { nil: null, freq: 8 },
  ),
  cancelAnswer: fc.constantFrom('accepted' as const, 'rejected' as const, 'unknown' as const, 'notSent' as const),
  /** Whether the step that asks the venue failed altogether, leaving an old answer in the record. */
  queryStepFails: fc.boolean(),
});
type Round = typeof round extends fc.Arbitrary<infer Value> ? Value : never;

/** Runs the machine's loop over what the world does, as `lib/constructs/order-confirmation.ts` does. */
function runLoop(world: (index: number) => Round): {
  decision: ConfirmationDecision;
  elapsedMs: number;
  seen: Round[];
  /** What had been asked last when a cancel was decided on. */
  cancelledOn: (ConfirmationQuery | null)[];
} {
  const cancelledOn: (ConfirmationQuery | null)[] = [];
  let record = buildRecord();
  let now = INTENDED_AT;
  let waitMs = (SETTINGS.waitSeconds[0] ?? 0) * 1000;
  const seen: Round[] = [];
  for (let index = 0; ; index += 1) {
    expect(index).toBeLessThanOrEqual(MAXIMUM_ROUNDS + 2);
    const each = world(index);
    seen.push(each);
    if (each.callback === null) {
      now += waitMs;
      if (!each.queryStepFails) record = noteQuery(record, { ...each.query, round: record.rounds, at: now });
    } else {
      record = { ...record, callback: each.callback };
    }
    const decision = decideConfirmation(record, SETTINGS, now);
    record = afterDecision(record);
    if (decision.kind === 'cancel') {
      cancelledOn.push(record.query);
      record = noteCancel(record, now, each.cancelAnswer, '');
      waitMs = (SETTINGS.waitSeconds[0] ?? 0) * 1000;
    } else if (decision.kind === 'again') {
      expect(SETTINGS.waitSeconds[decision.wait]).toBeDefined();
      waitMs = (SETTINGS.waitSeconds[decision.wait] ?? 0) * 1000;
    } else {
      return { decision, elapsedMs: now - INTENDED_AT, seen, cancelledOn };
    }
  }
}

const stream = (source: fc.Arbitrary<Round>) =>
  fc.infiniteStream(source).map((rounds) => {
    const drawn: Round[] = [];
    return (index: number): Round => {
      while (drawn.length <= index) drawn.push(rounds.next().value);
      const found = drawn[index];
      if (found === undefined) throw new Error('the stream ended');
      return found;
    };
  });

it('M1: every sequence of inputs ends in done, person or unknown within deadline and verification, and never done without evidence', () => {
  const ends = new Map<string, number>();
  fc.assert(
    fc.property(stream(round), (world) => {
      const { decision, elapsedMs } = runLoop(world);
      ends.set(decision.kind, (ends.get(decision.kind) ?? 0) + 1);
      expect(['done', 'person', 'unknown']).toContain(decision.kind);
      const slackMs = 2 * (SETTINGS.waitSeconds[0] ?? 0) * 1000 + SETTINGS.graceSeconds * 1000;
      expect(elapsedMs).toBeLessThanOrEqual((SETTINGS.deadlineSeconds + SETTINGS.verifySeconds) * 1000 + slackMs);
      if (decision.kind === 'done') {
        expect(decision.outcome.evidence.length).toBeGreaterThan(0);
        expect(decision.outcome.state).not.toBe('Unknown');
      } else if (decision.kind !== 'again' && decision.kind !== 'cancel') {
        expect(decision.outcome).toMatchObject({ state: 'Unknown', evidence: [] });
      }
    }),
    { numRuns: 1000 },
  );
  expect(ends.get('done')).toBeGreaterThan(0);
  expect(ends.get('person')).toBeGreaterThan(0);
});

it('F24: what can only close a position is cancelled only where order, open orders, fills and position agree that it never lived', () => {
  const closing = round.map((each): Round => ({ ...each, query: { ...each.query, onlyCloses: true } }));
  const of = (query: ConfirmationQuery) => closing.map((each): Round => ({ ...each, query, callback: null }));
  const absent = of(buildQuery({ onlyCloses: true }));
  const mute = of({ kind: 'failed', round: 0, at: 0, reason: '503', onlyCloses: true });
  let cancels = 0;
  fc.assert(
    fc.property(fc.oneof(stream(closing), stream(fc.oneof(absent, mute))), (world) => {
      const { decision, cancelledOn } = runLoop((index) => ({ ...world(index), queryStepFails: false }));
      expect(['done', 'person', 'unknown']).toContain(decision.kind);
      cancels += cancelledOn.length;
      for (const query of cancelledOn) expect(query?.kind === 'answered' && verdictOf(query).kind).toBe('absent');
    }),
    { numRuns: 500 },
  );
  expect(cancels).toBeGreaterThan(0);
});

it('F4: where the venue only ever says "not found", the sole end without a person is absence on which everything agrees', () => {
  const agreeing = fc.constant<Round>({
    query: buildQuery(),
    callback: null,
    cancelAnswer: 'rejected',
    queryStepFails: false,
  });
  const disagreeing = round.map((each): Round => {
    const query =
      each.query.kind === 'failed' ? each.query : { ...each.query, order: null, listedOpen: false, fills: [] };
    if (query.kind === 'answered') query.ledger = { ...query.ledger, evidence: [] };
    return { ...each, callback: null, query };
  });
  const notFound = fc.oneof({ weight: 3, arbitrary: disagreeing }, { weight: 2, arbitrary: agreeing });
  const kinds = new Map<string, number>();
  fc.assert(
    fc.property(stream(notFound), (world) => {
      const { decision, elapsedMs, seen } = runLoop(world);
      kinds.set(decision.kind, (kinds.get(decision.kind) ?? 0) + 1);
      if (decision.kind !== 'done') {
        expect(decision.kind).toBe('unknown');
        return;
      }
      expect(decision.outcome.evidence[0]?.kind).toBe('agreedAbsence');
      expect(elapsedMs).toBeGreaterThanOrEqual(SETTINGS.deadlineSeconds * 1000);
      const last = seen.slice(-2);
      expect(last).toHaveLength(2);
      for (const { query, queryStepFails } of last) {
        if (queryStepFails || query.kind === 'failed') throw new Error('absence was taken from a question that failed');
        expect(query.ledger.venueOrderId).toBeNull();
        expect(Number(query.position)).toBe(Number(query.ledger.position));
      }
    }),
    { numRuns: 600 },
  );
  expect(kinds.get('unknown')).toBeGreaterThan(0);
  expect(kinds.get('done')).toBeGreaterThan(0);
});
