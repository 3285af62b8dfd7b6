import { expect } from 'vitest';
import { parseRunArguments } from '#local/start/arguments.ts';
import { type RunEnd, type RunHooks, run } from '#local/start/run.ts';

/** Runs the pipeline and returns what it left, with what it printed if it broke. What it prints is added to `printed`. */
export async function trade(
  argv: readonly string[],
  hooks: RunHooks = {},
  printed: string[] = [],
): Promise<NonNullable<RunEnd['summary']>> {
  const output = {
    isTTY: false,
    rows: 50,
    columns: 200,
    write: (text: string | Uint8Array) => printed.push(String(text)) > 0,
  };
  const { summary, differences } = await run(parseRunArguments(argv), new AbortController().signal, {
    ...hooks,
    output,
  });
  const broken = Object.entries(summary?.invariants ?? { ended: false }).filter(([, held]) => !held);
  expect(broken, [...differences, ...printed.slice(-12)].join('\n')).toEqual([]);
  if (summary === null) throw new Error('the run did not trade');
  return summary;
}
