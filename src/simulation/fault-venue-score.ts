import type { VenueId } from '#core/market/instrument.ts';
import { runScenario, type ScenarioWorld } from './scenarios/run-scenario.ts';
import { notJudged, type Scenario } from './scenarios/scenario.ts';
import { whyNotOn } from './scenarios/scenarios.ts';
import { lineOf, type ScoreLine, summaryOf } from './scenarios/score-card.ts';

/** What is to be staged, and whether verdicts are given. */
export interface ScoreOptions {
  readonly venue: VenueId;
  readonly scenarios: readonly Scenario[];
  readonly score: boolean;
  readonly patienceMs: number;
}

/** Where it talks, and the wish to end. */
export interface ScoreConsole {
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Stages the scenarios one after the other for whoever connects, and says what became of the bot; how many it failed. */
export async function scoreScenarios(
  options: ScoreOptions,
  world: ScenarioWorld,
  console: ScoreConsole,
): Promise<number> {
  const lines: ScoreLine[] = [];
  for (const scenario of options.scenarios) {
    if (console.signal.aborted) break;
    const line = { scenario, verdict: await verdictOf(scenario, options, world, console) };
    lines.push(line);
    if (options.score || line.verdict.kind === 'notJudged') console.say(lineOf(line));
  }
  if (options.score) console.say(`Score on ${options.venue}: ${summaryOf(lines)}`);
  return lines.filter(({ verdict }) => verdict.kind === 'failed').length;
}

async function verdictOf(scenario: Scenario, options: ScoreOptions, world: ScenarioWorld, console: ScoreConsole) {
  const obstacle = whyNotOn(scenario, options.venue);
  if (obstacle !== null || 'notJudged' in scenario) return notJudged(obstacle ?? '');
  const { id, when, owner } = scenario;
  return runScenario(scenario, world, {
    patienceMs: options.patienceMs,
    signal: console.signal,
    onStruck() {
      console.say(`${id} strikes: ${when}`);
      if (owner !== undefined) console.say(`${id}: now ${owner}`);
    },
  });
}
