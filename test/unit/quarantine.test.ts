import { KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis';
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, describe, expect, test } from 'vitest';
import { createQuarantine, type QuarantinedRecord, redrive } from '#aws/quarantine.ts';
import { redriveRecords } from '#functions/redrive/redrive-records.ts';
import { createFakeS3 } from '../support/fake-s3.ts';
import { STREAM_ARN } from '../support/kinesis-event-builder.ts';

const sqs = mockClient(SQSClient);
const kinesis = mockClient(KinesisClient);
const QUEUE = 'https://sqs.us-east-1.amazonaws.com/000000000000/quarantine';

afterEach(() => {
  sqs.reset();
  kinesis.reset();
});

const RECORD: QuarantinedRecord = {
  consumer: 'persist',
  stream: STREAM_ARN,
  shardId: 'shardId-000000000000',
  sequenceNumber: '4711',
  line: null,
  partitionKey: 'paper/main/binance-usdm',
  arrivedAt: 1_700_000_000_000,
  reason: 'EVENT_MALFORMED: not JSON',
  data: Buffer.from([0, 255, 123, 10]),
};
const KEY = 'records/persist/shardId-000000000000/4711.json';

function world() {
  const s3 = createFakeS3();
  const sqsClient = new SQSClient({});
  const quarantine = createQuarantine({ s3: s3.client, sqs: sqsClient, bucket: 'quarantine', queueUrl: QUEUE });
  const redriving = { s3: s3.client, kinesis: new KinesisClient({}), bucket: 'quarantine' };
  return { s3, quarantine, redriving, whole: { ...redriving, sqs: sqsClient, queueUrl: QUEUE, log: () => undefined } };
}

function noticesSent(): unknown[] {
  return sqs.commandCalls(SendMessageCommand).map((call) => JSON.parse(call.args[0].input.MessageBody ?? ''));
}

describe('quarantine', () => {
  test('T4: a record is set aside whole, with its reason, and its notice says where', async () => {
    const { s3, quarantine } = world();
    await quarantine.put(RECORD);
    const stored: unknown = JSON.parse(s3.objects.get(`quarantine/${KEY}`)?.toString() ?? '');
    expect(stored).toEqual({ ...RECORD, version: 1, data: 'AP97Cg==' });
    expect(noticesSent()).toEqual([
      {
        kind: 'record',
        bucket: 'quarantine',
        key: KEY,
        consumer: 'persist',
        stream: STREAM_ARN,
        sequenceNumber: '4711',
        reason: RECORD.reason,
      },
    ]);
  });

  test('T4: events of one record that were set aside each have an object of their own, and go back as records of their own', async () => {
    const { s3, quarantine, redriving } = world();
    kinesis.on(PutRecordCommand).resolves({});
    for (const line of [0, 3]) await quarantine.put({ ...RECORD, line, data: Buffer.from(`line ${line}`) });
    const keys = [...s3.objects.keys()].map((key) => key.slice('quarantine/'.length));
    expect(keys).toEqual([KEY.replace('4711', '4711-0'), KEY.replace('4711', '4711-3')]);
    for (const key of keys) expect(await redrive(redriving, key)).toBe(1);
    const put = kinesis
      .commandCalls(PutRecordCommand)
      .map((call) => Buffer.from(call.args[0].input.Data ?? []).toString());
    expect(put).toEqual(['line 0', 'line 3']);
  });

  test('T4: without its object there is no notice, and the caller hears of it', async () => {
    const { s3, quarantine } = world();
    s3.fails = () => true;
    await expect(quarantine.put(RECORD)).rejects.toThrow();
    expect(noticesSent()).toEqual([]);
  });

  test('T4: without its notice the caller hears of it, and setting the record aside again makes it whole', async () => {
    const { s3, quarantine } = world();
    sqs.on(SendMessageCommand).rejectsOnce(new Error('queue down')).resolves({});
    await expect(quarantine.put(RECORD)).rejects.toThrow('queue down');
    await quarantine.put(RECORD);
    expect([...s3.objects.keys()]).toEqual([`quarantine/${KEY}`]);
  });

  test('T4: a queue that fails after a record went back ends the call; the next one takes up where it stopped', async () => {
    const { s3, quarantine, whole } = world();
    await quarantine.put(RECORD);
    const message = { Body: JSON.stringify(noticesSent()[0]), ReceiptHandle: 'r' };
    kinesis.on(PutRecordCommand).resolves({});
    sqs
      .on(ReceiveMessageCommand)
      .resolvesOnce({ Messages: [message] })
      .resolvesOnce({ Messages: [message] })
      .resolves({});
    sqs.on(DeleteMessageCommand).rejectsOnce(new Error('queue down')).resolves({});
    await expect(redriveRecords({ fromQueue: 1 }, whole)).rejects.toThrow('queue down');
    expect(s3.objects.size).toBe(0);
    const answer = await redriveRecords({ fromQueue: 1 }, whole);
    expect(answer).toMatchObject({ records: 0, failed: [{ key: KEY }] });
    expect(kinesis.commandCalls(PutRecordCommand)).toHaveLength(1);
    expect(sqs.commandCalls(DeleteMessageCommand)).toHaveLength(2);
  });

  test('T4: redrive puts the very payload back under its key, and then forgets it', async () => {
    const { s3, quarantine, redriving } = world();
    await quarantine.put(RECORD);
    kinesis.on(PutRecordCommand).resolves({});
    expect(await redrive(redriving, KEY)).toBe(1);
    const [call] = kinesis.commandCalls(PutRecordCommand);
    expect(call?.args[0].input).toMatchObject({ StreamARN: STREAM_ARN, PartitionKey: RECORD.partitionKey });
    expect(Buffer.from(call?.args[0].input.Data ?? [])).toEqual(RECORD.data);
    expect(s3.objects.size).toBe(0);
  });

  test('T4: a stream that does not take it leaves it in quarantine', async () => {
    const { s3, quarantine, redriving } = world();
    await quarantine.put(RECORD);
    kinesis.on(PutRecordCommand).rejects(new Error('out of reach'));
    await expect(redrive(redriving, KEY)).rejects.toThrow('out of reach');
    expect(s3.objects.size).toBe(1);
  });

  test('T4: a batch that a mapping gave up goes back record by record, in order', async () => {
    const { s3, redriving } = world();
    const payload = {
      Records: ['a', 'b'].map((text, index) => ({
        kinesis: { partitionKey: 'k', data: Buffer.from(text).toString('base64'), sequenceNumber: String(index) },
      })),
    };
    kinesis.on(PutRecordCommand).resolves({});
    for (const form of [payload, JSON.stringify(payload)]) {
      kinesis.resetHistory();
      s3.objects.set(
        'quarantine/aws/lambda/x',
        Buffer.from(JSON.stringify({ KinesisBatchInfo: { streamArn: STREAM_ARN }, payload: form })),
      );
      expect(await redrive(redriving, 'aws/lambda/x')).toBe(2);
      const texts = kinesis
        .commandCalls(PutRecordCommand)
        .map((call) => Buffer.from(call.args[0].input.Data ?? []).toString());
      expect(texts).toEqual(['a', 'b']);
    }
  });

  test.each(['not json', '{}', '{"KinesisBatchInfo":{"streamArn":"x"},"payload":"{"}'])(
    'an object that is not ours is refused and stays: %s',
    async (content) => {
      const { s3, redriving } = world();
      s3.objects.set('quarantine/other', Buffer.from(content));
      await expect(redrive(redriving, 'other')).rejects.toThrow('QUARANTINE_UNREADABLE');
      expect(s3.objects.size).toBe(1);
    },
  );

  test('T4: redrive from the queue takes notices of ours and of S3, deletes what is done, and names what failed', async () => {
    const { s3, quarantine, whole } = world();
    await quarantine.put(RECORD);
    const created = { Records: [{ s3: { bucket: { name: 'quarantine' }, object: { key: 'aws/lambda/a+b%3A1' } } }] };
    s3.objects.set('quarantine/aws/lambda/a b:1', Buffer.from('not ours'));
    kinesis.on(PutRecordCommand).resolves({});
    sqs
      .on(ReceiveMessageCommand)
      .resolvesOnce({
        Messages: [
          { Body: JSON.stringify(noticesSent()[0]), ReceiptHandle: 'first' },
          { Body: JSON.stringify(created), ReceiptHandle: 'second' },
          { Body: 'what?', ReceiptHandle: 'third' },
          { Body: JSON.stringify(noticesSent()[0]), ReceiptHandle: 'again' },
        ],
      })
      .resolves({});
    const answer = await redriveRecords({ fromQueue: 10 }, whole);
    expect(answer).toMatchObject({ records: 1, redriven: [KEY] });
    expect(answer.failed.map((each) => each.key)).toEqual(['aws/lambda/a b:1', '', KEY]);
    const deleted = sqs.commandCalls(DeleteMessageCommand).map((call) => call.args[0].input.ReceiptHandle);
    expect(deleted).toEqual(['first', 'again']);
  });

  test('T4: the notice that S3 writes when the bucket is made is recognised and deleted; one that only looks like it stays', async () => {
    const { whole } = world();
    const made = {
      Service: 'Amazon S3',
      Event: 's3:TestEvent',
      Time: '2026-01-01T00:00:00.000Z',
      Bucket: 'quarantine',
    };
    sqs
      .on(ReceiveMessageCommand)
      .resolvesOnce({
        Messages: [
          { Body: JSON.stringify(made), ReceiptHandle: 'made' },
          { Body: JSON.stringify({ ...made, Bucket: 'another' }), ReceiptHandle: 'foreign' },
        ],
      })
      .resolves({});
    const answer = await redriveRecords({ fromQueue: 10 }, whole);
    expect(answer).toEqual({ records: 0, redriven: [], failed: [{ key: '', reason: 'NOTICE_UNREADABLE' }] });
    const deleted = sqs.commandCalls(DeleteMessageCommand).map((call) => call.args[0].input.ReceiptHandle);
    expect(deleted).toEqual(['made']);
  });
});
