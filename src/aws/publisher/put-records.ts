import { type KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { type ErrorClass, MillraceError, messageOf } from '#core/errors.ts';

/** One record on its way to a stream. A re-send is the same object: its identity is in its bytes. */
export interface StreamRecord {
  /** Records of one key are sent one after the other: the next when the stream has the one before it. */
  readonly key: string;
  /** The stream's own key, by which it chooses the shard, where it is not `key`: several for one connection that is too much for a shard. */
  readonly partitionKey?: string;
  readonly data: Uint8Array;
}

export function partitionKeyOf({ key, partitionKey }: StreamRecord): string {
  return partitionKey ?? key;
}

/** What became of one record of a request: taken, or surely not. */
export type RecordOutcome = { readonly ok: true } | { readonly ok: false; readonly code: string };

/**
 * Puts records on a stream in one request: an outcome for each, in their order. Rejects when the request as a whole failed, with a MillraceError of class `unknown`
 * where records may have been taken, `retryable` or `configuration` where surely none was.
 */
export type PutRecords = (records: readonly StreamRecord[], signal: AbortSignal) => Promise<readonly RecordOutcome[]>;

/** PutRecords of Kinesis. `FailedRecordCount` is looked at on every answer: a 200 may hold refusals. */
export function kinesisPutRecords(client: KinesisClient, stream: string): PutRecords {
  return async (records, signal) => {
    const command = new PutRecordsCommand({
      ...(stream.startsWith('arn:') ? { StreamARN: stream } : { StreamName: stream }),
      Records: records.map((record) => ({ PartitionKey: partitionKeyOf(record), Data: record.data })),
    });
    let answer: Awaited<ReturnType<typeof send>>;
    const send = () => client.send(command, { abortSignal: signal });
    try {
      answer = await send();
    } catch (error) {
      throw new MillraceError(classOf(error), 'PUT_RECORDS_FAILED', messageOf(error), { cause: error });
    }
    const entries = answer.Records ?? [];
    if (entries.length !== records.length)
      throw new MillraceError('unknown', 'PUT_RECORDS_ANSWER', `asked=${records.length} answered=${entries.length}`);
    if (answer.FailedRecordCount === 0) return entries.map(() => ({ ok: true }));
    return entries.map(({ ErrorCode }) =>
      ErrorCode === undefined || ErrorCode === '' ? { ok: true } : { ok: false, code: ErrorCode },
    );
  };
}

/** Faults of the connection before anything was sent. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

function classOf(error: unknown): ErrorClass {
  if (!(error instanceof Error)) return 'unknown';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (NOT_SENT.has(code)) return 'retryable';
  if (error.name === 'CredentialsProviderError') return 'configuration';
  const status = statusOf(error);
  if (status === null || status >= 500) return 'unknown';
  return error.name.includes('Throttling') || error.name.includes('Throughput') ? 'retryable' : 'configuration';
}

/** The HTTP status of a service's answer, or null where there was none. */
function statusOf(error: Error): number | null {
  if (!('$metadata' in error) || typeof error.$metadata !== 'object' || error.$metadata === null) return null;
  const { httpStatusCode } = error.$metadata as { httpStatusCode?: unknown };
  return typeof httpStatusCode === 'number' ? httpStatusCode : null;
}
