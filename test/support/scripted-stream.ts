import type { PutRecords, RecordOutcome, StreamRecord } from '#aws/publisher/put-records.ts';
import { MillraceError } from '#core/errors.ts';
import type { Timers } from '#core/time/clock.ts';

/** What the stream does with one request. `bits`: entry n fails where bit n is set. */
export type StreamAct =
  | { readonly kind: 'answer'; readonly bits: number; readonly afterMs: number }
  /** Refused before it was looked at. */
  | { readonly kind: 'refused'; readonly afterMs: number }
  /** The answer is lost: taken or not, nobody knows. */
  | { readonly kind: 'lostAnswer'; readonly taken: boolean; readonly afterMs: number }
  /** No answer ever; taken or not. */
  | { readonly kind: 'hang'; readonly taken: boolean };

export interface ScriptedStream {
  readonly put: PutRecords;
  /** Everything the stream took, in the order in which it took it; what came twice is there twice. */
  readonly taken: StreamRecord[];
  readonly requests: (readonly StreamRecord[])[];
  /** What was seen that must never be. */
  readonly wrongs: string[];
  act: (request: number) => StreamAct;
}

/** A stream behind the transport port that acts by a script, and watches that no key is ever twice on its way. */
export function createScriptedStream(timers: Timers): ScriptedStream {
  const inFlight = new Set<string>();
  const confirmed = new Set<StreamRecord>();
  const stream: ScriptedStream = {
    taken: [],
    requests: [],
    wrongs: [],
    act: () => ({ kind: 'answer', bits: 0, afterMs: 1 }),
    put(records, signal) {
      const number = stream.requests.length;
      stream.requests.push(records);
      if (records.length > 500) stream.wrongs.push(`request of ${records.length} records`);
      for (const record of records) {
        if (inFlight.has(record.key)) stream.wrongs.push(`two on the way for ${record.key}`);
        if (confirmed.has(record)) stream.wrongs.push(`sent again after it was confirmed: ${record.key}`);
        inFlight.add(record.key);
      }
      const act = stream.act(number);
      return new Promise<readonly RecordOutcome[]>((resolve, reject) => {
        const finish = (run: () => void) => {
          for (const record of records) inFlight.delete(record.key);
          run();
        };
        signal.addEventListener('abort', () => finish(() => reject(new MillraceError('unknown', 'ABORTED', ''))));
        if (act.kind === 'hang') {
          if (act.taken) stream.taken.push(...records);
          return;
        }
        timers.after(act.afterMs, () => {
          if (signal.aborted) return;
          if (act.kind === 'refused') {
            finish(() => reject(new MillraceError('retryable', 'REFUSED', '')));
          } else if (act.kind === 'lostAnswer') {
            if (act.taken) stream.taken.push(...records);
            finish(() => reject(new MillraceError('unknown', 'LOST', '')));
          } else {
            const outcomes = records.map((record, index): RecordOutcome => {
              const fails = ((act.bits >>> (index % 31)) & 1) === 1;
              if (fails) return { ok: false, code: 'ProvisionedThroughputExceededException' };
              stream.taken.push(record);
              confirmed.add(record);
              return { ok: true };
            });
            finish(() => resolve(outcomes));
          }
        });
      });
    },
  };
  return stream;
}
