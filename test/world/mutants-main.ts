import { parseArgs } from 'node:util';
import { countCellVisits } from './cell-visits.ts';
import { killMutants } from './kill-mutants.ts';
import { allMutants } from './mutants.ts';

const USAGE = `npm run mutants -- [--seeds N] [--scenes] [--only TEXT] [--list]
  Alters each row of the order, lane, risk and switch tables and of the evidence rule, one at a time, and runs worlds, and then scenes, until one of them finds it.
  --seeds N    worlds and scenes that may be tried, from seed 1 (default 1000)
  --scenes     no worlds, which the mutants of the lane table, and some of risk, cannot do without
  --only TEXT  only mutants whose name has it; a regular expression
  --list       names them and does nothing`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    scenes: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

process.exitCode = await run();

async function run(): Promise<number> {
  const seeds = Number(values.seeds);
  if (values.help || !Number.isSafeInteger(seeds) || seeds < 1) {
    console.log(USAGE);
    return values.help ? 0 : 2;
  }
  const mutants = allMutants().filter(({ name }) => new RegExp(values.only).test(name));
  if (values.list) {
    for (const { name } of mutants) console.log(name);
    return 0;
  }
  const began = performance.now();
  const seconds = () => ((performance.now() - began) / 1_000).toFixed(0);
  const cells = countCellVisits().map(({ cell }) => cell);
  const tries = { worlds: values.scenes ? 0 : seeds, scenes: seeds };
  const fates = await killMutants(mutants, tries, cells, (line) => console.log(`${seconds().padStart(5)} s  ${line}`));
  const of = (kind: (typeof fates)[number]['kind']) => fates.filter((fate) => fate.kind === kind);
  // What matters most is read last.
  const lines = [...of('killed'), ...fates.filter(({ kind }) => kind !== 'killed')];
  for (const fate of lines) {
    console.log(`${fate.kind.padEnd(10)} ${fate.mutant.name}${fate.detail === '' ? '' : `: ${fate.detail}`}`);
  }
  const counts = (['killed', 'equivalent', 'neverAsked', 'unreached', 'survived', 'wronglyArgued'] as const).map(
    (kind) => `${kind} ${of(kind).length}`,
  );
  const byScenes = of('killed').filter(({ by }) => by === 'scene').length;
  console.log(`${mutants.length} mutants, ${counts.join(', ')} (${byScenes} of the killed by scenes); ${seconds()} s`);
  return of('survived').length + of('unreached').length + of('wronglyArgued').length === 0 ? 0 : 1;
}
