import type { Channel, Subscription } from '#core/market/market-message.ts';
import { nanosFromMs } from '#core/time/clock.ts';
import { keyOf } from './subscription-requests.ts';

/** Shortest silence that is ever judged, unless the venue's own pace for the channel is shorter. */
const FLOOR_MS = 5_000;
/** A channel is silent after so many times its longest gap of late. */
const PATIENCE = 4;
/** A learned limit is never longer than so many times the channel's pace. */
const CEILING_PACES = 20;
/** So many messages make a rhythm. */
const LEARNED_AFTER = 16;
/** A long gap is forgotten by half in this time. */
const HALF_LIFE_NS = nanosFromMs(600_000);
/** A silence that neither a resubscription nor a new connection ended doubles the limit, up to 2^this: the symbol is quiet. */
const MAX_DOUBLINGS = 6;

/** What one channel of one symbol was like so far; outlives the connection that it was learned on. */
export interface Rhythm {
  messages: number;
  /** Longest gap of late, ns. */
  longestGap: number;
  longestAt: number;
  doublings: number;
}

/** Rhythms by channel and symbol, shared by a connection and its successors. */
export type Rhythms = Map<string, Rhythm>;

export function createRhythms(): Rhythms {
  return new Map();
}

export function rhythmOf(rhythms: Rhythms, subscription: Subscription): Rhythm {
  const key = keyOf(subscription);
  const known = rhythms.get(key);
  if (known !== undefined) return known;
  const fresh: Rhythm = { messages: 0, longestGap: 0, longestAt: 0, doublings: 0 };
  rhythms.set(key, fresh);
  return fresh;
}

/** How long, in ns, this channel may be silent now. `paceMs`: what its protocol says of it; infinity: it is never judged by itself. */
export function silenceLimit(rhythm: Rhythm, paceMs: number, now: number): number {
  if (paceMs === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  const doubled = 2 ** rhythm.doublings;
  if (rhythm.messages < LEARNED_AFTER) return nanosFromMs(paceMs) * doubled;
  const learned = PATIENCE * remembered(rhythm, now);
  const floor = nanosFromMs(Math.min(FLOOR_MS, paceMs));
  return Math.min(Math.max(learned, floor), nanosFromMs(paceMs * CEILING_PACES)) * doubled;
}

/** A gap between two messages that the venue made by itself. */
export function learnGap(rhythm: Rhythm, gap: number, now: number): void {
  if (gap > remembered(rhythm, now)) {
    rhythm.longestGap = gap;
    rhythm.longestAt = now;
  }
}

/** The silence outlasted all that can be done about it. */
export function learnQuiet(rhythm: Rhythm): void {
  rhythm.doublings = Math.min(MAX_DOUBLINGS, rhythm.doublings + 1);
}

function remembered(rhythm: Rhythm, now: number): number {
  return rhythm.longestGap * 2 ** (-(now - rhythm.longestAt) / HALF_LIFE_NS);
}

/** What shows that a channel is mute while the symbol lives. */
export interface PeerRule {
  readonly peer: Channel;
  /** The peer must have moved so often since the channel was last heard … */
  readonly moves: number;
  /** … and so long must that be ago, and longer than the channel's own rhythm explains. */
  readonly quietMs: number;
}

/**
 * A best price that keeps changing changes the book as well, and a last price comes from a trade. The other way round proves nothing: a book moves at depth while its best
 * price stands, and without a trade.
 */
export const PEERS: Readonly<Partial<Record<Channel, PeerRule>>> = {
  book: { peer: 'quotes', moves: 20, quietMs: 2_000 },
  trades: { peer: 'ticker', moves: 5, quietMs: 10_000 },
};

/** How long, in ns, a channel with a peer that moves may be silent. */
export function peerLimit(rhythm: Rhythm, rule: PeerRule, now: number): number {
  const learned = rhythm.messages < LEARNED_AFTER ? 0 : PATIENCE * remembered(rhythm, now);
  return Math.min(Math.max(learned, nanosFromMs(rule.quietMs)), nanosFromMs(rule.quietMs * CEILING_PACES));
}
