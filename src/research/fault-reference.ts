import type { FaultLevel, FaultRow } from './fault-row.ts';
import { FAULT_TABLE } from './fault-table.ts';

const LEVELS: Readonly<Record<FaultLevel, string>> = {
  engine:
    'a real engine process, started from the deployed task definition, on a venue’s protocol server, its events in the deployed ledger',
  server: 'our client, a feed or an account on a protocol server, in one process',
  world: 'the simulated world, where the faults of all rows are mixed from a seed ([simulation.md](simulation.md))',
  mapping: 'streams, their mappings and the functions behind them',
  infrastructure: 'the templates',
  rule: 'the one rule that decides it, by examples or by a law over drawn inputs',
  soak: 'at length, against bounds',
};

/** `docs/faults.md`. */
export function faultReference(generated: string): string {
  return `${[
    '# What goes wrong, and where it is shown',
    '',
    generated,
    '',
    'Rows F are from reports about other trading systems, rows G from what this one requires of itself. Each row is shown at one level or more:',
    '',
    '| level | shown by |',
    '| --- | --- |',
    ...Object.entries(LEVELS).map(([level, text]) => `| ${level} | ${text} |`),
    '',
    'Tests in `test/campaign` run with `npm run campaign -- FILE`, the others with `npm test`. In the tests of level *engine* on `faults-…` the venue stages the fault and judges from what it sees itself; then the lanes come to rest, and orders, fills and positions of the venue, of the ledger and of the engine must be the same, and no entry may have met a position or another entry.',
    '',
    '| | given | must | level | test |',
    '| --- | --- | --- | --- | --- |',
    ...FAULT_TABLE.flatMap(linesOf),
    '',
    '## Measured',
    '',
    'By `test/campaign/faults-measured.test.ts` and `faults-switch.test.ts`, with the engine, the venues, the emulated AWS and much else on two cores (load average 5 to 20), in one run with `faults-running.test.ts` and `faults-restarts.test.ts`: 49 tests in 22 minutes, none failed. They print them anew each time.',
    '',
    ...FAULT_TABLE.filter(({ measured }) => measured !== undefined).map(({ id, measured }) => `- ${id}: ${measured}`),
    '',
    '## Due',
    '',
    ...FAULT_TABLE.filter(({ due }) => due !== undefined).map(({ id, due }) => `- ${id}: ${due}`),
  ].join('\n')}\n`;
}

function linesOf({ id, given, must, proofs, due }: FaultRow): readonly string[] {
  if (proofs.length === 0) return [`| ${id} | ${given} | ${must} | – | due ${due ?? ''} |`];
  return proofs.map(({ level, file, title }, index) => {
    const text = index === 0 ? `| ${id} | ${given} | ${must} |` : '| | | |';
    return `${text} ${level} | \`${file}\`: ${title} |`;
  });
}
