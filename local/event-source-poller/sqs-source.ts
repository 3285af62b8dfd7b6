import type { LambdaClient } from '@aws-sdk/client-lambda';
import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { messageOf } from '#core/errors.ts';
import { invokeFunction } from './function-invoker.ts';
import type { QueueMapping } from './mapping.ts';
import { type MappingStats, mappingCounters } from './poller-stats.ts';
import { backOff, type Pace, type Source, wait } from './source.ts';
import { deletable } from './sqs-contract.ts';

export interface QueueClients {
  readonly sqs: SQSClient;
  readonly lambda: LambdaClient;
}

/** The service receives and deletes at most ten messages with one request. */
const MAXIMUM_REQUEST = 10;
const LONG_POLL_SECONDS = 1;
/** The service begins with five; one machine needs fewer. */
const CONCURRENCY = 2;

interface Received {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly message: Message;
}

/** One queue mapping: receives, invokes, deletes what succeeded. What fails stays in the queue, whose own policy rules. */
export function sqsSource(mapping: QueueMapping, clients: QueueClients, pace: Pace, signal: AbortSignal): Source {
  const counters = mappingCounters();
  let queueUrl: string | null = null;
  let inWork = 0;
  let waiting = 0;
  let quietSince: number | null = null;
  let busyAt = performance.now();

  const url = async (): Promise<string> => {
    if (queueUrl === null) {
      const answer = await clients.sqs.send(new GetQueueUrlCommand({ QueueName: mapping.sourceName }), {
        abortSignal: signal,
      });
      if (answer.QueueUrl === undefined) throw new Error(`no queue ${mapping.sourceName}`);
      queueUrl = answer.QueueUrl;
    }
    return queueUrl;
  };

  const receive = async (most: number): Promise<readonly Received[]> => {
    const answer = await clients.sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: await url(),
        MaxNumberOfMessages: Math.min(MAXIMUM_REQUEST, most),
        WaitTimeSeconds: LONG_POLL_SECONDS,
        MessageSystemAttributeNames: ['All'],
        MessageAttributeNames: ['All'],
      }),
      { abortSignal: signal },
    );
    return (answer.Messages ?? []).flatMap((message) =>
      message.MessageId === undefined || message.ReceiptHandle === undefined
        ? []
        : [{ messageId: message.MessageId, receiptHandle: message.ReceiptHandle, message }],
    );
  };

  /** Waits for a first message, then fills the batch within its window. */
  const gather = async (): Promise<readonly Received[]> => {
    const batch = [...(await receive(mapping.batchSize))];
    if (batch.length === 0) return batch;
    inWork += batch.length;
    const until = performance.now() + mapping.batchWindowMs;
    while (batch.length < mapping.batchSize && performance.now() < until) {
      const more = await receive(mapping.batchSize - batch.length);
      inWork += more.length;
      batch.push(...more);
    }
    return batch;
  };

  const process = async (batch: readonly Received[]): Promise<boolean> => {
    const { functionArn, reportsItemFailures } = mapping;
    counters.read += batch.length;
    const { outcome } = await invokeFunction(clients.lambda, functionArn, sqsEvent(mapping, batch), counters, signal);
    const done = deletable(reportsItemFailures, batch, outcome);
    if (outcome.kind === 'returned' && done.length < batch.length) counters.partialFailures += 1;
    for (let from = 0; from < done.length; from += MAXIMUM_REQUEST) {
      const part = done.slice(from, from + MAXIMUM_REQUEST);
      const answer = await clients.sqs.send(
        new DeleteMessageBatchCommand({
          QueueUrl: await url(),
          Entries: part.map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle })),
        }),
      );
      counters.succeeded += part.length - (answer.Failed?.length ?? 0);
      if (answer.Failed !== undefined && answer.Failed.length > 0)
        counters.lastError = `not deleted: ${answer.Failed[0]?.Message ?? answer.Failed[0]?.Code}`;
    }
    return outcome.kind !== 'not-invoked';
  };

  /** Whether the queue holds nothing at all, visible or not. */
  const countWaiting = async (): Promise<void> => {
    const beganAt = performance.now();
    const { Attributes: attributes } = await clients.sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: await url(),
        AttributeNames: [
          'ApproximateNumberOfMessages',
          'ApproximateNumberOfMessagesNotVisible',
          'ApproximateNumberOfMessagesDelayed',
        ],
      }),
      { abortSignal: signal },
    );
    waiting = Object.values(attributes ?? {}).reduce((sum, value) => sum + Number(value), 0);
    if (waiting === 0 && inWork === 0) quietSince = beganAt;
  };

  const worker = async (): Promise<void> => {
    for (let faults = 0; ; ) {
      try {
        const batch = await gather();
        if (batch.length === 0) {
          await countWaiting();
          faults = 0;
          continue;
        }
        quietSince = null;
        busyAt = performance.now();
        try {
          faults = (await process(batch)) ? 0 : faults + 1;
        } finally {
          inWork -= batch.length;
          busyAt = performance.now();
        }
      } catch (thrown) {
        signal.throwIfAborted();
        counters.readFaults += 1;
        counters.lastError = messageOf(thrown);
        faults += 1;
      }
      if (faults > 0) await wait(backOff(pace, faults), signal);
    }
  };

  return {
    async run() {
      const workers = Math.max(1, Math.min(CONCURRENCY, mapping.maximumConcurrency ?? CONCURRENCY));
      await Promise.all(Array.from({ length: workers }, worker));
    },
    stats(): MappingStats {
      const { functionName, sourceName, kind } = mapping;
      const recordsBehind = Math.max(waiting, inWork);
      const msBehind = recordsBehind === 0 || quietSince !== null ? 0 : Math.max(0, performance.now() - busyAt);
      return { ...counters, functionName, sourceName, kind, recordsBehind, msBehind };
    },
    quietSinceMs: () => (inWork > 0 ? null : quietSince),
    busyAtMs: () => busyAt,
  };
}

/** The event that a function gets (Lambda developer guide, "Using Lambda with Amazon SQS"). */
function sqsEvent(mapping: QueueMapping, batch: readonly Received[]): unknown {
  return {
    Records: batch.map(({ messageId, receiptHandle, message }) => ({
      messageId,
      receiptHandle,
      body: message.Body ?? '',
      attributes: message.Attributes ?? {},
      messageAttributes: Object.fromEntries(
        Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [
          name,
          { stringValue: value.StringValue, dataType: value.DataType },
        ]),
      ),
      md5OfBody: message.MD5OfBody ?? '',
      eventSource: 'aws:sqs',
      eventSourceARN: mapping.sourceArn,
      awsRegion: mapping.region,
    })),
  };
}
