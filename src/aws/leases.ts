import { randomUUID } from 'node:crypto';
import type { HeldLease, LeaseEvent } from '#core/control/control-ports.ts';
import { MillraceError } from '#core/errors.ts';
import { type Clock, type EpochMs, type MonoNanos, nanosFromMs, type Timers } from '#core/time/clock.ts';
import type { LeaseRow } from './control-item.ts';
import type { LeaseTable } from './lease-table.ts';

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
  readonly newGrant?: () => string;
}

export interface LeaseKeeper {
  start(): void;
  /**
   * Ends it. With `release`, held leases are given up at once, so that a successor need not wait; `settled` says that no order is on its way any
   * more, so that the successor need not wait for their validity either. Call it after draining.
   */
  stop(how: { readonly release: boolean; readonly settled?: boolean }): Promise<void>;
  /** Leases held now, by this process's own monotonic clock. */
  held(): readonly HeldLease[];
}

/** The instant from which first epochs count seconds: 2025-01-01T00:00:00Z. */
const EPOCH_ORIGIN_MS = 1_735_689_600_000;
/** Own grants remembered per lease: enough for all calls that can be on their way. */
const REMEMBERED_GRANTS = 16;

interface Keep {
  readonly name: string;
  held: { readonly grant: string; lease: HeldLease } | null;
  /** What a waiter saw last, and since when by its own monotonic clock. */
  seen: { readonly row: LeaseRow; readonly since: MonoNanos } | null;
  ownGrants: string[];
  acquiring: boolean;
  cancelStep: () => void;
  cancelFence: () => void;
}

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
    maximum = options.names.length,
    mayAcquire = () => true,
  } = options;
  if (renewMs * 2 + marginMs > leaseMs) {
    throw new MillraceError(
      'configuration',
      'LEASE_TIMES',
      `leaseMs=${leaseMs} renewMs=${renewMs} marginMs=${marginMs}`,
    );
  }
  const keeps: Keep[] = options.names.map((name) => ({
    name,
    held: null,
    seen: null,
    ownGrants: [],
    acquiring: false,
    cancelStep: nothing,
    cancelFence: nothing,
  }));
  let running = false;

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
    if (!running) return;
    keep.cancelStep = timers.after(Math.max(0, delayMs), () => {
      const step = keep.held === null ? wait(keep) : renew(keep, keep.held.grant);
      step.catch((error: unknown) => {
        onError(keep.name, error);
        // A renewal has little time left; a waiter has all of it.
        stepAfter(keep, keep.held === null ? renewMs : renewMs / 4);
      });
    });
  }

  function lose(keep: Keep, reason: string): void {
    if (keep.held === null) return;
    const { lease } = keep.held;
    keep.cancelFence();
    keep.held = null;
    keep.seen = null;
    onEvent({ kind: 'lost', name: keep.name, epoch: lease.epoch, reason });
    stepAfter(keep, 0);
  }

  function armFence(keep: Keep, lease: HeldLease): void {
    keep.cancelFence();
    const leftMs = (lease.fencedAt - clock.monoNanos()) / 1e6;
    keep.cancelFence = timers.after(Math.max(0, leftMs), () => lose(keep, 'not renewed in time'));
  }

  async function wait(keep: Keep): Promise<void> {
    const row = await answered(table.read(keep.name));
    if (!running) return;
    const now = clock.monoNanos();
    if (row === null || row.released || keep.ownGrants.includes(row.grant)) {
      await acquire(keep, row);
      return;
    }
    if (keep.seen === null || keep.seen.row.epoch !== row.epoch || keep.seen.row.rvn !== row.rvn) {
      keep.seen = { row, since: now };
    }
    const leftMs = row.leaseMs - (now - keep.seen.since) / 1e6;
    if (leftMs <= 0) await acquire(keep, row);
    else stepAfter(keep, Math.min(renewMs, leftMs));
  }

  async function acquire(keep: Keep, seen: LeaseRow | null): Promise<void> {
    const taken = keeps.filter((each) => each.held !== null || each.acquiring).length;
    if (taken >= maximum || !mayAcquire(keep.name)) {
      stepAfter(keep, renewMs / 4);
      return;
    }
    const start = clock.monoNanos();
    const wall = clock.epochMs();
    const grant = newGrant();
    // A first epoch counts from the making of the item, so that a table that is made anew never repeats one.
    const epoch = seen === null ? Math.max(1, Math.floor((wall - EPOCH_ORIGIN_MS) / 1000)) : seen.epoch + 1;
    const { fencedAt, validUntil } = validFrom(start, wall);
    keep.ownGrants = [...keep.ownGrants, grant].slice(-REMEMBERED_GRANTS);
    keep.acquiring = true;
    try {
      const answer = await answered(
        table.acquire({ name: keep.name, grant, epoch, holder, leaseMs, validUntil }, seen),
      );
      if (!running) {
        // Stopped meanwhile: what was just taken is given back, nothing was done under it.
        if (answer.kind === 'done') await answered(table.release({ name: keep.name, grant, epoch, validUntil: wall }));
        return;
      }
      if (answer.kind === 'refused' || clock.monoNanos() >= fencedAt) {
        stepAfter(keep, answer.kind === 'refused' ? renewMs : 0);
        return;
      }
      const lease: HeldLease = { name: keep.name, epoch, fencedAt, validUntil, desired: answer.desired };
      keep.held = { grant, lease };
      keep.seen = null;
    } finally {
      keep.acquiring = false;
    }
    const { lease } = keep.held;
    armFence(keep, lease);
    stepAfter(keep, renewMs - (clock.monoNanos() - start) / 1e6);
    onEvent({
      kind: 'acquired',
      lease,
      tookOverFrom: seen?.holder ?? null,
      predecessorValidUntil: seen === null ? null : (seen.validUntil as EpochMs),
    });
  }

  async function renew(keep: Keep, grant: string): Promise<void> {
    const current = keep.held;
    if (current === null || current.grant !== grant) return;
    const start = clock.monoNanos();
    if (start >= current.lease.fencedAt) {
      lose(keep, 'not renewed in time');
      return;
    }
    const { fencedAt, validUntil } = validFrom(start, clock.epochMs());
    const { epoch } = current.lease;
    const answer = await answered(table.renew({ name: keep.name, grant, epoch, validUntil }));
    if (keep.held?.grant !== grant) return;
    if (answer.kind === 'refused') {
      lose(keep, `taken over by ${answer.row?.holder ?? 'nobody on record'}`);
      return;
    }
    if (clock.monoNanos() >= keep.held.lease.fencedAt) {
      lose(keep, 'not renewed in time');
      return;
    }
    keep.held.lease = { name: keep.name, epoch, fencedAt, validUntil, desired: answer.desired };
    armFence(keep, keep.held.lease);
    stepAfter(keep, renewMs - (clock.monoNanos() - start) / 1e6);
    onEvent({ kind: 'renewed', lease: keep.held.lease });
  }

  async function giveUp(keep: Keep, release: boolean, settled: boolean): Promise<void> {
    keep.cancelStep();
    keep.cancelFence();
    const held = keep.held;
    if (held === null) return;
    keep.held = null;
    const { epoch, validUntil } = held.lease;
    onEvent({ kind: 'lost', name: keep.name, epoch, reason: release ? 'released' : 'stopped' });
    if (!release) return;
    const until = settled ? clock.epochMs() : validUntil;
    try {
      await answered(table.release({ name: keep.name, grant: held.grant, epoch, validUntil: until }));
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
    held: () =>
      keeps.flatMap((keep) =>
        keep.held === null || clock.monoNanos() >= keep.held.lease.fencedAt ? [] : [keep.held.lease],
      ),
  };
}
