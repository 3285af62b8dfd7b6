import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { countCellVisits } from './cell-visits.ts';
import { argumentFor, EQUIVALENT_MUTANTS } from './equivalent-mutants.ts';
import { killMutants } from './kill-mutants.ts';
import { allMutants } from './mutants.ts';

const WORLDS = 16;
const SCENES = 200;
const CELLS = countCellVisits().map(({ cell }) => cell);
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

/** What worlds hardly ask risk: entries beside others at work, trades that win after a breaker opened, heights of a predecessor. */
const ASKED_BY_SCENES = [
  /^risk OPEN_ORDERS_LIMIT (never refuses|is off by)/,
  /^breaker consecutiveLosses never closes$/,
  /^book forgets the height/,
];

it(`M4: each of a sample of mutants is found within ${WORLDS} worlds`, async () => {
  const mutants = allMutants().filter(({ name }) => SAMPLE.includes(name));
  expect(mutants.map(({ name }) => name).sort()).toEqual([...SAMPLE].sort());
  const fates = await killMutants(mutants, { worlds: WORLDS, scenes: 0 }, CELLS);
  expect(fates.filter(({ kind }) => kind !== 'killed').map(({ mutant, kind }) => `${mutant.name}: ${kind}`)).toEqual(
    [],
  );
}, 180_000);

it(`M1, M4: no mutant of the order table, of its guards, of the changes of symbol or of the evidence rule that ${SCENES} scenes come by survives unargued, and they come by nearly all`, async () => {
  const mutants = allMutants().filter(({ table }) => table !== 'lane' && table !== 'risk');
  const fates = await killMutants(mutants, { worlds: 0, scenes: SCENES }, CELLS);
  const alive = fates.filter(({ kind }) => kind === 'survived' || kind === 'wronglyArgued');
  expect(alive.map(({ mutant, kind, detail }) => `${mutant.name}: ${kind} ${detail}`)).toEqual([]);
  expect(fates.filter(({ kind }) => kind === 'killed').length).toBeGreaterThan(1_970);
  expect(fates.filter(({ kind }) => kind === 'unreached').length).toBeLessThan(60);
}, 180_000);

it(`H12, M4: the mutants of risk that worlds hardly come by are found within ${SCENES} scenes`, async () => {
  const mutants = allMutants().filter(({ name }) => ASKED_BY_SCENES.some((match) => match.test(name)));
  expect(mutants.length).toBe(5);
  const fates = await killMutants(mutants, { worlds: 0, scenes: SCENES }, CELLS);
  expect(fates.filter(({ by }) => by !== 'scene').map(({ mutant, kind }) => `${mutant.name}: ${kind}`)).toEqual([]);
}, 180_000);

it('M1: the second statement of what an order is takes nothing from the first', () => {
  const told = ['desk', 'evidence', 'order', 'terms'].map((each) => new URL(`told-${each}.ts`, import.meta.url));
  const taken = told.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/^import (?!type ).*$/gm)].map(String));
  const product = taken.filter((line) => line.includes("'#"));
  expect(product.map((line) => line.replace(/.*from '|';/g, '')).sort()).toEqual([
    '#core/market/scaled-decimal.ts',
    '#core/orders/foreign-order.ts',
  ]);
});

it('no argument stands for nothing: each names mutants that there are, and every mutant has a name of its own', () => {
  const names = allMutants().map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => argumentFor(name) === '').length).toBe(0);
  const needless = EQUIVALENT_MUTANTS.filter(({ match }) => !names.some((name) => match.test(name)));
  expect(needless.map(({ match }) => String(match))).toEqual([]);
});
