import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDesiredStates } from '#aws/desired-state.ts';
import {
  applyCommand,
  applyFreeze,
  DESIRED_COMMAND,
  type DesiredRecord,
  desiredStateOf,
} from '#core/control/desired-command.ts';
import { unitId } from '#core/control/unit.ts';
import { createFakeDynamoDb } from '../support/fake-dynamodb.ts';

const unit = unitId({ mode: 'paper', account: 'main', venue: 'binance-usdm' });
const command = (id: string, change: Record<string, unknown> = {}) =>
  DESIRED_COMMAND.parse({ id, unit, wish: 'stop', reason: 'drill', by: 'ops', ...change });
const freeze = (id: string, ...symbols: string[]) => ({ id, symbols, reason: 'differs' });

describe('symbols frozen by a watchdog', () => {
  it('S18: join those of people, and neither they nor the wish are touched', async () => {
    const states = createDesiredStates(createFakeDynamoDb().client, 'control');
    await states.apply(command('c1', { frozenSymbols: ['ETHUSDT'] }), 1_000);
    expect(await states.freeze(unit, freeze('r1', 'BTCUSDT'), 2_000)).toBe('applied');
    expect(await states.read(unit)).toMatchObject({
      wish: 'stop',
      by: 'ops',
      frozenSymbols: ['BTCUSDT', 'ETHUSDT'],
    });
    expect(await states.freeze(unit, freeze('r1', 'BTCUSDT'), 2_000)).toBe('duplicate');
    // A wish without a list leaves them; the next list lifts them.
    await states.apply(command('c2', { wish: 'run' }), 4_000);
    expect((await states.read(unit)).frozenSymbols).toEqual(['BTCUSDT', 'ETHUSDT']);
    await states.apply(command('c3', { wish: 'run', frozenSymbols: [] }), 5_000);
    expect((await states.read(unit)).frozenSymbols).toEqual([]);
    expect(await states.freeze(unit, freeze('r0', 'BTCUSDT'), 4_500)).toBe('superseded');
  });

  it('freezes where nobody has wished anything', async () => {
    const states = createDesiredStates(createFakeDynamoDb().client, 'control');
    await states.freeze(unit, freeze('r1', 'BTCUSDT'), 2_000);
    expect(await states.read(unit)).toMatchObject({ wish: 'run', frozenSymbols: ['BTCUSDT'] });
  });

  it('S21: what is frozen in the end does not depend on the order of arrival', () => {
    const symbol = fc.constantFrom('A', 'B', 'C');
    const step = fc.record({
      watchdog: fc.boolean(),
      symbols: fc.uniqueArray(symbol),
      issuedAt: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 6 }),
        fc.array(fc.nat(), { minLength: 6, maxLength: 6 }),
        (drawn, keys) => {
          const steps = drawn.map((each, index) => ({ ...each, id: `s${index}` }));
          const run = (order: typeof steps) =>
            order.reduce<DesiredRecord | null>((record, { id, watchdog, symbols, issuedAt }) => {
              const outcome = watchdog
                ? applyFreeze(record, freeze(id, ...symbols), issuedAt)
                : applyCommand(record, command(id, { frozenSymbols: symbols }), issuedAt);
              return outcome.kind === 'applied' ? outcome.record : record;
            }, null);
          const shuffled = steps
            .map((each, index) => [keys[index] ?? 0, each] as const)
            .sort(([left], [right]) => left - right)
            .map(([, each]) => each);
          expect(desiredStateOf(run(shuffled)).frozenSymbols).toEqual(desiredStateOf(run(steps)).frozenSymbols);
        },
      ),
    );
  });
});
