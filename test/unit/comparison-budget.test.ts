import { describe, expect, it } from 'vitest';
import { loadConfiguration } from '#core/config/runtime-configuration.ts';
import type { UnitRef } from '#core/control/unit.ts';
import { VENUES, type VenueId } from '#core/market/instrument.ts';
import {
  COMPARISON_INTERVAL_MS,
  COMPARISON_SHARE,
  comparisonCost,
  comparisonFaults,
  comparisonPlanOf,
  planComparisons,
} from '#core/reconciliation/comparison-budget.ts';
import { LIMIT_WINDOWS as SPOT_WINDOWS } from '#venues/binance-spot/limits.ts';
import { LIMIT_WINDOWS as USDM_WINDOWS } from '#venues/binance-usdm/limits.ts';

const ROUNDS_A_MINUTE = 60_000 / COMPARISON_INTERVAL_MS;

function lanesOf(count: number, venue: VenueId, account = 'main', mode: UnitRef['mode'] = 'paper'): UnitRef[] {
  return Array.from({ length: count }, () => ({ account, mode, venue }));
}

/** What the lanes of one unit cost in a minute, with nothing out of turn. */
function steadyCost(venue: VenueId, lanes: number): number {
  const { standing, fillsOfOne } = comparisonCost(venue);
  const { turns } = comparisonPlanOf(lanesOf(lanes, venue), { account: 'main', mode: 'paper', venue });
  return ROUNDS_A_MINUTE * (standing(lanes) + Math.ceil(lanes / turns) * fillsOfOne);
}

describe('what comparisons may cost', () => {
  it.each(VENUES)(
    'F26, H2: whatever number of lanes %s is let, they and what they ask out of turn keep within the share',
    (venue) => {
      const { perMinute, standing, fillsOfOne } = comparisonCost(venue);
      for (let lanes = 1; lanes <= 60; lanes += 1) {
        const plan = planComparisons(venue, [lanes]);
        if (plan === null) continue;
        const inTurn = standing(lanes) + Math.ceil(lanes / plan.turns) * fillsOfOne;
        expect((inTurn + plan.again) * ROUNDS_A_MINUTE, `${lanes} lanes`).toBeLessThanOrEqual(
          perMinute * COMPARISON_SHARE,
        );
        expect(plan.again, 'one question out of turn is always possible').toBeGreaterThanOrEqual(plan.ofOne);
      }
    },
  );

  it.each([
    ['binance-usdm', 1, 144],
    ['binance-usdm', 5, 480],
    ['binance-usdm', 14, 816],
    ['binance-spot', 1, 552],
    ['binance-spot', 5, 1_800],
    ['binance-spot', 14, 2_400],
    ['alpaca', 14, 36],
  ] as const)('H2: on %s %i lanes cost %i a minute', (venue, lanes, cost) => {
    expect(steadyCost(venue, lanes)).toBe(cost);
  });

  it('F12: the fills of a few lanes are asked for with each comparison, those of many in turns, never seldomer than each half minute', () => {
    const turnsOf = (lanes: number) => planComparisons('binance-usdm', [lanes])?.turns ?? null;
    expect([1, 5, 11, 12, 14, 29, 30].map(turnsOf)).toEqual([1, 1, 1, 2, 2, 6, null]);
  });

  it.each([
    ['binance-usdm', 29, 11],
    ['binance-spot', 30, 6],
  ] as const)('F26: %s bears %i lanes of one account, or %i accounts of one', (venue, ofOne, accounts) => {
    const fits = (units: readonly number[]) => planComparisons(venue, units) !== null;
    expect([fits([ofOne]), fits([ofOne + 1])]).toEqual([true, false]);
    const each = (count: number) => Array.from({ length: count }, () => 1);
    expect([fits(each(accounts)), fits(each(accounts + 1))]).toEqual([true, false]);
  });

  it('F26: units of one address share what the venue counts by address, and not what it counts by account', () => {
    const of = (venue: VenueId) => {
      const lanes = [...lanesOf(8, venue), ...lanesOf(8, venue, 'second'), ...lanesOf(20, venue, 'main', 'testnet')];
      return comparisonPlanOf(lanes, { account: 'main', mode: 'paper', venue });
    };
    expect(of('binance-usdm').turns).toBe(planComparisons('binance-usdm', [8, 8])?.turns);
    expect(of('binance-usdm').turns).toBeGreaterThan(planComparisons('binance-usdm', [8])?.turns ?? 0);
    expect(of('alpaca')).toEqual(planComparisons('alpaca', [8]));
  });

  it('R3: lanes that their venue does not let be compared in time are refused, once for each budget, at the first that is too many', () => {
    expect(
      comparisonFaults([...lanesOf(29, 'binance-usdm'), ...lanesOf(29, 'binance-usdm', 'main', 'testnet')]),
    ).toEqual([]);
    const [fault, ...more] = comparisonFaults([
      ...lanesOf(29, 'binance-usdm'),
      ...lanesOf(3, 'binance-usdm', 'second'),
    ]);
    expect([fault?.index, more]).toEqual([29, []]);
    expect(fault?.message).toBe(
      'COMPARISONS_EXCEED_BUDGET: 30 lanes of paper/binance-usdm cannot be compared with the venue every 5 s within 50 % of its 2400 a minute',
    );
  });

  it('R3: a configuration with too many of them is invalid, and says why', () => {
    const symbols = Array.from({ length: 31 }, (_, index) => `S${index}USDT`);
    const lane = (symbol: string) => ({
      name: symbol.toLowerCase(),
      account: 'main',
      mode: 'paper',
      venue: 'binance-usdm',
      symbol,
      strategy: {
        kind: 'momentum-scalper',
        window: 16,
        entryTicks: 2,
        takeTicks: 4,
        takeProfitTicks: 3,
        stopLossTicks: 9,
        restMs: 700,
        holdMs: 1_500,
        cooldownMs: 500,
        baseSize: '0.001',
        maxSizeFactor: 4,
      },
      limits: {
        maxOrderSize: '1',
        maxPositionSize: '1',
        priceBandBps: 50,
        maxSpreadBps: 5,
        maxDataAgeMs: 250,
        maxDailyLoss: 20,
        maxOpenOrders: 4,
        maxOrderRate: 1,
      },
      reservedSize: '0',
      confirm: 'every',
    });
    const document = (count: number) =>
      JSON.stringify({
        version: 1,
        accounts: [{ name: 'main', mode: 'paper', venue: 'binance-usdm', onShutdown: 'cancel' }],
        feeds: [{ venue: 'binance-usdm', symbols }],
        lanes: symbols.slice(0, count).map(lane),
      });
    expect(loadConfiguration(document(29), 'test').configuration.lanes).toHaveLength(29);
    expect(() => loadConfiguration(document(31), 'test')).toThrow(/lanes\.29: COMPARISONS_EXCEED_BUDGET: 30 lanes/);
  });

  it('F26: the budgets are those that the clients keep', () => {
    const weightOf = (windows: typeof USDM_WINDOWS) => windows.find(({ type }) => type === 'REQUEST_WEIGHT')?.capacity;
    expect(comparisonCost('binance-usdm').perMinute).toBe(weightOf(USDM_WINDOWS));
    expect(comparisonCost('binance-spot').perMinute).toBe(weightOf(SPOT_WINDOWS));
  });
});
