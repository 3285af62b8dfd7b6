import type { Subscription } from '#core/market/market-message.ts';
import { type Clock, type MonoNanos, nanosFromMs, type Timers } from '#core/time/clock.ts';

export interface SilenceWatch {
  /** Judges these from now on. */
  watch(subscriptions: readonly Subscription[]): void;
  unwatch(subscriptions: readonly Subscription[]): void;
  clear(): void;
  heard(channel: Subscription['channel'], symbol: string, at: MonoNanos): void;
}

interface Watched {
  readonly subscription: Subscription;
  readonly limit: number;
  heardAt: number;
  /** How often it has been found silent since it was last heard. */
  found: number;
}

/**
 * Silence of each channel and symbol by itself, on the monotonic clock: a socket that pongs and is mute is found (R10, F16), and one stalled
 * symbol among others that flow (F17). `onSilent` is called once for each further period of silence; `before` counts the earlier ones.
 */
export function createSilenceWatch(options: {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Infinity: never judged. */
  readonly silenceMs: (subscription: Subscription) => number;
  readonly onSilent: (subscription: Subscription, quietMs: number, before: number) => void;
}): SilenceWatch {
  const { clock, timers } = options;
  const byChannel = new Map<Subscription['channel'], Map<string, Watched>>();
  let cancel: (() => void) | null = null;

  function* all(): Generator<Watched> {
    for (const symbols of byChannel.values()) yield* symbols.values();
  }

  function schedule(): void {
    cancel?.();
    cancel = null;
    let next = Number.POSITIVE_INFINITY;
    for (const watched of all()) next = Math.min(next, watched.heardAt + watched.limit * (watched.found + 1));
    if (next === Number.POSITIVE_INFINITY) return;
    cancel = timers.after(Math.max(1, Math.ceil((next - clock.monoNanos()) / 1e6)), judge);
  }

  function judge(): void {
    cancel = null;
    const now = clock.monoNanos();
    for (const watched of [...all()]) {
      if (now - watched.heardAt < watched.limit * (watched.found + 1)) continue;
      watched.found += 1;
      options.onSilent(watched.subscription, (now - watched.heardAt) / 1e6, watched.found - 1);
    }
    schedule();
  }

  return {
    watch(subscriptions) {
      const now = clock.monoNanos();
      for (const subscription of subscriptions) {
        const limitMs = options.silenceMs(subscription);
        if (limitMs === Number.POSITIVE_INFINITY) continue;
        const symbols = byChannel.get(subscription.channel) ?? new Map<string, Watched>();
        byChannel.set(subscription.channel, symbols);
        symbols.set(subscription.symbol, { subscription, limit: nanosFromMs(limitMs), heardAt: now, found: 0 });
      }
      schedule();
    },
    unwatch(subscriptions) {
      for (const subscription of subscriptions) byChannel.get(subscription.channel)?.delete(subscription.symbol);
      schedule();
    },
    clear() {
      byChannel.clear();
      cancel?.();
      cancel = null;
    },
    heard(channel, symbol, at) {
      const watched = byChannel.get(channel)?.get(symbol);
      if (watched === undefined) return;
      watched.heardAt = at;
      watched.found = 0;
    },
  };
}
