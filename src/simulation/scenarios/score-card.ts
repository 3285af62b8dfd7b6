import type { Scenario, Verdict } from './scenario.ts';

export interface ScoreLine {
  readonly scenario: Scenario;
  readonly verdict: Verdict;
}

const WORDS: Readonly<Record<Verdict['kind'], string>> = {
  survived: 'survived',
  failed: 'FAILED',
  notJudged: 'not judged',
};

export function lineOf({ scenario, verdict }: ScoreLine): string {
  return `${scenario.id.padEnd(4)}${WORDS[verdict.kind].padEnd(11)}${verdict.because}`;
}

/** `survived 12, failed 3 (F1, F6, F13), not judged 9`. */
export function summaryOf(lines: readonly ScoreLine[]): string {
  const of = (kind: Verdict['kind']) => lines.filter(({ verdict }) => verdict.kind === kind);
  const failures = of('failed');
  const names = failures.length === 0 ? '' : ` (${failures.map(({ scenario }) => scenario.id).join(', ')})`;
  return `survived ${of('survived').length}, failed ${failures.length}${names}, not judged ${of('notJudged').length}`;
}
