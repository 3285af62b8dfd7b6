import type { LoadedConfiguration } from '#core/config/runtime-configuration.ts';
import { venues } from '#venues/venues.ts';
import { entriesOf } from './log-entries.ts';
import type { LoggedRun } from './log-files.ts';
import { Replay } from './replay.ts';
import type { ReplayResult } from './replay-result.ts';
import { judge, type Verdict } from './verdict.ts';

/** By what a log is replayed and judged. */
export interface ReplayLogOptions {
  /** Hash of the sources that decide now. */
  readonly sources: string | null;
  /** In force instead of the recorded one; null: the recorded one. */
  readonly configuration: LoadedConfiguration | null;
  readonly markEvery?: number;
  readonly trace?: (text: string) => void;
}

/** Replays what one engine left, and judges it. After a difference it goes the way a second time, to show the lane as it stood before. */
export function replayRun(
  run: LoggedRun,
  { sources, configuration, markEvery, trace }: ReplayLogOptions,
): { readonly result: ReplayResult; readonly verdict: Verdict } {
  const options = {
    venues,
    ...(configuration === null ? {} : { configuration: configuration.configuration }),
    ...(markEvery === undefined ? {} : { markEvery }),
  };
  const first = new Replay(entriesOf(run), trace === undefined ? options : { ...options, trace }).run();
  const { difference } = first;
  const result =
    difference === null ? first : new Replay(entriesOf(run), { ...options, viewBefore: difference.laneInput }).run();
  return { result, verdict: judge(result, { sources, configuration: configuration?.hash ?? null }) };
}
