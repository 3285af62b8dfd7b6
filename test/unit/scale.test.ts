import { spawnSync } from 'node:child_process';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS, MEASURED } from '../../src/research/scale/measured.ts';
import { costOf, planFor } from '../../src/research/scale/plan.ts';
import { PRICES } from '../../src/research/scale/prices.ts';

const MAIN = path.resolve(import.meta.dirname, '../../src/research/scale/main.ts');
const load = fc.record({
  messagesPerSecond: fc.integer({ min: 1, max: 5_000_000 }),
  ordersPerDay: fc.integer({ min: 0, max: 5_000_000 }),
});

describe('what a load takes', () => {
  it('gives no part more than it was measured to carry', () => {
    fc.assert(
      fc.property(load, (asked) => {
        const plan = planFor(asked);
        expect(plan.engines * MEASURED.engineRate).toBeGreaterThanOrEqual(asked.messagesPerSecond);
        expect(plan.standbys).toBeGreaterThanOrEqual(1);
        const shard = plan.shards * LIMITS.headroom;
        expect(shard * LIMITS.shardBytes).toBeGreaterThanOrEqual(asked.messagesPerSecond * MEASURED.streamBytes);
        expect(shard * LIMITS.shardRecords).toBeGreaterThanOrEqual(plan.recordsPerSecond);
      }),
    );
  });

  it('never costs less for more', () => {
    fc.assert(
      fc.property(load, fc.integer({ min: 1, max: 100_000 }), (asked, more) => {
        const larger = { ...asked, messagesPerSecond: asked.messagesPerSecond + more };
        const cost = costOf(asked, planFor(asked));
        expect(costOf(larger, planFor(larger)).total).toBeGreaterThan(cost.total * 0.999);
        const parts = [cost.engines, cost.network, cost.streams, cost.lambdas, cost.archive, cost.ledger];
        expect(parts.reduce((sum, each) => sum + each, 0)).toBeCloseTo(cost.total, 6);
      }),
    );
  });

  it('says of each price where it is to be checked', () => {
    for (const [name, { dollars, page }] of Object.entries(PRICES)) {
      expect(dollars, name).toBeGreaterThan(0);
      expect(page, name).toMatch(/^https:\/\/aws\.amazon\.com\//);
    }
  });

  it('is told for another load by `npm run scale`, and refuses what is none', () => {
    const run = (...args: string[]) => spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
    expect(run('--rate', '25000').stdout).toMatch(/engines at work\s+3\n/);
    const refused = run('--rate', 'x');
    expect(refused.status).toBe(2);
    expect(refused.stderr).toMatch(/ARGUMENTS_INVALID.*--rate/);
  });
});
