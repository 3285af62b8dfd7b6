import { App } from 'aws-cdk-lib';
import { buildIdentity } from '#lib/build-identity.ts';
import { selectEnvironment } from '#lib/environments/select-environment.ts';
import { FEATURE_FLAGS } from '#lib/feature-flags.ts';
import { buildMillrace } from '#lib/millrace.ts';

/** The CDK app: `-c environment=local|dev|prod`, local where nothing is said. */
const app = new App({ analyticsReporting: false, postCliContext: FEATURE_FLAGS });
const environment = selectEnvironment(String(app.node.tryGetContext('environment') ?? 'local'), process.env);
buildMillrace(app, { environment, build: buildIdentity(process.env) });

// Elsewhere than on one machine, what the policy checks find stops the deployment.
if (environment.name !== 'local') {
  const { addPolicyChecks } = await import('#lib/nag.ts');
  addPolicyChecks(app);
}
