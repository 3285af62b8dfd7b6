import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { INDEX_PREFIX } from '#core/ledger/ledger-index.ts';
import { readEnvironment } from '#functions/environment.ts';
import { buildTradingBatch } from '../support/kinesis-event-builder.ts';
import { LAMBDA_VARIABLES } from '../support/lambda-variables.ts';
import { buildEvent, fillBody, stateBody } from '../support/trading-event-builder.ts';

const dynamoDb = mockClient(DynamoDBDocumentClient);
const s3 = mockClient(S3Client);
const sqs = mockClient(SQSClient);
let handler: typeof import('#functions/persist/handler.ts').handler;

beforeAll(async () => {
  for (const [name, value] of Object.entries(LAMBDA_VARIABLES)) vi.stubEnv(name, value);
  ({ handler } = await import('#functions/persist/handler.ts'));
});
afterAll(() => vi.unstubAllEnvs());
beforeEach(() => {
  for (const mock of [dynamoDb, s3, sqs]) mock.reset();
  dynamoDb.on(UpdateCommand).resolves({});
});

/** Sort keys of what was written, without the index beside it. */
const written = () =>
  dynamoDb
    .commandCalls(UpdateCommand)
    .map((call) => String(call.args[0].input.Key?.sk))
    .filter((sort) => !Object.values(INDEX_PREFIX).some((prefix) => sort.startsWith(prefix)));

describe('persist', () => {
  it('T4: each event goes to the ledger, in order', async () => {
    const answer = await handler(
      buildTradingBatch(
        buildEvent('fill', fillBody('900'), { sequence: 1 }),
        buildEvent('order.state', stateBody('o-1', 'Filled'), { sequence: 2 }),
      ),
    );
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(written()).toEqual(['FILL#binance-usdm#BTCUSDT#900', 'ORDER#o-1']);
    expect(dynamoDb.commandCalls(UpdateCommand)[0]?.args[0].input.TableName).toBe('ledger');
  });

  it('G14: a record that is not ours is set aside with its payload, the rest goes on', async () => {
    const answer = await handler(buildTradingBatch('{"cut', buildEvent('fill', fillBody('900'))));
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(written()).toHaveLength(1);
    expect([s3.calls().length, sqs.calls().length]).toEqual([1, 1]);
  });

  it('T4: an unknown version is held, and so is everything after it', async () => {
    const newer = JSON.stringify({ ...buildEvent('fill', fillBody('900')), version: 99 });
    const answer = await handler(
      buildTradingBatch(buildEvent('fill', fillBody('899')), newer, buildEvent('fill', fillBody('901'))),
    );
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '1001' }] });
    expect(written()).toEqual(['FILL#binance-usdm#BTCUSDT#899']);
    expect(s3.calls()).toEqual([]);
  });

  it('T4: a ledger that is down stops the batch at that record', async () => {
    dynamoDb.on(UpdateCommand).rejects(new Error('timeout'));
    const answer = await handler(buildTradingBatch(buildEvent('fill', fillBody('900'))));
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '1000' }] });
  });

  it('T4: an event that contradicts the ledger is set aside for people, and does not block the shard', async () => {
    const content = { side: 'buy', price: '100.5', size: '7' };
    const stored = { fill: { precedence: '9', writeId: 'other', content } };
    dynamoDb
      .on(UpdateCommand)
      .rejectsOnce(new ConditionalCheckFailedException({ $metadata: {}, message: 'there', Item: marshall(stored) }))
      .resolvesOnce({ Attributes: stored });
    const answer = await handler(buildTradingBatch(buildEvent('fill', fillBody('900'))));
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(s3.calls()).toHaveLength(1);
  });
});

describe('environment of the Lambdas', () => {
  it('R3: lists every fault at once', () => {
    const read = () =>
      readEnvironment(['MILLRACE_BUILD', 'MILLRACE_LEDGER_TABLE', 'MILLRACE_COMMAND_QUEUE'], {
        MILLRACE_COMMAND_QUEUE: 'not a url',
      });
    expect(read).toThrow(/ENVIRONMENT_INVALID.*3 fault\(s\)/);
    expect(read).toThrow(/MILLRACE_BUILD/);
  });

  it('R7: addresses of venues are refused outside local, withheld callbacks in prod', () => {
    const endpoints = JSON.stringify({
      'bybit-linear': { market: 'ws://a', account: 'ws://b', orders: 'ws://c', rest: 'http://d' },
    });
    const names = ['MILLRACE_VENUE_ENDPOINTS', 'MILLRACE_CONFIRMATION_DRILL'] as const;
    const local = {
      MILLRACE_ENVIRONMENT: 'local',
      MILLRACE_VENUE_ENDPOINTS: endpoints,
      MILLRACE_CONFIRMATION_DRILL: '7',
    };
    expect(readEnvironment(names, local)).toMatchObject({
      MILLRACE_VENUE_ENDPOINTS: { 'bybit-linear': { rest: 'http://d' } },
      MILLRACE_CONFIRMATION_DRILL: 7,
    });
    expect(readEnvironment(names, { MILLRACE_ENVIRONMENT: 'dev' })).toEqual({
      MILLRACE_VENUE_ENDPOINTS: {},
      MILLRACE_CONFIRMATION_DRILL: 0,
    });
    expect(() => readEnvironment(names, { ...local, MILLRACE_ENVIRONMENT: 'dev' })).toThrow('refused outside local');
    expect(() => readEnvironment([], { MILLRACE_ENVIRONMENT: 'prod', MILLRACE_CONFIRMATION_DRILL: '1' })).toThrow(
      'refused in prod',
    );
  });
});
