/** Nanoseconds of a monotonic clock since an origin of its own; safe in a double for 104 days. For ages, timeouts and latencies only. */
export type MonoNanos = number & { readonly __unit: 'mono-ns' };

/** Milliseconds since the Unix epoch, UTC; may carry a fraction. For stamps only: it may step. */
export type EpochMs = number & { readonly __unit: 'epoch-ms' };

/** The two clocks (R5). Ambient time is never read inside core: a `Clock` comes in as an argument. */
export interface Clock {
  monoNanos(): MonoNanos;
  epochMs(): EpochMs;
}

/** Timers as a port, so that the simulated world can run them on a virtual clock. */
export interface Timers {
  /** Calls `run` once, `delayMs` from now. Returns what cancels it; cancelling twice is harmless. */
  after(delayMs: number, run: () => void): () => void;
}

/** Randomness as a port: a seeded source in simulations. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}

/** `ms` as monotonic nanoseconds. */
export function nanosFromMs(ms: number): MonoNanos {
  return (ms * 1e6) as MonoNanos;
}
