import { inspect } from 'node:util';
import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { z } from 'zod';
import { type UnitId, type UnitRef, unitId } from '#core/control/unit.ts';
import { messageOf } from '#core/errors.ts';
import { REDACTED, type Redactor } from '#core/redaction.ts';
import type { Random, Timers } from '#core/time/clock.ts';

/** API key and secret of one unit. Turned into JSON or printed, it shows neither. */
export interface VenueKeys {
  readonly key: string;
  readonly secret: string;
}

/** Where the keys in force came from and why they are not as they should be; `reason` null: all is well. */
export interface KeysStatus {
  readonly unit: UnitId;
  readonly source: 'secretsManager' | 'environment' | null;
  readonly versionId: string | null;
  /** Why the unit is degraded, never with a secret in it. */
  readonly reason: string | null;
}

export interface VenueSecretsOptions {
  readonly client: SecretsManagerClient;
  /** Secrets are named `<prefix>/<mode>/<account>/<venue>`; null: only the environment is asked. */
  readonly prefix: string | null;
  readonly units: readonly UnitRef[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly redactor: Redactor;
  readonly timers: Timers;
  readonly random: Random;
  /** Told whenever keys or status of a unit change. */
  readonly onChange?: (status: KeysStatus) => void;
  /** At most this between two refreshes, ms; a part of it is random, so that engines do not ask in step. */
  readonly refreshMs?: number;
}

export interface VenueSecrets {
  /** Asks for all keys once and goes on refreshing. Never rejects: what is missing is degraded. */
  start(): Promise<void>;
  stop(): void;
  /** Changes whose keys are kept: those of new units are asked for before it resolves, those of units that go are forgotten. Never rejects. */
  configure(units: readonly UnitRef[]): Promise<void>;
  /** The keys in force, null where none are known. */
  keys(unit: UnitRef): VenueKeys | null;
  status(unit: UnitRef): KeysStatus;
  /** Asks for one unit's keys now: after the venue refused them. Never rejects. */
  refresh(unit: UnitRef): Promise<void>;
  /** How often all keys were asked for: what moves while they are refreshed (H13). */
  beats(): number;
  /** Begins to refresh anew, whatever became of a refresh that is under way. */
  revive(): void;
}

const secretText = z.object({ key: z.string().min(1), secret: z.string().min(1) });

interface Entry {
  readonly unit: UnitRef;
  keys: VenueKeys | null;
  status: KeysStatus;
}

/** Venue keys from Secrets Manager, from the environment where a secret is missing, the last good ones where a refresh fails (R1). */
export function createVenueSecrets(options: VenueSecretsOptions): VenueSecrets {
  const { client, prefix, environment, redactor, timers, random, onChange, refreshMs = 60_000 } = options;
  const newEntry = (unit: UnitRef): Entry => {
    const status: KeysStatus = { unit: unitId(unit), source: null, versionId: null, reason: 'not asked for yet' };
    return { unit, keys: null, status };
  };
  const entries = new Map<UnitId, Entry>(options.units.map((unit) => [unitId(unit), newEntry(unit)]));
  let cancel = (): void => undefined;
  let rounds = 0;

  function put(entry: Entry, keys: VenueKeys | null, status: Omit<KeysStatus, 'unit'>): void {
    const changed =
      keys?.key !== entry.keys?.key ||
      keys?.secret !== entry.keys?.secret ||
      status.source !== entry.status.source ||
      status.versionId !== entry.status.versionId ||
      status.reason !== entry.status.reason;
    entry.keys = keys;
    entry.status = { unit: entry.status.unit, ...status };
    if (changed) onChange?.(entry.status);
  }

  function hidden(key: string, secret: string): VenueKeys {
    redactor.register(key);
    redactor.register(secret);
    return hideFromPrint({ key, secret });
  }

  function fromEnvironment(entry: Entry, why: string): void {
    const name = environmentName(entry.unit);
    const key = environment[`${name}_KEY`];
    const secret = environment[`${name}_SECRET`];
    if (key && secret) {
      const same = entry.keys?.key === key && entry.keys.secret === secret;
      put(entry, same ? entry.keys : hidden(key, secret), { source: 'environment', versionId: null, reason: null });
      return;
    }
    put(entry, null, {
      source: null,
      versionId: null,
      reason: `${why}, and ${name}_KEY and ${name}_SECRET are not set`,
    });
  }

  /** The last good keys stay; without any, the environment is asked. */
  function keep(entry: Entry, why: string): void {
    if (entry.keys === null) fromEnvironment(entry, why);
    else put(entry, entry.keys, { ...entry.status, reason: `${why}; the last good keys are in use` });
  }

  async function ask(entry: Entry): Promise<void> {
    if (prefix === null) {
      fromEnvironment(entry, 'no secrets are configured');
      return;
    }
    const name = `${prefix}/${unitId(entry.unit)}`;
    try {
      const answer = await client.send(new GetSecretValueCommand({ SecretId: name }));
      const versionId = answer.VersionId ?? null;
      if (entry.keys !== null && versionId !== null && versionId === entry.status.versionId) {
        put(entry, entry.keys, { source: 'secretsManager', versionId, reason: null });
        return;
      }
      const parsed = readSecret(answer.SecretString);
      if (parsed === null) keep(entry, `secret ${name} does not hold {"key","secret"}`);
      else put(entry, hidden(parsed.key, parsed.secret), { source: 'secretsManager', versionId, reason: null });
    } catch (error) {
      if (error instanceof ResourceNotFoundException) fromEnvironment(entry, `secret ${name} is missing`);
      else keep(entry, `secret ${name} could not be read: ${redactor.text(messageOf(error))}`);
    }
  }

  const askAll = async () => {
    await Promise.all([...entries.values()].map(ask));
  };

  function schedule(): void {
    // Between half of the interval and nine tenths of it, so that a new key is in use within the interval, the call included.
    const delayMs = refreshMs * (0.5 + 0.4 * random.next());
    cancel = timers.after(delayMs, () => {
      const mine = cancel;
      askAll().finally(() => {
        rounds += 1;
        if (cancel === mine) schedule();
      });
    });
  }

  function entryOf(unit: UnitRef): Entry {
    const id = unitId(unit);
    const unknown: KeysStatus = { unit: id, source: null, versionId: null, reason: 'this unit is not configured' };
    return entries.get(id) ?? { unit, keys: null, status: unknown };
  }

  return {
    async start() {
      schedule();
      await askAll();
    },
    stop() {
      cancel();
      cancel = () => undefined;
    },
    async configure(units) {
      const wanted = new Set(units.map(unitId));
      for (const id of [...entries.keys()]) if (!wanted.has(id)) entries.delete(id);
      const added = units.filter((unit) => !entries.has(unitId(unit))).map(newEntry);
      for (const entry of added) entries.set(entry.status.unit, entry);
      await Promise.all(added.map(ask));
    },
    beats: () => rounds,
    revive() {
      cancel();
      schedule();
      void askAll();
    },
    keys: (unit) => entryOf(unit).keys,
    status: (unit) => entryOf(unit).status,
    refresh: (unit) => ask(entryOf(unit)),
  };
}

function readSecret(text: string | undefined): { key: string; secret: string } | null {
  if (text === undefined) return null;
  try {
    const parsed = secretText.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    // Its text is a secret and goes into no message: not JSON is all that may be said.
    return null;
  }
}

/** `MILLRACE_SECRET_<MODE>_<ACCOUNT>_<VENUE>`, upper case, dashes as underscores. */
export function environmentName(unit: UnitRef): string {
  return `MILLRACE_SECRET_${unit.mode}_${unit.account}_${unit.venue}`.toUpperCase().replaceAll('-', '_');
}

function hideFromPrint(keys: VenueKeys): VenueKeys {
  return Object.defineProperties(keys, {
    toJSON: { value: () => REDACTED },
    [inspect.custom]: { value: () => REDACTED },
  });
}
