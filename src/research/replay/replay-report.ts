import type { LoggedRun } from './log-files.ts';
import type { ReplayResult } from './replay-result.ts';
import type { Verdict } from './verdict.ts';

/** The replay of one engine's log, as it is printed. */
export function reportLines(run: LoggedRun, result: ReplayResult, verdict: Verdict): string[] {
  const { start, inputs, frames, effects, hashes, windows, holes, tornAt } = result;
  const began = new Date(run.startedAt).toISOString();
  return [
    `${run.engine}, started ${began}, build ${start?.build ?? 'unknown'}, sources ${start?.sources ?? 'unknown'}, configuration ${start?.configuration ?? 'unknown'}`,
    `  ${inputs} inputs (${frames} frames), ${effects} effects`,
    ...(tornAt === null
      ? []
      : [`  ends torn after input ${tornAt}: the engine was killed, and published nothing further`]),
    ...holes.map((hole) => `  ${hole}`),
    ...windows.map(
      ({ unit, from, until, effects: compared, broken }) =>
        `  ${unit}: inputs ${from} to ${until}, ${compared} effects${broken === null ? '' : `, NOT REPLAYABLE: ${broken}`}`,
    ),
    `  effects then ${hashes.recorded}`,
    `  effects now  ${hashes.replayed}`,
    ...differenceLines(result),
    `  ${verdict.kind}: ${verdict.reason}`,
  ];
}

function differenceLines({ difference, view }: ReplayResult): string[] {
  if (difference === null) return [];
  const { n, unit, lane, index, input, recorded, replayed } = difference;
  return [
    `  first difference: input ${n}, ${unit}, lane ${lane}, effect ${index + 1} of it`,
    '  input',
    indented(input),
    '  state before',
    indented(view),
    '  effect then',
    indented(recorded ?? 'none'),
    '  effect now',
    indented(replayed ?? 'none'),
  ];
}

function indented(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  return text.replaceAll(/^/gm, '    ');
}
