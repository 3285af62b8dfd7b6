import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { expect, vi } from 'vitest';
import { createLeaseTable } from '#aws/lease-table.ts';
import { unitId } from '#core/control/unit.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import { orderIdPrefix } from '#core/orders/client-order-id.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { emulatedClientSettings } from '#local/aws-environment.ts';
import type { Deployment } from '#local/deploy.ts';
import { ACCOUNT_KEYS, type AccountWorld } from './account-world.ts';

const ID = unitId({ account: 'main', mode: 'paper', venue: 'binance-usdm' });

/** What the deployed dead-man switch does about an engine that took a lease, left an order, and never renewed. The deployment has its configuration already. */
export async function drillDeadMan(endpoint: string, deployment: Deployment, world: AccountWorld): Promise<void> {
  const settings = emulatedClientSettings(endpoint);
  const [lambda, secrets] = [new LambdaClient(settings), new SecretsManagerClient(settings)];
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(settings));
  const watch = async (): Promise<unknown> => {
    const answer = await lambda.send(
      new InvokeCommand({
        FunctionName: deployment.output('DeadManFunction'),
        Payload: JSON.stringify({ action: 'watch', standstillSeconds: 1, lookSeconds: 0.25, forSeconds: 2 }),
      }),
    );
    const text = answer.Payload?.transformToString() ?? '';
    expect(answer.FunctionError, text).toBeUndefined();
    return JSON.parse(text).units;
  };
  const stepFunctions = new SFNClient(settings);
  const stateMachineArn = deployment.output('DeadManMachineArn');
  const ended = async () =>
    ((await stepFunctions.send(new ListExecutionsCommand({ stateMachineArn }))).executions ?? []).map(
      (each) => each.status,
    );
  try {
    const SecretString = JSON.stringify(ACCOUNT_KEYS);
    await secrets.send(new CreateSecretCommand({ Name: `millrace/local-dead-man/${ID}`, SecretString }));
    const leases = createLeaseTable(client, deployment.output('ControlTable'));
    const seen = await leases.read(ID);
    const epoch = (seen?.epoch ?? 0) + 1;
    const validUntil = (Date.now() + 4_000) as EpochMs;
    await leases.acquire({ name: ID, grant: 'silent', epoch, holder: 'engine-9', leaseMs: 4_000, validUntil }, seen);
    const { instrument, exchange } = world;
    const best = exchange.book(instrument.symbol, 1).bids[0]?.[0] ?? 0;
    const outcome = exchange.place('main', {
      clientOrderId: `${orderIdPrefix('paper', ID)}9-1`,
      symbol: instrument.symbol,
      side: 'buy',
      type: 'limit',
      timeInForce: 'gtc',
      price: (Math.floor((best * 0.97) / instrument.tickSize) * instrument.tickSize) as Price,
      triggerPrice: null,
      size: (instrument.lotSize * 20) as Size,
      reduceOnly: false,
    });
    expect(outcome.kind).toBe('accepted');
    expect(await watch()).toEqual([{ unit: ID, verdict: 'standstill' }]);
    await vi.waitFor(() => expect(exchange.openOrders('main', instrument.symbol)).toEqual([]), {
      timeout: 20_000,
      interval: 100,
    });
    // It runs once for each standstill, and ends when the venue has said twice that nothing is open.
    await vi.waitFor(async () => expect(await ended()).toEqual(['SUCCEEDED']), { timeout: 20_000, interval: 200 });
    expect(await watch()).toEqual([{ unit: ID, verdict: 'done' }]);
    expect(await ended()).toHaveLength(1);
  } finally {
    for (const each of [lambda, secrets, client, stepFunctions]) each.destroy();
  }
}
