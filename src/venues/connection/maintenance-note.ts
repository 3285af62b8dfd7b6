import type { Clock, EpochMs, Timers } from '#core/time/clock.ts';

/** What a venue has said of its maintenance on a socket that stays open. */
export interface MaintenanceNote {
  /** What it said and when; null: it serves. */
  readonly current: { readonly text: string; readonly since: EpochMs } | null;
  begin(text: string): void;
  /** It serves again: it said so, or data came. */
  end(): void;
}

/** A venue in maintenance that keeps its sockets open is looked at anew after so long without data. */
const LOOK_MS = 300_000;

/** A venue that does not serve is silent for a reason; but not for ever without a look from the outside (`onOverdue`). */
export function createMaintenanceNote(options: {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onChange: () => void;
  readonly onOverdue: (text: string) => void;
}): MaintenanceNote {
  let current: MaintenanceNote['current'] = null;
  let cancel: () => void = () => undefined;
  return {
    get current() {
      return current;
    },
    begin(text) {
      if (current !== null) return;
      current = { text, since: options.clock.epochMs() };
      cancel = options.timers.after(LOOK_MS, () => options.onOverdue(text));
      options.onChange();
    },
    end() {
      if (current === null) return;
      current = null;
      cancel();
      options.onChange();
    },
  };
}
