import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDesiredStates } from '#aws/desired-state.ts';
import { applyCommand, DESIRED_COMMAND, type DesiredRecord, desiredStateOf } from '#core/control/desired-command.ts';
import { DEFAULT_DESIRED_STATE } from '#core/control/desired-state.ts';
import { parseUnitId, unitId } from '#core/control/unit.ts';
import { createFakeDynamoDb } from '../support/fake-dynamodb.ts';

const unit = unitId({ mode: 'paper', account: 'main', venue: 'binance-usdm' });
const command = (id: string, change: Record<string, unknown> = {}) =>
  DESIRED_COMMAND.parse({ id, unit, wish: 'stop', reason: 'drill', by: 'ops', ...change });

describe('desired state', () => {
  it('H15: what nobody wished is run; a wish persists with who and why', async () => {
    const states = createDesiredStates(createFakeDynamoDb().client, 'control');
    expect(await states.read(unit)).toEqual(DEFAULT_DESIRED_STATE);

    expect(await states.apply(command('c1', { frozenSymbols: ['ETHUSDT', 'BTCUSDT'] }), 1000)).toBe('applied');

    expect(await states.read(unit)).toEqual({
      version: 1,
      wish: 'stop',
      frozenSymbols: ['BTCUSDT', 'ETHUSDT'],
      reason: 'drill',
      by: 'ops',
      wishVersion: 1,
    });
  });

  it('S21: a repeated command changes nothing, also when it comes after another one', async () => {
    const states = createDesiredStates(createFakeDynamoDb().client, 'control');
    await states.apply(command('c1'), 1000);
    await states.apply(command('c2', { wish: 'run' }), 2000);

    expect(await states.apply(command('c1'), 3000)).toBe('duplicate');
    expect(await states.read(unit)).toMatchObject({ wish: 'run', version: 2 });
  });

  it('S21: a command that was issued earlier than the one in force is overruled', async () => {
    const states = createDesiredStates(createFakeDynamoDb().client, 'control');
    await states.apply(command('c2', { wish: 'run' }), 2000);

    expect(await states.apply(command('c1'), 1000)).toBe('superseded');
    expect(await states.read(unit)).toMatchObject({ wish: 'run', version: 1 });
  });

  it.each([
    ['a person', undefined],
    ['an alarm', 'alarm' as const],
  ])(
    'G12, H15: a wish to run whose sender’s clock was an hour ahead does not hold off a stop of %s',
    async (_, source) => {
      const states = createDesiredStates(createFakeDynamoDb().client, 'control', () => 10_000);
      await states.apply(command('c1', { wish: 'run', frozenSymbols: [] }), 3_600_000 + 5_000);

      expect(await states.apply(command('c2', source === undefined ? {} : { source }), 9_000)).toBe('applied');
      expect(await states.read(unit)).toMatchObject({ wish: 'stop' });
      // What was wished once does not come again, and people who wish later are heard.
      expect(await states.apply(command('c1', { wish: 'run' }), 3_605_000)).toBe('duplicate');
      expect(await states.apply(command('c3', { wish: 'run' }), 9_500)).toBe('applied');
      expect(await states.read(unit)).toMatchObject({ wish: 'run' });
    },
  );

  it('G12: nor does it hold off a freeze; a wish to do more does not overrule a stop that is dated ahead', async () => {
    const states = createDesiredStates(createFakeDynamoDb().client, 'control', () => 10_000);
    await states.apply(command('c1', { frozenSymbols: [] }), 3_605_000);

    expect(await states.freeze(unit, { id: 'f1', symbols: ['BTCUSDT'], reason: 'position' }, 9_000)).toBe('applied');
    expect(await states.apply(command('c2', { wish: 'run' }), 9_500)).toBe('superseded');
    expect(await states.read(unit)).toMatchObject({ wish: 'stop', frozenSymbols: ['BTCUSDT'] });
  });

  it('S22: two writers at once both take effect', async () => {
    const fake = createFakeDynamoDb();
    const states = createDesiredStates(fake.client, 'control');
    const outcomes = await Promise.all(
      ['a', 'b', 'c'].map((id, index) => states.apply(command(id, { frozenSymbols: [`S${id.toUpperCase()}`] }), index)),
    );

    expect(outcomes).toContain('applied');
    expect(await states.read(unit)).toMatchObject({ frozenSymbols: ['SC'] });
  });

  it('T4: a write whose answer was lost is recognised on the next try', async () => {
    const fake = createFakeDynamoDb();
    const states = createDesiredStates(fake.client, 'control');
    fake.fault = (operation) => (operation === 'UpdateItem' ? 'lostAnswer' : 'none');
    await expect(states.apply(command('c1'), 1000)).rejects.toThrow('connection reset');
    fake.fault = () => 'none';

    expect(await states.apply(command('c1'), 1000)).toBe('duplicate');
    expect(await states.read(unit)).toMatchObject({ version: 1, wish: 'stop' });
  });

  it('H3: decisions on orders travel with the wish: the newest eight, each once, and no wish becomes newer by them', async () => {
    const states = createDesiredStates(createFakeDynamoDb().client, 'control');
    await states.apply(command('c1', { wish: 'run' }), 1000);
    const decision = (at: number) => ({
      id: `o-${at}`,
      clientOrderId: `o-${at}`,
      outcome: 'Canceled' as const,
      who: 'ops',
      note: 'x'.repeat(900),
      at,
    });
    for (const at of [3, 1, 2, 5, 4, 6, 7, 8, 9]) expect(await states.decide(unit, decision(at))).toBe('applied');
    expect(await states.decide(unit, decision(9))).toBe('duplicate');
    expect(await states.decide(unit, decision(1))).toBe('superseded');
    const { version, wishVersion, decisions } = await states.read(unit);
    expect({ version, wishVersion, at: decisions?.map((each) => each.at) }).toEqual({
      version: 10,
      wishVersion: 1,
      at: [2, 3, 4, 5, 6, 7, 8, 9],
    });
    expect(decisions?.[0]?.note).toHaveLength(300);
    await states.freeze(unit, { id: 'f', symbols: ['BTCUSDT'], reason: 'differs' }, 20_000);
    expect(await states.read(unit)).toMatchObject({ version: 11, wishVersion: 1 });
  });

  it('S22: a command for something that is no unit is refused', () => {
    const parsed = DESIRED_COMMAND.safeParse({
      id: 'x',
      unit: 'paper/main/nowhere',
      wish: 'run',
      reason: 'r',
      by: 'b',
    });
    expect(parsed.success).toBe(false);
    expect(parseUnitId('paper/main/binance-usdm')).toEqual({ mode: 'paper', account: 'main', venue: 'binance-usdm' });
    expect(parseUnitId('paper/main/binance-usdm/x')).toBeNull();
    expect(parseUnitId('paper/../binance-usdm')).toBeNull();
  });

  it('S21: any order and redelivery of commands ends in the same desired state', () => {
    const commands = fc.uniqueArray(
      fc.record({
        id: fc.integer({ min: 0, max: 40 }).map(String),
        issuedAt: fc.nat({ max: 6 }),
        wish: fc.constantFrom('run' as const, 'reduce' as const, 'stop' as const, 'flatten' as const),
        frozenSymbols: fc.option(fc.constantFrom(['A1'], ['B2', 'A1'], []), { nil: undefined }),
      }),
      { selector: (each) => each.id, minLength: 1, maxLength: 12 },
    );
    const fold = (list: readonly { id: string; issuedAt: number }[]) => {
      let record: DesiredRecord | null = null;
      for (const each of list) {
        const outcome = applyCommand(record, command(each.id, each), each.issuedAt);
        if (outcome.kind === 'applied') record = outcome.record;
      }
      const { version: _version, wishVersion: _wishVersion, ...state } = desiredStateOf(record);
      return state;
    };
    fc.assert(
      fc.property(
        commands.chain((list) =>
          fc.tuple(fc.constant(list), fc.shuffledSubarray([...list, ...list], { minLength: list.length * 2 })),
        ),
        ([list, shuffled]) => {
          expect(fold(shuffled)).toEqual(fold(list));
        },
      ),
      { numRuns: 300 },
    );
  });
});
