import { DeleteMessageCommand, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import type { Log } from '#aws/log.ts';
import { quarantineNotice, type RedriveOptions, redrive } from '#aws/quarantine.ts';
import { MillraceError, messageOf } from '#core/errors.ts';

/** Which records go back: by the keys of their objects, or as many notices of the queue as `fromQueue` says. */
export const REDRIVE_REQUEST = z.union([
  z.strictObject({ keys: z.array(z.string().min(1)).min(1).max(1_000) }),
  z.strictObject({ fromQueue: z.number().int().min(1).max(1_000) }),
]);
export type RedriveRequest = z.infer<typeof REDRIVE_REQUEST>;

export interface RedriveAnswer {
  /** Records that are back on their streams. */
  readonly records: number;
  readonly redriven: readonly string[];
  readonly failed: readonly { readonly key: string; readonly reason: string }[];
}

export interface RedriveParts extends RedriveOptions {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  readonly log: Log;
}

/** What S3 tells the queue of an object that a mapping's on-failure destination wrote. */
const objectCreated = z.object({
  Records: z.array(z.object({ s3: z.object({ object: z.object({ key: z.string() }) }) })).min(1),
});

/** What S3 tells the queue when the bucket's notices are set up: nothing lies behind it. */
const bucketMade = z.object({ Service: z.literal('Amazon S3'), Event: z.literal('s3:TestEvent'), Bucket: z.string() });

/** Puts quarantined records back on their streams. What fails stays where it is and is named in the answer. */
export async function redriveRecords(request: RedriveRequest, parts: RedriveParts): Promise<RedriveAnswer> {
  const answer = { records: 0, redriven: [] as string[], failed: [] as { key: string; reason: string }[] };
  if ('keys' in request) {
    for (const key of request.keys) await redriveOne(key, parts, answer);
    return answer;
  }
  let left = request.fromQueue;
  while (left > 0) {
    const received = await parts.sqs.send(
      new ReceiveMessageCommand({ QueueUrl: parts.queueUrl, MaxNumberOfMessages: Math.min(left, 10) }),
    );
    const messages = received.Messages ?? [];
    if (messages.length === 0) break;
    left -= messages.length;
    for (const { Body = '', ReceiptHandle } of messages) {
      const keys = keysOf(Body, parts.bucket);
      if (keys === null) {
        parts.log('error', 'notice unreadable; it stays in the queue', { length: Body.length });
        answer.failed.push({ key: '', reason: 'NOTICE_UNREADABLE' });
        continue;
      }
      let whole = true;
      for (const key of keys) whole = (await redriveOne(key, parts, answer)) && whole;
      if (whole) await parts.sqs.send(new DeleteMessageCommand({ QueueUrl: parts.queueUrl, ReceiptHandle }));
    }
  }
  return answer;
}

async function redriveOne(
  key: string,
  parts: RedriveParts,
  answer: { records: number; redriven: string[]; failed: { key: string; reason: string }[] },
): Promise<boolean> {
  try {
    answer.records += await redrive(parts, key);
    answer.redriven.push(key);
    parts.log('info', 'redriven', { key });
    return true;
  } catch (error) {
    const reason = messageOf(error);
    answer.failed.push({ key, reason });
    // It was put back before: its notice has no more to say.
    const isDone = error instanceof MillraceError && error.code === 'QUARANTINE_ABSENT';
    parts.log(isDone ? 'warn' : 'error', 'not redriven', { key, reason });
    return isDone;
  }
}

/** The objects that a notice names, or null for a notice that is not ours. S3 writes keys as in an address, and one notice that names none. */
function keysOf(body: string, bucket: string): readonly string[] | null {
  let content: unknown;
  try {
    content = JSON.parse(body);
  } catch {
    return null;
  }
  const own = quarantineNotice.safeParse(content);
  if (own.success) return [own.data.key];
  const made = bucketMade.safeParse(content);
  if (made.success && made.data.Bucket === bucket) return [];
  const created = objectCreated.safeParse(content);
  if (!created.success) return null;
  return created.data.Records.map((each) => decodeURIComponent(each.s3.object.key.replaceAll('+', ' ')));
}
