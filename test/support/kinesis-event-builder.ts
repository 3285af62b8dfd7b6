import type { KinesisStreamEvent } from 'aws-lambda';
import { encodeTradingEvent, type TradingEvent } from '#core/events/trading-event.ts';

export const STREAM_ARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/market';

/** One record as a test writes it. */
export interface RecordText {
  readonly data: Uint8Array | string;
  readonly key?: string;
  readonly sequenceNumber?: string;
}

/** An invocation's event with records numbered from 1000 on. */
export function buildKinesisEvent(records: readonly (RecordText | Uint8Array)[]): KinesisStreamEvent {
  return {
    Records: records.map((each, index) => {
      const record: RecordText = each instanceof Uint8Array ? { data: each } : each;
      const sequenceNumber = record.sequenceNumber ?? String(1000 + index);
      return {
        awsRegion: 'us-east-1',
        eventID: `shardId-000000000000:${sequenceNumber}`,
        eventName: 'aws:kinesis:record',
        eventSource: 'aws:kinesis',
        eventSourceARN: STREAM_ARN,
        eventVersion: '1.0',
        invokeIdentityArn: 'arn:aws:iam::000000000000:role/none',
        kinesis: {
          approximateArrivalTimestamp: 1_700_000_000,
          data: Buffer.from(record.data).toString('base64'),
          kinesisSchemaVersion: '1.0',
          partitionKey: record.key ?? 'key',
          sequenceNumber,
        },
      };
    }),
  };
}

/** A batch of the trading stream, one event a record; text stands for a record that is not ours. */
export function buildTradingBatch(...records: readonly (TradingEvent | string)[]): KinesisStreamEvent {
  return buildKinesisEvent(
    records.map((each) => ({
      data: typeof each === 'string' ? each : encodeTradingEvent(each),
      key: 'paper/main/binance-usdm',
    })),
  );
}
