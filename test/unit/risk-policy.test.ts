import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NO_POLICY, POLICY } from '#core/config/policy.ts';
import { loadConfiguration } from '#core/config/runtime-configuration.ts';
import { ledgerWriteOf, replaces } from '#core/ledger/ledger-write.ts';
import { allotmentOf } from '#core/risk/allotment.ts';
import { policyChange } from '#core/risk/policy-change.ts';
import { laneConfiguration } from '../support/lane-world.ts';
import { buildEvent } from '../support/trading-event-builder.ts';

const UNIT = { account: 'main', mode: 'paper', venue: 'binance-usdm' } as const;

function load(policy: unknown): ReturnType<typeof loadConfiguration> {
  const document = {
    version: 1,
    accounts: [{ name: 'main', mode: 'paper', venue: 'binance-usdm', onShutdown: 'cancel' }],
    feeds: [{ venue: 'binance-usdm', symbols: ['BTCUSDT'] }],
    lanes: [laneConfiguration()],
    ...(policy === undefined ? {} : { policy }),
  };
  return loadConfiguration(JSON.stringify(document), 'test');
}

describe('the risk policy', () => {
  it('S10: is part of the runtime configuration, and of its hash', () => {
    const one = load({ version: 1, budgets: [{ name: 'all', mode: 'paper', maxDailyLoss: 100 }] });
    const two = load({ version: 2, budgets: [{ name: 'all', mode: 'paper', maxDailyLoss: 90 }] });
    expect(one.configuration.policy?.budgets[0]?.maxDailyLoss).toBe(100);
    expect(one.hash).not.toBe(two.hash);
    expect(load(undefined).configuration.policy).toBeUndefined();
  });

  it('R3: every fault of it is listed at once, each with its place', () => {
    const policy = {
      version: 0,
      budgets: [
        { name: 'empty', mode: 'paper' },
        { name: 'sol', mode: 'paper', symbols: ['SOLUSDT'], maxDailyLoss: 5 },
        { name: 'sol', mode: 'paper', maxExposure: -1 },
      ],
      breakers: { latency: { window: 2, bad: 3, withinMs: 1_000, openMs: 500, maxOpenMs: 400 } },
      marketHours: { closed: ['2027-02-30'] },
    };
    let faults = '';
    try {
      load(policy);
    } catch (error) {
      faults = String(error);
    }
    for (const place of [
      'policy.version',
      'policy.budgets.0: budget empty limits nothing',
      'policy.budgets.1.maxDailyLoss: a budget of symbols can limit exposure alone',
      'policy.budgets.2.maxExposure',
      'policy.breakers.latency.bad: is more than the window holds',
      'policy.breakers.latency.maxOpenMs: is below openMs',
      'policy.marketHours.closed.0',
    ])
      expect(faults).toContain(place);
  });

  it('R3: a share of a unit that no lane trades would be lost, so it is refused', () => {
    const budget = { name: 'all', mode: 'paper', maxExposure: 10, shares: { 'paper/main/deribit': 1 } };
    expect(() => load({ version: 1, budgets: [budget] })).toThrow(
      /budgets\.0\.shares\.paper\/main\/deribit: no lane trades unit/,
    );
    const other = { ...budget, mode: 'live', shares: { 'paper/main/binance-usdm': 1 } };
    expect(() => load({ version: 1, budgets: [other] })).toThrow(/is not of mode live/);
  });

  it('S10: a change says what was before and what is after, setting by setting', () => {
    const before = POLICY.parse({
      version: 3,
      budgets: [
        { name: 'desk', mode: 'live', maxExposure: 5_000 },
        { name: 'eth', mode: 'live', symbols: ['ETHUSDT'], maxExposure: 900 },
      ],
    });
    const after = POLICY.parse({
      version: 4,
      maxConcentration: 0.5,
      budgets: [{ name: 'desk', mode: 'live', maxExposure: 4_000, shares: { 'live/a/deribit': 2 } }],
    });
    expect(policyChange(before, after)).toEqual({
      kind: 'changed',
      from: 3,
      to: 4,
      settings: [
        { path: 'budgets.desk.maxExposure', from: '5000', to: '4000' },
        { path: 'budgets.desk.shares.live/a/deribit', from: 'absent', to: '2' },
        { path: 'budgets.eth.maxExposure', from: '900', to: 'absent' },
        { path: 'budgets.eth.mode', from: '"live"', to: 'absent' },
        { path: 'budgets.eth.symbols', from: '["ETHUSDT"]', to: 'absent' },
        { path: 'maxConcentration', from: 'absent', to: '0.5' },
      ],
    });
    expect(policyChange(after, after)).toEqual({ kind: 'same' });
  });

  it('S10: a change that does not raise the version is refused, an order of budgets is no change', () => {
    const budgets = [
      { name: 'a', mode: 'paper', maxExposure: 1 },
      { name: 'b', mode: 'paper', maxExposure: 2 },
    ];
    const before = POLICY.parse({ version: 2, budgets });
    expect(policyChange(before, POLICY.parse({ version: 2, budgets: [...budgets].reverse() }))).toEqual({
      kind: 'same',
    });
    expect(policyChange(before, POLICY.parse({ version: 2, budgets, slowAckMs: 9 }))).toMatchObject({
      kind: 'refused',
      reason: 'policy version 2 must be above 2, since it changes: slowAckMs',
    });
    expect(policyChange(before, POLICY.parse({ version: 1, budgets }))).toMatchObject({ kind: 'refused' });
    expect(policyChange(before, POLICY.parse({ version: 3, budgets }))).toMatchObject({
      kind: 'changed',
      settings: [],
    });
  });

  it('H12, T11: a tenant’s budget is divided over its units by weight, and the smallest of several holds', () => {
    const policy = POLICY.parse({
      version: 1,
      budgets: [
        {
          name: 'tenant',
          mode: 'paper',
          accounts: ['main', 'second'],
          maxExposure: 900,
          maxOpenOrders: 7,
          shares: { 'paper/main/binance-usdm': 2 },
        },
        { name: 'venue', mode: 'paper', venues: ['binance-usdm'], maxExposure: 1_000, maxDailyLoss: 50 },
        { name: 'btc', mode: 'paper', symbols: ['BTCUSDT'], maxExposure: 800 },
      ],
    });
    const lanes = [
      { ...UNIT, symbol: 'BTCUSDT' },
      { ...UNIT, symbol: 'ETHUSDT' },
      { ...UNIT, account: 'second', symbol: 'BTCUSDT' },
      { ...UNIT, mode: 'live' as const, symbol: 'BTCUSDT' },
    ];
    const part = allotmentOf(policy, lanes, UNIT);
    expect(part).toMatchObject({ maxExposure: 500, maxOpenOrders: 4, maxDailyLoss: 25 });
    expect(part.maxDrawdown).toBe(Number.POSITIVE_INFINITY);
    expect([...part.symbolExposure]).toEqual([['BTCUSDT', 400]]);
    expect(allotmentOf(policy, lanes, { ...UNIT, mode: 'live' }).maxExposure).toBe(Number.POSITIVE_INFINITY);
    expect(allotmentOf(NO_POLICY, lanes, UNIT).maxExposure).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('the policy in the ledger', () => {
  it('S10: each version stands there once, as the one telling has it that says what it changed', () => {
    const change = (fromVersion: number, sequence: number) => {
      const settings = [{ path: 'slowAckMs', from: '1000', to: '500' }];
      return ledgerWriteOf(buildEvent('policy.changed', { fromVersion, toVersion: 12, settings }, { sequence }));
    };
    const first = change(11, 4);
    const again = change(0, 9);
    expect(first).toMatchObject({
      partition: 'ACCOUNT#paper#main',
      sort: 'POLICY#binance-usdm#0000000012',
      part: 'policy',
      content: { fromVersion: 11, toVersion: 12, configurationHash: 'c0ffee' },
    });
    if (first === null || again === null) throw new Error('not kept');
    expect(again.sort).toBe(first.sort);
    expect(replaces(again, first)).toBe(false);
    expect(replaces(first, again)).toBe(true);
  });
});

describe('documents and the policy', () => {
  it('R3: the example that people copy is valid', () => {
    const text = readFileSync(new URL('../../docs/running.md', import.meta.url), 'utf8');
    const example = [...text.matchAll(/```json\n([\s\S]*?)```/g)].find((match) => match[1]?.includes('"budgets"'));
    const { policy } = JSON.parse(example?.[1] ?? '{}') as { policy: unknown };
    expect(POLICY.parse(policy)).toMatchObject({ version: 3, maxConcentration: 0.5 });
  });

  it('S10: a change of policy is an event of the reference', () => {
    const text = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8');
    expect(text).toContain('## `policy.changed`');
  });
});
