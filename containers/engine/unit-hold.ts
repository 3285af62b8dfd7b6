import type { HeldLease } from '#core/control/control-ports.ts';
import type { DesiredState } from '#core/control/desired-state.ts';
import type { Clock, MonoNanos } from '#core/time/clock.ts';

/** Desired state comes with each renewal; older than this, nothing is opened. */
const DESIRED_STALE_NANOS = 3e9;

/** The lease under which a unit is traded, as it was renewed last, and the wish that came with it. */
export class UnitHold {
  readonly #clock: Clock;
  #lease: HeldLease;
  #renewedAt: MonoNanos;
  #takenVersion = -1;

  constructor(lease: HeldLease, clock: Clock) {
    this.#clock = clock;
    this.#lease = lease;
    this.#renewedAt = clock.monoNanos();
  }

  /** The fence moves on, and the desired state comes with it. */
  renewed(lease: HeldLease): void {
    this.#lease = lease;
    this.#renewedAt = this.#clock.monoNanos();
  }

  get name(): string {
    return this.#lease.name;
  }

  get epoch(): number {
    return this.#lease.epoch;
  }

  get fencedAt(): MonoNanos {
    return this.#lease.fencedAt;
  }

  get desired(): DesiredState {
    return this.#lease.desired;
  }

  /** Whether nothing may be decided under it any more. */
  over(mono: MonoNanos): boolean {
    return mono >= this.#lease.fencedAt;
  }

  desiredStale(mono: MonoNanos): boolean {
    return mono - this.#renewedAt > DESIRED_STALE_NANOS;
  }

  /** The wish, once for each of its versions; null: it was taken. */
  takeDesired(): DesiredState | null {
    const { desired } = this.#lease;
    if (desired.version === this.#takenVersion) return null;
    this.#takenVersion = desired.version;
    return desired;
  }
}
