import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { type UnitRef, unitId } from '#core/control/unit.ts';
import { readCurrentConfiguration } from '#functions/current-configuration.ts';
import { type PublishedName, publishedParameter } from '#lib/constructs/published-names.ts';
import { configurationParameter } from '#lib/constructs/runtime-settings.ts';
import type { EnvironmentName } from './environment-arguments.ts';
import { environmentClientSettings } from './environment-client-settings.ts';

/** What is deployed in an environment, for commands of people: settings of AWS clients, the names that the stacks published, and every unit that has lanes. Throws as `environmentClientSettings`. */
export async function openEnvironment(name: EnvironmentName) {
  const environment = { name };
  const settings = await environmentClientSettings(name);
  const ssm = new SSMClient(settings);
  return {
    settings,
    async published(of: PublishedName): Promise<string> {
      const { Parameter } = await ssm.send(new GetParameterCommand({ Name: publishedParameter(environment, of) }));
      return Parameter?.Value ?? '';
    },
    async units(): Promise<readonly UnitRef[]> {
      const { configuration } = await readCurrentConfiguration(ssm, `ssm:${configurationParameter(environment)}`);
      return [...new Map(configuration.lanes.map((lane) => [unitId(lane), lane])).values()];
    },
  };
}
