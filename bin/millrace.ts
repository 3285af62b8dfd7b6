import { App } from 'aws-cdk-lib';
import { buildIdentity } from '#lib/build-identity.ts';
import { type EnvironmentConfiguration, EnvironmentError } from '#lib/environments/environment-configuration.ts';
import { selectEnvironment } from '#lib/environments/select-environment.ts';
import { FEATURE_FLAGS } from '#lib/feature-flags.ts';
import { buildMillrace } from '#lib/millrace.ts';

/** The CDK app: `-c environment=local|dev|prod`, local where nothing is said. */
const app = new App({ analyticsReporting: false, postCliContext: FEATURE_FLAGS });
const environment = readEnvironment(String(app.node.tryGetContext('environment') ?? 'local'));
buildMillrace(app, { environment, build: buildIdentity(process.env) });

// Elsewhere than on one machine, what the policy checks find stops the deployment.
if (environment.name !== 'local') {
  const { addPolicyChecks } = await import('#lib/nag.ts');
  addPolicyChecks(app);
}

/** A fault of the configuration is for people: its list alone, without a stack. */
function readEnvironment(name: string): EnvironmentConfiguration {
  try {
    return selectEnvironment(name, process.env);
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
