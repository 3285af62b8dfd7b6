import { SendTaskSuccessCommand, SFNClient, TaskDoesNotExist } from '@aws-sdk/client-sfn';
import { Match } from 'aws-cdk-lib/assertions';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import type { Alert } from '#aws/alerts.ts';
import { createConfirmationWaits } from '#aws/confirmation-waits.ts';
import type { LedgerReader } from '#aws/ledger-reader.ts';
import type { ConfirmationEnd } from '#core/confirmation/confirmation-record.ts';
import type { LedgerOrder } from '#core/ledger/ledger-entry.ts';
import type { OrderReport } from '#core/orders/order.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';
import { carryOutStep, STEP_REQUEST } from '#functions/confirm-step/confirmation-step.ts';
import { buildRecord, INTENDED_AT } from '../support/confirmation-builder.ts';
import { confirmationTemplate, machineOf } from '../support/confirmation-machine.ts';
import { createFakeDynamoDb } from '../support/fake-dynamodb.ts';
import { scriptedQueries } from '../support/scripted-queries.ts';
import { runMachine } from '../support/state-machine.ts';

const machine = machineOf(confirmationTemplate({ awaitSeconds: 10 }));
const { order } = buildRecord();
const id = order.clientOrderId;
const FILLED: ConfirmationEnd = {
  by: 'callback',
  state: 'Filled',
  cumulativeSize: '0.02',
  evidence: [{ kind: 'accountStream', venueOrderId: '4711', venueTime: 1 }],
};

/** What venue, ledger and people do in one confirmation; each may look at the seconds since the intent. */
interface Script {
  readonly order?: (second: number) => OrderReport['status'] | null | VenueError;
  readonly cancel?: () => OrderAnswer;
  readonly ledgerState?: (second: number) => 'Submitted' | 'Accepted' | 'Filled' | 'Canceled';
  /** Before the execution's first step. */
  readonly before?: (waits: ReturnType<typeof createConfirmationWaits>) => Promise<void>;
  /** Called whenever time has passed, with the waits to report to. */
  readonly meanwhile?: (second: number, waits: ReturnType<typeof createConfirmationWaits>) => Promise<void>;
}

async function confirm(script: Script) {
  let now = INTENDED_AT;
  const second = () => (now - INTENDED_AT) / 1000;
  const completed = new Map<string, string>();
  const stepFunctions = new SFNClient({ region: 'eu-west-1' });
  let live = '';
  mockClient(stepFunctions)
    .on(SendTaskSuccessCommand)
    .callsFake(({ taskToken, output }: { taskToken: string; output: string }) => {
      if (taskToken !== live && live !== '') throw new TaskDoesNotExist({ message: 'gone', $metadata: {} });
      completed.set(taskToken, output);
      return {};
    });
  const waits = createConfirmationWaits({
    client: createFakeDynamoDb().client,
    table: 'control',
    stepFunctions,
    machineArn: 'arn:machine',
    nowMs: () => now,
  });
  await waits.begin(order);
  await script.before?.(waits);

  let cancels = 0;
  const refuse = () => Promise.reject(new Error('not asked in a confirmation'));
  const venue = scriptedQueries(
    order,
    () => {
      const answer = script.order?.(second()) ?? null;
      if (answer instanceof VenueError) throw answer;
      return answer;
    },
    () => {
      cancels += 1;
      return script.cancel?.() ?? { kind: 'accepted', venueOrderId: '4711', venueTime: null };
    },
  );
  const ledgerOrder = (): LedgerOrder => {
    const state = script.ledgerState?.(second()) ?? 'Submitted';
    const ended = state === 'Filled' || state === 'Canceled';
    return {
      clientOrderId: id,
      intent: null,
      state: {
        clientOrderId: id,
        lane: order.lane,
        symbol: order.symbol,
        state,
        terminal: ended,
        venueOrderId: null,
        cumulativeSize: state === 'Filled' ? '0.02' : '0',
        size: '0.02',
        reason: '',
        evidence: ended ? FILLED.evidence : [],
        venue: order.venue,
        epoch: 1,
        time: now,
      },
    };
  };
  const ledger: LedgerReader = {
    readOrder: async () => ledgerOrder(),
    readPositions: async () => [],
    readOrders: refuse,
    readFills: refuse,
    readAdjustments: refuse,
    readCash: async () => [],
    readBalances: refuse,
    readLanes: refuse,
  };
  const alerts: Alert[] = [];
  const execution = await runMachine(
    machine,
    { order },
    {
      invoke: (payload) => {
        const request = STEP_REQUEST.parse(payload);
        if ('token' in request) live = request.token;
        return carryOutStep(request, {
          waits,
          ledger,
          venue: async () => venue,
          alerts: {
            async publish(alert) {
              alerts.push(alert);
              return 'sent';
            },
          },
          log: () => undefined,
          nowMs: () => now,
        });
      },
      async wait(token, seconds) {
        const end = now + seconds * 1000;
        for (; now < end && !completed.has(token); now += Math.min(5000, end - now)) {
          await script.meanwhile?.(second(), waits);
        }
        live = '';
        return completed.get(token);
      },
    },
  );
  return { ...execution, alerts, cancels: () => cancels, seconds: second() };
}

describe('confirmation machine', () => {
  it('figures: a callback ends it in five transitions, evidence and method stated', async () => {
    const { output, path, alerts } = await confirm({
      meanwhile: async (second, waits) => void (second >= 5 && (await waits.reportEnd(id, FILLED, '1', false))),
    });
    expect(output).toMatchObject({ clientOrderId: id, state: 'Filled', by: 'callback', evidence: FILLED.evidence });
    expect(path).toEqual(['AwaitCallback1', 'Decide', 'WhatNext', 'Confirmed']);
    expect(alerts).toEqual([]);
  });

  it('T4: an end that was reported before anything waited completes the first wait at once', async () => {
    const { output, seconds } = await confirm({
      before: async (waits) => void (await waits.reportEnd(id, FILLED, '1', false)),
    });
    expect(output).toMatchObject({ state: 'Filled', by: 'callback' });
    expect(seconds).toBe(0);
  });

  it('F1: a withheld callback is made good by the venue after the first wait', async () => {
    const { output, path } = await confirm({
      order: () => 'filled',
      ledgerState: () => 'Filled',
      meanwhile: async (_second, waits) => void (await waits.reportEnd(id, FILLED, '1', true)),
    });
    expect(output).toMatchObject({ state: 'Filled', by: 'query' });
    expect(path).toEqual(['AwaitCallback1', 'AskVenue', 'Decide', 'WhatNext', 'Confirmed']);
  });

  it('T8: a venue that cannot be asked is asked again, with growing waits', async () => {
    const { output, path } = await confirm({
      order: (second) => (second < 400 ? new VenueError('retry', '503', 'maintenance') : 'filled'),
      ledgerState: () => 'Filled',
    });
    expect(output).toMatchObject({ state: 'Filled', by: 'query' });
    expect(path.filter((name) => name.startsWith('Await'))).toEqual([
      'AwaitCallback1',
      'AwaitCallback2',
      'AwaitCallback3',
      'AwaitCallback4',
    ]);
  });

  it('an order that rests beyond the deadline is cancelled, once, and its end verified', async () => {
    const { output, path, cancels } = await confirm({
      order: (second) => (second < 905 ? 'accepted' : 'canceled'),
      ledgerState: (second) => (second < 905 ? 'Accepted' : 'Canceled'),
    });
    expect(output).toMatchObject({ state: 'Canceled', by: 'query' });
    expect(path.filter((name) => name === 'CancelOrder')).toHaveLength(1);
    expect(cancels()).toBe(1);
  });

  it('H3: what stays unclear is unknown: people are told, and what they decide is the end', async () => {
    const person = {
      kind: 'confirmationDecision',
      clientOrderId: id,
      outcome: 'Canceled',
      who: 'ops',
      note: 'seen',
    } as const;
    const { output, alerts, path } = await confirm({
      order: () => new VenueError('unknown', '-1007', 'timeout'),
      cancel: () => ({ kind: 'unknown', cause: 'timeout', code: '-1007', text: '' }),
      meanwhile: async (second, waits) => void (second > 2000 && (await waits.decide(person))),
    });
    expect(path.filter((name) => name === 'CancelOrder')).toHaveLength(3);
    expect(alerts).toMatchObject([{ severity: 'critical', code: 'ORDER_UNKNOWN', unit: 'paper/main/binance-usdm' }]);
    expect(alerts[0]?.text).toContain('"kind":"confirmationDecision"');
    expect(output).toMatchObject({
      state: 'Canceled',
      by: 'person',
      evidence: [{ kind: 'person', who: 'ops', note: 'seen' }],
    });
  });

  it('H3: nobody answers: the state remains Unknown, and says so', async () => {
    const { output, status, path } = await confirm({ order: () => new VenueError('unknown', '-1007', 'timeout') });
    expect(status).toBe('SUCCEEDED');
    expect(path.at(-1)).toBe('RemainsUnknown');
    expect(output).toMatchObject({ clientOrderId: id, state: 'Unknown', by: 'nobody', evidence: [] });
  });

  it('F11: what the engine reports while people are asked ends it as well', async () => {
    const { output } = await confirm({
      order: () => new VenueError('unknown', '-1007', 'timeout'),
      meanwhile: async (second, waits) => void (second > 2000 && (await waits.reportEnd(id, FILLED, '1', false))),
    });
    expect(output).toMatchObject({ state: 'Filled', by: 'callback' });
  });

  it('H2: an end that the ledger does not get to know is taken from the venue, and people hear of it', async () => {
    const { output, alerts } = await confirm({ order: () => 'filled', ledgerState: () => 'Accepted' });
    expect(output).toMatchObject({ state: 'Filled', by: 'query' });
    expect(alerts).toMatchObject([{ severity: 'warning', code: 'CONFIRMATION_DISAGREES' }]);
  });
});

describe('confirmation machine: definition', () => {
  const template = confirmationTemplate({ awaitSeconds: 10, deadlineSeconds: 900 });
  const { States, TimeoutSeconds } = machineOf(template);
  const tasks = Object.entries(States).filter(([, state]) => state.Type === 'Task');

  it('every callback ends by a time limit and has a catch; the first waits 10 s, the next ones longer', () => {
    const callbacks = tasks.filter(([, state]) => state.Resource?.endsWith('.waitForTaskToken'));
    expect(callbacks).toHaveLength(5);
    for (const [name, state] of callbacks) {
      expect(state.TimeoutSeconds, name).toBeGreaterThan(0);
      expect(state.Catch, name).toHaveLength(1);
      expect(state.Parameters?.Payload['token.$'], name).toBe('$$.Task.Token');
    }
    const waits = callbacks.filter(([name]) => name.startsWith('Await')).map(([, state]) => state.TimeoutSeconds);
    expect(waits).toEqual([10, 30, 90, 270]);
    expect(TimeoutSeconds).toBeGreaterThan(900);
  });

  it('cancelling is never repeated by the service; asking is', () => {
    expect(States.CancelOrder?.Retry).toBeUndefined();
    expect(States.AskVenue?.Retry?.length).toBeGreaterThan(0);
  });

  it('the step function may complete waits of this machine, and of no other', () => {
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: [
          {
            Action: ['states:SendTaskFailure', 'states:SendTaskSuccess'],
            Effect: 'Allow',
            Resource: { Ref: Match.stringLikeRegexp('OrderConfirmationMachine') },
          },
        ],
      },
    });
  });
});
