import type { VenueId } from '#core/market/instrument.ts';
import { accountScenarios } from './account-scenarios.ts';
import { orderScenarios } from './order-scenarios.ts';
import { restartScenarios } from './restart-scenarios.ts';
import type { Scenario } from './scenario.ts';
import { streamScenarios } from './stream-scenarios.ts';
import { unjudgedScenarios } from './unjudged-scenarios.ts';

/** Every scenario, F before G, each by its number. */
export const scenarios: readonly Scenario[] = [
  ...orderScenarios,
  ...streamScenarios,
  ...accountScenarios,
  ...restartScenarios,
  ...unjudgedScenarios,
].sort((a, b) => rank(a.id) - rank(b.id));

function rank(id: string): number {
  return (id.startsWith('F') ? 0 : 1_000) + Number.parseInt(id.slice(1), 10);
}

/** Why a venue cannot stage it, or null. */
export function whyNotOn(scenario: Scenario, venue: VenueId): string | null {
  if ('notJudged' in scenario) return scenario.notJudged;
  return scenario.venues.includes(venue) ? null : `not on ${venue}: ${scenario.venues.join(', ')}`;
}

/** Every scenario as text: what is given, when what happens, what must then hold, and where it can be had. */
export function describeScenarios(): readonly string[] {
  return scenarios.flatMap((scenario) => {
    const where = 'notJudged' in scenario ? `not judged: ${scenario.notJudged}` : scenario.venues.join(', ');
    const { id, given, when, must } = scenario;
    return [`${id.padEnd(4)}given ${given}`, `    when  ${when}`, `    must  ${must}`, `    on    ${where}`];
  });
}
