import type { ReplayResult } from './replay-result.ts';

/**
 * What a replay showed. `changed decision`: another effect, by another build or configuration. `broken replay`: another effect by the same, which is a fault of the product. `not replayable`: something
 * is missing, and what is whole is equal.
 */
export type VerdictKind = 'equal' | 'changed decision' | 'broken replay' | 'not replayable';

/** What a replay proves, and why. */
export interface Verdict {
  readonly kind: VerdictKind;
  readonly reason: string;
}

/** Exit codes; 2 is for arguments and logs that cannot be used. */
export const EXIT_CODES: Readonly<Record<VerdictKind, number>> = {
  equal: 0,
  'changed decision': 3,
  'broken replay': 4,
  'not replayable': 5,
};

/** What decides now. */
export interface DecidingNow {
  /** Hash of the sources. */
  readonly sources: string | null;
  /** Hash of the configuration that stands in for the recorded one; null: none does. */
  readonly configuration: string | null;
}

/** Judges the replay of one engine's log. */
export function judge({ start, difference, windows, holes }: ReplayResult, now: DecidingNow): Verdict {
  if (difference !== null) {
    const changes = changesSince(start, now);
    if (changes.length > 0) return { kind: 'changed decision', reason: changes.join('; ') };
    return { kind: 'broken replay', reason: 'build and configuration are the same, and the effect is another' };
  }
  const broken = windows.filter((each) => each.broken !== null);
  if (broken.length > 0 || holes.length > 0) {
    const reason = `${windows.length - broken.length} of ${windows.length} windows are whole`;
    return { kind: 'not replayable', reason };
  }
  if (windows.length === 0) return { kind: 'equal', reason: 'no unit was held: there was nothing to decide' };
  return { kind: 'equal', reason: `${windows.length} windows` };
}

function changesSince(start: ReplayResult['start'], { sources, configuration }: DecidingNow): string[] {
  const changes: string[] = [];
  if (start === null) return ['the log does not say which build and configuration it is of'];
  if (start.sources === undefined) changes.push('the log does not say which sources decided');
  else if (start.sources !== sources) changes.push(`sources ${start.sources} then, ${sources ?? 'unknown'} now`);
  if (configuration !== null && configuration !== start.configuration)
    changes.push(`configuration ${start.configuration} then, ${configuration} now`);
  return changes;
}
