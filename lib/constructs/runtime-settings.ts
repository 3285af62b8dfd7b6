import type { EnvironmentConfiguration } from '../environments/environment-configuration.ts';
import type { DataNames } from './data-names.ts';

/** Parameter that holds the runtime configuration document. People write it; no stack owns it, so that no deployment resets it. */
export function configurationParameter(environment: Pick<EnvironmentConfiguration, 'name'>): string {
  return `/millrace/${environment.name}/configuration`;
}

/** Prefix of the engine's venue secrets: `<prefix>/<mode>/<account>/<venue>`. */
export function secretsPrefix(environment: Pick<EnvironmentConfiguration, 'name'>): string {
  return `millrace/${environment.name}`;
}

/**
 * Prefix of the keys that order confirmation asks and cancels with: keys of its own, so that they can be revoked, and their rate budget spent, apart from the engine's.
 * Beside the engine's prefix, not beneath it: neither may read the other's.
 */
export function confirmationSecretsPrefix(environment: Pick<EnvironmentConfiguration, 'name'>): string {
  return `${secretsPrefix(environment)}-confirmation`;
}

/** Prefix of the keys that the reconciler asks with: they need to read and nothing else. */
export function reconciliationSecretsPrefix(environment: Pick<EnvironmentConfiguration, 'name'>): string {
  return `${secretsPrefix(environment)}-reconciliation`;
}

/** Prefix of the keys that the dead-man switch cancels with: keys of its own, that work when the engine's are locked out. */
export function deadManSecretsPrefix(environment: Pick<EnvironmentConfiguration, 'name'>): string {
  return `${secretsPrefix(environment)}-dead-man`;
}

/** The environment variables that engine and Lambdas share; `docs/architecture.md` says what each means. */
export function runtimeSettings(
  environment: EnvironmentConfiguration,
  build: string,
  data: DataNames,
): Record<string, string> {
  return {
    MILLRACE_ENVIRONMENT: environment.name,
    MILLRACE_BUILD: build,
    MILLRACE_MARKET_STREAM: data.marketStream,
    MILLRACE_TRADING_STREAM: data.tradingStream,
    MILLRACE_LEDGER_TABLE: data.ledgerTable,
    MILLRACE_CONTROL_TABLE: data.controlTable,
    MILLRACE_ARCHIVE_BUCKET: data.archiveBucket,
    MILLRACE_QUARANTINE_BUCKET: data.quarantineBucket,
    MILLRACE_QUARANTINE_QUEUE: data.quarantineQueueUrl,
    MILLRACE_CONFIGURATION: `ssm:${configurationParameter(environment)}`,
    MILLRACE_SECRETS: secretsPrefix(environment),
    MILLRACE_CONFIRMATION_DRILL: String(environment.confirmation.drill),
    ...(environment.venueEndpoints === null
      ? {}
      : { MILLRACE_VENUE_ENDPOINTS: JSON.stringify(environment.venueEndpoints) }),
  };
}
