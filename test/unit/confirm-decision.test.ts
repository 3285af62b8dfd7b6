import { describe, expect, it } from 'vitest';
import type { ConfirmationEnd, ConfirmationQuery, ConfirmationRecord } from '#core/confirmation/confirmation-record.ts';
import {
  afterDecision,
  decideConfirmation,
  MAXIMUM_ROUNDS,
  noteCancel,
  noteQuery,
} from '#core/confirmation/decide-confirmation.ts';
import { isDrilled } from '#core/confirmation/drill.ts';
import { buildQuery, buildRecord, foundOrder, INTENDED_AT, SETTINGS } from '../support/confirmation-builder.ts';

const SOON = INTENDED_AT + 10_000;
const LATE = INTENDED_AT + 901_000;
const STREAM = [{ kind: 'accountStream' as const, venueOrderId: '4711', venueTime: 1 }];
const HALF = [{ fillId: '1', size: '0.01' }];
const BOTH = [...HALF, { fillId: '2', size: '0.01' }];

const decide = (record: ConfirmationRecord, now = SOON) => decideConfirmation(record, SETTINGS, now);
const asked = (query: ConfirmationQuery, record = buildRecord()) =>
  noteQuery(record, { ...query, round: record.rounds });

describe('confirmation by callback', () => {
  it('figures: a callback with evidence is the end', () => {
    const callback = { by: 'callback', state: 'Filled', cumulativeSize: '0.02', evidence: STREAM } as const;
    expect(decide(buildRecord({ callback }))).toMatchObject({
      kind: 'done',
      outcome: { clientOrderId: 'p0000001-a-1', state: 'Filled', by: 'callback', evidence: STREAM },
    });
  });

  it('M1: a callback without evidence ends nothing', () => {
    const callback: ConfirmationEnd = { by: 'callback', state: 'Filled', cumulativeSize: '0.02', evidence: [] };
    expect(decide(buildRecord({ callback })).kind).toBe('again');
  });

  it('H2: a callback that contradicts what the venue said goes to a person, whose word then counts', () => {
    const record = asked(buildQuery({ order: foundOrder('filled', '0.02'), fills: BOTH }));
    const callback = { by: 'callback', state: 'Canceled', cumulativeSize: '0', evidence: STREAM } as const;
    expect(decide({ ...record, callback })).toMatchObject({
      kind: 'person',
      outcome: { state: 'Unknown', by: 'nobody' },
    });

    const person = [{ kind: 'person' as const, who: 'ops', note: 'seen on the venue page' }];
    const decided = { by: 'person', state: 'Filled', cumulativeSize: null, evidence: person } as const;
    expect(decide({ ...record, callback: decided })).toMatchObject({
      kind: 'done',
      outcome: { by: 'person', evidence: person },
    });
  });
});

describe('confirmation by query', () => {
  it('F1: a lost callback is made good by the venue, when engine, venue and fills agree', () => {
    const query = buildQuery(
      { order: foundOrder('filled', '0.02'), fills: BOTH },
      { state: 'Filled', cumulativeSize: '0.02', evidence: STREAM },
    );
    expect(decide(asked(query))).toMatchObject({
      kind: 'done',
      alert: null,
      outcome: {
        state: 'Filled',
        by: 'query',
        evidence: [
          { kind: 'query', venueOrderId: '4711' },
          { kind: 'fills', fillIds: ['1', '2'] },
        ],
      },
    });
  });

  it('G4: half filled and cancelled is proven by status and fills together', () => {
    const query = buildQuery(
      { order: foundOrder('canceled', '0.01'), fills: HALF },
      { state: 'Canceled', cumulativeSize: '0.01', evidence: STREAM },
    );
    expect(decide(asked(query))).toMatchObject({ kind: 'done', outcome: { state: 'Canceled', by: 'query' } });
  });

  it('F12: a terminal status whose fills are not all there is asked for again', () => {
    const query = buildQuery({ order: foundOrder('filled', '0.02'), fills: HALF });
    expect(decide(asked(query))).toMatchObject({ kind: 'again', reason: expect.stringContaining('fills say 0.01') });
  });

  it('H2: an end that the ledger lacks is waited for, then taken, and people hear of it', () => {
    const query = buildQuery({ order: foundOrder('filled', '0.02'), fills: BOTH }, { state: 'Accepted' });
    const first = asked(query);
    expect(decide(first)).toMatchObject({ kind: 'again', wait: 0 });

    const second = asked({ ...query, at: SOON + 20_000 }, afterDecision(first));
    expect(decide(second, SOON + 20_000)).toMatchObject({
      kind: 'done',
      alert: 'the venue says Filled, the ledger Accepted',
      outcome: { state: 'Filled', by: 'query' },
    });
  });

  it('H2: an end that the ledger contradicts for longer than the grace goes to a person', () => {
    const query = buildQuery(
      { order: foundOrder('filled', '0.02'), fills: BOTH },
      { state: 'Canceled', cumulativeSize: '0', evidence: STREAM },
    );
    const second = asked({ ...query, at: SOON + 20_000 }, afterDecision(asked(query)));
    expect(decide(second, SOON + 20_000)).toMatchObject({ kind: 'person', outcome: { state: 'Unknown' } });
  });

  it('H3: a rejection that the venue keeps no record of is proven by what the venue answered the engine', () => {
    const answer = [{ kind: 'answer' as const, code: '-2019', text: 'margin' }];
    const query = buildQuery({}, { state: 'Rejected', evidence: answer });
    expect(decide(asked(query))).toMatchObject({
      kind: 'done',
      outcome: { state: 'Rejected', by: 'query', evidence: answer },
    });
  });

  it('H3: an order that risk denied is confirmed from the ledger', () => {
    const notSent = [{ kind: 'notSent' as const, reason: 'SPREAD_WIDE' }];
    const query = buildQuery({}, { state: 'Denied', size: null, evidence: notSent });
    expect(decide(asked(query))).toMatchObject({ kind: 'done', outcome: { state: 'Denied' } });
  });

  it('F3: executions that sum up to the order prove that it filled, though the order itself is not found', () => {
    const query = buildQuery({ fills: BOTH }, { state: 'Filled', cumulativeSize: '0.02', evidence: [] });
    expect(decide(asked(query))).toMatchObject({
      kind: 'done',
      outcome: { state: 'Filled', evidence: [{ kind: 'fills', fillIds: ['1', '2'] }] },
    });
  });
});

describe('confirmation at the deadline', () => {
  const cancelled = (answer: 'accepted' | 'rejected' | 'unknown', record: ConfirmationRecord, now = LATE) =>
    noteCancel(afterDecision(record), now, answer, 'text');

  it('waits grow up to the deadline and never beyond it', () => {
    const open = buildQuery({ order: foundOrder('accepted', '0') });
    expect(decide(asked(open))).toMatchObject({ kind: 'again', wait: 1 });
    expect(decide(asked(open, buildRecord({ rounds: 5 })))).toMatchObject({ kind: 'again', wait: 3 });
    const near = asked(open, buildRecord({ rounds: 5 }));
    expect(decide(near, INTENDED_AT + 860_000)).toMatchObject({ kind: 'again', wait: 1 });
    expect(decide(near, INTENDED_AT + 895_000)).toMatchObject({ kind: 'again', wait: 0 });
  });

  it('an order that still works is cancelled, and the cancel is verified', () => {
    const open = buildQuery({ order: foundOrder('accepted', '0') });
    const record = asked(open);
    expect(decide(record, LATE)).toMatchObject({ kind: 'cancel' });

    const after = cancelled('accepted', record);
    expect(decide(asked(open, after), LATE + 5_000)).toMatchObject({ kind: 'again', wait: 0 });
    const gone = buildQuery({ order: foundOrder('canceled', '0') }, { state: 'Canceled', evidence: STREAM });
    expect(decide(asked(gone, after), LATE + 15_000)).toMatchObject({ kind: 'done', outcome: { state: 'Canceled' } });
  });

  it('F24: what can only close a position is never cancelled while it works or nobody can say, be it the only protection left; an end that comes counts', () => {
    const open = buildQuery({ order: foundOrder('accepted', '0'), onlyCloses: true });
    const resting = asked(open);
    expect(decide(resting, LATE)).toMatchObject({ kind: 'again', wait: 3, alert: null });
    const failed = { kind: 'failed' as const, round: 0, at: LATE, reason: 'HTTP 503' };
    expect(decide(asked(failed, resting), LATE).kind).toBe('again');
    expect(decide(asked({ ...failed, onlyCloses: true }), LATE).kind).toBe('again');
    expect(decide(asked(failed), LATE).kind).toBe('cancel');
    const forgotten = asked(buildQuery({ onlyCloses: true }, { venueOrderId: '4711' }));
    expect(decide(forgotten, LATE).kind).toBe('again');

    const end = asked(buildQuery({ order: foundOrder('canceled', '0') }, { state: 'Canceled' }), resting);
    expect(decide(end, LATE)).toMatchObject({ kind: 'done', outcome: { state: 'Canceled' } });
    // That it never lived is proven with a cancel as before; what then turns out to work is left.
    const absent = asked(buildQuery({ onlyCloses: true }));
    expect(decide(absent, LATE).kind).toBe('cancel');
    const found = asked(open, noteCancel(absent, LATE, 'rejected', 'unknown order'));
    expect(decide(found, LATE + 1_000).kind).toBe('again');
    // It may rest for longer than an execution lives: nobody is woken for that.
    const long = asked(open, { ...resting, rounds: MAXIMUM_ROUNDS });
    expect(decide(long, LATE)).toMatchObject({
      kind: 'done',
      alert: null,
      outcome: { state: 'Unknown', by: 'nobody' },
    });
    expect(decide(asked(failed, { ...resting, rounds: MAXIMUM_ROUNDS }), LATE).kind).toBe('unknown');
  });

  it('F6: a cancel whose answer was lost is repeated, thrice at most; then people are told', () => {
    const failed = { kind: 'failed', round: 0, at: LATE, reason: '503' } as const;
    let record = asked(failed);
    for (const expected of ['cancel', 'cancel', 'cancel', 'again']) {
      expect(decide(record, LATE).kind).toBe(expected);
      record = asked(failed, expected === 'cancel' ? cancelled('unknown', record) : afterDecision(record));
    }
    expect(decide(record, LATE + 121_000)).toMatchObject({
      kind: 'unknown',
      outcome: { state: 'Unknown', by: 'nobody' },
    });
  });

  it('F4: "not found" is never an end, until order, fills, position and a refused cancel agree, twice', () => {
    let record = asked(buildQuery());
    expect(decide(record).kind).toBe('again');
    expect(decide(record, LATE).kind).toBe('cancel');
    record = asked({ ...buildQuery(), at: LATE + 5_000 }, cancelled('rejected', record));
    // The engine's clock may be an hour behind: what it signed a moment ago can still arrive (G12).
    expect(decide(record, LATE + 5_000).kind).toBe('again');
    record = asked({ ...buildQuery(), at: LATE + 15_000 }, afterDecision(record));
    expect(decide(record, LATE + 15_000)).toMatchObject({
      kind: 'done',
      outcome: { state: 'Rejected', by: 'query', evidence: [{ kind: 'agreedAbsence', position: '0' }] },
    });
  });

  it('F4: an order that the venue once knew and then forgets is unknown, not absent', () => {
    let record = asked(buildQuery({ order: foundOrder('accepted', '0') }));
    record = asked(buildQuery(), afterDecision(record));
    record = asked(buildQuery(), cancelled('rejected', record));
    expect(decide(record, LATE + 5_000).kind).toBe('again');
    expect(decide(record, LATE + 121_000).kind).toBe('unknown');
  });

  it('F4: absence with another position than the ledger says proves nothing', () => {
    let record = asked(buildQuery({ position: '0.02' }));
    record = asked(buildQuery({ position: '0.02' }), cancelled('rejected', record));
    expect(decide(record, LATE + 121_000).kind).toBe('unknown');
  });
});

describe('drill', () => {
  it('withholds each n-th order by its counter, in base 36, and none when off', () => {
    const ids = Array.from({ length: 70 }, (_, index) => `p0000001-abc-${(index + 1).toString(36)}`);
    expect(ids.filter((id) => isDrilled(id, 7))).toHaveLength(10);
    expect(ids.filter((id) => isDrilled(id, 0))).toEqual([]);
  });
});
