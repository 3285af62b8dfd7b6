import type { BookChange } from '#core/market/scanned-message.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';
import type { FeedMessage, FeedSocket } from './feed-socket.ts';

/**
 * Why a message of one of two sockets was not handed on. `duplicate`: the other socket carries that book, or both have said it. `ahead`: it does not join the book yet, which the
 * other socket carries on. `outsideWindow`: of an event channel, and the other socket's to count (`connection-window.ts`).
 */
const OVERLAP_DROPS = ['duplicate', 'ahead', 'outsideWindow'] as const;
export type OverlapDrop = (typeof OVERLAP_DROPS)[number];

/** A change of socket on its way. */
export interface SocketChange {
  readonly old: FeedSocket;
  readonly successor: FeedSocket;
  readonly reason: string;
  /** Books that the successor carries already. */
  readonly joined: Set<string>;
  /** Venue time above monotonic time, ms: the largest seen lies closest to the truth. */
  venueAhead: number;
  /** Newest venue time of an event on each socket; 0: none since the change began. */
  newestOld: number;
  newestNew: number;
  from: EpochMs | null;
  /** From then on, on the monotonic clock, the old socket may go. */
  endsAt: number;
  cancel: () => void;
}

export function beginChange(old: FeedSocket, successor: FeedSocket, reason: string): SocketChange {
  return {
    old,
    successor,
    reason,
    joined: new Set(),
    venueAhead: Number.NEGATIVE_INFINITY,
    newestOld: 0,
    newestNew: 0,
    from: null,
    endsAt: Number.POSITIVE_INFINITY,
    cancel: () => undefined,
  };
}

/** The socket that a book is taken from now. */
export function carrierOf(change: SocketChange, symbol: string): FeedSocket {
  return change.joined.has(symbol) ? change.successor : change.old;
}

/** One socket carries a book at a time; the successor begins where it has reached the book, or follows it at once. */
export function dropOfBook(
  change: SocketChange,
  socket: FeedSocket,
  message: BookChange,
  known: number | null,
): OverlapDrop | null {
  const { symbol } = message;
  if (carrierOf(change, symbol) === socket) return null;
  if (socket !== change.successor) return 'duplicate';
  if (known === null) {
    if (!message.isSnapshot) return 'ahead';
  } else if (message.lastSequence < known) {
    return 'duplicate';
  } else if (message.lastSequence === known) {
    change.joined.add(symbol);
    return 'duplicate';
  } else if (!message.isSnapshot && !follows(message, known)) {
    return 'ahead';
  }
  change.joined.add(symbol);
  return null;
}

/** Everything that counts is taken from the socket whose window holds the venue's time of it. */
export function dropOfEvent(
  change: SocketChange,
  socket: FeedSocket,
  message: Exclude<FeedMessage, BookChange>,
  receivedAt: MonoNanos,
): OverlapDrop | null {
  // Both are told apart by their own identity wherever they are used, and must never be missed.
  if (message.type === 'news' || message.type === 'tradingStatus') return null;
  const { exchangeTime } = message;
  const isOld = socket !== change.successor;
  change.venueAhead = Math.max(change.venueAhead, exchangeTime - receivedAt / 1e6);
  if (isOld) change.newestOld = Math.max(change.newestOld, exchangeTime);
  else change.newestNew = Math.max(change.newestNew, exchangeTime);
  const isAfter = change.from !== null && exchangeTime >= change.from;
  return isAfter === isOld ? 'outsideWindow' : null;
}

/** It says what comes right after sequence `known`. */
function follows({ firstSequence, previousSequence }: BookChange, known: number): boolean {
  return previousSequence === null ? firstSequence === known + 1 : previousSequence === known;
}
