import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildTradingBatch } from '../support/kinesis-event-builder.ts';
import { LAMBDA_VARIABLES } from '../support/lambda-variables.ts';
import { buildEvent, intendedBody } from '../support/trading-event-builder.ts';

const dynamoDb = mockClient(DynamoDBDocumentClient);
const stepFunctions = mockClient(SFNClient);
let handler: typeof import('#functions/confirm/handler.ts').handler;

beforeAll(async () => {
  for (const [name, value] of Object.entries(LAMBDA_VARIABLES)) vi.stubEnv(name, value);
  ({ handler } = await import('#functions/confirm/handler.ts'));
});
afterAll(() => vi.unstubAllEnvs());
beforeEach(() => {
  dynamoDb.reset();
  stepFunctions.reset();
  const nobodyFollows = new ConditionalCheckFailedException({ message: 'the condition failed', $metadata: {} });
  dynamoDb.on(UpdateCommand).callsFake((input: { UpdateExpression: string }) => {
    if (input.UpdateExpression.includes('#end')) throw nobodyFollows;
    return {};
  });
  stepFunctions.on(StartExecutionCommand).resolves({});
});

const intended = (id: string, sequence: number) => buildEvent('order.intended', intendedBody(id), { sequence });
const denied = (id: string, sequence: number) =>
  buildEvent(
    'order.denied',
    { clientOrderId: id, lane: 'scalper', symbol: 'BTCUSDT', code: 'SPREAD_WIDE', detail: '' },
    { sequence },
  );
const started = () => stepFunctions.commandCalls(StartExecutionCommand).map((call) => call.args[0].input.name);

describe('confirm', () => {
  it('figures: each intended order is followed by an execution of its name', async () => {
    expect(await handler(buildTradingBatch(intended('o-1', 1), intended('o-2', 2)))).toEqual({ batchItemFailures: [] });
    expect(started()).toEqual(['o-1', 'o-2']);
  });

  it('figures: an order that risk denied in the same batch is not followed: it never left', async () => {
    const batch = buildTradingBatch(intended('o-1', 1), intended('o-2', 2), denied('o-1', 3), denied('o-2-x', 4));
    expect(await handler(batch)).toEqual({ batchItemFailures: [] });
    expect(started()).toEqual(['o-2']);
  });

  it('H3: one whose denial comes in a later batch is followed, and ended by its denial', async () => {
    await handler(buildTradingBatch(intended('o-1', 1)));
    await handler(buildTradingBatch(denied('o-1', 2)));
    expect(started()).toEqual(['o-1']);
    const ends = dynamoDb
      .commandCalls(UpdateCommand)
      .map((call) => call.args[0].input.ExpressionAttributeValues?.[':end']);
    expect(ends.at(-1)).toMatchObject({ content: { state: 'Denied', evidence: [{ kind: 'notSent' }] } });
  });

  it('T4: a machine that cannot be reached stops the batch at that order', async () => {
    stepFunctions.on(StartExecutionCommand, { name: 'o-2' }).rejects(new Error('ThrottlingException'));
    const answer = await handler(buildTradingBatch(intended('o-1', 1), intended('o-2', 2), intended('o-3', 3)));
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '1001' }] });
    expect(started()).toEqual(['o-1', 'o-2']);
  });
});
