import type { LeaseEvent } from '#core/control/control-ports.ts';
import { DEFAULT_DESIRED_STATE, type DesiredState } from '#core/control/desired-state.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';
import { systemClock } from '#core/time/system-clock.ts';
import type { LeaseHolder } from '#engine/engine.ts';

const RENEW_MS = 200;
const VALID_MS = 4_000;

/** Leases that are always granted and renewed, for an engine that runs alone. `desired` is what each renewal brings. */
export class SteadyLeases {
  desired: DesiredState = DEFAULT_DESIRED_STATE;
  #paused = false;
  /** Of the next acquisition of each: an epoch never comes twice. */
  readonly #epochs = new Map<string, number>();

  /** Renewals stop: the holder is to fence itself. */
  pause(): void {
    this.#paused = true;
  }

  #epoch(name: string): number {
    return this.#epochs.get(name) ?? 6;
  }

  readonly create = (
    names: readonly string[],
    onEvent: (event: LeaseEvent) => void,
    mayAcquire: (name: string) => boolean,
  ): LeaseHolder => {
    const held = new Set<string>();
    let wanted = names;
    let timer: NodeJS.Timeout | null = null;
    const step = () => {
      for (const name of wanted) {
        const lease = {
          name,
          epoch: held.has(name) ? this.#epoch(name) : this.#epoch(name) + 1,
          fencedAt: (systemClock.monoNanos() + VALID_MS * 1e6) as MonoNanos,
          validUntil: (systemClock.epochMs() + VALID_MS) as EpochMs,
          desired: this.desired,
        };
        if (held.has(name)) {
          if (!this.#paused) onEvent({ kind: 'renewed', lease });
        } else if (mayAcquire(name)) {
          held.add(name);
          this.#epochs.set(name, lease.epoch);
          onEvent({ kind: 'acquired', lease, tookOverFrom: null, predecessorLeftMs: 0 });
        }
      }
    };
    return {
      start: () => {
        timer = setInterval(step, RENEW_MS);
        step();
      },
      stop: async () => {
        if (timer !== null) clearInterval(timer);
        for (const name of held) onEvent({ kind: 'lost', name, epoch: this.#epoch(name), reason: 'released' });
        held.clear();
        await Promise.resolve();
      },
      release: async (name) => {
        if (held.delete(name)) onEvent({ kind: 'lost', name, epoch: this.#epoch(name), reason: 'released' });
      },
      rename: async (next) => {
        wanted = next;
        for (const name of held) if (!next.includes(name)) held.delete(name);
      },
      overview: () => ({
        share: null,
        held: [...held],
        notHeld: wanted.filter((name) => !held.has(name)).map((name) => ({ name, reason: 'not taken yet' })),
      }),
    };
  };
}
