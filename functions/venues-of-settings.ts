import { createSecretsClient } from '#aws/clients.ts';
import type { Log } from '#aws/log.ts';
import type { Settings } from './environment.ts';
import { createVenueAccess } from './venue-access.ts';

/** Questions to the venues with the function's own keys; of simulated ones without TLS, in `local` alone. */
export function venuesOf(
  settings: Settings<'MILLRACE_ENVIRONMENT' | 'MILLRACE_SECRETS' | 'MILLRACE_VENUE_ENDPOINTS'>,
  log: Log,
): ReturnType<typeof createVenueAccess> {
  return createVenueAccess({
    secrets: createSecretsClient(),
    prefix: settings.MILLRACE_SECRETS,
    environment: process.env,
    endpoints: settings.MILLRACE_VENUE_ENDPOINTS,
    insecureAllowed: settings.MILLRACE_ENVIRONMENT === 'local',
    log,
  });
}
