import { MillraceError } from '#core/errors.ts';
import { emulatedClientSettings } from './aws-environment.ts';
import type { EnvironmentName } from './environment-arguments.ts';
import { runningEmulators } from './running-emulators.ts';

/** Where an environment's AWS is, for commands of people: on AWS wherever their profile says, else the `npm start` that runs. Throws `NOTHING_RUNS` and `SEVERAL_RUN`. */
export async function environmentClientSettings(environment: EnvironmentName) {
  if (environment !== 'local') return {};
  const given = process.env.AWS_ENDPOINT_URL ?? '';
  const endpoints = given === '' ? await runningEmulators() : [given];
  const [endpoint, ...others] = endpoints;
  if (endpoint === undefined)
    throw new MillraceError('configuration', 'NOTHING_RUNS', 'no `npm start` of this checkout is running');
  if (others.length > 0)
    throw new MillraceError(
      'configuration',
      'SEVERAL_RUN',
      `choose one: ${endpoints.map((each) => `AWS_ENDPOINT_URL=${each}`).join(' or ')}`,
    );
  return emulatedClientSettings(endpoint);
}
