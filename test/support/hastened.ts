import type { Timers } from '#core/time/clock.ts';
import { systemTimers } from '#core/time/system-clock.ts';

/** The process's timers, with waits of `fromMs` made `toMs`. */
export function hastened(fromMs: number, toMs: number): Timers {
  return { after: (delayMs, run) => systemTimers.after(delayMs === fromMs ? toMs : delayMs, run) };
}
