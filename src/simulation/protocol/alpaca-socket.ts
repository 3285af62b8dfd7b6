import type { ApiKey, ApiKeyRing } from './api-keys.ts';
import type { VenueFaults } from './venue-faults.ts';
import type { VenueSession } from './venue-session.ts';

/** Code of a socket that ended without a closing handshake. */
const CUT = 1006;

/**
 * One connection to each address for a key: whoever comes second is refused until the first is gone. One that was cut counts as living for as long as the fault
 * `connectionHoldMs` says.
 */
export interface AlpacaConnectionLimit {
  /** False: the key is taken. */
  enter(session: VenueSession, key: ApiKey): boolean;
  keyOf(session: VenueSession): ApiKey | null;
  leave(session: VenueSession, code: number): void;
}

export function createConnectionLimit(faults: VenueFaults): AlpacaConnectionLimit {
  const keys = new Map<VenueSession, ApiKey>();
  const holders = new Map<string, VenueSession>();
  const heldUntil = new Map<string, number>();
  const place = (session: VenueSession, key: ApiKey): string => `${session.path} ${key.key}`;
  return {
    enter(session, key) {
      const at = place(session, key);
      if (holders.has(at) || (heldUntil.get(at) ?? 0) > performance.now()) return false;
      heldUntil.delete(at);
      holders.set(at, session);
      keys.set(session, key);
      return true;
    },
    keyOf: (session) => keys.get(session) ?? null,
    leave(session, code) {
      const key = keys.get(session);
      if (key === undefined) return;
      keys.delete(session);
      const at = place(session, key);
      holders.delete(at);
      if (code === CUT && faults.connectionHoldMs > 0) heldUntil.set(at, performance.now() + faults.connectionHoldMs);
    },
  };
}

/** The key whose secret this is, or null. */
export function admit(keys: ApiKeyRing, key: unknown, secret: unknown): ApiKey | null {
  if (typeof key !== 'string' || typeof secret !== 'string') return null;
  const known = keys.find(key);
  return known !== null && known.secret === secret ? known : null;
}

/** A JSON object, or null for anything else. */
export function parseMessage(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
