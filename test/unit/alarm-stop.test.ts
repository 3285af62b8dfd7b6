import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CommandInput } from '#aws/commands.ts';
import { parseCommand } from '#aws/commands.ts';
import { createDesiredStates } from '#aws/desired-state.ts';
import { applyCommand, DESIRED_COMMAND, type DesiredRecord, desiredStateOf } from '#core/control/desired-command.ts';
import { ALL_UNITS, readStopNotice, type StopNotice, type StopRules } from '#core/control/stop-request.ts';
import { parseUnitId, unitId } from '#core/control/unit.ts';
import { stopUnits } from '#functions/alarm-stop/stop-units.ts';
import { createFakeDynamoDb } from '../support/fake-dynamodb.ts';

const RULES: StopRules = { alerts: { DEAD_MAN_ACTED: 'stop', BREAKER_OPENED: 'reduce' }, alarms: 'flatten' };
const UNITS = ['live/main/deribit', 'live/main/bybit-linear'].flatMap((text) => parseUnitId(text) ?? []);
const ALARM = {
  AlarmName: 'Loss of the day',
  AlarmArn: 'arn:aws:cloudwatch:eu-west-1:111111111111:alarm:loss',
  NewStateValue: 'ALARM',
  NewStateReason: 'Threshold Crossed: 1 datapoint [-5200.0] was less than the threshold (-5000.0).',
  StateChangeTime: '2026-11-21T10:00:00.000+0000',
};

function notice(change: Partial<StopNotice> = {}): StopNotice {
  return {
    messageId: 'm1',
    timestamp: '2026-11-21T10:00:01.000Z',
    message: JSON.stringify(ALARM),
    attributes: {},
    byStopTopic: true,
    ...change,
  };
}

/** What a notification sends, and whether it can be read as a command. */
async function sendsFor(change: Partial<StopNotice> = {}): Promise<readonly CommandInput[]> {
  const sent: CommandInput[] = [];
  const send = async (command: CommandInput) => {
    parseCommand(JSON.stringify(command));
    sent.push(command);
  };
  await stopUnits(notice(change), {
    rules: RULES,
    units: async () => [...UNITS, ...UNITS],
    send,
    log: () => undefined,
  });
  return sent;
}

describe('an alarm that stops trading', () => {
  it('H15: an alarm sent to the stop topic stops every unit once, with its name, its reason and its time', async () => {
    const sent = await sendsFor();
    expect(sent.map((command) => 'unit' in command && command.unit)).toEqual(UNITS.map(unitId));
    expect(sent[0]).toEqual({
      kind: 'desiredState',
      source: 'alarm',
      id: 'alarm/Loss of the day/2026-11-21T10:00:00.000+0000/live/main/deribit',
      unit: 'live/main/deribit',
      wish: 'flatten',
      by: 'alarm Loss of the day',
      reason: ALARM.NewStateReason,
      issuedAt: Date.parse('2026-11-21T10:00:00Z'),
    });
    // The same again, as SNS may bring it.
    expect(await sendsFor({ messageId: 'm2' })).toEqual(sent);
  });

  it('H15: an alert of a declared code stops its own unit; others stop nothing', async () => {
    const attributes = { code: 'DEAD_MAN_ACTED', unit: 'live/main/deribit' };
    const told = { attributes, message: 'engine-1 is silent\nmore', byStopTopic: false };
    expect(await sendsFor(told)).toMatchObject([
      { unit: 'live/main/deribit', wish: 'stop', by: 'alert DEAD_MAN_ACTED', reason: 'engine-1 is silent' },
    ]);
    for (const change of [
      { code: 'LANE_HALTED', unit: 'live/main/deribit' },
      { code: 'constructor', unit: 'live/main/deribit' },
      { code: 'DEAD_MAN_ACTED' },
      { code: 'DEAD_MAN_ACTED', unit: 'somewhere' },
    ])
      expect(await sendsFor({ ...told, attributes: change as unknown as Record<string, string> })).toEqual([]);
  });

  it('H15: an alert of a declared code that is about all units stops all', async () => {
    const attributes = { code: 'DEAD_MAN_ACTED', unit: ALL_UNITS };
    const sent = await sendsFor({
      attributes,
      message: 'budget tenant: all hold 12, the whole is 10',
      byStopTopic: false,
    });
    expect(sent).toMatchObject(UNITS.map((unit) => ({ unit: unitId(unit), wish: 'stop' })));
  });

  it('H15: the end of an alarm resumes nothing, and one that came by another topic stops nothing', async () => {
    for (const NewStateValue of ['OK', 'INSUFFICIENT_DATA'])
      expect(await sendsFor({ message: JSON.stringify({ ...ALARM, NewStateValue }) })).toEqual([]);
    expect(await sendsFor({ byStopTopic: false })).toEqual([]);
  });

  it('H15: whatever else is published to the stop topic stops, since it is for nothing else', async () => {
    const sent = await sendsFor({ message: '{"half' });
    expect(sent).toMatchObject([{ wish: 'flatten', by: 'a notice to the stop topic', reason: '{"half' }, {}]);
    fc.assert(
      fc.property(fc.string(), fc.string(), (message, timestamp) => {
        const reading = readStopNotice(notice({ message, timestamp }), RULES);
        if (reading.kind === 'stop') {
          expect(reading.reason.length).toBeGreaterThan(0);
          expect(reading.reason.length).toBeLessThanOrEqual(500);
          expect(reading.issuedAt).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  it('T4: a queue that refuses leaves the notification to come again', async () => {
    const parts = {
      rules: RULES,
      units: async () => UNITS,
      send: () => Promise.reject(new Error('queue down')),
      log: () => undefined,
    };
    await expect(stopUnits(notice(), parts)).rejects.toThrow('queue down');
  });
});

describe('what alarms wish, beside people', () => {
  const unit = UNITS[0] === undefined ? '' : unitId(UNITS[0]);
  const command = (id: string, wish: string, source?: 'alarm') =>
    DESIRED_COMMAND.parse({ id, unit, wish, reason: `because of ${id}`, by: id, ...(source ? { source } : {}) });

  it('H15: an alarm makes the wish stronger, never weaker; it persists until people wish again', async () => {
    const states = createDesiredStates(createFakeDynamoDb().client, 'control');
    const id = unitId(UNITS[0] ?? { account: 'main', mode: 'live', venue: 'deribit' });
    const now = async () => (await states.read(id)).wish;
    await states.apply(command('ops', 'flatten'), 1_000);
    await states.apply(command('alarm-1', 'stop', 'alarm'), 2_000);
    expect(await now()).toBe('flatten');
    await states.apply(command('ops-2', 'run'), 3_000);
    expect(await now()).toBe('run');
    expect(await states.apply(command('alarm-1', 'stop', 'alarm'), 2_000)).toBe('duplicate');
    await states.apply(command('alarm-2', 'stop', 'alarm'), 4_000);
    await states.apply(command('alarm-3', 'reduce', 'alarm'), 5_000);
    expect(await states.read(id)).toMatchObject({ wish: 'stop', by: 'alarm-2', reason: 'because of alarm-2' });
    expect(await states.apply(command('alarm-4', 'run', 'alarm'), 6_000)).toBe('superseded');
    expect(await now()).toBe('stop');
    await states.apply(command('ops-3', 'run'), 7_000);
    expect(await now()).toBe('run');
    // Late on its way: people have spoken since.
    expect(await states.apply(command('alarm-5', 'flatten', 'alarm'), 6_500)).toBe('superseded');
    expect(await now()).toBe('run');
  });

  it('S21: what is wished does not depend on the order in which people and alarms arrive', () => {
    const one = fc.record({
      wish: fc.constantFrom('run', 'reduce', 'stop', 'flatten'),
      at: fc.integer({ min: 0, max: 50 }),
      alarm: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(one, { maxLength: 12 }),
        fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
        (all, keys) => {
          const commands = all.map(({ wish, at, alarm }, index) => ({
            at,
            order: keys[index] ?? 0,
            command: command(`c${index}`, wish, alarm ? 'alarm' : undefined),
          }));
          const end = (list: typeof commands) => {
            let record: DesiredRecord | null = null;
            for (const each of list) {
              const outcome = applyCommand(record, each.command, each.at);
              if (outcome.kind === 'applied') record = outcome.record;
            }
            const { wish, by } = desiredStateOf(record);
            return { wish, by };
          };
          expect(end([...commands].sort((left, right) => left.order - right.order))).toEqual(end(commands));
        },
      ),
    );
  });
});
