import type { Channel, Subscription } from '#core/market/market-message.ts';
import { type Clock, type MonoNanos, nanosFromMs, type Timers } from '#core/time/clock.ts';
import {
  learnGap,
  learnQuiet,
  PEERS,
  peerLimit,
  type Rhythm,
  type Rhythms,
  rhythmOf,
  silenceLimit,
} from './channel-rhythm.ts';

export interface SilenceWatch {
  /** Judges these from now on. */
  watch(subscriptions: readonly Subscription[]): void;
  unwatch(subscriptions: readonly Subscription[]): void;
  clear(): void;
  /** `moved`: it says something new of what its followers show as well (see `PEERS`). */
  heard(channel: Channel, symbol: string, at: MonoNanos, moved: boolean): void;
  /** When it was last heard, or began to be watched; null: it is not watched. */
  lastHeard(subscription: Subscription): number | null;
  /** Something that is judged is not silent. */
  flowing(): boolean;
}

/** `rhythm`: longer than the channel's own. `peer`: the symbol moves on another channel. */
export type SilenceEvidence = 'rhythm' | 'peer';

export interface Silence {
  readonly subscription: Subscription;
  readonly quietMs: number;
  /** How often it was found before since it was last heard. */
  readonly before: number;
  readonly evidence: SilenceEvidence;
}

interface Watched {
  readonly subscription: Subscription;
  readonly paceMs: number;
  readonly rhythm: Rhythm;
  /** Those that must move when this one does. */
  followers: readonly Watched[];
  hasPeer: boolean;
  heardAt: number;
  /** How often it has been found silent since it was last heard, and when last. */
  found: number;
  foundAt: number;
  foundBy: SilenceEvidence;
  peerMoves: number;
}

/** Heard so lately: it flows. */
const FLOWING_MS = 5_000;
/** What is judged is looked at so often, since limits become shorter as rhythms are learned. */
const LOOK_MS = 1_000;

/**
 * Silence of each channel and symbol by itself, on the monotonic clock: a socket that pongs and is mute is found (R10, F16), and one stalled
 * symbol among others that flow (F17). It is judged against the channel's own rhythm and its peer (`channel-rhythm.ts`); `onSilent` is called once for each further
 * period of silence.
 */
export function createSilenceWatch(options: {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rhythms: Rhythms;
  /** The channel's pace as its protocol has it; infinity: never judged by itself. */
  readonly silenceMs: (subscription: Subscription) => number;
  readonly onSilent: (silence: Silence) => void;
}): SilenceWatch {
  const { clock, timers } = options;
  const byChannel = new Map<Channel, Map<string, Watched>>();
  let cancel: (() => void) | null = null;

  function* all(): Generator<Watched> {
    for (const symbols of byChannel.values()) yield* symbols.values();
  }

  /** Peers as they are watched now. */
  function join(): void {
    for (const watched of all()) {
      watched.followers = [];
      watched.hasPeer = false;
    }
    for (const watched of all()) {
      const rule = PEERS[watched.subscription.channel];
      const peer = rule === undefined ? undefined : byChannel.get(rule.peer)?.get(watched.subscription.symbol);
      if (peer === undefined) continue;
      watched.hasPeer = true;
      peer.followers = [...peer.followers, watched];
    }
  }

  /** When it is due to be found, by its rhythm; each further time needs as long again. */
  function dueAt(watched: Watched, now: number): number {
    return watched.heardAt + silenceLimit(watched.rhythm, watched.paceMs, now) * (watched.found + 1);
  }

  function schedule(): void {
    cancel?.();
    cancel = null;
    const now = clock.monoNanos();
    let next = Number.POSITIVE_INFINITY;
    for (const watched of all()) {
      const due = dueAt(watched, now);
      if (due !== Number.POSITIVE_INFINITY || watched.hasPeer) next = Math.min(next, due, now + nanosFromMs(LOOK_MS));
    }
    if (next === Number.POSITIVE_INFINITY) return;
    cancel = timers.after(Math.max(1, Math.ceil((next - now) / 1e6)), judge);
  }

  function evidenceOf(watched: Watched, now: number): SilenceEvidence | null {
    const rule = PEERS[watched.subscription.channel];
    if (watched.hasPeer && rule !== undefined && watched.peerMoves >= rule.moves) {
      const since = watched.found > 0 ? watched.foundAt : watched.heardAt;
      if (now - since >= peerLimit(watched.rhythm, rule, now)) return 'peer';
    }
    return now >= dueAt(watched, now) ? 'rhythm' : null;
  }

  function judge(): void {
    cancel = null;
    const now = clock.monoNanos();
    for (const watched of [...all()]) {
      const evidence = evidenceOf(watched, now);
      if (evidence === null) continue;
      const before = watched.found;
      watched.found += 1;
      watched.foundAt = now;
      watched.foundBy = evidence;
      watched.peerMoves = 0;
      const { subscription } = watched;
      options.onSilent({ subscription, quietMs: (now - watched.heardAt) / 1e6, before, evidence });
    }
    schedule();
  }

  return {
    watch(subscriptions) {
      const now = clock.monoNanos();
      for (const subscription of subscriptions) {
        const symbols = byChannel.get(subscription.channel) ?? new Map<string, Watched>();
        byChannel.set(subscription.channel, symbols);
        symbols.set(subscription.symbol, {
          subscription,
          paceMs: options.silenceMs(subscription),
          rhythm: rhythmOf(options.rhythms, subscription),
          followers: [],
          hasPeer: false,
          heardAt: now,
          found: 0,
          foundAt: now,
          foundBy: 'rhythm',
          peerMoves: 0,
        });
      }
      join();
      schedule();
    },
    unwatch(subscriptions) {
      for (const subscription of subscriptions) byChannel.get(subscription.channel)?.delete(subscription.symbol);
      join();
      schedule();
    },
    clear() {
      // Resubscribed and connected anew, and still nothing: it is waited for longer from now on.
      for (const watched of all()) if (watched.found > 1) learnQuiet(watched.rhythm);
      byChannel.clear();
      cancel?.();
      cancel = null;
    },
    lastHeard: ({ channel, symbol }) => byChannel.get(channel)?.get(symbol)?.heardAt ?? null,
    flowing() {
      const now = clock.monoNanos();
      for (const watched of all()) {
        if (watched.found === 0 && now - watched.heardAt < nanosFromMs(FLOWING_MS)) return true;
      }
      return false;
    },
    heard(channel, symbol, at, moved) {
      const watched = byChannel.get(channel)?.get(symbol);
      if (watched === undefined) return;
      const { rhythm } = watched;
      const gap = at - watched.heardAt;
      // The first message tells nothing of a rhythm, and a gap that was proved a fault is none.
      const isOwn = rhythm.messages > 0 && !(watched.found > 0 && watched.foundBy === 'peer');
      if (isOwn && gap > rhythm.longestGap / 2) learnGap(rhythm, gap, at);
      rhythm.messages += 1;
      if (watched.found > 0) rhythm.doublings = 0;
      watched.heardAt = at;
      watched.found = 0;
      watched.peerMoves = 0;
      if (moved) for (const follower of watched.followers) follower.peerMoves += 1;
    },
  };
}
