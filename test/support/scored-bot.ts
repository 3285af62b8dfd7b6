import type { VenueId } from '#core/market/instrument.ts';
import { createBotWatch } from '#simulation/scenarios/bot-watch.ts';
import { runScenario } from '#simulation/scenarios/run-scenario.ts';
import type { Verdict } from '#simulation/scenarios/scenario.ts';
import { scenarios } from '#simulation/scenarios/scenarios.ts';
import { type ContractTrading, type ContractWorld, openContractWorld } from '../contract/contract-world.ts';

/** As long as clients wait for an answer; what is lost here is lost for good. */
const ANSWER_TIMEOUTS = new Map([
  [10_000, 300],
  [5_000, 300],
]);

/** A bot whose every step is written by the test, on a venue that judges it. */
export interface ScoredBot {
  readonly world: ContractWorld;
  readonly trading: ContractTrading;
  /** Stages a scenario; `act` is what the bot does, `struck` resolves when the fault has struck. */
  judge(id: string, act: (struck: Promise<void>) => Promise<unknown>, patienceMs?: number): Promise<Verdict>;
  close(): Promise<void>;
}

export async function openScoredBot(venueId: VenueId): Promise<ScoredBot> {
  const nowMs = () => performance.now();
  const watch = createBotWatch(venueId, nowMs);
  const world = await openContractWorld(venueId, ANSWER_TIMEOUTS, watch.traffic);
  const unfollow = watch.follow(world.exchange, 'main');
  const trading = await world.openTrading();
  return {
    world,
    trading,
    async judge(id, act, patienceMs = 5_000) {
      const scenario = scenarios.find((each) => each.id === id);
      if (scenario === undefined || 'notJudged' in scenario) throw new Error(`${id} is not judged`);
      let strike = (): void => undefined;
      const struck = new Promise<void>((resolve) => {
        strike = resolve;
      });
      const judged = { venue: world.server, exchange: world.exchange, account: 'main', watch, nowMs };
      const verdict = runScenario(scenario, judged, { patienceMs, onStruck: () => strike() });
      // A bot that waits for a fault that never strikes is not waited for.
      await Promise.race([act(struck), verdict]);
      return verdict;
    },
    async close() {
      unfollow();
      await world.close();
    },
  };
}
