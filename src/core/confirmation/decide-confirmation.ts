import type {
  ConfirmationEnd,
  ConfirmationOutcome,
  ConfirmationQuery,
  ConfirmationRecord,
  ConfirmationSettings,
  EndState,
} from './confirmation-record.ts';
import { endStateOf, sameEnd, type VenueVerdict, verdictOf } from './venue-verdict.ts';

/**
 * What happens next. `again`: wait for the callback, so long as `wait` says, then ask the venue. `person` and `unknown` ask people; their `outcome` is
 * what remains if nobody answers. `alert`: engine and venue say different things, which people must hear whatever comes next.
 */
export type ConfirmationDecision = {
  readonly reason: string;
  readonly alert: string | null;
} & (
  | { readonly kind: 'again'; readonly wait: number }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'done' | 'person' | 'unknown'; readonly outcome: ConfirmationOutcome }
);

/** Cancels asked of the venue before the order is given up as unknown. */
const CANCEL_ATTEMPTS = 3;
/** Rounds in a row, each with a complete answer, that must find nothing before absence counts. */
const ABSENT_ROUNDS = 2;
/**
 * What was sent before the first cancel may be carried out for so long after it: longer than any request is valid. Counted from there, since the engine's clock, which stamped the order, may be off;
 * at most half of the time for verification.
 */
const ON_ITS_WAY_MS = 10_000;
/** A confirmation that has come so far without an end is unknown, whatever the clock says. */
export const MAXIMUM_ROUNDS = 200;

/** Takes in what a round of questions answered. */
export function noteQuery(before: ConfirmationRecord, query: ConfirmationQuery): ConfirmationRecord {
  const record = query.onlyCloses === true ? { ...before, onlyCloses: true } : before;
  if (query.kind === 'failed') return { ...record, query, absentRounds: 0 };
  const verdict = verdictOf(query);
  const everFound = record.everFound || query.order !== null || query.listedOpen || query.fills.length > 0;
  // A venue that fails now and then is the one that forgets: a round without an answer breaks the row.
  const absentBefore = record.query?.round === record.rounds - 1 ? record.absentRounds : 0;
  return {
    ...record,
    query,
    everFound,
    absentRounds: verdict.kind === 'absent' ? absentBefore + 1 : 0,
    apartSince: verdict.kind === 'ended' && !ledgerAgrees(query, verdict) ? (record.apartSince ?? query.at) : null,
  };
}

/** Takes in what the venue answered to a cancel. */
export function noteCancel(
  record: ConfirmationRecord,
  now: number,
  answer: NonNullable<ConfirmationRecord['cancel']>['answer'],
  text: string,
): ConfirmationRecord {
  const { attempts = 0, firstAt = now } = record.cancel ?? {};
  return { ...record, cancel: { attempts: attempts + 1, firstAt, answer, text } };
}

/**
 * Decides on one order (pure: the same in Step Functions and in the simulated world). No end without evidence; "not found" alone never ends anything; every
 * sequence of inputs comes to `done`, `person` or `unknown` within deadline + verification, or for what can only close a position, which is not cancelled, within `MAXIMUM_ROUNDS`.
 */
export function decideConfirmation(
  record: ConfirmationRecord,
  settings: ConfirmationSettings,
  now: number,
): ConfirmationDecision {
  const fresh = record.query?.kind === 'answered' && record.query.round === record.rounds ? record.query : null;
  const verdict: VenueVerdict =
    fresh === null
      ? { kind: 'unclear', reason: record.query?.kind === 'failed' ? record.query.reason : 'not asked yet' }
      : verdictOf(fresh);

  const told = record.callback;
  if (told !== null && told.evidence.length > 0) {
    const seen = told.by === 'callback' ? lastEnd(record.query) : null;
    const known = { state: told.state, cumulativeSize: told.cumulativeSize ?? '0' };
    if (seen === null || told.cumulativeSize === null || sameEnd(known, seen)) return done(record, told.by, told, null);
    return askPerson(record, 'person', `the engine says ${told.state}, the venue says ${seen.state}`);
  }

  if (verdict.kind === 'ended' && fresh !== null) {
    const apartMs = record.apartSince === null ? 0 : now - record.apartSince;
    if (record.apartSince === null) return done(record, 'query', named(verdict, fresh), null);
    const tellable = apartMs >= settings.graceSeconds * 1000 || record.rounds >= MAXIMUM_ROUNDS;
    if (!tellable) return soon(`the venue says ${verdict.state}, the ledger not yet`);
    if (endStateOf(fresh.ledger.state) === null) {
      return done(
        record,
        'query',
        verdict,
        `the venue says ${verdict.state}, the ledger ${fresh.ledger.state ?? 'nothing'}`,
      );
    }
    return askPerson(record, 'person', `the venue says ${verdict.state}, the ledger ${fresh.ledger.state}`);
  }

  const reason = verdict.kind === 'unclear' ? verdict.reason : verdict.kind;
  const closing = record.onlyCloses === true;
  if (record.rounds >= MAXIMUM_ROUNDS && closing && verdict.kind === 'open') return leaveResting(record);
  if (record.rounds >= MAXIMUM_ROUNDS)
    return askPerson(record, 'unknown', `no end after ${record.rounds} rounds: ${reason}`);
  const deadline = record.order.intendedAt + settings.deadlineSeconds * 1000;
  if (now < deadline) return later(record, settings, now, deadline, reason);

  const { cancel } = record;
  if (closing && (verdict.kind === 'open' || (cancel === null && verdict.kind !== 'absent'))) {
    const wait = settings.waitSeconds.length - 1;
    return { kind: 'again', wait, reason: `it only closes, and is not cancelled: ${reason}`, alert: null };
  }
  if (cancel === null) return { kind: 'cancel', reason: `no end by the deadline: ${reason}`, alert: null };
  if (
    fresh !== null &&
    verdict.kind === 'absent' &&
    !record.everFound &&
    record.absentRounds >= ABSENT_ROUNDS &&
    cancel.answer === 'rejected' &&
    fresh.at >= cancel.firstAt + Math.min(ON_ITS_WAY_MS, settings.verifySeconds * 500)
  ) {
    const { at, position } = fresh;
    const evidence = [{ kind: 'agreedAbsence' as const, queriedAt: at, windowFrom: record.order.windowFrom, position }];
    return done(record, 'query', { state: 'Rejected', evidence }, null);
  }
  if (now >= cancel.firstAt + settings.verifySeconds * 1000) {
    return askPerson(record, 'unknown', `unclear ${settings.verifySeconds} s after the cancel: ${reason}`);
  }
  const effective = cancel.answer === 'accepted' || (cancel.answer === 'rejected' && verdict.kind !== 'open');
  const mayCancel = !closing || verdict.kind === 'absent';
  if (!effective && mayCancel && cancel.attempts < CANCEL_ATTEMPTS) {
    return { kind: 'cancel', reason: `cancel was answered ${cancel.answer}: ${reason}`, alert: null };
  }
  return soon(reason);
}

/** The decision is part of the count: what a step hands on. */
export function afterDecision(record: ConfirmationRecord): ConfirmationRecord {
  return { ...record, rounds: record.rounds + 1 };
}

function ledgerAgrees(query: Extract<ConfirmationQuery, { kind: 'answered' }>, verdict: VenueVerdict): boolean {
  const state = endStateOf(query.ledger.state);
  if (state === null || verdict.kind !== 'ended') return false;
  return sameEnd({ state, cumulativeSize: query.ledger.cumulativeSize }, verdict);
}

/** The end that the venue stated last, whenever that was. */
function lastEnd(query: ConfirmationQuery | null): { state: EndState; cumulativeSize: string } | null {
  if (query?.kind !== 'answered') return null;
  const verdict = verdictOf(query);
  return verdict.kind === 'ended' ? verdict : null;
}

/** Where both agree, the ledger's own name of the end is used. */
function named(
  verdict: Extract<VenueVerdict, { kind: 'ended' }>,
  query: Extract<ConfirmationQuery, { kind: 'answered' }>,
): { readonly state: EndState; readonly evidence: ConfirmationEnd['evidence'] } {
  return { state: endStateOf(query.ledger.state) ?? verdict.state, evidence: verdict.evidence };
}

function done(
  record: ConfirmationRecord,
  by: 'callback' | 'query' | 'person',
  end: { readonly state: EndState; readonly evidence: ConfirmationEnd['evidence'] },
  alert: string | null,
): ConfirmationDecision {
  const { clientOrderId } = record.order;
  const { state, evidence } = end;
  const reason = alert ?? `proven by ${by}`;
  return { kind: 'done', reason, alert, outcome: { clientOrderId, state, by, evidence, reason } };
}

function askPerson(record: ConfirmationRecord, kind: 'person' | 'unknown', reason: string): ConfirmationDecision {
  const { clientOrderId } = record.order;
  return {
    kind,
    reason,
    alert: reason,
    outcome: { clientOrderId, state: 'Unknown', by: 'nobody', evidence: [], reason },
  };
}

/** An order that protects rests as it should, for longer than an execution lives. */
function leaveResting({ order: { clientOrderId } }: ConfirmationRecord): ConfirmationDecision {
  const reason = 'it rests at the venue and only closes: it is followed no further';
  return {
    kind: 'done',
    reason,
    alert: null,
    outcome: { clientOrderId, state: 'Unknown', by: 'nobody', evidence: [], reason },
  };
}

/** Waits for what should be clear soon: the shortest one. */
function soon(reason: string): ConfirmationDecision {
  return { kind: 'again', wait: 0, reason, alert: null };
}

/** Waits grow with the rounds, but not beyond the deadline. */
function later(
  record: ConfirmationRecord,
  settings: ConfirmationSettings,
  now: number,
  deadline: number,
  reason: string,
): ConfirmationDecision {
  let wait = Math.min(record.rounds + 1, settings.waitSeconds.length - 1);
  while (wait > 0 && now + (settings.waitSeconds[wait] ?? 0) * 1000 > deadline) wait -= 1;
  return { kind: 'again', wait, reason, alert: null };
}
