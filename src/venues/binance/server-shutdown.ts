import type { Clock } from '#core/time/clock.ts';
import type { ResilientConnection } from '../connection/resilient-connection.ts';

/** Told again so soon, the next connection has come to a server that restarts as well: it stays until it is cut, so that nobody goes round in circles. */
const ONCE_IN_MS = 60_000;

/** Obeys `serverShutdown` of a connection: the next one is opened before this one goes, at most once a minute. */
export function createShutdownObedience(
  connection: Pick<ResilientConnection, 'replace'>,
  clock: Clock,
  lingerMs: number,
): () => void {
  let obeyedAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = clock.monoNanos() / 1e6;
    if (now - obeyedAt < ONCE_IN_MS) return;
    obeyedAt = now;
    connection.replace('the venue restarts this connection', lingerMs);
  };
}
