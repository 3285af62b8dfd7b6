import { randomUUID } from 'node:crypto';
import type { InvocationContext } from './function-invoker.ts';
import type { StreamMapping } from './mapping.ts';
import type { DiscardCondition, SequencedRecord } from './mapping-contract.ts';

export interface Failure {
  readonly mapping: StreamMapping;
  readonly shardId: string;
  readonly records: readonly SequencedRecord[];
  readonly condition: DiscardCondition;
  readonly invocations: number;
  /** The last invocation that held the records; null if there was none. */
  readonly context: InvocationContext | null;
  /** The event as the function got it, or would have. */
  readonly event: unknown;
  readonly atMs: number;
}

/**
 * The object that the service leaves in the bucket of an on-failure destination: its key and its body (Lambda developer guide, "Retain
 * discarded batch records for a Kinesis Data Streams event source"). `payload` is the whole event as JSON text.
 */
export function failureObject(failure: Failure): { readonly key: string; readonly body: string } {
  const { mapping, shardId, records, condition, invocations, context, event, atMs } = failure;
  const first = records[0];
  const last = records.at(-1);
  if (first === undefined || last === undefined) throw new RangeError('a failure has at least one record');
  const stamp = new Date(atMs).toISOString();
  const day = stamp.slice(0, 10);
  const second = stamp.slice(0, 19).replaceAll(':', '.');
  return {
    key: `aws/lambda/${mapping.id}/${shardId}/${day.replaceAll('-', '/')}/${second}-${randomUUID()}`,
    body: JSON.stringify({
      requestContext: {
        requestId: context?.requestId ?? randomUUID(),
        functionArn: mapping.functionArn,
        condition,
        approximateInvokeCount: invocations,
      },
      ...(context === null
        ? {}
        : {
            responseContext: {
              statusCode: context.statusCode,
              executedVersion: context.executedVersion,
              functionError: context.functionError,
            },
          }),
      version: '1.0',
      timestamp: stamp,
      KinesisBatchInfo: {
        shardId,
        startSequenceNumber: first.sequenceNumber,
        endSequenceNumber: last.sequenceNumber,
        approximateArrivalOfFirstRecord: new Date(first.arrivedAtMs).toISOString(),
        approximateArrivalOfLastRecord: new Date(last.arrivedAtMs).toISOString(),
        batchSize: records.length,
        streamArn: mapping.sourceArn,
      },
      payload: JSON.stringify(event),
    }),
  };
}
