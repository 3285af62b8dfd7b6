import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { CreateStateMachineCommand, DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { expect, it, vi } from 'vitest';
import type { Alert } from '#aws/alerts.ts';
import { createConfirmationWaits } from '#aws/confirmation-waits.ts';
import { countConfirmations } from '#aws/confirmations.ts';
import { createDesiredStates } from '#aws/desired-state.ts';
import { createLeaseTable } from '#aws/lease-table.ts';
import { createLeaseKeeper } from '#aws/leases.ts';
import { createLedger } from '#aws/ledger.ts';
import { createLedgerReader } from '#aws/ledger-reader.ts';
import type { ConfirmationEnd } from '#core/confirmation/confirmation-record.ts';
import type { LeaseEvent } from '#core/control/control-ports.ts';
import { DESIRED_COMMAND } from '#core/control/desired-command.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { carryOutStep, STEP_REQUEST } from '#functions/confirm-step/confirmation-step.ts';
import { emulatedClientSettings } from '#local/aws-environment.ts';
import { buildRecord } from '../support/confirmation-builder.ts';
import { confirmationTemplate, machineText } from '../support/confirmation-machine.ts';
import { describeWithEmulator } from '../support/emulator.ts';
import { scriptedFunction } from '../support/scripted-function.ts';
import { scriptedQueries } from '../support/scripted-queries.ts';
import { buildEvent, fillBody, stateBody } from '../support/trading-event-builder.ts';

describeWithEmulator('ledger, leases and confirmation', (emulator) => {
  async function table(name: string): Promise<DynamoDBDocumentClient> {
    const client = new DynamoDBClient(emulatedClientSettings(emulator().endpoint));
    await client.send(
      new CreateTableCommand({
        TableName: name,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'sk', AttributeType: 'S' },
        ],
      }),
    );
    await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 1 }, { TableName: name });
    return DynamoDBDocumentClient.from(client);
  }

  it('T4: the ledger ends the same whatever the order of arrival, with conditions judged by the service', async () => {
    const client = await table('ledger-a');
    const ledger = createLedger(client, 'ledger-a');
    const reader = createLedgerReader(client, 'ledger-a');
    const filled = buildEvent('order.state', stateBody('o-1', 'Filled'), { sequence: 4 });
    const fill = buildEvent('fill', fillBody('900'), { sequence: 3 });
    const outcomes: string[] = [];
    for (const event of [
      filled,
      fill,
      buildEvent('order.state', stateBody('o-1', 'Accepted'), { sequence: 2 }),
      fill,
      filled,
    ]) {
      outcomes.push(await ledger.apply(event));
    }
    const account = { mode: 'paper', account: 'main' } as const;

    expect(outcomes).toEqual(['written', 'written', 'superseded', 'duplicate', 'duplicate']);
    expect((await reader.readOrder(account, 'o-1'))?.state?.state).toBe('Filled');
    expect(await reader.readPositions(account)).toMatchObject([{ size: '0.01', entryPrice: '100.5', fills: 1 }]);
  });

  it('M2: a lease is taken over, the old grant refused, and the desired state comes with the renewal', async () => {
    const client = await table('control-a');
    const leases = createLeaseTable(client, 'control-a');
    const name = 'paper/main/binance-usdm';
    const events: LeaseEvent[] = [];
    const keep = (holder: string) =>
      createLeaseKeeper({
        table: leases,
        holder,
        names: [name],
        leaseMs: 900,
        renewMs: 200,
        marginMs: 100,
        clock: systemClock,
        timers: systemTimers,
        onEvent: (event) => events.push(event),
      });
    const [first, second] = [keep('engine-1'), keep('engine-2')];
    first.start();
    await vi.waitFor(() => expect(first.held()).toHaveLength(1), { timeout: 5000, interval: 20 });
    const command = DESIRED_COMMAND.parse({ id: 'c1', unit: name, wish: 'reduce', reason: 'test', by: 'test' });
    await createDesiredStates(client, 'control-a').apply(command, 1);
    await vi.waitFor(() => expect(first.held()[0]?.desired.wish).toBe('reduce'), { timeout: 5000, interval: 20 });

    second.start();
    const old = await leases.read(name);
    await first.stop({ release: false });
    await vi.waitFor(() => expect(second.held()).toHaveLength(1), { timeout: 5000, interval: 20 });

    expect(events.at(-1)).toMatchObject({ kind: 'acquired', tookOverFrom: 'engine-1' });
    expect(second.held()[0]?.desired.wish).toBe('reduce');
    if (old === null) throw new Error('there was a lease');
    const { grant, epoch } = old;
    expect(await leases.renew({ name, grant, epoch, validUntil: systemClock.epochMs() })).toMatchObject({
      kind: 'refused',
    });
    await second.stop({ release: true });
  });

  it('figures: orders are confirmed by callback, by the venue where that is withheld, and by a person where the venue is away', async () => {
    const settings = emulatedClientSettings(emulator().endpoint);
    const client = await table('control-b');
    const ledgerClient = await table('ledger-b');
    const stepFunctions = new SFNClient(settings);
    const ledger = createLedger(ledgerClient, 'ledger-b');
    const alerts: Alert[] = [];
    const [byCallback, byQuery, byPerson] = ['by-callback', 'by-query', 'by-person'].map((clientOrderId) => ({
      ...buildRecord().order,
      clientOrderId,
      intendedAt: Date.now(),
      windowFrom: Date.now() - 1000,
    }));
    if (byCallback === undefined || byQuery === undefined || byPerson === undefined) throw new Error('three orders');
    const waitsWith = (machineArn: string | null) =>
      createConfirmationWaits({ client, table: 'control-b', stepFunctions, machineArn, nowMs: Date.now });
    const step = await scriptedFunction(new LambdaClient(settings), 'confirm-step', (event) => {
      const request = STEP_REQUEST.parse(event);
      const { order } = request.record;
      const status = (): 'filled' => {
        if (order.clientOrderId === 'by-query') return 'filled';
        throw new VenueError('retry', '503', 'maintenance');
      };
      return carryOutStep(request, {
        waits: waitsWith(null),
        ledger: createLedgerReader(ledgerClient, 'ledger-b'),
        venue: async () => scriptedQueries(order, status),
        alerts: {
          async publish(alert) {
            alerts.push(alert);
            return 'sent';
          },
        },
        log: () => undefined,
        nowMs: Date.now,
      });
    });
    const times = { awaitSeconds: 1, deadlineSeconds: 3, verifySeconds: 1, personSeconds: 30 };
    const { stateMachineArn = '' } = await stepFunctions.send(
      new CreateStateMachineCommand({
        name: 'confirmation',
        roleArn: 'arn:aws:iam::000000000000:role/test',
        definition: machineText(confirmationTemplate(times), step.arn),
      }),
    );
    const waits = waitsWith(stateMachineArn);
    for (const order of [byCallback, byQuery, byPerson]) expect(await waits.begin(order)).toBe(true);
    expect(await waits.begin(byQuery)).toBe(false);

    const end = (clientOrderId: string): ConfirmationEnd => ({
      by: 'callback',
      state: 'Filled',
      cumulativeSize: '0.02',
      evidence: [{ kind: 'accountStream', venueOrderId: clientOrderId, venueTime: 1 }],
    });
    await ledger.apply(buildEvent('order.state', stateBody('by-query', 'Filled'), { sequence: 2 }));
    expect(['completed', 'stored']).toContain(await waits.reportEnd('by-callback', end('by-callback'), '1', false));
    expect(['withheld', 'stored']).toContain(await waits.reportEnd('by-query', end('by-query'), '1', true));

    const outcomeOf = async (name: string): Promise<unknown> => {
      const executionArn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
      const { status, output } = await stepFunctions.send(new DescribeExecutionCommand({ executionArn }));
      return status === 'SUCCEEDED' && output !== undefined ? JSON.parse(output) : { status };
    };
    const patience = { timeout: 20_000, interval: 100 };
    await vi.waitFor(
      async () => expect(await outcomeOf('by-callback')).toMatchObject({ state: 'Filled', by: 'callback' }),
      patience,
    );
    await vi.waitFor(
      async () => expect(await outcomeOf('by-query')).toMatchObject({ state: 'Filled', by: 'query' }),
      patience,
    );
    await vi.waitFor(() => expect(alerts).toMatchObject([{ code: 'ORDER_UNKNOWN', severity: 'critical' }]), patience);
    expect(await countConfirmations(stepFunctions, stateMachineArn)).toMatchObject({ confirmed: 2, running: 1 });

    const decision = { kind: 'confirmationDecision', outcome: 'Canceled', who: 'ops', note: 'seen' } as const;
    expect(await waits.decide({ ...decision, clientOrderId: 'by-person' })).toBe('completed');
    await vi.waitFor(
      async () => expect(await outcomeOf('by-person')).toMatchObject({ state: 'Canceled', by: 'person' }),
      patience,
    );
    expect(await waits.decide({ ...decision, clientOrderId: 'by-person' })).toBe('late');
    expect(await countConfirmations(stepFunctions, stateMachineArn)).toMatchObject({
      confirmed: 3,
      confirmedByQuery: 1,
      running: 0,
      unconfirmed: 0,
    });
    await step.close();
  });
});
