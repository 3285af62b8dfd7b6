import { type FSWatcher, readFileSync, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { type LoadedConfiguration, loadConfiguration } from '#core/config/runtime-configuration.ts';
import { MillraceError, messageOf } from '#core/errors.ts';
import type { Timers } from '#core/time/clock.ts';

export interface ConfigurationSourceOptions {
  /** `MILLRACE_CONFIGURATION`: a path, or `ssm:<parameter name>`. */
  readonly location: string;
  readonly ssm: SSMClient;
  readonly timers: Timers;
  /** A valid configuration that differs from the one in force; it is in force from now on. */
  readonly onChange?: (loaded: LoadedConfiguration) => void;
  /** A changed document that was refused, with every fault in its message; the old one stays. Told once for each text. */
  readonly onRefused?: (error: MillraceError) => void;
  /** Between two looks at the source, ms. */
  readonly pollMs?: number;
}

export interface ConfigurationSource {
  /** Reads the first configuration and starts to watch. Throws `CONFIGURATION_INVALID` or `CONFIGURATION_UNREADABLE`: there is no old one to keep. */
  start(): Promise<LoadedConfiguration>;
  /** Looks now: after SIGHUP. Never rejects. */
  reload(): Promise<void>;
  /** The configuration in force. Throws `CONFIGURATION_NOT_STARTED` before the first. */
  current(): LoadedConfiguration;
  /** How often the source was looked at: what moves while it is watched (H13). */
  beats(): number;
  /** Begins to watch anew, whatever became of a look that is under way. */
  revive(): void;
  stop(): void;
}

/** Editors write a file in several steps: the last of them counts. */
const SETTLE_MS = 100;

/** The runtime configuration from a file or from Parameter Store, reloaded on change, on demand and by polling (R3). */
export function createConfigurationSource(options: ConfigurationSourceOptions): ConfigurationSource {
  const { location, ssm, timers, onChange, onRefused, pollMs = 15_000 } = options;
  const parameter = location.startsWith('ssm:') ? location.slice('ssm:'.length) : null;
  const idle = (): void => undefined;
  let inForce: LoadedConfiguration | null = null;
  let lastText: string | null = null;
  let lastFault: string | null = null;
  let lastUnreadable: string | null = null;
  let cancelPoll: () => void = idle;
  let cancelSettle: () => void = idle;
  let watcher: FSWatcher | null = null;
  let running = false;
  let looking: Promise<void> = Promise.resolve();
  let looks = 0;
  let watches = 0;

  async function read(): Promise<string> {
    try {
      if (parameter === null) return await readFile(location, 'utf8');
      const answer = await ssm.send(new GetParameterCommand({ Name: parameter, WithDecryption: true }));
      return answer.Parameter?.Value ?? '';
    } catch (error) {
      throw new MillraceError('configuration', 'CONFIGURATION_UNREADABLE', `${location}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /** What a document names lies beside it; one in Parameter Store names nothing. */
  const readNamed =
    parameter === null ? (path: string) => readFileSync(resolve(dirname(location), path), 'utf8') : null;

  async function look(): Promise<void> {
    const mine = watches;
    try {
      const text = await read();
      // Overtaken by a watch that was begun anew: what it brings is old.
      if (mine !== watches) return;
      lastUnreadable = null;
      if (text === lastText) return;
      lastText = text;
      const loaded = loadConfiguration(text, location, readNamed);
      lastFault = null;
      if (loaded.hash === inForce?.hash) return;
      inForce = loaded;
      onChange?.(loaded);
    } catch (error) {
      const fault =
        error instanceof MillraceError
          ? error
          : new MillraceError('fatal', 'CONFIGURATION_NOT_TAKEN', messageOf(error), { cause: error });
      if (fault.message === lastFault || fault.message === lastUnreadable) return;
      if (fault.code === 'CONFIGURATION_UNREADABLE') lastUnreadable = fault.message;
      else lastFault = fault.message;
      onRefused?.(fault);
    }
  }

  /** One look after the other: an answer that comes late must not undo a newer one. */
  function reload(): Promise<void> {
    looking = looking.then(look);
    return looking;
  }

  function poll(): void {
    cancelPoll = timers.after(pollMs, () => {
      const mine = watches;
      reload().finally(() => {
        looks += 1;
        if (running && mine === watches) poll();
      });
    });
  }

  /** The folder is watched, not the file: a file that is replaced by renaming is another one afterwards. */
  function watchFile(): void {
    if (parameter !== null) return;
    watcher = watch(dirname(location), (_event, name) => {
      if (name !== null && name !== basename(location)) return;
      cancelSettle();
      cancelSettle = timers.after(SETTLE_MS, () => void reload());
    });
    // Without a watcher the polling still sees every change.
    watcher.on('error', () => watcher?.close());
  }

  return {
    async start() {
      const text = await read();
      const loaded = loadConfiguration(text, location, readNamed);
      lastText = text;
      inForce = loaded;
      running = true;
      poll();
      watchFile();
      return loaded;
    },
    reload,
    current() {
      if (inForce === null) throw new MillraceError('fatal', 'CONFIGURATION_NOT_STARTED', `location=${location}`);
      return inForce;
    },
    beats: () => looks,
    revive() {
      if (!running) return;
      watches += 1;
      looking = Promise.resolve();
      cancelPoll();
      poll();
      void reload();
    },
    stop() {
      running = false;
      cancelPoll();
      cancelSettle();
      watcher?.close();
      watcher = null;
    },
  };
}
