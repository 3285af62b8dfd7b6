import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type Log, processRedactor } from '#aws/log.ts';
import { createVenueSecrets, type VenueSecrets } from '#aws/secrets.ts';
import { type UnitId, type UnitRef, unitId } from '#core/control/unit.ts';
import { MillraceError } from '#core/errors.ts';
import type { VenueQueries } from '#core/orders/venue-ports.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { createSecureFetch } from '#venues/connection/secure-fetch.ts';
import type { VenueEndpoints } from '#venues/venue.ts';
import { venues } from '#venues/venues.ts';

export interface VenueAccessOptions {
  readonly secrets: SecretsManagerClient;
  /** Prefix of the function's own keys: it needs to read, and to cancel, never to place. */
  readonly prefix: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Addresses of simulated venues; only in the `local` environment. */
  readonly endpoints: Readonly<Partial<Record<UnitRef['venue'], VenueEndpoints>>>;
  readonly insecureAllowed: boolean;
  readonly log: Log;
}

/** Keys are asked for again after this, so that a rotated one is in use within 60 s; no timers run between invocations. */
const KEYS_FRESH_MS = 45_000;

interface Access {
  readonly queries: VenueQueries;
  readonly secrets: VenueSecrets;
  askedAt: number;
}

/** Questions by REST to the venue of any unit, made once for each. Rejects with `VENUE_KEYS_MISSING` (configuration) where no keys are known. */
export function createVenueAccess(options: VenueAccessOptions): (unit: UnitRef) => Promise<VenueQueries> {
  const random = { next: Math.random };
  const byUnit = new Map<UnitId, Access>();

  function open(unit: UnitRef): Access {
    const venue = venues[unit.venue];
    const secrets = createVenueSecrets({
      client: options.secrets,
      prefix: options.prefix,
      units: [unit],
      environment: options.environment,
      redactor: processRedactor,
      timers: systemTimers,
      random,
    });
    const queries = venue.createQueries({
      endpoints: options.endpoints[unit.venue] ?? venue.endpoints(unit.mode),
      clock: systemClock,
      timers: systemTimers,
      random,
      connect: (url) => {
        throw new MillraceError('fatal', 'FUNCTION_OPENS_NO_SOCKET', `url=${url}`);
      },
      fetch: createSecureFetch({ insecureAllowed: options.insecureAllowed }),
      log: options.log,
      account: { account: unit.account, mode: unit.mode },
      credentials: () => secrets.keys(unit),
    });
    return { queries, secrets, askedAt: Number.NEGATIVE_INFINITY };
  }

  return async (unit) => {
    const id = unitId(unit);
    const access = byUnit.get(id) ?? open(unit);
    byUnit.set(id, access);
    const nowMs = systemClock.monoNanos() / 1e6;
    if (nowMs - access.askedAt > KEYS_FRESH_MS) {
      await access.secrets.refresh(unit);
      access.askedAt = nowMs;
    }
    if (access.secrets.keys(unit) === null) {
      access.askedAt = Number.NEGATIVE_INFINITY;
      throw new MillraceError(
        'configuration',
        'VENUE_KEYS_MISSING',
        `unit=${id} ${access.secrets.status(unit).reason}`,
      );
    }
    return access.queries;
  };
}
