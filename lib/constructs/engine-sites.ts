import type { EnvironmentConfiguration, NetworkSettings } from '../environments/environment-configuration.ts';
import { pascalCase } from './pascal-case.ts';

/** Where one service of engines runs. */
export interface EngineSite {
  readonly region: string;
  /** In the region of streams, tables and secrets. */
  readonly home: boolean;
  /** What the names of its stacks end with: nothing at home. */
  readonly suffix: string;
  /** Venues that its engines trade on; null: all. */
  readonly venues: readonly string[] | null;
  /** Of its own region; null: it has none to run in (`local`). */
  readonly network: NetworkSettings | null;
  readonly taskCount: number;
  readonly spreadOver: number;
}

/** The services of engines of an environment, that of the home region first. */
export function engineSites(environment: EnvironmentConfiguration): readonly EngineSite[] {
  const { engine, engineRegions, region: home } = environment;
  const { taskCount, spreadOver } = engine;
  if (engineRegions.length === 0) return [{ ...homeSite(environment), venues: null, taskCount, spreadOver }];
  return engineRegions
    .map((each) => ({
      ...(each.region === home
        ? homeSite(environment)
        : { region: each.region, home: false, suffix: pascalCase(each.region), network: each.network }),
      venues: each.venues,
      taskCount: each.taskCount ?? taskCount,
      spreadOver: each.spreadOver ?? spreadOver,
    }))
    .sort((left, right) => Number(right.home) - Number(left.home));
}

function homeSite({ region, network }: EnvironmentConfiguration) {
  return { region, home: true, suffix: '', network };
}
