/**
 * What AWS Lambda does with a batch of a stream, as a pure table: batch and outcome in, next step out. No I/O, no clock.
 *
 * Sources (Lambda developer guide): "Kinesis parameters" (limits, defaults), "Retain discarded batch records" (age, quota, throttling
 * before the invocation, splitting does not consume the quota), "Configuring partial batch response" (the lowest sequence number is the
 * checkpoint; an empty or null list is full success; an empty, null or misnamed identifier is full failure; with bisect on, the split is
 * at the returned number). Where the guide is silent the stricter reading holds; `docs/decisions/event-source-poller.md` lists those.
 */

/** A record of a stream as far as the contract looks at it. */
export interface SequencedRecord {
  readonly sequenceNumber: string;
  readonly partitionKey: string;
  /** When the stream took it, epoch ms. */
  readonly arrivedAtMs: number;
}

/** The settings of a mapping that decide what happens to a batch. */
export interface RetryRules {
  /** Retries of a batch after its first failure; null: without end. */
  readonly maximumRetryAttempts: number | null;
  /** Records older than this are given up, ms; null: never. */
  readonly maximumRecordAgeMs: number | null;
  /** Whether a failed batch is split in two. */
  readonly bisectOnError: boolean;
  /** Whether the function reports partial failures (`ReportBatchItemFailures`). */
  readonly reportsItemFailures: boolean;
}

/** Consecutive records that are invoked together, with what has been spent on them. Never empty. */
export interface Segment<R extends SequencedRecord> {
  readonly records: readonly R[];
  /** Retries consumed of the quota. */
  readonly retries: number;
  /** Invocations so far that held these records. */
  readonly invocations: number;
}

/** How one attempt to invoke ended. */
export type InvocationOutcome =
  /** The function returned; `response` is its parsed answer. */
  | { readonly kind: 'returned'; readonly response: unknown }
  /** The function was invoked and failed: an error, a timeout, a crash. */
  | { readonly kind: 'function-error' }
  /** The function was not invoked: throttled, service fault, no connection. Does not touch the quota. */
  | { readonly kind: 'not-invoked' };

export type DiscardCondition = 'RetryAttemptsExhausted' | 'RecordAgeExceeded';

/** What follows from an outcome. `succeeded`, `discarded` and the records of `next` are together the records of the segment, in order. */
export interface Resolution<R extends SequencedRecord> {
  readonly succeeded: readonly R[];
  readonly discarded: readonly R[];
  /** What is to be invoked next, first one first, before anything that came later in the lane. */
  readonly next: readonly Segment<R>[];
  /** Whether to wait (growing) before the next attempt. */
  readonly backOff: boolean;
}

/** Decides what follows from the outcome of an attempt. */
export function resolve<R extends SequencedRecord>(
  rules: RetryRules,
  segment: Segment<R>,
  outcome: InvocationOutcome,
): Resolution<R> {
  if (outcome.kind === 'not-invoked') return { succeeded: [], discarded: [], next: [segment], backOff: true };
  const tried = { ...segment, invocations: segment.invocations + 1 };
  const failedFrom = outcome.kind === 'function-error' ? 'all' : firstFailure(rules, segment.records, outcome.response);
  if (failedFrom === 'none') return { succeeded: segment.records, discarded: [], next: [], backOff: false };
  if (failedFrom === 'all')
    return rules.bisectOnError && tried.records.length > 1 ? halve(tried) : retry(rules, tried, []);
  const succeeded = tried.records.slice(0, failedFrom);
  const remaining = { ...tried, records: tried.records.slice(failedFrom) };
  // A split at the returned number is a split: free. Where nothing was split off, or bisect is off, the quota pays.
  if (rules.bisectOnError && failedFrom > 0) return { succeeded, discarded: [], next: [remaining], backOff: true };
  return retry(rules, remaining, succeeded);
}

/** Takes from the front of a segment the records that have passed their age; the rest stays one segment. */
export function expire<R extends SequencedRecord>(
  rules: RetryRules,
  segment: Segment<R>,
  nowMs: number,
): { readonly expired: readonly R[]; readonly live: Segment<R> | null } {
  const limit = rules.maximumRecordAgeMs;
  if (limit === null) return { expired: [], live: segment };
  const firstLive = segment.records.findIndex((record) => nowMs - record.arrivedAtMs <= limit);
  if (firstLive === 0) return { expired: [], live: segment };
  if (firstLive === -1) return { expired: segment.records, live: null };
  return {
    expired: segment.records.slice(0, firstLive),
    live: { ...segment, records: segment.records.slice(firstLive) },
  };
}

function retry<R extends SequencedRecord>(
  rules: RetryRules,
  segment: Segment<R>,
  succeeded: readonly R[],
): Resolution<R> {
  const { maximumRetryAttempts } = rules;
  if (maximumRetryAttempts !== null && segment.retries >= maximumRetryAttempts)
    return { succeeded, discarded: segment.records, next: [], backOff: false };
  return { succeeded, discarded: [], next: [{ ...segment, retries: segment.retries + 1 }], backOff: true };
}

/** Two halves with the quota as it was; the first is done with before the second begins. */
function halve<R extends SequencedRecord>(segment: Segment<R>): Resolution<R> {
  const middle = Math.ceil(segment.records.length / 2);
  const first = { ...segment, records: segment.records.slice(0, middle) };
  const second = { ...segment, records: segment.records.slice(middle) };
  return { succeeded: [], discarded: [], next: [first, second], backOff: true };
}

/** Index of the lowest record that the function names as failed; `none` or `all` where it names none or answers something unusable. */
function firstFailure(
  rules: RetryRules,
  records: readonly SequencedRecord[],
  response: unknown,
): number | 'none' | 'all' {
  if (!rules.reportsItemFailures) return 'none';
  const identifiers = failedIdentifiers(response);
  if (identifiers === null) return 'all';
  let lowest: number | 'none' = 'none';
  for (const identifier of identifiers) {
    const index = records.findIndex((record) => record.sequenceNumber === identifier);
    if (index === -1) return 'all';
    if (lowest === 'none' || index < lowest) lowest = index;
  }
  return lowest;
}

/**
 * The identifiers in a partial batch response: empty for full success, null for an answer that counts as full failure (an identifier
 * that is empty, null or under another name). Streams and queues answer alike.
 */
export function failedIdentifiers(response: unknown): readonly string[] | null {
  if (typeof response !== 'object' || response === null || !('batchItemFailures' in response)) return [];
  const failures: unknown = response.batchItemFailures;
  if (failures === null || failures === undefined) return [];
  if (!Array.isArray(failures)) return null;
  const identifiers: string[] = [];
  for (const failure of failures as readonly unknown[]) {
    if (typeof failure !== 'object' || failure === null || !('itemIdentifier' in failure)) return null;
    const { itemIdentifier } = failure;
    if (typeof itemIdentifier !== 'string' || itemIdentifier === '') return null;
    identifiers.push(itemIdentifier);
  }
  return identifiers;
}
