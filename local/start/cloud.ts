import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import {
  confirmationSecretsPrefix,
  deadManSecretsPrefix,
  reconciliationSecretsPrefix,
} from '#lib/constructs/runtime-settings.ts';
import { emulatedClientSettings } from '../aws-environment.ts';
import type { Deployment } from '../deploy.ts';
import { type ContainerDefinition, readContainerDefinition } from '../task-definition.ts';

/** Name of the engine's container in its task definition. */
const ENGINE_CONTAINER = 'engine';

/** Reads the engine's task definition as it was deployed. */
export function readEngineDefinition(endpoint: string, deployment: Deployment): Promise<ContainerDefinition> {
  return readContainerDefinition(endpoint, deployment.output('EngineTaskDefinitionArn'), ENGINE_CONTAINER);
}

/** Puts the runtime configuration where the engine's task definition says it is read from. */
export async function writeConfiguration(
  endpoint: string,
  definition: ContainerDefinition,
  configuration: RuntimeConfiguration,
): Promise<void> {
  const location = definition.environment.MILLRACE_CONFIGURATION ?? '';
  const ssm = new SSMClient(emulatedClientSettings(endpoint));
  try {
    await ssm.send(
      new PutParameterCommand({
        Name: location.replace(/^ssm:/, ''),
        Type: 'String',
        Tier: 'Advanced',
        Value: JSON.stringify(configuration),
        Overwrite: true,
      }),
    );
  } finally {
    ssm.destroy();
  }
}

/** A unit's venue keys, as a person would put them into Secrets Manager. */
export interface UnitKeys {
  /** `<mode>/<account>/<venue>`. */
  readonly unit: string;
  readonly key: string;
  readonly secret: string;
}

export async function writeSecrets(
  endpoint: string,
  definition: ContainerDefinition,
  keys: readonly UnitKeys[],
): Promise<void> {
  // The simulated venues know one key of an account; elsewhere confirmation has one of its own.
  const local = { name: 'local' } as const;
  const prefixes = [
    definition.environment.MILLRACE_SECRETS ?? '',
    confirmationSecretsPrefix(local),
    reconciliationSecretsPrefix(local),
    deadManSecretsPrefix(local),
  ];
  const client = new SecretsManagerClient(emulatedClientSettings(endpoint));
  try {
    for (const { unit, key, secret } of keys) {
      const SecretString = JSON.stringify({ key, secret });
      for (const prefix of prefixes)
        await client.send(new CreateSecretCommand({ Name: `${prefix}/${unit}`, SecretString }));
    }
  } finally {
    client.destroy();
  }
}
