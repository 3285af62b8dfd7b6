import type { StreamRecord } from './put-records.ts';

/** Several records of one key as one: only what is waiting already, so that it costs no time. */
export interface JoinRule {
  readonly maxRecords: number;
  /** Of the record that comes out; a single one may be longer. */
  readonly maxBytes: number;
  readonly join: (parts: readonly Uint8Array[]) => Uint8Array;
}

export interface JoinedRecord<R> {
  /** What went into it: the first of what waits, at least one, in order. */
  readonly parts: readonly R[];
  readonly record: StreamRecord;
}

/** The next record of the stream out of what waits for it; each by itself where there is no rule. Null where nothing waits. */
export function nextRecord<R extends { readonly record: StreamRecord }>(
  waiting: readonly R[],
  rule: JoinRule | undefined,
): JoinedRecord<R> | null {
  const [first] = waiting;
  if (first === undefined) return null;
  const alone = { parts: [first], record: first.record };
  if (rule === undefined) return alone;
  let [count, bytes] = [0, -1];
  for (const { record } of waiting) {
    bytes += record.data.byteLength + 1;
    if (count === rule.maxRecords || bytes > rule.maxBytes) break;
    count += 1;
  }
  if (count <= 1) return alone;
  const parts = waiting.slice(0, count);
  return { parts, record: { key: first.record.key, data: rule.join(parts.map(({ record }) => record.data)) } };
}
