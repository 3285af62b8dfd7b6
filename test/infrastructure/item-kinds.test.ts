import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, it } from 'vitest';
import { createAlerts } from '#aws/alerts.ts';
import { createConfirmationWaits } from '#aws/confirmation-waits.ts';
import { createDeadManRecords } from '#aws/dead-man-records.ts';
import { createDesiredStates } from '#aws/desired-state.ts';
import { createLeaseTable } from '#aws/lease-table.ts';
import { createLedger } from '#aws/ledger.ts';
import { createMarketStore } from '#aws/market-store.ts';
import { DESIRED_COMMAND } from '#core/control/desired-command.ts';
import { unitId } from '#core/control/unit.ts';
import type { EpochMs } from '#core/time/clock.ts';
import type { ItemKind } from '#lib/constructs/permissions.ts';
import { buildRecord } from '../support/confirmation-builder.ts';
import { createFakeDynamoDb, type FakeDynamoDb } from '../support/fake-dynamodb.ts';
import { buildEvent, fillBody, stateBody } from '../support/trading-event-builder.ts';

const TABLE = 'table';
const region = 'eu-west-1';
mockClient(SNSClient).on(PublishCommand).resolves({});
mockClient(SFNClient).on(StartExecutionCommand).resolves({});

/** What each adapter writes, with the kind that its permission names (`lib/constructs/permissions.ts`). */
const WRITERS: readonly (readonly [string, ItemKind, (client: FakeDynamoDb['client']) => Promise<unknown>])[] = [
  ['a fill', 'ACCOUNT', (client) => createLedger(client, TABLE).apply(buildEvent('fill', fillBody('1')))],
  [
    'an order',
    'ACCOUNT',
    (client) => createLedger(client, TABLE).apply(buildEvent('order.state', stateBody('o', 'Filled'))),
  ],
  [
    'a latest price',
    'MARKET',
    (client) =>
      createMarketStore(client, TABLE).keepLatest('bybit-linear', 'BTCUSDT', 'book', {
        content: { lastSequence: 1, exchangeTime: 1 },
        precedence: '1',
      }),
  ],
  [
    'an alert',
    'ALERT',
    (client) =>
      createAlerts({
        sns: new SNSClient({ region }),
        topicArn: 'arn:topic',
        client,
        table: TABLE,
        environment: 'local',
        nowMs: () => 1_000,
      }).publish({ id: 'a', severity: 'info', code: 'C', text: '', dedupeKey: 'k', unit: 'u', time: 0 }),
  ],
  [
    'a confirmation',
    'CONFIRM',
    (client) =>
      createConfirmationWaits({
        client,
        table: TABLE,
        stepFunctions: new SFNClient({ region }),
        machineArn: 'arn:machine',
        nowMs: () => 1_000,
      }).begin(buildRecord().order),
  ],
  [
    'a wish',
    'CONTROL',
    (client) =>
      createDesiredStates(client, TABLE).apply(
        DESIRED_COMMAND.parse({ id: 'c', unit: 'paper/main/binance-usdm', wish: 'stop', reason: 'drill', by: 'ops' }),
        1_000,
      ),
  ],
  [
    'a freeze',
    'CONTROL',
    (client) =>
      createDesiredStates(client, TABLE).freeze(
        unitId({ mode: 'paper', account: 'main', venue: 'binance-usdm' }),
        { id: 'f', symbols: ['BTCUSDT'], reason: 'differs' },
        1_000,
      ),
  ],
  [
    'a dead-man record',
    'CONTROL',
    (client) =>
      createDeadManRecords(client, TABLE).done(
        unitId({ mode: 'paper', account: 'main', venue: 'binance-usdm' }),
        '1#2',
        1_000,
      ),
  ],
  [
    'a lease',
    'CONTROL',
    (client) =>
      createLeaseTable(client, TABLE).acquire(
        { name: 'n', grant: 'g', epoch: 1, holder: 'h', leaseMs: 4_000, validUntil: 5_000 as EpochMs },
        null,
      ),
  ],
];

it.each(WRITERS)('the permission to write %s fits the key that is written: %s', async (_, kind, write) => {
  const table = createFakeDynamoDb();
  await write(table.client);
  expect(table.items().length).toBeGreaterThan(0);
  for (const item of table.items()) expect(item.pk?.S).toMatch(new RegExp(`^${kind}#`));
});
