import type { EventSourceMappingConfiguration } from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import { failureObject } from '#local/event-source-poller/failure-record.ts';
import { kinesisEvent, streamRecord } from '#local/event-source-poller/kinesis-event.ts';
import { mappingFrom } from '#local/event-source-poller/mapping.ts';
import { backOff, DEFAULT_PACE } from '#local/event-source-poller/source.ts';

const KINESIS: EventSourceMappingConfiguration = {
  UUID: '14e0db71-5d35-4eb5-b481-8945cf9d10c2',
  FunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:persist',
  EventSourceArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/trading',
  State: 'Disabled',
};
const SQS: EventSourceMappingConfiguration = {
  ...KINESIS,
  EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:commands',
};

describe('declared mappings', () => {
  it('are read as declared', () => {
    expect(
      mappingFrom({
        ...KINESIS,
        StartingPosition: 'TRIM_HORIZON',
        BatchSize: 200,
        MaximumBatchingWindowInSeconds: 2,
        ParallelizationFactor: 3,
        MaximumRetryAttempts: 5,
        MaximumRecordAgeInSeconds: 900,
        BisectBatchOnFunctionError: true,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        DestinationConfig: { OnFailure: { Destination: 'arn:aws:s3:::quarantine' } },
      }),
    ).toEqual({
      kind: 'kinesis',
      id: KINESIS.UUID,
      functionArn: KINESIS.FunctionArn,
      functionName: 'persist',
      sourceArn: KINESIS.EventSourceArn,
      sourceName: 'trading',
      region: 'us-east-1',
      start: { type: 'TRIM_HORIZON' },
      batchSize: 200,
      batchWindowMs: 2000,
      parallelization: 3,
      maximumRetryAttempts: 5,
      maximumRecordAgeMs: 900_000,
      bisectOnError: true,
      reportsItemFailures: true,
      failureBucket: 'quarantine',
    });
  });

  it("have the service's own defaults, which are infinite", () => {
    expect(mappingFrom({ ...KINESIS, MaximumRetryAttempts: -1, MaximumRecordAgeInSeconds: -1 })).toMatchObject({
      batchSize: 100,
      batchWindowMs: 0,
      parallelization: 1,
      maximumRetryAttempts: null,
      maximumRecordAgeMs: null,
      bisectOnError: false,
      reportsItemFailures: false,
      failureBucket: null,
    });
    expect(mappingFrom({ ...KINESIS, MaximumRetryAttempts: 0 })).toMatchObject({ maximumRetryAttempts: 0 });
    expect(mappingFrom(SQS)).toMatchObject({
      kind: 'sqs',
      sourceName: 'commands',
      batchSize: 10,
      maximumConcurrency: null,
    });
  });

  it.each<[string, EventSourceMappingConfiguration, string]>([
    ['filters', { ...KINESIS, FilterCriteria: { Filters: [{ Pattern: '{}' }] } }, 'EVENT_SOURCE_UNSUPPORTED'],
    ['tumbling windows', { ...KINESIS, TumblingWindowInSeconds: 5 }, 'EVENT_SOURCE_UNSUPPORTED'],
    [
      'other sources',
      { ...KINESIS, EventSourceArn: 'arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/1' },
      'EVENT_SOURCE_UNSUPPORTED',
    ],
    [
      'destinations that do not keep the records',
      { ...KINESIS, DestinationConfig: { OnFailure: { Destination: 'arn:aws:sqs:us-east-1:000000000000:dead' } } },
      'EVENT_SOURCE_UNSUPPORTED',
    ],
    ['a start at no time', { ...KINESIS, StartingPosition: 'AT_TIMESTAMP' }, 'EVENT_SOURCE_INVALID'],
    ['no source', { ...KINESIS, EventSourceArn: undefined }, 'EVENT_SOURCE_INVALID'],
  ])('are refused with %s, not driven otherwise than declared', (_, configuration, code) => {
    expect(() => mappingFrom(configuration)).toThrow(code);
  });
});

describe('what functions and destinations get', () => {
  const mapping = mappingFrom(KINESIS);
  if (mapping.kind !== 'kinesis') throw new Error('a stream');
  const record = streamRecord(
    {
      SequenceNumber: '495',
      PartitionKey: 'unit',
      Data: Buffer.from('frame'),
      ApproximateArrivalTimestamp: new Date('2026-01-02T03:04:05.678Z'),
    },
    0,
  );
  const event = kinesisEvent(mapping, 'shardId-000000000001', [record]);

  it("is the service's event", () => {
    expect(event).toEqual({
      Records: [
        {
          kinesis: {
            kinesisSchemaVersion: '1.0',
            partitionKey: 'unit',
            sequenceNumber: '495',
            data: 'ZnJhbWU=',
            approximateArrivalTimestamp: 1767323045.678,
          },
          eventSource: 'aws:kinesis',
          eventVersion: '1.0',
          eventID: 'shardId-000000000001:495',
          eventName: 'aws:kinesis:record',
          invokeIdentityArn: expect.any(String),
          awsRegion: 'us-east-1',
          eventSourceARN: KINESIS.EventSourceArn,
        },
      ],
    });
  });

  it("T4: is the service's record of a failure, with the whole event as text", () => {
    const { key, body } = failureObject({
      mapping,
      shardId: 'shardId-000000000001',
      records: [record],
      condition: 'RetryAttemptsExhausted',
      invocations: 6,
      context: { requestId: 'r', statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      event,
      atMs: Date.parse('2026-01-02T03:05:06.007Z'),
    });
    expect(key).toMatch(
      /^aws\/lambda\/14e0db71-5d35-4eb5-b481-8945cf9d10c2\/shardId-000000000001\/2026\/01\/02\/2026-01-02T03\.05\.06-[0-9a-f-]{36}$/,
    );
    expect(JSON.parse(body)).toEqual({
      requestContext: {
        requestId: 'r',
        functionArn: KINESIS.FunctionArn,
        condition: 'RetryAttemptsExhausted',
        approximateInvokeCount: 6,
      },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      version: '1.0',
      timestamp: '2026-01-02T03:05:06.007Z',
      KinesisBatchInfo: {
        shardId: 'shardId-000000000001',
        startSequenceNumber: '495',
        endSequenceNumber: '495',
        approximateArrivalOfFirstRecord: '2026-01-02T03:04:05.678Z',
        approximateArrivalOfLastRecord: '2026-01-02T03:04:05.678Z',
        batchSize: 1,
        streamArn: KINESIS.EventSourceArn,
      },
      payload: JSON.stringify(event),
    });
  });

  it('waits grow to a cap', () => {
    expect([1, 2, 3, 8, 50].map((attempt) => backOff(DEFAULT_PACE, attempt))).toEqual([100, 200, 400, 10_000, 10_000]);
  });
});
