import type { Timers } from '#core/time/clock.ts';
import type { Credentials } from '../venue.ts';

export interface CredentialWatch {
  /** These are in use, or were refused, on the connection; the watch compares with them from now on. */
  using(credentials: Credentials | null): void;
  start(): void;
  stop(): void;
}

/** Looks for changed keys at intervals, so that a rotation is in use well within 60 s (R1). */
export function createCredentialWatch(options: {
  readonly credentials: () => Credentials | null;
  readonly timers: Timers;
  readonly onChange: () => void;
  readonly everyMs?: number;
}): CredentialWatch {
  const everyMs = options.everyMs ?? 5_000;
  let current: Credentials | null = null;
  let cancel: (() => void) | null = null;

  function look(): void {
    cancel = options.timers.after(everyMs, look);
    const latest = options.credentials();
    if (latest === null || (latest.key === current?.key && latest.secret === current.secret)) return;
    current = latest;
    options.onChange();
  }

  return {
    using(credentials) {
      current = credentials;
    },
    start() {
      cancel ??= options.timers.after(everyMs, look);
    },
    stop() {
      cancel?.();
      cancel = null;
    },
  };
}
