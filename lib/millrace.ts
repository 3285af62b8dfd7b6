import { type App, type Stack, Tags } from 'aws-cdk-lib';
import { engineSites } from './constructs/engine-sites.ts';
import type { EnvironmentConfiguration } from './environments/environment-configuration.ts';
import { DataStack } from './stacks/data-stack.ts';
import { EngineAlarmsStack } from './stacks/engine-alarms-stack.ts';
import { EngineStack } from './stacks/engine-stack.ts';
import { NetworkStack } from './stacks/network-stack.ts';
import { ObservabilityStack } from './stacks/observability-stack.ts';
import { PipelineStack } from './stacks/pipeline-stack.ts';

export interface MillraceProps {
  readonly environment: EnvironmentConfiguration;
  /** Identity of the build, written on every event. */
  readonly build: string;
}

/**
 * Builds the stacks of one environment, in order of their lifetimes: what holds data and addresses first, what can be made anew after it.
 * They know one another by published names only (`constructs/published-names.ts`).
 */
export function buildMillrace(app: App, { environment, build }: MillraceProps): readonly Stack[] {
  const settings = { environment, env: { account: environment.account, region: environment.region } };
  const id = (name: string) => `Millrace-${environment.name}-${name}`;
  Tags.of(app).add('millrace:environment', environment.name);

  const lasting: Stack[] = [new DataStack(app, id('Data'), settings)];
  if (environment.network !== null) {
    const { network, region } = environment;
    lasting.push(new NetworkStack(app, id('Network'), { ...settings, network, region }));
  }
  const working: Stack[] = [new PipelineStack(app, id('Pipeline'), { ...settings, build })];
  for (const site of engineSites(environment)) {
    const { region, network, suffix } = site;
    const there = { environment, env: { account: environment.account, region } };
    if (!site.home && network !== null)
      lasting.push(new NetworkStack(app, id(`Network${suffix}`), { ...there, network, region }));
    const engines = new EngineStack(app, id(`Engine${suffix}`), { ...there, build, site });
    working.push(engines);
    if (site.home || environment.alarms === null) continue;
    const alarms = new EngineAlarmsStack(app, id(`EngineAlarms${suffix}`), { ...there, alarms: environment.alarms });
    alarms.addStackDependency(engines);
  }
  for (const stack of working) for (const earlier of lasting) stack.addStackDependency(earlier);
  if (environment.alarms === null) return [...lasting, ...working];
  const observability = new ObservabilityStack(app, id('Observability'), { ...settings, alarms: environment.alarms });
  for (const earlier of [...lasting, ...working]) observability.addStackDependency(earlier);
  return [...lasting, ...working, observability];
}
