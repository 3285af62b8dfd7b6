import type { Clock, EpochMs, MonoNanos, Timers } from '#core/time/clock.ts';
import type { VirtualTime } from './virtual-time.ts';

/** 2025-06-01T00:00:00Z: where the wall clocks of worlds begin. */
export const WORLD_BEGAN = 1_748_736_000_000;

/**
 * One process of a world: a monotonic clock with an origin of its own, a wall clock that may step, timers, and what arrives from outside. Killed, it loses all of it
 * (SIGKILL); paused, it does nothing while time goes on and what is due piles up (SIGSTOP).
 */
export class WorldProcess {
  readonly name: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly #time: VirtualTime;
  #state: 'down' | 'running' | 'paused' = 'down';
  #life = 0;
  #bootedAtMs = 0;
  #wallAheadMs = 0;
  #arrived: (() => void)[] = [];
  #due: (() => void)[] = [];

  constructor(name: string, time: VirtualTime) {
    this.name = name;
    this.#time = time;
    this.clock = {
      monoNanos: () => Math.round((1_000 + time.nowMs - this.#bootedAtMs) * 1e6) as MonoNanos,
      epochMs: () => (WORLD_BEGAN + time.nowMs + this.#wallAheadMs) as EpochMs,
    };
    this.timers = { after: (delayMs, run) => this.#schedule(delayMs, run, () => this.#due) };
  }

  get state(): 'down' | 'running' | 'paused' {
    return this.#state;
  }

  start(): void {
    this.#state = 'running';
    this.#life += 1;
    this.#bootedAtMs = this.#time.nowMs;
  }

  kill(): void {
    this.#state = 'down';
    this.#life += 1;
    this.#arrived = [];
    this.#due = [];
  }

  pause(): void {
    if (this.#state === 'running') this.#state = 'paused';
  }

  /** What piled up is carried out: what arrived and the timers, in the order that is asked for. */
  resume(first: 'arrived' | 'timers'): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    const [arrived, due] = [this.#arrived, this.#due];
    this.#arrived = [];
    this.#due = [];
    // Each as an event of its own, so that promises settle between them as they would in the event loop.
    for (const run of first === 'arrived' ? [...arrived, ...due] : [...due, ...arrived]) this.deliver(0, run);
  }

  stepWall(ms: number): void {
    this.#wallAheadMs += ms;
  }

  /** Wall time ahead of the true one, ms. */
  get wallAheadMs(): number {
    return this.#wallAheadMs;
  }

  /** Something from outside reaches the process in `delayMs`, if it lives then. */
  deliver(delayMs: number, run: () => void): void {
    this.#schedule(delayMs, run, () => this.#arrived);
  }

  /** Where answers to what the process asks now are delivered: none reaches what runs under its name after a crash. */
  answerTo(): (delayMs: number, run: () => void) => void {
    const life = this.#life;
    return (delayMs, run) => {
      this.#schedule(delayMs, run, () => this.#arrived, life);
    };
  }

  #schedule(delayMs: number, run: () => void, backlog: () => (() => void)[], life = this.#life): () => void {
    let cancelled = false;
    const step = () => {
      if (cancelled || life !== this.#life) return;
      if (this.#state === 'paused') backlog().push(step);
      else if (this.#state === 'running') run();
    };
    const cancel = this.#time.after(delayMs, step);
    return () => {
      cancelled = true;
      cancel();
    };
  }
}
