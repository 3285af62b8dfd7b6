import { expect, it } from 'vitest';
import { countCellVisits } from './cell-visits.ts';
import { argumentFor } from './equivalent-mutants.ts';
import { killMutants } from './kill-mutants.ts';
import { allMutants } from './mutants.ts';

const WORLDS = 16;
/** Of mutants whose cells every few worlds come by. */
const SAMPLE = [
  'order Submitted × accepted → same',
  'order Submitted × placeAccepted → Unknown',
  'order Submitted × placeUnknown → same',
  'order Submitted × accepted → refused',
  'order Accepted × fillComplete → same',
  'order Accepted × cancelSent → same',
  'order Accepted × fillComplete → Canceled',
  'order PendingCancel × canceled → same',
  'order PendingCancel × canceled → Filled',
  'order PendingCancel × canceled without evidence',
  'order Filled × filled → Unknown',
  'order Filled × fillComplete → refused',
  'lane Idle × entrySubmitted → Idle',
  'lane OrderPending × entryEndedFlat → PositionOpen',
  'lane PositionOpen × exitSubmitted → refused',
  'lane Closing × exitEndedFlat → Closing',
  'risk ENTRIES_PAUSED never refuses',
  'risk ENTRIES_FENCED never refuses',
  'risk DATA_TOO_OLD always refuses',
  'risk REDUCE_ONLY_WOULD_OPEN always refuses',
  'evidence fills no longer proves Filled',
  'evidence accountStream no longer proves Canceled',
];

it(`M4: each of a sample of mutants is found within ${WORLDS} worlds`, async () => {
  const mutants = allMutants().filter(({ name }) => SAMPLE.includes(name));
  expect(mutants.map(({ name }) => name).sort()).toEqual([...SAMPLE].sort());
  const fates = await killMutants(
    mutants,
    WORLDS,
    countCellVisits().map(({ cell }) => cell),
  );
  expect(fates.filter(({ kind }) => kind !== 'killed').map(({ mutant, kind }) => `${mutant.name}: ${kind}`)).toEqual(
    [],
  );
}, 180_000);

it('no argument stands for nothing: each names mutants that there are, and every mutant has a name of its own', () => {
  const names = allMutants().map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => argumentFor(name) === '').length).toBe(0);
});
