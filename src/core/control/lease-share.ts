import { MillraceError } from '../errors.ts';

/** How many of the leases one engine is to hold: `least` where they do not divide evenly, `most` at most. */
export interface LeaseShare {
  readonly least: number;
  readonly most: number;
}

/** How many feeds each engine is meant to hold: spread evenly over so many engines, or a number of its own. */
export type DeclaredShare =
  | { readonly engines: number; readonly leases?: never }
  | { readonly leases: number; readonly engines?: never };

/** Waits before a lease that is free is taken, ms. */
export interface TakeTimes {
  /** Below `most`, but not below `least`: the one that is left over goes to whoever is the first. */
  readonly remainderMs: number;
  /** Beyond the share: what was released or never held, and nobody has taken for so long, has no owner that is still to come. */
  readonly graceMs: number;
  /** For each lease held beyond the share, so that who holds least takes first; at most `spreadCapMs`. */
  readonly spreadMs: number;
  readonly spreadCapMs: number;
  /** Up to so much by chance, so that equals do not meet. */
  readonly jitterMs: number;
}

/** With a lease of 4 s, seen to end within 5 s, the slowest take of a dead engine's comes 1.25 s later: a takeover stays within 10 s. */
export const TAKE_TIMES: TakeTimes = {
  remainderMs: 500,
  graceMs: 1_500,
  spreadMs: 250,
  spreadCapMs: 1_000,
  jitterMs: 250,
};

/** What a declared share comes to with so many leases. Throws `LEASE_SHARE` for a share of nothing. */
export function shareOf(leases: number, declared: DeclaredShare): LeaseShare {
  const { engines, leases: own } = declared;
  const number = own ?? engines;
  if (!Number.isInteger(number) || number < 1) {
    throw new MillraceError('configuration', 'LEASE_SHARE', `share=${JSON.stringify(declared)} must be 1 or more`);
  }
  if (own !== undefined) return { least: own, most: own };
  return { least: Math.floor(leases / number), most: Math.ceil(leases / number) };
}

/**
 * How long a lease must have been free before an engine that holds `held` takes it, ms; `chance` in [0, 1). One that `expired` was a dead or stopped engine's, and waits for nobody but an engine
 * that holds fewer.
 */
export function takeAfterMs(
  held: number,
  share: LeaseShare,
  chance: number,
  expired: boolean,
  times: TakeTimes = TAKE_TIMES,
): number {
  if (held < share.least) return 0;
  const jitter = times.jitterMs * chance;
  if (held < share.most) return (expired ? 0 : times.remainderMs) + jitter;
  const spread = Math.min(times.spreadCapMs, (held - share.most) * times.spreadMs);
  return (expired ? 0 : times.graceMs) + spread + jitter;
}

/**
 * Whether an engine that holds `held` gives one up to an engine that holds `asking`. Each such hand-over brings the two nearer to one another, so the sum of the
 * squares of what is held falls with each: there is an end to them, and none is ever taken back.
 */
export function handsOver(held: number, asking: number, share: LeaseShare): boolean {
  if (held < asking + 2) return false;
  return (held > share.most && asking < share.most) || (held > share.least && asking < share.least);
}
