import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ListExecutionsCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  TaskTimedOut,
} from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { createConfirmationWaits } from '#aws/confirmation-waits.ts';
import { countConfirmations } from '#aws/confirmations.ts';
import { confirmationStepOf } from '#core/confirmation/confirmation-of-event.ts';
import type { ConfirmationEnd } from '#core/confirmation/confirmation-record.ts';
import { buildRecord } from '../support/confirmation-builder.ts';
import { createFakeDynamoDb } from '../support/fake-dynamodb.ts';
import { buildEvent, fillBody, intendedBody, stateBody } from '../support/trading-event-builder.ts';

const client = new SFNClient({ region: 'eu-west-1' });
const sfn = mockClient(client);
beforeEach(() => {
  sfn.reset();
  sfn.on(StartExecutionCommand).resolves({}).on(SendTaskSuccessCommand).resolves({});
});

const record = buildRecord();
const { order } = record;
const id = order.clientOrderId;
const END: ConfirmationEnd = {
  by: 'callback',
  state: 'Canceled',
  cumulativeSize: '0',
  evidence: [{ kind: 'accountStream', venueOrderId: '4711', venueTime: 1 }],
};

function build() {
  const fake = createFakeDynamoDb();
  const waits = createConfirmationWaits({
    client: fake.client,
    table: 'control',
    stepFunctions: client,
    machineArn: 'arn:machine',
    nowMs: () => 1_700_000_000_000,
  });
  return { fake, waits };
}
const completions = () => sfn.commandCalls(SendTaskSuccessCommand).map((call) => call.args[0].input);

describe('confirm: what events ask', () => {
  it('figures: an intent that asks for it begins a confirmation, one that does not is left alone', () => {
    const event = buildEvent('order.intended', intendedBody(id), { time: 1000_000 });
    expect(confirmationStepOf(event)).toEqual({
      kind: 'begin',
      order: {
        clientOrderId: id,
        mode: 'paper',
        account: 'main',
        venue: 'binance-usdm',
        lane: 'scalper',
        symbol: 'BTCUSDT',
        intendedAt: 1000_000,
        windowFrom: 940_000,
      },
    });
    expect(confirmationStepOf(buildEvent('order.intended', intendedBody(id, { confirm: false })))).toBeNull();
    expect(confirmationStepOf(buildEvent('fill', fillBody('1')))).toBeNull();
  });

  it('H3: an order that becomes unknown is followed, whatever its lane asked', () => {
    expect(confirmationStepOf(buildEvent('order.state', stateBody(id, 'Unknown')))).toMatchObject({ kind: 'begin' });
  });

  it('H3, F24: a stop that rested is followed from the moment it leaves its rest, to an end that may be the same moment', () => {
    const told = (to: 'PendingCancel' | 'Filled') =>
      confirmationStepOf(buildEvent('order.state', stateBody(id, to, { confirm: true })));
    expect(told('PendingCancel')).toMatchObject({ kind: 'begin', order: { clientOrderId: id } });
    expect(told('Filled')).toMatchObject({ kind: 'end', begins: { clientOrderId: id }, end: { state: 'Filled' } });
    expect(confirmationStepOf(buildEvent('order.state', stateBody(id, 'Filled')))).not.toHaveProperty('begins');
  });

  it('M1: a terminal state with evidence is an end, one without is none', () => {
    expect(confirmationStepOf(buildEvent('order.state', stateBody(id, 'Filled')))).toMatchObject({
      kind: 'end',
      knownToVenue: true,
      end: { state: 'Filled', cumulativeSize: '0.02' },
    });
    expect(confirmationStepOf(buildEvent('order.state', stateBody(id, 'Rejected')))).toMatchObject({
      knownToVenue: false,
    });
    expect(confirmationStepOf(buildEvent('order.state', stateBody(id, 'Filled', { evidence: [] })))).toBeNull();
    expect(confirmationStepOf(buildEvent('order.state', stateBody(id, 'Accepted')))).toBeNull();
  });

  it('H12: what risk denied has ended, proven by not having been sent', () => {
    const denied = { clientOrderId: id, lane: 'l', symbol: 'S', code: 'SPREAD_WIDE', detail: '' };
    expect(confirmationStepOf(buildEvent('order.denied', denied))).toMatchObject({
      end: { state: 'Denied', evidence: [{ kind: 'notSent', reason: 'SPREAD_WIDE' }] },
    });
  });
});

describe('confirm: token and end', () => {
  it('T4: the execution is named by the client order id, and starting it twice is no fault', async () => {
    const { waits } = build();
    expect(await waits.begin(order)).toBe(true);
    sfn.on(StartExecutionCommand).rejects(new ExecutionAlreadyExists({ message: 'exists', $metadata: {} }));
    expect(await waits.begin(order)).toBe(false);
    expect(sfn.commandCalls(StartExecutionCommand)[0]?.args[0].input).toMatchObject({
      name: id,
      stateMachineArn: 'arn:machine',
      input: JSON.stringify({ order }),
    });
  });

  it.each([['the token first'], ['the end first']])(
    'F11: %s: whichever comes second completes the task, once',
    async (which) => {
      const { waits } = build();
      await waits.begin(order);
      const steps = [() => waits.awaitCallback(id, 'tok'), () => waits.reportEnd(id, END, '1', false)];
      const outcomes: string[] = [];
      for (const step of which === 'the token first' ? steps : steps.toReversed()) outcomes.push(await step());

      expect(outcomes.at(-1)).toBe('completed');
      expect(completions()).toEqual([{ taskToken: 'tok', output: JSON.stringify(END) }]);
    },
  );

  it('T4: a report whose callback failed is completed by its redelivery', async () => {
    const { waits } = build();
    await waits.begin(order);
    await waits.awaitCallback(id, 'tok');
    sfn.on(SendTaskSuccessCommand).rejectsOnce(new Error('network')).resolves({});
    await expect(waits.reportEnd(id, END, '1', false)).rejects.toThrow('network');

    expect(await waits.reportEnd(id, END, '1', false)).toBe('completed');
  });

  it('a task that has timed out is no fault; the next wait gets the end at once', async () => {
    const { waits } = build();
    await waits.begin(order);
    await waits.awaitCallback(id, 'tok-1');
    sfn
      .on(SendTaskSuccessCommand, { taskToken: 'tok-1' })
      .rejects(new TaskTimedOut({ message: 'late', $metadata: {} }))
      .on(SendTaskSuccessCommand, { taskToken: 'tok-2' })
      .resolves({});
    expect(await waits.reportEnd(id, END, '1', false)).toBe('late');
    expect(await waits.awaitCallback(id, 'tok-2')).toBe('completed');
  });

  it('T4: a later end replaces an earlier one, an earlier one does not come back, an order that nobody follows is left alone', async () => {
    const { waits, fake } = build();
    expect(await waits.reportEnd(id, END, '5', false)).toBe('notFollowed');
    expect(fake.items()).toEqual([]);
    await waits.begin(order);
    expect(await waits.reportEnd(id, { ...END, state: 'Filled' }, '5', false)).toBe('stored');
    expect(await waits.reportEnd(id, END, '4', false)).toBe('superseded');
    await waits.awaitCallback(id, 'tok');
    expect(completions()[0]?.output).toContain('"Filled"');
  });

  it('a withheld end completes no wait for a callback, but spares a person the question', async () => {
    const { waits } = build();
    await waits.begin(order);
    await waits.awaitCallback(id, 'tok-1');
    expect(await waits.reportEnd(id, END, '1', true)).toBe('withheld');
    expect(await waits.awaitCallback(id, 'tok-2')).toBe('withheld');
    expect(await waits.awaitPerson(record, 'tok-3')).toBe('completed');
  });

  it('H3: a person is asked about what was reported before; only a later report completes that wait', async () => {
    const { waits } = build();
    await waits.begin(order);
    await waits.reportEnd(id, END, '1', false);
    expect(await waits.awaitPerson({ ...record, callback: END }, 'tok')).toBe('waiting');
    expect(await waits.reportEnd(id, { ...END, state: 'Filled' }, '2', false)).toBe('completed');
  });
});

describe('confirmations counted', () => {
  it('figures: counts come from the executions listed and described, over all pages', async () => {
    const output = (state: string, by: string) =>
      JSON.stringify({ clientOrderId: 'x', state, by, evidence: [], reason: '' });
    const outputs: Record<string, string> = {
      a: output('Filled', 'callback'),
      b: output('Canceled', 'query'),
      c: output('Unknown', 'nobody'),
      d: 'not ours',
      e: output('Denied', 'callback'),
    };
    const listed = (
      name: string,
      status: 'SUCCEEDED' | 'RUNNING' | 'FAILED' = 'SUCCEEDED',
      startDate = new Date(5000),
    ) => ({
      executionArn: `arn:${name}`,
      stateMachineArn: 'arn:machine',
      name,
      status,
      startDate,
    });
    sfn
      .on(ListExecutionsCommand)
      .resolves({ executions: [listed('d'), listed('e'), listed('f', 'RUNNING'), listed('g', 'FAILED')] })
      .on(ListExecutionsCommand, { nextToken: undefined })
      .resolvesOnce({
        executions: [listed('a'), listed('b'), listed('c'), listed('old', 'SUCCEEDED', new Date(1))],
        nextToken: 'n',
      });
    sfn.on(DescribeExecutionCommand).callsFake(({ executionArn }: { executionArn: string }) => ({
      output: outputs[executionArn.slice(4)],
    }));

    expect(await countConfirmations(client, 'arn:machine', { since: 1000 })).toEqual({
      running: 1,
      confirmed: 2,
      confirmedByQuery: 1,
      denied: 1,
      unconfirmed: 3,
      byState: { Filled: 1, Canceled: 1, Unknown: 1, Denied: 1 },
      byMethod: { callback: 2, query: 1, person: 0, nobody: 1 },
    });
  });
});
