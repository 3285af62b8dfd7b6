import { parseArgs } from 'node:util';
import { MESSAGE_FAULTS } from '#simulation/world/message-faults.ts';
import { countCellVisits } from './cell-visits.ts';
import { OPEN_FINDINGS } from './failed-worlds.ts';
import { PLANTED_BUGS, type PlantedBug } from './planted-bugs.ts';
import { shrinkScript } from './shrink-world.ts';
import { ENOUGH_VISITS, UNVISITED_CELLS } from './unvisited-cells.ts';
import { runWorld, type WorldResult } from './world.ts';
import { runJobs } from './world-pool.ts';
import { describeScript, STEP_FAULTS, scriptOf, type WorldScript } from './world-script.ts';

const USAGE = `npm run world -- [--seeds N] [--from S] [--faults F1,F9] [--bug NAME] [--cells] [--open] [--replay]
npm run world -- --seed S [--trace] [--faults F1,F9] [--bug NAME] [--replay]
  --seeds N     worlds to run (default 100), from seed S (default 1)
  --faults L    only the faults that stand for these rows: ${rows().join(', ')}
  --seed S      one world; --trace prints all that happens in it
  --bug NAME    with a fault of ours planted: ${Object.keys(PLANTED_BUGS).join(', ')}
  --replay      replay the input log of each engine process at the end: the same decisions, or the first that differs
  --cells       how often each cell of the order and lane tables was visited
  --open        the findings that nobody has mended yet`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    faults: { type: 'string' },
    bug: { type: 'string' },
    trace: { type: 'boolean', default: false },
    cells: { type: 'boolean', default: false },
    open: { type: 'boolean', default: false },
    replay: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

process.exitCode = values.help ? help() : await run();

function help(): number {
  console.log(USAGE);
  return 0;
}

async function run(): Promise<number> {
  const faults = values.faults === undefined ? null : new Set(values.faults.split(','));
  const unknown = [...(faults ?? [])].filter((each) => !rows().includes(each));
  const bug = bugNamed(values.bug);
  const numbers = [values.seeds, values.from, values.seed ?? '1'].map(Number);
  if (unknown.length > 0 || bug === undefined || !numbers.every((each) => Number.isSafeInteger(each) && each >= 0)) {
    console.error(`ARGUMENT_INVALID: ${unknown.join(',') || values.bug || numbers.join(' ')}\n${USAGE}`);
    return 2;
  }
  if (values.open) return showOpen();
  if (values.seed !== undefined) return showOne(scriptOf(Number(values.seed), faults), bug);
  return runMany(Number(values.from), Number(values.seeds), faults, bug);
}

async function showOpen(): Promise<number> {
  let failing = 0;
  if (OPEN_FINDINGS.length === 0) console.log('nothing that the worlds have shown is open');
  for (const { fault, shows, script } of OPEN_FINDINGS) {
    const { violation } = await runWorld(script);
    if (violation !== null) failing += 1;
    console.log(`${fault}: ${violation ?? 'holds now: it belongs to the worlds that once failed'}\n  ${shows}`);
  }
  return failing === 0 ? 0 : 1;
}

async function showOne(script: WorldScript, bug: PlantedBug | null): Promise<number> {
  const result = await runWorld(script, { bug, traced: values.trace, replayed: values.replay });
  if (values.trace) console.log(result.trace.join('\n'));
  console.log(`${describeScript(script)}\n${summary(result)}`);
  if (result.violation !== null) await showShrunk(script, bug);
  return result.violation === null ? 0 : 1;
}

async function showShrunk(script: WorldScript, bug: PlantedBug | null): Promise<void> {
  const replayed = values.replay;
  const shortest = await shrinkScript(
    script,
    async (each) => (await runWorld(each, { bug, replayed })).violation !== null,
  );
  const { violation, trace } = await runWorld(shortest, { bug, traced: true, replayed });
  console.log(`shortest that still fails: ${describeScript(shortest)}\n  ${violation}`);
  console.log(trace.slice(-25).join('\n'));
  console.log(JSON.stringify(shortest));
}

async function runMany(
  from: number,
  count: number,
  faults: ReadonlySet<string> | null,
  bug: PlantedBug | null,
): Promise<number> {
  const cells = countCellVisits();
  const began = performance.now();
  const sums = { steps: 0, orders: 0, fills: 0 };
  const confirmed: Record<string, number> = {};
  const failed: number[] = [];
  const note = (seed: number, violation: string) => {
    failed.push(seed);
    console.log(`seed ${seed} fails: ${violation}`);
  };
  const terms = { faults: faults === null ? null : [...faults], bug: values.bug ?? null, replayed: values.replay };
  const jobs = Array.from({ length: count }, (_, index) => ({
    kind: 'world' as const,
    seed: from + index,
    ...terms,
    cells: !values.replay,
  }));
  await runJobs(
    jobs,
    (result) => {
      if (result.kind !== 'world') return;
      for (const key of ['steps', 'orders', 'fills'] as const) sums[key] += result[key];
      for (const [by, number] of Object.entries(result.confirmed)) confirmed[by] = (confirmed[by] ?? 0) + number;
      for (const [index, visits] of result.visits.entries()) {
        const cell = cells[index];
        if (cell !== undefined) cell.visits += visits;
      }
      if (result.violation !== null) note(result.seed, result.violation);
    },
    (job) => note(job.kind === 'world' ? job.seed : 0, 'it never ends'),
  );
  const seconds = (performance.now() - began) / 1_000;
  if (values.cells) {
    for (const { cell, refused, visits } of cells)
      console.log(`${String(visits).padStart(9)}  ${cell}${refused ? ' (refused)' : ''}`);
  }
  const listed = cells.filter(({ refused, table }) => !refused && (table === 'order' || table === 'lane'));
  const rare = listed.filter(({ visits }) => visits < ENOUGH_VISITS);
  const unreachable = rare.filter(({ cell }) => UNVISITED_CELLS.some(({ cells: named }) => named.includes(cell)));
  console.log(`${count} worlds, ${(count / seconds).toFixed(1)} a second; ${JSON.stringify({ ...sums, confirmed })}`);
  // A replay visits every cell once more: there is nothing to count.
  if (!values.replay)
    console.log(
      `cells of the tables: ${listed.length}, visited less than ${ENOUGH_VISITS} times: ${rare.length}, of which nothing can come by ${unreachable.length} (--cells lists them)`,
    );
  failed.sort((one, other) => one - other);
  console.log(`failed: ${failed.length === 0 ? 'none' : failed.join(', ')}`);
  const [first] = failed;
  if (first !== undefined) await showShrunk(scriptOf(first, faults), bug);
  return failed.length === 0 ? 0 : 1;
}

function summary({ violation, hash, steps, orders, fills, confirmed }: WorldResult): string {
  const counts = `${steps} steps, ${orders} orders, ${fills} fills, confirmed ${JSON.stringify(confirmed)}`;
  return `${violation ?? 'every invariant held'}; ${counts}; hash ${hash}`;
}

/** Undefined: there is no such bug. */
function bugNamed(name: string | undefined): PlantedBug | null | undefined {
  if (name === undefined) return null;
  return Object.entries(PLANTED_BUGS).find(([each]) => each === name)?.[1];
}

function rows(): string[] {
  return [...new Set<string>([...Object.values(MESSAGE_FAULTS), ...Object.values(STEP_FAULTS)])].sort();
}
