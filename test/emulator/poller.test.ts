import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  KinesisClient,
  PutRecordsCommand,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis';
import {
  CreateEventSourceMappingCommand,
  DeleteEventSourceMappingCommand,
  DeleteFunctionConcurrencyCommand,
  LambdaClient,
  PutFunctionConcurrencyCommand,
} from '@aws-sdk/client-lambda';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, expect, it } from 'vitest';
import { z } from 'zod';
import { emulatedClientSettings } from '#local/aws-environment.ts';
import { type EventSourcePoller, startEventSourcePoller } from '#local/event-source-poller/event-source-poller.ts';
import { describeWithEmulator } from '../support/emulator.ts';
import { type Script, type ScriptedFunction, scriptedFunction } from '../support/scripted-function.ts';

const streamEvent = z.object({
  Records: z.array(
    z.object({
      eventSource: z.literal('aws:kinesis'),
      eventSourceARN: z.string(),
      kinesis: z.object({
        data: z.base64(),
        sequenceNumber: z.string(),
        partitionKey: z.string(),
        approximateArrivalTimestamp: z.number(),
      }),
    }),
  ),
});
const queueEvent = z.object({ Records: z.array(z.object({ messageId: z.string(), body: z.string() })) });
const failureBody = z.object({
  requestContext: z.object({ condition: z.string(), approximateInvokeCount: z.number() }),
  KinesisBatchInfo: z.object({ shardId: z.string(), batchSize: z.number(), startSequenceNumber: z.string() }),
  payload: z.string().transform((text) => streamEvent.parse(JSON.parse(text))),
});

const PACE = { idleMs: 50, backOffMs: 50, backOffCapMs: 400 };
const DRAIN_MS = 20_000;
const textOf = (data: string) => Buffer.from(data, 'base64').toString('utf8');

describeWithEmulator('the event-source poller drives declared mappings', (emulator) => {
  const open: (() => Promise<unknown>)[] = [];
  let number = 0;

  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  function clients() {
    const settings = emulatedClientSettings(emulator().endpoint);
    const all = {
      lambda: new LambdaClient(settings),
      kinesis: new KinesisClient(settings),
      s3: new S3Client(settings),
      sqs: new SQSClient(settings),
    };
    return all;
  }

  async function stream(shards: number): Promise<{ name: string; arn: string }> {
    const { kinesis } = clients();
    const name = `stream-${++number}`;
    await kinesis.send(new CreateStreamCommand({ StreamName: name, ShardCount: shards }));
    await waitUntilStreamExists(
      { client: kinesis, maxWaitTime: 20, minDelay: 0.05, maxDelay: 0.2 },
      { StreamName: name },
    );
    const described = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName: name }));
    return { name, arn: described.StreamDescriptionSummary?.StreamARN ?? '' };
  }

  async function put(name: string, records: readonly { key: string; text: string }[]): Promise<void> {
    const { kinesis } = clients();
    const answer = await kinesis.send(
      new PutRecordsCommand({
        StreamName: name,
        Records: records.map(({ key, text }) => ({ PartitionKey: key, Data: Buffer.from(text) })),
      }),
    );
    expect(answer.FailedRecordCount ?? 0).toBe(0);
  }

  async function fn(script: Script): Promise<ScriptedFunction> {
    const made = await scriptedFunction(clients().lambda, `function-${++number}`, script);
    open.push(() => made.close());
    return made;
  }

  async function map(functionName: string, sourceArn: string, settings: object): Promise<void> {
    const { lambda } = clients();
    const { UUID } = await lambda.send(
      new CreateEventSourceMappingCommand({
        FunctionName: functionName,
        EventSourceArn: sourceArn,
        Enabled: false,
        ...(sourceArn.includes(':kinesis:') ? { StartingPosition: 'TRIM_HORIZON' } : {}),
        ...settings,
      }),
    );
    open.push(() => lambda.send(new DeleteEventSourceMappingCommand({ UUID })));
  }

  async function poller(
    checkpoints: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
  ): Promise<EventSourcePoller> {
    const started = await startEventSourcePoller({ endpoint: emulator().endpoint, pace: PACE, checkpoints });
    open.push(() => started.stop());
    return started;
  }

  it('T4: failures in the middle of batches lose nothing and keep the order per key', async () => {
    const { name, arn } = await stream(2);
    const handled: string[] = [];
    const failed = new Set<string>();
    const worker = await fn((event) => {
      for (const { kinesis } of streamEvent.parse(event).Records) {
        const text = textOf(kinesis.data);
        if (text.endsWith('7') && !failed.has(text)) {
          failed.add(text);
          return { batchItemFailures: [{ itemIdentifier: kinesis.sequenceNumber }] };
        }
        handled.push(text);
      }
      return { batchItemFailures: [] };
    });
    await map(worker.name, arn, {
      BatchSize: 20,
      MaximumRetryAttempts: 5,
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ParallelizationFactor: 2,
    });
    const sent = Array.from({ length: 200 }, (_, i) => ({
      key: `k${i % 10}`,
      text: `k${i % 10}:${Math.floor(i / 10)}`,
    }));
    await put(name, sent);
    const driving = await poller();
    expect(await driving.drain(DRAIN_MS)).toBe(true);

    expect([...handled].sort()).toEqual(sent.map(({ text }) => text).sort());
    for (let key = 0; key < 10; key += 1)
      expect(handled.filter((text) => text.startsWith(`k${key}:`))).toEqual(
        Array.from({ length: 20 }, (_, i) => `k${key}:${i}`),
      );
    expect(driving.stats()).toMatchObject([
      {
        functionName: worker.name,
        sourceName: name,
        read: 200,
        succeeded: 200,
        discarded: 0,
        lost: 0,
        recordsBehind: 0,
        msBehind: 0,
      },
    ]);
    expect(driving.stats()[0]?.partialFailures).toBe(failed.size);
  });

  it('T4: what can never succeed reaches the bucket with its payload, and the rest is handled', async () => {
    const { s3 } = clients();
    const bucket = `failures-${++number}`;
    await s3.send(new CreateBucketCommand({ Bucket: bucket }));
    const { name, arn } = await stream(1);
    const handled: string[] = [];
    const worker = await fn((event) => {
      const texts = streamEvent.parse(event).Records.map(({ kinesis }) => textOf(kinesis.data));
      if (texts.includes('poison')) throw new Error('cannot');
      handled.push(...texts);
      return null;
    });
    await map(worker.name, arn, {
      BatchSize: 8,
      MaximumRetryAttempts: 1,
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      DestinationConfig: { OnFailure: { Destination: `arn:aws:s3:::${bucket}` } },
    });
    await put(
      name,
      ['a', 'b', 'poison', 'c', 'd', 'e'].map((text) => ({ key: 'k', text })),
    );
    const driving = await poller();
    expect(await driving.drain(DRAIN_MS)).toBe(true);

    expect(handled).toEqual(['a', 'b', 'c', 'd', 'e']);
    const listed = await s3.send(new ListObjectsV2Command({ Bucket: bucket }));
    expect(listed.Contents).toHaveLength(1);
    const [mapping] = driving.mappings;
    const key = listed.Contents?.[0]?.Key ?? '';
    expect(key).toMatch(
      new RegExp(
        `^aws/lambda/${mapping?.id}/shardId-000000000000/\\d{4}/\\d\\d/\\d\\d/[\\d-]{10}T[\\d.]{8}-[0-9a-f-]{36}$`,
      ),
    );
    const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    const body = failureBody.parse(JSON.parse((await object.Body?.transformToString()) ?? ''));
    expect(body.requestContext.condition).toBe('RetryAttemptsExhausted');
    expect(body.KinesisBatchInfo).toMatchObject({ batchSize: 1, shardId: 'shardId-000000000000' });
    expect(body.payload.Records.map(({ kinesis }) => textOf(kinesis.data))).toEqual(['poison']);
    expect(driving.stats()).toMatchObject([{ read: 6, succeeded: 5, discarded: 1, lost: 0 }]);
  });

  it('H1: one slow function never delays another on the same stream', async () => {
    const { name, arn } = await stream(1);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = await fn(async () => {
      await held;
      return null;
    });
    let quickly = 0;
    const quick = await fn((event) => {
      quickly += streamEvent.parse(event).Records.length;
      return null;
    });
    await map(slow.name, arn, { BatchSize: 1 });
    await map(quick.name, arn, { BatchSize: 1 });
    await put(
      name,
      Array.from({ length: 10 }, (_, i) => ({ key: 'k', text: String(i) })),
    );
    const driving = await poller();
    await expect.poll(() => quickly, { timeout: 10_000 }).toBe(10);
    const behind = driving.stats().find((each) => each.functionName === slow.name);
    expect(behind?.recordsBehind).toBe(10);
    expect(behind?.msBehind).toBeGreaterThan(0);
    release();
    expect(await driving.drain(DRAIN_MS)).toBe(true);
  });

  it('throttling before the invocation costs no retry: with a quota of 0 everything is handled once there is room', async () => {
    const { name, arn } = await stream(1);
    const handled: string[] = [];
    const worker = await fn((event) => {
      handled.push(...streamEvent.parse(event).Records.map(({ kinesis }) => textOf(kinesis.data)));
      return null;
    });
    const { lambda } = clients();
    await lambda.send(
      new PutFunctionConcurrencyCommand({ FunctionName: worker.name, ReservedConcurrentExecutions: 0 }),
    );
    await map(worker.name, arn, { BatchSize: 10, MaximumRetryAttempts: 0 });
    await put(
      name,
      ['a', 'b'].map((text) => ({ key: 'k', text })),
    );
    const driving = await poller();
    await expect.poll(() => driving.stats()[0]?.throttles ?? 0, { timeout: 10_000 }).toBeGreaterThan(1);
    await lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName: worker.name }));
    expect(await driving.drain(DRAIN_MS)).toBe(true);
    expect(handled).toEqual(['a', 'b']);
    expect(driving.stats()).toMatchObject([{ succeeded: 2, discarded: 0, lost: 0 }]);
  });

  it('a successor goes on from the checkpoints of its predecessor', async () => {
    const { name, arn } = await stream(1);
    const handled: string[] = [];
    const worker = await fn((event) => {
      handled.push(...streamEvent.parse(event).Records.map(({ kinesis }) => textOf(kinesis.data)));
      return null;
    });
    await map(worker.name, arn, { BatchSize: 10 });
    await put(
      name,
      ['a', 'b'].map((text) => ({ key: 'k', text })),
    );
    const first = await poller();
    expect(await first.drain(DRAIN_MS)).toBe(true);
    await first.stop();
    await put(
      name,
      ['c'].map((text) => ({ key: 'k', text })),
    );
    const second = await poller(first.checkpoints());
    expect(await second.drain(DRAIN_MS)).toBe(true);
    expect(handled).toEqual(['a', 'b', 'c']);
  });

  it('T4: a queue keeps what failed, and its own policy moves it to the dead-letter queue', async () => {
    const { sqs } = clients();
    const attributes = async (url: string) =>
      (await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }))).Attributes ?? {};
    const create = async (settings: Record<string, string>) =>
      (await sqs.send(new CreateQueueCommand({ QueueName: `queue-${++number}`, Attributes: settings }))).QueueUrl ?? '';
    const dead = await create({});
    const url = await create({
      VisibilityTimeout: '1',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: (await attributes(dead)).QueueArn, maxReceiveCount: 2 }),
    });
    const tries = new Map<string, number>();
    const worker = await fn((event) => ({
      batchItemFailures: queueEvent.parse(event).Records.flatMap(({ messageId, body }) => {
        tries.set(body, (tries.get(body) ?? 0) + 1);
        return body === 'bad' ? [{ itemIdentifier: messageId }] : [];
      }),
    }));
    await map(worker.name, (await attributes(url)).QueueArn ?? '', {
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    await sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: url,
        Entries: ['good', 'bad', 'fine'].map((body) => ({ Id: body, MessageBody: body })),
      }),
    );
    const driving = await poller();
    expect(await driving.drain(DRAIN_MS)).toBe(true);
    expect(Object.fromEntries(tries)).toEqual({ good: 1, fine: 1, bad: 2 });
    const left = await sqs.send(new ReceiveMessageCommand({ QueueUrl: dead, WaitTimeSeconds: 2 }));
    expect(left.Messages?.map((message) => message.Body)).toEqual(['bad']);
    expect(driving.stats()).toMatchObject([{ succeeded: 2, kind: 'sqs' }]);
  });
});
