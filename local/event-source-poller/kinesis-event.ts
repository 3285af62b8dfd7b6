import type { _Record } from '@aws-sdk/client-kinesis';
import type { StreamMapping } from './mapping.ts';
import type { SizedRecord } from './stream-lane.ts';

/** A record of a stream as an invocation carries it. */
export interface StreamRecord extends SizedRecord {
  /** Base64. */
  readonly data: string;
}

/** Bytes of JSON that stand around the data of a record. */
const ENVELOPE_BYTES = 700;

/** A record as the service gives it. */
export function streamRecord(record: _Record, nowMs: number): StreamRecord {
  const bytes = record.Data ?? new Uint8Array();
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  return {
    sequenceNumber: record.SequenceNumber ?? '',
    partitionKey: record.PartitionKey ?? '',
    arrivedAtMs: record.ApproximateArrivalTimestamp?.getTime() ?? nowMs,
    data,
    payloadBytes: data.length + ENVELOPE_BYTES,
  };
}

/** The event that a function gets (Lambda developer guide, "Using Lambda with Kinesis"). */
export function kinesisEvent(mapping: StreamMapping, shardId: string, records: readonly StreamRecord[]): unknown {
  return {
    Records: records.map((record) => ({
      kinesis: {
        kinesisSchemaVersion: '1.0',
        partitionKey: record.partitionKey,
        sequenceNumber: record.sequenceNumber,
        data: record.data,
        approximateArrivalTimestamp: record.arrivedAtMs / 1000,
      },
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      eventID: `${shardId}:${record.sequenceNumber}`,
      eventName: 'aws:kinesis:record',
      invokeIdentityArn: 'arn:aws:iam::000000000000:role/event-source-poller',
      awsRegion: mapping.region,
      eventSourceARN: mapping.sourceArn,
    })),
  };
}
