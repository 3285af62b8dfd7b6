import type { HeldLease } from '#core/control/control-ports.ts';
import type { MonoNanos } from '#core/time/clock.ts';
import type { LeaseRow } from './control-item.ts';

/** One lease as its keeper knows it. */
export interface Keep {
  readonly name: string;
  held: { readonly grant: string; readonly since: MonoNanos; lease: HeldLease } | null;
  /** What a waiter saw last (null: no such item), and since when by its own monotonic clock. */
  seen: { readonly row: LeaseRow | null; readonly since: MonoNanos } | null;
  ownGrants: string[];
  acquiring: boolean;
  /** The engine that it is being given up for. */
  leavingFor: string | null;
  /** What another engine asks, and since when it is known here. */
  asked: { readonly id: string; readonly since: MonoNanos } | null;
  /** Drawn once for each time it is free. */
  chance: number;
  /** Why it is not taken, while it is free. */
  waiting: string | null;
  /** Grows with each step that is arranged: one whose call was still unanswered then is overtaken, and decides nothing more. */
  turn: number;
  /** How often it was looked at or renewed. */
  steps: number;
  /** Until then what earlier holders signed may still be carried out, as far as it is known here. */
  settledFrom: MonoNanos;
  /** Left alone until then: it was let go on purpose. */
  restsUntil: MonoNanos;
  /** No longer wanted: an answer that is still to come is not acted upon. */
  dropped: boolean;
  cancelStep: () => void;
  cancelFence: () => void;
}

const nothing = () => undefined;

export function createKeep(name: string): Keep {
  return {
    name,
    held: null,
    seen: null,
    ownGrants: [],
    acquiring: false,
    leavingFor: null,
    asked: null,
    chance: 0,
    waiting: null,
    turn: 0,
    steps: 0,
    settledFrom: Number.NEGATIVE_INFINITY as MonoNanos,
    restsUntil: Number.NEGATIVE_INFINITY as MonoNanos,
    dropped: false,
    cancelStep: nothing,
    cancelFence: nothing,
  };
}

/** When others may take what was seen, by the monotonic clock of whoever saw it: at once if nobody holds it. */
export function freeFrom(seen: NonNullable<Keep['seen']>): MonoNanos {
  if (seen.row === null || seen.row.released) return seen.since;
  return (seen.since + seen.row.leaseMs * 1e6) as MonoNanos;
}

/**
 * Until when what the holder of `row` signed may still be carried out, by the monotonic clock of who is about to take it. A lease that ran out was watched for all of it, and what its holder signed ends before
 * it (`marginMs`); one that was given up says for how long, counted here from when it was seen to be.
 */
export function settledFrom(seen: Keep['seen'], row: LeaseRow | null, now: MonoNanos): MonoNanos {
  if (row === null || !row.released) return now;
  const since = seen?.row?.rvn === row.rvn ? seen.since : now;
  return (since + Math.min(row.unsettledMs ?? row.leaseMs, row.leaseMs) * 1e6) as MonoNanos;
}

/** How many leases each other engine is seen to hold; null while something is free or not looked at yet: that is settled first. */
export function othersHold(keeps: readonly Keep[], now: MonoNanos): ReadonlyMap<string, Keep[]> | null {
  const holders = new Map<string, Keep[]>();
  for (const keep of keeps) {
    if (keep.held !== null) continue;
    if (keep.acquiring || keep.seen === null || keep.seen.row === null || freeFrom(keep.seen) <= now) return null;
    const { holder } = keep.seen.row;
    const theirs = holders.get(holder) ?? [];
    theirs.push(keep);
    holders.set(holder, theirs);
  }
  return holders;
}

/** Why a lease is not held, for people. */
export function whyNotHeld(keep: Keep, now: MonoNanos): string {
  if (keep.acquiring) return 'being taken';
  if (keep.seen === null) return 'not looked at yet';
  if (freeFrom(keep.seen) <= now) return `free, ${keep.waiting ?? 'to be taken at the next look'}`;
  return `held by ${keep.seen.row?.holder ?? 'nobody on record'}`;
}
