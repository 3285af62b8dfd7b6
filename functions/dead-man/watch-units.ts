import type { DeadManRecords } from '#aws/dead-man-records.ts';
import type { LeaseTable } from '#aws/lease-table.ts';
import type { Log } from '#aws/log.ts';
import {
  type DeadManCase,
  type DeadManVerdict,
  judgeLease,
  type LeasePulse,
  standstillOf,
} from '#core/control/dead-man.ts';
import { type UnitId, type UnitRef, unitId } from '#core/control/unit.ts';
import { messageOf } from '#core/errors.ts';

export interface WatchParts {
  readonly leases: Pick<LeaseTable, 'read'>;
  readonly records: Pick<DeadManRecords, 'read'>;
  /** Starts the one execution of a standstill; harmless where it was started before. */
  readonly begin: (stands: Omit<DeadManCase, 'attempts' | 'clean' | 'cancelled'>) => Promise<void>;
  readonly log: Log;
  readonly sleep: (ms: number) => Promise<void>;
  /** Monotonic, ms. */
  readonly monoMs: () => number;
  /** Wall clock, ms. */
  readonly nowMs: () => number;
}

/** How a watch looks, ms. */
export interface WatchTimes {
  /** How long a lease may stand still. */
  readonly standstillMs: number;
  readonly lookMs: number;
  /** How long it watches. */
  readonly forMs: number;
}

/** What came of one unit: the last verdict, or `standstill` if it was found at any time. */
export interface WatchReport {
  readonly unit: string;
  readonly verdict: DeadManVerdict;
}

interface Seen {
  readonly pulse: LeasePulse | null;
  readonly since: number;
}

/**
 * Looks at the leases again and again, and begins with each standstill the execution that cancels what the unit has open: its engine is gone or hangs, and no other took over. A standstill is
 * judged by the watch's own clock alone. What cannot be read of one unit, or not begun, is tried again with the next look, and leaves the others watched; rejects in the end where the last look
 * of a unit failed, so that its alarm rings.
 */
export async function watchUnits(
  parts: WatchParts,
  units: readonly UnitRef[],
  times: WatchTimes,
): Promise<readonly WatchReport[]> {
  const ids = [...new Set(units.map(unitId))];
  const seen = new Map<UnitId, Seen>();
  const found = new Map<UnitId, DeadManVerdict>();
  const begun = new Set<string>();
  /** Units whose last look failed, with why. */
  const failing = new Map<UnitId, unknown>();
  const endsAt = parts.monoMs() + times.forMs;
  async function look(id: UnitId): Promise<void> {
    const pulse = await parts.leases.read(id);
    const now = parts.monoMs();
    const before = seen.get(id);
    const stands =
      before !== undefined &&
      before.pulse !== null &&
      pulse !== null &&
      !pulse.released &&
      standstillOf(before.pulse) === standstillOf(pulse);
    if (!stands) seen.set(id, { pulse, since: now });
    if (stands && now - before.since < times.standstillMs) return;
    const record = await parts.records.read(id);
    const verdict = judgeLease(before?.pulse ?? null, pulse, record, parts.nowMs());
    if (found.get(id) !== 'standstill') found.set(id, verdict);
    if (verdict !== 'standstill' || pulse === null) return;
    const { disarmedUntil } = record;
    const key = `${id} ${standstillOf(pulse)} ${disarmedUntil}`;
    if (begun.has(key)) return;
    parts.log('error', 'a unit stands still', { unit: id, holder: pulse.holder, standstill: standstillOf(pulse) });
    await parts.begin({
      unit: id,
      holder: pulse.holder,
      epoch: pulse.epoch,
      rvn: pulse.rvn,
      standstillSeconds: times.standstillMs / 1_000,
      foundAt: parts.nowMs(),
      ...(disarmedUntil === 0 ? {} : { disarmedUntil }),
    });
    begun.add(key);
  }

  async function tryLook(id: UnitId): Promise<void> {
    try {
      await look(id);
      failing.delete(id);
    } catch (error) {
      if (!failing.has(id)) parts.log('error', 'a unit could not be looked at', { unit: id, reason: messageOf(error) });
      failing.set(id, error);
    }
  }

  for (;;) {
    await Promise.all(ids.map(tryLook));
    if (parts.monoMs() + times.lookMs > endsAt) break;
    await parts.sleep(times.lookMs);
  }
  for (const error of failing.values()) throw error;
  return ids.map((id) => ({ unit: id, verdict: found.get(id) ?? 'alive' }));
}
