import { SendTaskSuccessCommand, SFNClient } from '@aws-sdk/client-sfn';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Context, SQSEvent } from 'aws-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseCommand, sendCommand } from '#aws/commands.ts';
import { LAMBDA_VARIABLES } from '../support/lambda-variables.ts';

const dynamoDb = mockClient(DynamoDBDocumentClient);
const stepFunctions = mockClient(SFNClient);
let handler: typeof import('#functions/command/handler.ts').handler;

beforeAll(async () => {
  for (const [name, value] of Object.entries(LAMBDA_VARIABLES)) vi.stubEnv(name, value);
  ({ handler } = await import('#functions/command/handler.ts'));
});
afterAll(() => vi.unstubAllEnvs());
beforeEach(() => {
  dynamoDb.reset();
  stepFunctions.reset();
  dynamoDb.on(GetCommand).resolves({}).on(UpdateCommand).resolves({});
});

const wish = { id: 'c1', unit: 'paper/main/binance-usdm', wish: 'stop', reason: 'drill', by: 'ops' } as const;

function messages(...bodies: readonly string[]): SQSEvent {
  return {
    Records: bodies.map((body, index) => ({
      messageId: `m${index}`,
      receiptHandle: 'r',
      body,
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: '1700000000123',
        SenderId: 's',
        ApproximateFirstReceiveTimestamp: '1700000000456',
      },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:eu-west-1:000000000000:commands',
      awsRegion: 'eu-west-1',
    })),
  };
}
const context = { getRemainingTimeInMillis: () => 10_000 } as Context;

describe('command', () => {
  it('H15: a wish becomes the desired state of its unit, dated by the queue where the sender did not', async () => {
    expect(await handler(messages(JSON.stringify(wish)), context)).toEqual({ batchItemFailures: [] });

    const [call] = dynamoDb.commandCalls(UpdateCommand);
    expect(call?.args[0].input).toMatchObject({
      TableName: 'control',
      Key: { pk: 'CONTROL#paper/main/binance-usdm' },
      ExpressionAttributeValues: { ':next': { wish: 'stop', version: 1, wishFrom: '0001700000000123#c1' } },
    });
  });

  it('G12: a wish whose sender’s clock is ahead is dated by the queue, one that was under way for long by its sender', async () => {
    const sentAt = 1_700_000_000_123;
    for (const issuedAt of [sentAt + 3_600_000, sentAt - 60_000])
      await handler(messages(JSON.stringify({ ...wish, issuedAt })), context);

    const dates = dynamoDb.commandCalls(UpdateCommand).map((call) => call.args[0].input.ExpressionAttributeValues);
    expect(dates).toMatchObject([
      { ':next': { wishFrom: `000${sentAt}#c1` } },
      { ':next': { wishFrom: `000${sentAt - 60_000}#c1` } },
    ]);
  });

  it('S22: a command that cannot be read is reported for redelivery and dead letters, the others take effect', async () => {
    const bad = ['{', JSON.stringify({ ...wish, wish: 'moon', unit: 'x' })];
    const answer = await handler(messages(...bad, JSON.stringify(wish)), context);

    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm0' }, { itemIdentifier: 'm1' }] });
    expect(dynamoDb.commandCalls(UpdateCommand)).toHaveLength(1);
    expect(() => parseCommand(bad[1] ?? '')).toThrow(
      /COMMAND_INVALID[\s\S]*unit[\s\S]*wish|COMMAND_INVALID[\s\S]*wish[\s\S]*unit/,
    );
  });

  it('T4: a table that is down leaves the command in the queue; one that answers takes it then', async () => {
    dynamoDb.on(UpdateCommand).rejectsOnce(new Error('ProvisionedThroughputExceededException')).resolves({});
    const message = messages(JSON.stringify(wish));
    expect(await handler(message, context)).toEqual({ batchItemFailures: [{ itemIdentifier: 'm0' }] });
    expect(await handler(message, context)).toEqual({ batchItemFailures: [] });
  });

  it('H3: a decision that cannot be handed over stays in the queue', async () => {
    const decision = { kind: 'confirmationDecision', clientOrderId: 'o', outcome: 'Filled', who: 'ops', note: 'n' };
    dynamoDb.on(GetCommand).resolves({ Item: { wait: { token: 'tok', for: 'person' } } });
    stepFunctions.on(SendTaskSuccessCommand).rejects(new Error('ThrottlingException'));
    expect(await handler(messages(JSON.stringify(decision)), context)).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm0' }],
    });
  });

  it('H3: a decision on an order reaches the confirmation that asked, with the person as evidence', async () => {
    const decision = {
      kind: 'confirmationDecision',
      clientOrderId: 'p0000001-a-1',
      outcome: 'Canceled',
      who: 'ops',
      note: 'venue page',
    };
    dynamoDb.on(GetCommand).resolves({ Item: { wait: { token: 'tok', for: 'person' } } });
    await handler(messages(JSON.stringify(decision)), context);

    const [call] = stepFunctions.calls();
    expect(call?.args[0].input).toMatchObject({ taskToken: 'tok' });
    expect(JSON.parse(String(Reflect.get(call?.args[0].input ?? {}, 'output')))).toEqual({
      by: 'person',
      state: 'Canceled',
      cumulativeSize: null,
      evidence: [{ kind: 'person', who: 'ops', note: 'venue page' }],
    });
  });

  const decision = {
    kind: 'confirmationDecision',
    clientOrderId: 'p0000001-a-1',
    outcome: 'Filled',
    who: 'ops',
    note: 'n',
  };
  const followed = {
    clientOrderId: 'p0000001-a-1',
    mode: 'paper',
    account: 'main',
    venue: 'binance-usdm',
    lane: 'lane-1',
    symbol: 'BTCUSDT',
    intendedAt: 1,
    windowFrom: 1,
  };
  const decided = { id: 'p0000001-a-1/Filled/1700000000123', outcome: 'Filled', who: 'ops', at: 1_700_000_000_123 };

  it('H3: a decision that no confirmation asked for reaches the engine of its unit, and no confirmation', async () => {
    const item = { order: followed, wait: { token: 'tok', for: 'callback' } };
    dynamoDb.on(GetCommand, { Key: { pk: 'CONFIRM#p0000001-a-1', sk: 'CONFIRM' } }).resolves({ Item: item });
    expect(await handler(messages(JSON.stringify(decision)), context)).toEqual({ batchItemFailures: [] });
    expect(stepFunctions.calls()).toEqual([]);
    expect(dynamoDb.commandCalls(UpdateCommand)[0]?.args[0].input).toMatchObject({
      Key: { pk: 'CONTROL#paper/main/binance-usdm' },
      ExpressionAttributeValues: { ':next': { wish: 'run', version: 1, wishVersion: 0, decisions: [decided] } },
    });
  });

  it('H3: of an order that no confirmation follows the person says whose it is; otherwise nobody would hear it, and people are told', async () => {
    const unheard = await handler(messages(JSON.stringify(decision)), context);
    expect(unheard).toEqual({ batchItemFailures: [{ itemIdentifier: 'm0' }] });
    const told = messages(JSON.stringify({ ...decision, unit: 'paper/main/bybit-linear' }));
    expect(await handler(told, context)).toEqual({ batchItemFailures: [] });
    expect(dynamoDb.commandCalls(UpdateCommand)[0]?.args[0].input).toMatchObject({
      Key: { pk: 'CONTROL#paper/main/bybit-linear' },
      ExpressionAttributeValues: { ':next': { decisions: [decided] } },
    });
  });

  it('S22: a command is checked and dated before it is put on the queue', async () => {
    const client = new SQSClient({ region: 'eu-west-1' });
    const sqs = mockClient(client);
    await sendCommand(client, 'https://queue', wish, 42);
    const body = sqs.commandCalls(SendMessageCommand)[0]?.args[0].input.MessageBody;
    expect(JSON.parse(body ?? '')).toEqual({ ...wish, issuedAt: 42 });

    sqs.on(SendMessageCommand).rejects(new Error('queue down'));
    await expect(sendCommand(client, 'https://queue', wish, 42)).rejects.toThrow('queue down');
    sqs.resetHistory();
    await expect(sendCommand(client, 'https://queue', { ...wish, unit: 'nowhere' }, 42)).rejects.toThrow(
      'COMMAND_INVALID',
    );
    expect(sqs.commandCalls(SendMessageCommand)).toHaveLength(0);
  });
});
