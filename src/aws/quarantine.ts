import { type KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { MillraceError, messageOf } from '#core/errors.ts';

/** A record that can never succeed, as it came, and why. */
export interface QuarantinedRecord {
  /** Which consumer refused it: `persist`, `archive`, … */
  readonly consumer: string;
  /** ARN or name of the stream it came from. */
  readonly stream: string;
  readonly shardId: string;
  readonly sequenceNumber: string;
  /** Its place in a record that holds several, from 0; null: the whole record. */
  readonly line: number | null;
  readonly partitionKey: string;
  /** When the stream took it, ms since 1970. */
  readonly arrivedAt: number;
  readonly reason: string;
  /** The whole payload. */
  readonly data: Uint8Array;
}

export interface Quarantine {
  /** Sets a record aside: the object first, then its notice. Rejects when either fails; the record must then not be passed over. Setting it aside again does no harm. */
  put(record: QuarantinedRecord): Promise<void>;
}

/** The body of a notice in the quarantine queue. */
export const quarantineNotice = z.object({
  kind: z.literal('record'),
  bucket: z.string(),
  key: z.string(),
  consumer: z.string(),
  stream: z.string(),
  sequenceNumber: z.string(),
  reason: z.string(),
});
export type QuarantineNotice = z.infer<typeof quarantineNotice>;

const storedRecord = z.object({
  version: z.literal(1),
  consumer: z.string(),
  stream: z.string().min(1),
  shardId: z.string(),
  sequenceNumber: z.string(),
  line: z.number().int().nonnegative().nullable().default(null),
  partitionKey: z.string().min(1),
  arrivedAt: z.number(),
  reason: z.string(),
  data: z.base64(),
});

/** What Lambda writes for a batch that it gave up; `payload` is the event of the invocation, as JSON text or as such. */
const failedBatch = z.object({
  KinesisBatchInfo: z.object({ streamArn: z.string() }),
  payload: z.unknown(),
});
const failedBatchPayload = z.object({
  Records: z.array(
    z.object({ kinesis: z.object({ partitionKey: z.string(), data: z.string(), sequenceNumber: z.string() }) }),
  ),
});

/** Notices keep clear of the queue's limit of a message. */
const NOTICE_REASON_LENGTH = 2_000;

export interface QuarantineOptions {
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly bucket: string;
  readonly queueUrl: string;
}

/** Records set aside: a JSON object each (`docs/formats.md`), with the whole payload, and a notice in the queue. */
export function createQuarantine(options: QuarantineOptions): Quarantine {
  const { s3, sqs, bucket, queueUrl } = options;
  return {
    async put(record) {
      const { data, ...about } = record;
      const name = record.line === null ? record.sequenceNumber : `${record.sequenceNumber}-${record.line}`;
      const key = `records/${record.consumer}/${record.shardId}/${name}.json`;
      const stored: z.infer<typeof storedRecord> = {
        version: 1,
        ...about,
        data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
      };
      await s3.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: JSON.stringify(stored),
          ContentType: 'application/json',
        }),
      );
      const notice: QuarantineNotice = {
        kind: 'record',
        bucket,
        key,
        consumer: record.consumer,
        stream: record.stream,
        sequenceNumber: record.sequenceNumber,
        reason: record.reason.slice(0, NOTICE_REASON_LENGTH),
      };
      await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(notice) }));
    },
  };
}

export interface RedriveOptions {
  readonly s3: S3Client;
  readonly kinesis: KinesisClient;
  readonly bucket: string;
}

/**
 * Puts what an object of the quarantine bucket holds back on its stream, under its old partition key, and deletes the object after that. All
 * consumers see the records again and apply them once; their place in the order of their key is the end. Returns how many records went back.
 * Throws `QUARANTINE_ABSENT` where there is no such object (it was put back before), `QUARANTINE_UNREADABLE` where it is not ours.
 */
export async function redrive(options: RedriveOptions, key: string): Promise<number> {
  const { s3, kinesis, bucket } = options;
  const text = await readObject(s3, bucket, key);
  const records = recordsOf(key, text);
  for (const record of records) {
    await kinesis.send(
      new PutRecordCommand({
        ...(record.stream.startsWith('arn:') ? { StreamARN: record.stream } : { StreamName: record.stream }),
        PartitionKey: record.partitionKey,
        Data: Buffer.from(record.data, 'base64'),
      }),
    );
  }
  await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
  return records.length;
}

async function readObject(s3: S3Client, bucket: string, key: string): Promise<string> {
  try {
    const answer = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return (await answer.Body?.transformToString()) ?? '';
  } catch (error) {
    if (error instanceof Error && error.name === 'NoSuchKey')
      throw new MillraceError('validation', 'QUARANTINE_ABSENT', `key=${key}`, { cause: error });
    throw error;
  }
}

interface RecordToRedrive {
  readonly stream: string;
  readonly partitionKey: string;
  readonly data: string;
}

function recordsOf(key: string, text: string): readonly RecordToRedrive[] {
  const content = parseJson(key, text);
  const single = storedRecord.safeParse(content);
  if (single.success) return [single.data];
  const batch = failedBatch.safeParse(content);
  if (!batch.success)
    throw new MillraceError('validation', 'QUARANTINE_UNREADABLE', `key=${key} ${z.prettifyError(single.error)}`);
  const { payload } = batch.data;
  const event = failedBatchPayload.safeParse(typeof payload === 'string' ? parseJson(key, payload) : payload);
  if (!event.success)
    throw new MillraceError('validation', 'QUARANTINE_UNREADABLE', `key=${key} ${z.prettifyError(event.error)}`);
  return event.data.Records.map(({ kinesis: { partitionKey, data } }) => ({
    stream: batch.data.KinesisBatchInfo.streamArn,
    partitionKey,
    data,
  }));
}

function parseJson(key: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MillraceError('validation', 'QUARANTINE_UNREADABLE', `key=${key} ${messageOf(error)}`, { cause: error });
  }
}
