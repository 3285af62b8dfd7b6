import { runLedgerScene } from './ledger-scene.ts';
import { runOrderScene } from './order-scene.ts';
import { runRiskScene } from './risk-scene.ts';
import { runSwitchWorld } from './switch-world.ts';

/** What is smaller than a world and made from a seed as well: thousands a minute. Null: everything holds; else what does not. */
export function runScenes(seed: number): string | null {
  try {
    return runOrderScene(seed) ?? runLedgerScene(seed) ?? runRiskScene(seed) ?? runSwitchWorld(seed);
  } catch (thrown) {
    return `nothing is thrown: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  }
}
