import { describe, expect, it } from 'vitest';
import { createDesiredStates } from '#aws/desired-state.ts';
import { createLeaseTable } from '#aws/lease-table.ts';
import type { DesiredCommand } from '#core/control/desired-command.ts';
import { unitId } from '#core/control/unit.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { parseStopArguments } from '#local/stop/arguments.ts';
import { type WishParts, wishUnits } from '#local/stop/wish-units.ts';
import { createFakeDynamoDb } from '../support/fake-dynamodb.ts';

const ID = unitId({ account: 'main', mode: 'paper', venue: 'binance-usdm' });
const GRANT = { name: ID, grant: 'g', epoch: 7, validUntil: 5_000 as EpochMs, unsettledMs: 0 };
const WISH = { wish: 'stop', reason: 'drill', by: 'ops', id: 'w1' } as const;

describe('the arguments of the stop', () => {
  it('H15: without arguments everything is stopped', () => {
    expect(parseStopArguments([])).toEqual({
      environment: 'local',
      units: null,
      wish: 'stop',
      reason: 'stopped from the command line',
      by: null,
    });
  });

  it('name units, whether positions are closed, and why', () => {
    const units = ['live/main/deribit', 'live/main/bybit-linear'];
    const argv = ['--unit', units[0] ?? '', '--unit', units[1] ?? '', '--flatten', '--reason', 'x', '--by', 'me'];
    expect(parseStopArguments([...argv, '--environment', 'prod'])).toEqual({
      environment: 'prod',
      units,
      wish: 'flatten',
      reason: 'x',
      by: 'me',
    });
    expect(parseStopArguments(['--resume', '--all'])).toMatchObject({ wish: 'run', units: null });
  });

  it('R3: are refused with every fault at once; nothing is resumed by mistake', () => {
    const parse = () => parseStopArguments(['--unit', 'main', '--all', '--environment', 'here', '--reason', '']);
    expect(parse).toThrow(/--environment[\s\S]*--unit must read[\s\S]*exclude[\s\S]*--reason/);
    expect(() => parseStopArguments(['--resume'])).toThrow('--resume needs --unit or --all');
    expect(() => parseStopArguments(['--stop'])).toThrow('ARGUMENTS_INVALID');
  });
});

describe('a wish from the command line', () => {
  function build() {
    const { client } = createFakeDynamoDb();
    const [desired, leases] = [createDesiredStates(client, 'control'), createLeaseTable(client, 'control')];
    const sent: DesiredCommand[] = [];
    let onSleep: () => Promise<unknown> = async () => undefined;
    const parts: WishParts = {
      desired,
      leases,
      send: async (command) => {
        sent.push(command);
      },
      sleep: () => onSleep().then(() => undefined),
      nowMs: () => 1_000,
    };
    const hold = () => leases.acquire({ ...GRANT, holder: 'engine-1', leaseMs: 4_000 }, null);
    const during = (act: () => Promise<unknown>) => {
      onSleep = act;
    };
    return { desired, leases, sent, parts, hold, during };
  }

  it('H15: persists, lies on the queue with the same id, and is told once the engine has renewed', async () => {
    const { desired, leases, sent, parts, hold, during } = build();
    await hold();
    during(() => leases.renew(GRANT));
    expect(await wishUnits(parts, [ID], WISH)).toMatchObject([{ kind: 'told', text: 'engine engine-1 has it' }]);
    expect(await desired.read(ID)).toMatchObject({ wish: 'stop', reason: 'drill', by: 'ops', version: 1 });
    const [command] = sent;
    if (command === undefined) throw new Error('nothing was sent');
    expect(await desired.apply(command, command.issuedAt ?? 0)).toBe('duplicate');
  });

  it('says of an engine that hangs that it has not taken it, and of a unit without one that it waits there', async () => {
    const { leases, parts, hold } = build();
    expect(await wishUnits(parts, [ID], WISH)).toMatchObject([{ kind: 'written', text: 'no engine holds it' }]);
    await hold();
    expect(await wishUnits(parts, [ID], { ...WISH, id: 'w2' })).toMatchObject([{ kind: 'silent' }]);
    await leases.release({ ...GRANT, reservedFor: null });
    expect(await wishUnits(parts, [ID], { ...WISH, id: 'w3' })).toMatchObject([{ kind: 'written' }]);
  });

  it('goes by the queue where the table refuses, and says when neither took it', async () => {
    const { parts } = build();
    const refused = { ...parts, desired: { apply: () => Promise.reject(new Error('AccessDenied')) } };
    expect(await wishUnits(refused, [ID], WISH)).toMatchObject([{ kind: 'queued' }]);
    const cut = { ...refused, send: () => Promise.reject(new Error('no route')) };
    expect(await wishUnits(cut, [ID], WISH)).toMatchObject([
      { kind: 'failed', text: expect.stringMatching(/AccessDenied.*no route/) },
    ]);
  });
});
