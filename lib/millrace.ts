import { type App, type Stack, Tags } from 'aws-cdk-lib';
import type { EnvironmentConfiguration } from './environments/environment-configuration.ts';
import { DataStack } from './stacks/data-stack.ts';
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
  if (environment.network !== null)
    lasting.push(new NetworkStack(app, id('Network'), { ...settings, network: environment.network }));
  const working: Stack[] = [
    new PipelineStack(app, id('Pipeline'), { ...settings, build }),
    new EngineStack(app, id('Engine'), { ...settings, build }),
  ];
  for (const stack of working) for (const earlier of lasting) stack.addStackDependency(earlier);
  if (environment.alarms === null) return [...lasting, ...working];
  const observability = new ObservabilityStack(app, id('Observability'), { ...settings, alarms: environment.alarms });
  for (const earlier of [...lasting, ...working]) observability.addStackDependency(earlier);
  return [...lasting, ...working, observability];
}
