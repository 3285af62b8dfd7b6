import { expect, it } from 'vitest';
import { supersededAdjustments } from '#core/ledger/superseded-adjustments.ts';

const recovery = {
  adjustmentId: 'recovered',
  reason: 'recovered',
  epoch: 7,
  sequence: 3,
  time: 1_000_000,
  supersedes: { fromEpoch: 6, known: [] as string[] },
} as const;
const adopted = { adjustmentId: 'adopted', reason: 'adopted', epoch: 7, sequence: 20, supersedes: undefined } as const;

it('G12, M6: what a lease adjusts after its recovery counts, though the wall clock has stepped back by an hour since', () => {
  expect([...supersededAdjustments([recovery, { ...adopted, time: 1_000_000 - 3_600_000 }])]).toEqual([]);
  expect([...supersededAdjustments([recovery, { ...adopted, sequence: 1, time: 1_000_001 }])]).toEqual(['adopted']);
});
