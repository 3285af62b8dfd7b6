import { expect, it } from 'vitest';
import { RISK_CHECKS } from '#core/risk/checks.ts';
import { EXPECTED_DENIALS } from './expected-denials.ts';
import { scriptOf } from './world-script.ts';
import { unitOf } from './world-shape.ts';

it('H12, M4: the second statement of what risk has to say has every check, in the order in which they are asked', () => {
  expect(Object.keys(EXPECTED_DENIALS)).toEqual(RISK_CHECKS.map(({ code }) => code));
});

it('H12, M4: exits are asked what the second statement asks of them, and nothing else', () => {
  const ofExits = Object.entries(EXPECTED_DENIALS).flatMap(([code, { exits }]) => (exits ? [code] : []));
  expect(ofExits).toEqual(RISK_CHECKS.filter(({ scope }) => scope === 'all').map(({ code }) => code));
});

it('M4: among 300 seeds every limit is narrow in some world whose strategies ask for anything, and most worlds are plain', () => {
  const shapes = Array.from({ length: 300 }, (_, index) => scriptOf(index + 1).shape).flatMap((shape) => shape ?? []);
  const bold = shapes.filter((shape) => shape.bold !== undefined).map(unitOf);
  expect(bold.length).toBeGreaterThan(25);
  expect(bold.length).toBeLessThan(75);
  const limits = bold.flatMap(({ lanes }) => lanes.map((lane) => lane.limits));
  const values = (name: keyof (typeof limits)[number]) => new Set(limits.map((each) => each[name])).size;
  for (const name of [
    'priceBandBps',
    'maxSpreadBps',
    'maxDataAgeMs',
    'maxDailyLoss',
    'maxDrawdown',
    'maxOpenOrders',
    'maxOrderRate',
    'marketHours',
  ] as const)
    expect([name, values(name) > 1]).toEqual([name, true]);
  const budgets = bold.flatMap(({ policy }) => policy.budgets);
  for (const name of [
    'maxExposure',
    'maxDailyLoss',
    'maxDrawdown',
    'maxOpenOrders',
    'maxOrderRate',
    'symbols',
  ] as const)
    expect([name, budgets.some((budget) => budget[name] !== undefined)]).toEqual([name, true]);
  expect(bold.some(({ policy }) => policy.maxConcentration !== undefined)).toBe(true);
  expect(bold.some(({ policy }) => policy.breakers.latency !== undefined)).toBe(true);
  expect(bold.some(({ depositShare }) => depositShare < 1)).toBe(true);
  expect(bold.some(({ lanes }) => lanes.some((lane) => lane.entryFilter !== undefined))).toBe(true);
});
