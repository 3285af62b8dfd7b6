import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { expect } from 'vitest';
import { createDesiredStates } from '#aws/desired-state.ts';
import { createLedger } from '#aws/ledger.ts';
import { createLedgerReader } from '#aws/ledger-reader.ts';
import { unitId } from '#core/control/unit.ts';
import { orderIdPrefix } from '#core/orders/client-order-id.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { emulatedClientSettings } from '#local/aws-environment.ts';
import type { Deployment } from '#local/deploy.ts';
import { readEngineDefinition, writeConfiguration } from '#local/start/cloud.ts';
import { runConfiguration } from '#local/start/run-configuration.ts';
import { marketOrder } from '#simulation/exchange/market-order.ts';
import { ACCOUNT_KEYS, type AccountWorld } from './account-world.ts';
import { buildEvent, intendedBody } from './trading-event-builder.ts';

const UNIT = { account: 'main', mode: 'paper', venue: 'binance-usdm' } as const;
const ID = unitId(UNIT);
const OWN = `${orderIdPrefix('paper', ID)}1-1`;
const SETTLE_MS = 1_000;
const pause = () => new Promise((resolve) => setTimeout(resolve, SETTLE_MS + 100));

/**
 * What the deployed reconciler does about a lost execution and a position closed by hand, on a simulated venue that the deployment knows as `binance-usdm`. Leaves the position flat and the
 * symbol frozen.
 */
export async function drillReconciler(endpoint: string, deployment: Deployment, world: AccountWorld): Promise<void> {
  const settings = emulatedClientSettings(endpoint);
  const clients = [new LambdaClient(settings), new SecretsManagerClient(settings), new S3Client(settings)] as const;
  const [lambda, secrets, s3] = clients;
  try {
    const { instrument, exchange, queries } = world;
    const { symbol } = instrument;
    const definition = await readEngineDefinition(endpoint, deployment);
    const traded = { instrument, price: exchange.ticker(symbol).lastPrice };
    const market = { venue: UNIT.venue, symbols: [traded], channels: ['book' as const] };
    await writeConfiguration(endpoint, definition, runConfiguration([market]));
    await secrets.send(
      new CreateSecretCommand({
        Name: `millrace/local-reconciliation/${ID}`,
        SecretString: JSON.stringify(ACCOUNT_KEYS),
      }),
    );
    const client = DynamoDBDocumentClient.from(new DynamoDBClient(settings));
    const table = deployment.output('LedgerTable');
    const [ledger, reader] = [createLedger(client, table), createLedgerReader(client, table)];
    let sequence = 1;
    /** The engine goes on comparing meanwhile, and agrees with the venue, whatever the ledger has heard. */
    const reconcile = async () => {
      let answered = false;
      const asked = lambda
        .send(
          new InvokeCommand({
            FunctionName: deployment.output('ReconcileFunction'),
            Payload: JSON.stringify({ units: [ID], settleMs: SETTLE_MS }),
          }),
        )
        .finally(() => {
          answered = true;
        });
      const compare = async () => {
        while (!answered) {
          const [held] = await queries.positions([symbol]);
          const size = held?.size ?? '0';
          sequence += 1;
          const body = { lane: 'scalper', symbol, engine: size, venue: size, agree: true };
          await ledger.apply(buildEvent('position.checked', body, { sequence, time: Date.now() }));
          await new Promise((resolve) => setTimeout(resolve, SETTLE_MS / 4));
        }
      };
      const [answer] = await Promise.all([asked, compare()]);
      const text = answer.Payload?.transformToString() ?? '';
      expect(answer.FunctionError, text).toBeUndefined();
      return JSON.parse(text).units[0];
    };
    const trade = (clientOrderId: string, side: 'buy' | 'sell') =>
      exchange.place(
        'main',
        marketOrder({ clientOrderId, symbol, side, size: (instrument.lotSize * 20) as typeof instrument.lotSize }),
      );
    const positions = async () => {
      const [held] = await queries.positions([symbol]);
      const [known] = await reader.readPositions(UNIT, { venue: UNIT.venue, symbol });
      return { venue: Number(held?.size ?? 0), ledger: Number(known?.size ?? 0) };
    };

    /** The engine tells of something else, so that what it told before is in the ledger. */
    const settle = async () => {
      await pause();
      sequence += 1;
      const body = { lane: 'scalper', symbol, paused: false, reason: 'resumed' };
      await ledger.apply(buildEvent('lane.entries', body, { sequence, time: Date.now() }));
    };

    await world.until('a market', () => exchange.book(symbol, 1).asks.length > 0);
    await ledger.apply(buildEvent('order.intended', intendedBody(OWN, { symbol }), { time: Date.now() }));
    trade(OWN, 'buy');
    await settle();
    const lost = await reconcile();
    expect(lost.failed).toBeNull();
    expect(lost.symbols[0]).toMatchObject({ unsettled: null, frozen: null });
    expect(await positions()).toEqual({ venue: expect.any(Number), ledger: (await positions()).venue });
    expect((await positions()).ledger).toBeGreaterThan(0);
    expect((await reader.readOrder(UNIT, OWN))?.state).toMatchObject({ state: 'Filled', terminal: true });

    trade('by-hand', 'sell');
    await settle();
    const closed = await reconcile();
    expect(closed.symbols[0].frozen).toContain('was not placed here');
    expect(await positions()).toEqual({ venue: 0, ledger: 0 });
    const control = deployment.output('ControlTable');
    expect(await createDesiredStates(client, control).read(ID)).toMatchObject({ frozenSymbols: [symbol] });
    expect((await reconcile()).symbols[0]).toMatchObject({ differences: [], corrections: [] });
    const fills = await queries.fillsSince(symbol, 0 as EpochMs);
    expect((await reader.readFills(UNIT)).map((fill) => fill.fillId).sort()).toEqual(
      fills.map((fill) => fill.fillId).sort(),
    );

    const told = await client.send(
      new ScanCommand({
        TableName: control,
        FilterExpression: 'begins_with(pk, :alert) AND sent = :yes',
        ExpressionAttributeValues: { ':alert': 'ALERT#RECONCILIATION_DIFFERENCE#', ':yes': true },
      }),
    );
    expect(told.Items).toHaveLength(2);

    const Bucket = deployment.output('ArchiveBucket');
    const kept = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'reconciliation/findings/' }));
    expect(kept.Contents).toHaveLength(2);
    const report = await s3.send(new GetObjectCommand({ Bucket, Key: kept.Contents?.[1]?.Key }));
    expect(await report.Body?.transformToString()).toContain('was not placed here');
  } finally {
    for (const each of clients) each.destroy();
  }
}
