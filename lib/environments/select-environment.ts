import { devEnvironment } from './dev.ts';
import { type EnvironmentConfiguration, EnvironmentError, validateEnvironment } from './environment-configuration.ts';
import { localEnvironment } from './local.ts';
import { type ProcessSettings, processSettings } from './process-settings.ts';
import { prodEnvironment } from './prod.ts';

const ENVIRONMENTS: Readonly<Record<string, (settings: ProcessSettings) => unknown>> = {
  local: localEnvironment,
  dev: devEnvironment,
  prod: prodEnvironment,
};

/**
 * The configuration of one environment, with what it takes from environment variables.
 * Throws `EnvironmentError` that lists every fault at once: missing variables and values that are refused.
 */
export function selectEnvironment(
  name: string,
  variables: Readonly<Record<string, string | undefined>>,
): EnvironmentConfiguration {
  const make = Object.hasOwn(ENVIRONMENTS, name) ? ENVIRONMENTS[name] : undefined;
  if (make === undefined)
    throw new EnvironmentError(name, [`there is no such environment; known: ${Object.keys(ENVIRONMENTS).join(', ')}`]);
  const faults: string[] = [];
  const input = make(processSettings(variables, faults));
  try {
    const environment = validateEnvironment(input);
    if (faults.length === 0) return environment;
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    faults.push(...error.faults);
  }
  throw new EnvironmentError(name, faults);
}
