import { seededRandom } from '#core/time/seeded-random.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { createSecureFetch } from '#venues/connection/secure-fetch.ts';
import { createWsConnect } from '#venues/connection/ws-transport.ts';
import type { AccountRuntime } from '#venues/venue.ts';

/** What a client gets that speaks with a simulated venue of this machine: real time, real sockets, no keys unless they are given. */
export function loopbackRuntime(
  endpoints: AccountRuntime['endpoints'],
  overrides: Partial<AccountRuntime> = {},
): AccountRuntime {
  return {
    endpoints,
    clock: systemClock,
    timers: systemTimers,
    random: seededRandom(11),
    connect: createWsConnect({ insecureAllowed: true }),
    fetch: createSecureFetch({ insecureAllowed: true }),
    log: () => undefined,
    account: { account: 'main', mode: 'paper' },
    credentials: () => null,
    ...overrides,
  };
}

/** A log that keeps its lines. */
export function logInto(lines: string[]): AccountRuntime['log'] {
  return (level, text, fields) => lines.push(`${level} ${text} ${JSON.stringify(fields ?? {})}`);
}
