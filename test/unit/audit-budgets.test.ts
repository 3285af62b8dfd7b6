import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { POLICY } from '#core/config/policy.ts';
import { unitId } from '#core/control/unit.ts';
import { VENUES } from '#core/market/instrument.ts';
import { auditBudgets, budgetLine, type HeldValue } from '#core/reconciliation/audit-budgets.ts';
import { allotmentOf, partsOf } from '#core/risk/allotment.ts';
import { auditUnits } from '#functions/reconcile/audit-units.ts';
import type { UnitReport } from '#functions/reconcile/reconciliation-report.ts';

const lane = (account: string, symbol = 'BTCUSDT') =>
  ({ account, mode: 'paper', venue: 'binance-usdm', symbol }) as const;
const LANES = [lane('a'), lane('b'), lane('b', 'ETHUSDT')];
const policyOf = (budget: Readonly<Record<string, unknown>>) =>
  POLICY.parse({ version: 1, budgets: [{ name: 'tenant', mode: 'paper', maxExposure: 1_000, ...budget }] });
const held = (...values: readonly (number | null)[]): HeldValue[] =>
  LANES.map((each, index) => ({ ...each, value: values[index] ?? 0 }));

describe('budgets, looked after from outside the engines', () => {
  it('M6, H12: within part and whole nothing is said; beyond either it is, and what cannot be valued too', () => {
    const policy = policyOf({});
    expect(auditBudgets(policy, LANES, held(400, 300, 200))).toEqual([]);
    expect(auditBudgets(policy, LANES, held(700, 100, 100)).map(budgetLine)).toEqual([
      'budget tenant: paper/a/binance-usdm holds 700.00, its part is 500.00',
    ]);
    expect(auditBudgets(policy, LANES, held(520, 400, 200)).map((each) => each.kind)).toEqual(['unit', 'whole']);
    const unvalued = [...held(1, 1).slice(0, 2), { ...lane('b', 'ETHUSDT'), value: null }];
    expect(auditBudgets(policy, LANES, unvalued)).toMatchObject([{ kind: 'unvalued', symbol: 'ETHUSDT' }]);
  });

  it('H12: a budget of one symbol looks at that symbol alone', () => {
    const policy = policyOf({ symbols: ['ETHUSDT'] });
    expect(auditBudgets(policy, LANES, held(5_000, 5_000, 900))).toEqual([]);
    expect(auditBudgets(policy, LANES, held(0, 0, 1_100)).map((each) => each.kind)).toEqual(['unit', 'whole']);
  });

  it('H12: the parts are those that the engines have, and never come to more than the whole', () => {
    const lanes = fc.array(
      fc.record({
        account: fc.constantFrom('a', 'b', 'c'),
        mode: fc.constant('paper' as const),
        venue: fc.constantFrom(...VENUES),
        symbol: fc.constantFrom('BTCUSDT', 'ETHUSDT'),
      }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(lanes, fc.integer({ min: 1, max: 1_000_000 }), fc.nat({ max: 9 }), (over, maxExposure, weight) => {
        const policy = policyOf({ maxExposure, shares: { 'paper/a/deribit': weight } });
        const [budget] = policy.budgets;
        if (budget === undefined) throw new Error('no budget');
        const parts = partsOf(budget, over);
        for (const each of over) expect(parts.get(unitId(each))).toBe(allotmentOf(policy, over, each).maxExposure);
        expect(auditBudgets(policy, over, [])).toEqual([]);
      }),
    );
  });

  it('M6: a unit that could not be asked, or whose quote currency has no worth, is unvalued', () => {
    const configuration = { policy: policyOf({}), lanes: LANES } as unknown as Parameters<typeof auditUnits>[0];
    const kinds = (currency: string) => {
      const symbols = [{ symbol: 'BTCUSDT', held: { value: 480, currency } }];
      const reports = [{ unit: 'paper/a/binance-usdm', symbols }] as unknown as UnitReport[];
      return auditUnits(configuration, reports, 0).map((each) => each.kind);
    };
    expect(kinds('USDT')).toEqual(['unvalued', 'unvalued']);
    expect(kinds('XYZ')).toEqual(['unvalued', 'unvalued', 'unvalued']);
    expect(auditUnits({ ...configuration, policy: undefined }, [], 0)).toEqual([]);
  });
});
