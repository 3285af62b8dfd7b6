import { randomUUID } from 'node:crypto';
import type { HeldLease, LeaseEvent, LeaseOverview } from '#core/control/control-ports.ts';
import { type DeclaredShare, handsOver, type LeaseShare, shareOf, takeAfterMs } from '#core/control/lease-share.ts';
import { MillraceError } from '#core/errors.ts';
import { type Clock, type EpochMs, type MonoNanos, nanosFromMs, type Random, type Timers } from '#core/time/clock.ts';
import type { LeaseRequest, LeaseRow } from './control-item.ts';
import { createKeep, freeFrom, type Keep, othersHold, settledFrom, whyNotHeld } from './lease-keep.ts';
import type { LeaseTable, LeaseWriteAnswer } from './lease-table.ts';

export interface LeaseKeeperOptions {
  readonly table: LeaseTable;
  /** Name of this engine, for people; what tells processes apart is a grant of their own. */
  readonly holder: string;
  /** Leases that this engine would hold. */
  readonly names: readonly string[];
  /** How long a lease lasts after the start of its last renewal, ms. */
  readonly leaseMs?: number;
  readonly renewMs?: number;
  /** The holder fences itself this long before the lease ends: allowance for clocks that run at different speeds, ms. */
  readonly marginMs?: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onEvent: (event: LeaseEvent) => void;
  /** A call to the table failed or was not answered in time; it is repeated. */
  readonly onError?: (name: string, error: unknown) => void;
  /** At most so many leases are held at once. */
  readonly maximum?: number;
  /** Whether a lease may be taken now; while not, it is still watched, so that nothing is lost when it may. */
  readonly mayAcquire?: (name: string) => boolean;
  /**
   * How many of the leases this engine is to hold: up to them it takes what is free at once, beyond them only what has stayed free, and one with fewer asks one with more
   * for a hand-over (`requested`). Absent: whatever is free is taken, and nothing is asked for.
   */
  readonly share?: { readonly declared: DeclaredShare; readonly random: Random };
  readonly newGrant?: () => string;
}

export interface LeaseKeeper {
  start(): void;
  /**
   * Ends it. With `release`, held leases are given up at once, so that a successor need not wait; `settled` says that no order is on its way any
   * more, so that the successor need not wait for their validity either. Call it after draining.
   */
  stop(how: { readonly release: boolean; readonly settled?: boolean }): Promise<void>;
  /** Gives one lease up while it goes on with the others; `to`: for an engine that asked for it. Call it after draining. */
  release(name: string, how: { readonly settled: boolean; readonly to: string | null }): Promise<void>;
  /** Changes which leases this engine would hold. One that is held and no longer named is released as it stands: drain and release it before. */
  rename(names: readonly string[]): Promise<void>;
  /** Leases held now, by this process's own monotonic clock. */
  held(): readonly HeldLease[];
  overview(): LeaseOverview;
  /** How often each was looked at or renewed so far, by name: what moves while the keeper works (H13). */
  beats(): ReadonlyMap<string, number>;
  /** Looks at one now, whatever became of the look before. */
  revive(name: string): void;
  /** Lets one end without giving it up, since what it is for cannot be done here: who watches over leases sees it stand still. It is not taken here again for so long. */
  lapse(name: string, restMs: number, reason: string): void;
}

/** The instant from which first epochs count seconds: 2025-01-01T00:00:00Z. */
const EPOCH_ORIGIN_MS = 1_735_689_600_000;
/** Own grants remembered per lease: enough for all calls that can be on their way. */
const REMEMBERED_GRANTS = 16;

/** How long another's wish for a lease stands, and how long before the next is written. */
const REQUEST_MS = 4_000;
/** One hand-over at a time, and so long between two. */
const HAND_OVER_EVERY_MS = 2_000;
/** What has just been taken is not handed on before it works again: a crash costs one takeover, not two. */
const HELD_AT_LEAST_MS = 10_000;

const nothing = () => undefined;

/**
 * Holds leases: acquires what is free, renews what it holds, and judges the expiry of others' by seeing the same renewal number for the whole of
 * the lease on its own monotonic clock. A holder counts its lease as lost at the start of its last answered renewal + `leaseMs` − `marginMs`, which
 * is before anyone else can take it. The engine checks `fencedAt` itself before each order: a paused process runs no timers.
 */
export function createLeaseKeeper(options: LeaseKeeperOptions): LeaseKeeper {
  const { table, holder, clock, timers, onEvent, onError = nothing, newGrant = randomUUID } = options;
  const {
    leaseMs = 4000,
    renewMs = 1000,
    marginMs = 500,
    maximum = Number.POSITIVE_INFINITY,
    mayAcquire = () => true,
  } = options;
  if (renewMs * 2 + marginMs > leaseMs) {
    throw new MillraceError(
      'configuration',
      'LEASE_TIMES',
      `leaseMs=${leaseMs} renewMs=${renewMs} marginMs=${marginMs}`,
    );
  }
  let keeps: readonly Keep[] = options.names.map(createKeep);
  let running = false;
  /** Until then nothing is asked for, and nothing handed over. */
  let quietUntil = (clock.monoNanos() + nanosFromMs(HAND_OVER_EVERY_MS)) as MonoNanos;
  let asksAgainAt = quietUntil;

  const shareNow = (): LeaseShare | null =>
    options.share === undefined ? null : shareOf(keeps.length, options.share.declared);
  const taken = () => keeps.filter((each) => each.held !== null || each.acquiring).length;

  const leftMs = (until: MonoNanos) => Math.max(0, (until - clock.monoNanos()) / 1e6);

  /** What was signed under it, or before it was taken, may be carried out until then: whoever holds it next waits for that, be it this engine again. */
  const settlesFrom = (keep: Keep, until: MonoNanos) => {
    keep.settledFrom = Math.max(keep.settledFrom, until) as MonoNanos;
  };

  /** What a release says of it: the successor's clock may run at another speed. */
  const unsettledMs = ({ settledFrom: until }: Keep) => (leftMs(until) === 0 ? 0 : leftMs(until) + marginMs);

  const validFrom = (start: MonoNanos, wall: EpochMs) => ({
    fencedAt: (start + nanosFromMs(leaseMs - marginMs)) as MonoNanos,
    validUntil: (wall + leaseMs - marginMs) as EpochMs,
  });

  /** The answer of a call, or a rejection when none comes within one renewal interval. */
  function answered<Answer>(call: Promise<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const cancel = timers.after(renewMs, () =>
        reject(new MillraceError('unknown', 'LEASE_TABLE_SILENT', `holder=${holder} waitedMs=${renewMs}`)),
      );
      call.then(resolve, reject).finally(cancel);
    });
  }

  function stepAfter(keep: Keep, delayMs: number): void {
    keep.cancelStep();
    keep.turn += 1;
    keep.acquiring = false;
    if (!running || keep.dropped) return;
    const { turn } = keep;
    keep.cancelStep = timers.after(Math.max(0, delayMs), () => {
      keep.steps += 1;
      const step = keep.held === null ? wait(keep, turn) : renew(keep, keep.held.grant, turn);
      step.catch((error: unknown) => {
        onError(keep.name, error);
        // A renewal has little time left; a waiter has all of it.
        if (keep.turn === turn) stepAfter(keep, keep.held === null ? renewMs : renewMs / 4);
      });
    });
  }

  function lose(keep: Keep, reason: string): void {
    if (keep.held === null) return;
    const { lease } = keep.held;
    keep.cancelFence();
    keep.held = null;
    settlesFrom(keep, lease.fencedAt);
    keep.seen = null;
    keep.leavingFor = null;
    onEvent({ kind: 'lost', name: keep.name, epoch: lease.epoch, reason });
    stepAfter(keep, 0);
  }

  function armFence(keep: Keep, lease: HeldLease): void {
    keep.cancelFence();
    const leftMs = (lease.fencedAt - clock.monoNanos()) / 1e6;
    keep.cancelFence = timers.after(Math.max(0, leftMs), () => lose(keep, 'not renewed in time'));
  }

  async function wait(keep: Keep, turn: number): Promise<void> {
    const restMs = (keep.restsUntil - clock.monoNanos()) / 1e6;
    if (restMs > 0) {
      stepAfter(keep, Math.min(renewMs, restMs));
      return;
    }
    const row = await answered(table.read(keep.name));
    if (!running || keep.dropped || keep.turn !== turn) return;
    const now = clock.monoNanos();
    // An acquisition of ours whose answer was lost.
    if (row !== null && !row.released && keep.ownGrants.includes(row.grant)) {
      await acquire(keep, row, turn);
      return;
    }
    if (keep.seen === null || keep.seen.row?.epoch !== row?.epoch || keep.seen.row?.rvn !== row?.rvn) {
      keep.seen = { row, since: now };
      keep.chance = options.share?.random.next() ?? 0;
    } else keep.seen = { row, since: keep.seen.since };
    const free = freeFrom(keep.seen);
    if (now < free) {
      stepAfter(keep, Math.min(renewMs, (free - now) / 1e6));
      ask(now);
      return;
    }
    const leftMs = leftToOthersMs(keep, row) - (now - free) / 1e6;
    if (leftMs <= 0) await acquire(keep, row, turn);
    else stepAfter(keep, Math.min(renewMs / 4, leftMs));
  }

  /** How long a lease is left to others from when it is free, ms. */
  function leftToOthersMs(keep: Keep, row: LeaseRow | null): number {
    const share = shareNow();
    const reserved = row?.reservedFor ?? null;
    if (share === null || reserved === holder) return 0;
    const waitMs = takeAfterMs(taken(), share, keep.chance, row !== null && !row.released);
    const reservedMs = reserved === null ? 0 : 3 * renewMs;
    if (reservedMs > 0) keep.waiting = `reserved for ${reserved}`;
    else if (waitMs > 0) keep.waiting = `left to others for ${Math.round(waitMs)} ms: this engine has its share`;
    return Math.max(waitMs, reservedMs);
  }

  /** With less than its share, it asks the engine with the most for one lease, now and then. */
  function ask(now: MonoNanos): void {
    const share = shareNow();
    if (share === null || now < asksAgainAt) return;
    const others = othersHold(keeps, now);
    if (others === null) return;
    const own = taken();
    const [richest] = [...others.values()].sort((left, right) => right.length - left.length);
    if (richest === undefined || !handsOver(richest.length, own, share)) return;
    const keep = richest[Math.floor((options.share?.random.next() ?? 0) * richest.length)];
    const row = keep?.seen?.row;
    if (keep === undefined || row === undefined || row === null || !mayAcquire(keep.name)) return;
    asksAgainAt = (now + nanosFromMs(REQUEST_MS)) as MonoNanos;
    answered(table.request(keep.name, row, { by: holder, holds: own, id: newGrant() })).catch((error: unknown) =>
      onError(keep.name, error),
    );
  }

  /** What another asks for beside a lease of ours: it gets it if that brings the two nearer to one another, one at a time. */
  function considerRequest(keep: Keep, lease: HeldLease, request: LeaseRequest | null): void {
    const share = shareNow();
    if (share === null || request === null || request.by === holder) return;
    const now = clock.monoNanos();
    if (keep.asked?.id !== request.id) keep.asked = { id: request.id, since: now };
    if (now - keep.asked.since > nanosFromMs(REQUEST_MS) || now < quietUntil) return;
    if (keep.held === null || now - keep.held.since < nanosFromMs(HELD_AT_LEAST_MS)) return;
    if (keeps.some((each) => each.leavingFor !== null)) return;
    if (!handsOver(keeps.filter((each) => each.held !== null).length, request.holds, share)) return;
    keep.leavingFor = request.by;
    onEvent({ kind: 'requested', name: keep.name, epoch: lease.epoch, by: request.by });
  }

  async function acquire(keep: Keep, seen: LeaseRow | null, turn: number): Promise<void> {
    if (taken() >= maximum || !mayAcquire(keep.name)) {
      keep.waiting = 'not to be taken by this engine now';
      stepAfter(keep, renewMs / 4);
      return;
    }
    const start = clock.monoNanos();
    const wall = clock.epochMs();
    const grant = newGrant();
    // An acquisition of ours whose answer was lost has written over what the holder before it said.
    settlesFrom(keep, settledFrom(keep.seen, seen, start));
    // A first epoch counts from the making of the item, so that a table that is made anew never repeats one.
    const epoch = seen === null ? Math.max(1, Math.floor((wall - EPOCH_ORIGIN_MS) / 1000)) : seen.epoch + 1;
    const { fencedAt, validUntil } = validFrom(start, wall);
    keep.ownGrants = [...keep.ownGrants, grant].slice(-REMEMBERED_GRANTS);
    keep.acquiring = true;
    try {
      const answer = await answered(
        table.acquire({ name: keep.name, grant, epoch, holder, leaseMs, validUntil }, seen),
      );
      if (!running || keep.dropped) {
        // Stopped meanwhile: what was just taken is given back, nothing was done under it.
        const back = { name: keep.name, grant, epoch, unsettledMs: unsettledMs(keep), reservedFor: null };
        if (answer.kind === 'done') await answered(table.release(back));
        return;
      }
      // What was taken here is found again by its grant, and taken anew.
      if (keep.turn !== turn) return;
      if (answer.kind === 'refused' || clock.monoNanos() >= fencedAt) {
        stepAfter(keep, answer.kind === 'refused' ? renewMs : 0);
        return;
      }
      const lease: HeldLease = { name: keep.name, epoch, fencedAt, validUntil, desired: answer.desired };
      keep.held = { grant, since: start, lease };
      keep.seen = null;
      keep.asked = null;
      keep.leavingFor = null;
    } finally {
      if (keep.turn === turn) keep.acquiring = false;
    }
    const { lease } = keep.held;
    armFence(keep, lease);
    stepAfter(keep, renewMs - (clock.monoNanos() - start) / 1e6);
    onEvent({
      kind: 'acquired',
      lease,
      tookOverFrom: seen?.holder ?? null,
      predecessorLeftMs: leftMs(keep.settledFrom),
    });
  }

  async function renew(keep: Keep, grant: string, turn: number): Promise<void> {
    const current = keep.held;
    if (current === null || current.grant !== grant) return;
    const start = clock.monoNanos();
    if (start >= current.lease.fencedAt) {
      lose(keep, 'not renewed in time');
      return;
    }
    const valid = validFrom(start, clock.epochMs());
    const { epoch } = current.lease;
    const call = table.renew({ name: keep.name, grant, epoch, validUntil: valid.validUntil });
    const take = (answer: LeaseWriteAnswer) => renewed(keep, grant, valid, answer);
    // A slow answer counts as well, while the lease still holds: it says that the row was renewed after `start`.
    let late = false;
    call.then(
      (answer) => {
        if (late) take(answer);
      },
      () => undefined,
    );
    let answer: LeaseWriteAnswer;
    try {
      answer = await answered(call);
    } finally {
      late = true;
    }
    if (take(answer) && keep.turn === turn) stepAfter(keep, renewMs - (clock.monoNanos() - start) / 1e6);
  }

  /** What an answered renewal changes; true: the lease is held. */
  function renewed(keep: Keep, grant: string, valid: ReturnType<typeof validFrom>, answer: LeaseWriteAnswer): boolean {
    if (keep.held?.grant !== grant) return false;
    if (answer.kind === 'refused') {
      lose(keep, `taken over by ${answer.row?.holder ?? 'nobody on record'}`);
      return false;
    }
    const { lease } = keep.held;
    if (clock.monoNanos() >= lease.fencedAt) {
      lose(keep, 'not renewed in time');
      return false;
    }
    // Overtaken by a later renewal.
    if (valid.fencedAt <= lease.fencedAt) return true;
    keep.held.lease = { name: keep.name, epoch: lease.epoch, ...valid, desired: answer.desired };
    armFence(keep, keep.held.lease);
    onEvent({ kind: 'renewed', lease: keep.held.lease });
    considerRequest(keep, keep.held.lease, answer.request);
    return true;
  }

  async function giveUp(keep: Keep, release: boolean, settled: boolean, to: string | null = null): Promise<void> {
    keep.cancelStep();
    keep.cancelFence();
    const held = keep.held;
    if (held === null) return;
    keep.held = null;
    keep.leavingFor = null;
    const { epoch, fencedAt } = held.lease;
    if (!settled) settlesFrom(keep, fencedAt);
    onEvent({ kind: 'lost', name: keep.name, epoch, reason: release ? 'released' : 'stopped' });
    if (!release) return;
    try {
      await answered(
        table.release({
          name: keep.name,
          grant: held.grant,
          epoch,
          unsettledMs: unsettledMs(keep),
          reservedFor: to,
        }),
      );
    } catch (error) {
      // It expires by itself.
      onError(keep.name, error);
    }
  }

  return {
    start() {
      if (running) return;
      running = true;
      for (const keep of keeps) stepAfter(keep, 0);
    },
    async stop({ release, settled = false }) {
      running = false;
      await Promise.all(keeps.map((keep) => giveUp(keep, release, settled)));
    },
    async release(name, { settled, to }) {
      const keep = keeps.find((each) => each.name === name);
      if (keep === undefined || keep.held === null) return;
      quietUntil = (clock.monoNanos() + nanosFromMs(HAND_OVER_EVERY_MS)) as MonoNanos;
      await giveUp(keep, true, settled, to);
      if (keep.held === null && !keep.acquiring) stepAfter(keep, 0);
    },
    async rename(names) {
      const gone = keeps.filter((keep) => !names.includes(keep.name));
      const added = names.filter((name) => keeps.every((keep) => keep.name !== name)).map(createKeep);
      keeps = [...keeps.filter((keep) => names.includes(keep.name)), ...added];
      for (const keep of gone) keep.dropped = true;
      for (const keep of added) stepAfter(keep, 0);
      await Promise.all(gone.map((keep) => giveUp(keep, true, false)));
    },
    beats: () => new Map(running ? keeps.map((keep) => [keep.name, keep.steps]) : []),
    revive(name) {
      const keep = keeps.find((each) => each.name === name);
      if (keep !== undefined) stepAfter(keep, 0);
    },
    lapse(name, restMs, reason) {
      const keep = keeps.find((each) => each.name === name);
      if (keep === undefined || keep.held === null) return;
      keep.restsUntil = (clock.monoNanos() + nanosFromMs(restMs)) as MonoNanos;
      lose(keep, reason);
    },
    overview: () => ({
      share: shareNow(),
      held: keeps.filter((keep) => keep.held !== null).map((keep) => keep.name),
      notHeld: keeps
        .filter((keep) => keep.held === null)
        .map((keep) => ({ name: keep.name, reason: whyNotHeld(keep, clock.monoNanos()) })),
    }),
    held: () =>
      keeps.flatMap((keep) =>
        keep.held === null || clock.monoNanos() >= keep.held.lease.fencedAt ? [] : [keep.held.lease],
      ),
  };
}
