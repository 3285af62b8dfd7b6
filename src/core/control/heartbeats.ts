import type { MonoNanos } from '../time/clock.ts';

/** What a part of the engine shows of its life at one look. */
export interface HeartbeatReading {
  readonly name: string;
  /** A number that moves while the part works; null: nothing is expected of it now. */
  readonly beats: number | null;
  /** The longest that it takes from one beat to the next while all is well, ms. */
  readonly periodMs: number;
  /** Without a beat for so long it is silent, ms. */
  readonly silentMs: number;
}

/** `resting`: nothing is expected. `late`: past its period, as may happen under load. `silent`: it hangs or is gone. */
export type HeartbeatVerdict = 'ok' | 'late' | 'silent' | 'resting';

/** How a part is. */
export interface HeartbeatFinding {
  readonly name: string;
  readonly verdict: HeartbeatVerdict;
  /** It has moved since the look before. */
  readonly beating: boolean;
  /** For how long it has not moved, ms. */
  readonly quietMs: number;
  /** For people. */
  readonly reason: string;
}

/** Judges one part by how long it has been quiet. */
export function judgeHeartbeat(
  { name, beats, periodMs, silentMs }: HeartbeatReading,
  quietMs: number,
): Pick<HeartbeatFinding, 'verdict' | 'reason'> {
  if (beats === null) return { verdict: 'resting', reason: `${name} has nothing to do` };
  const quiet = `${name} has not moved for ${Math.round(quietMs)} ms`;
  if (quietMs >= silentMs) return { verdict: 'silent', reason: `${quiet}, ${silentMs} ms are its limit` };
  if (quietMs > periodMs) return { verdict: 'late', reason: `${quiet}, it does so each ${periodMs} ms` };
  return { verdict: 'ok', reason: `${name} beats` };
}

interface Known {
  beats: number | null;
  quietMs: number;
}

/**
 * Remembers of each part when it last moved (H13). Time in which nobody looked (the process was stopped, or its event loop stood still) counts against no part: none of them could
 * have moved.
 */
export class HeartbeatBoard {
  readonly #longestMs: number;
  readonly #known = new Map<string, Known>();
  #lookedAt: MonoNanos | null = null;

  /** `lookMs`: how often `look` is called. */
  constructor(lookMs: number) {
    this.#longestMs = 2 * lookMs;
  }

  /** Judges these parts; those that are not among them any more are forgotten. */
  look(readings: readonly HeartbeatReading[], now: MonoNanos): readonly HeartbeatFinding[] {
    const passedMs = Math.min(this.#longestMs, (now - (this.#lookedAt ?? now)) / 1e6);
    this.#lookedAt = now;
    const names = new Set(readings.map((each) => each.name));
    for (const name of [...this.#known.keys()]) if (!names.has(name)) this.#known.delete(name);
    return readings.map((reading) => {
      const known = this.#known.get(reading.name) ?? { beats: null, quietMs: 0 };
      this.#known.set(reading.name, known);
      const moved = reading.beats !== known.beats;
      const beating = moved && known.beats !== null && reading.beats !== null;
      known.quietMs = moved || reading.beats === null ? 0 : known.quietMs + passedMs;
      known.beats = reading.beats;
      return { name: reading.name, beating, quietMs: known.quietMs, ...judgeHeartbeat(reading, known.quietMs) };
    });
  }

  /** The part was begun anew: it has its whole time again. */
  forgive(name: string): void {
    const known = this.#known.get(name);
    if (known !== undefined) known.quietMs = 0;
  }
}
