import type { KinesisStreamEvent } from 'aws-lambda';
import { encodeTradingEvent, type TradingEvent } from '#core/events/trading-event.ts';

/** A batch of the trading stream as Lambda hands it over; text stands for a record that is not ours. */
export function streamBatch(...records: readonly (TradingEvent | string)[]): KinesisStreamEvent {
  return {
    Records: records.map((record, index) => ({
      awsRegion: 'eu-west-1',
      eventID: `shardId-000000000000:${index + 1}`,
      eventName: 'aws:kinesis:record',
      eventSource: 'aws:kinesis',
      eventSourceARN: 'arn:aws:kinesis:eu-west-1:000000000000:stream/trading',
      eventVersion: '1.0',
      invokeIdentityArn: 'arn:aws:iam::000000000000:role/test',
      kinesis: {
        approximateArrivalTimestamp: 1_700_000_000,
        data: Buffer.from(typeof record === 'string' ? record : encodeTradingEvent(record)).toString('base64'),
        kinesisSchemaVersion: '1.0',
        partitionKey: 'paper/main/binance-usdm',
        sequenceNumber: String(index + 1),
      },
    })),
  };
}

/** Variables with which every Lambda is whole. */
export const LAMBDA_VARIABLES = {
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  POWERTOOLS_METRICS_DISABLED: 'true',
  POWERTOOLS_LOG_LEVEL: 'SILENT',
  MILLRACE_ENVIRONMENT: 'local',
  MILLRACE_BUILD: 'test',
  MILLRACE_LEDGER_TABLE: 'ledger',
  MILLRACE_CONTROL_TABLE: 'control',
  MILLRACE_QUARANTINE_BUCKET: 'quarantine',
  MILLRACE_QUARANTINE_QUEUE: 'https://sqs.eu-west-1.amazonaws.com/000000000000/quarantine',
  MILLRACE_ALERT_TOPIC: 'arn:aws:sns:eu-west-1:000000000000:alerts',
  MILLRACE_CONFIRMATION_MACHINE: 'arn:aws:states:eu-west-1:000000000000:stateMachine:confirmation',
  MILLRACE_SECRETS: 'millrace/local',
} as const;
