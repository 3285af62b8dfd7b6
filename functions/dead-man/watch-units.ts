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
 * judged by the watch's own clock alone. Rejects where leases cannot be read or an execution cannot be begun: the next watch tries again.
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
  const endsAt = parts.monoMs() + times.forMs;
  for (;;) {
    const rows = await Promise.all(ids.map((id) => parts.leases.read(id)));
    const now = parts.monoMs();
    for (const [index, id] of ids.entries()) {
      const pulse = rows[index] ?? null;
      const before = seen.get(id);
      const stands =
        before !== undefined &&
        before.pulse !== null &&
        pulse !== null &&
        !pulse.released &&
        standstillOf(before.pulse) === standstillOf(pulse);
      if (!stands) seen.set(id, { pulse, since: now });
      const verdict =
        stands && now - before.since < times.standstillMs ? null : await judge(parts, id, before?.pulse ?? null, pulse);
      if (verdict !== null && found.get(id) !== 'standstill') found.set(id, verdict);
      if (verdict !== 'standstill' || pulse === null) continue;
      const key = `${id} ${standstillOf(pulse)}`;
      if (begun.has(key)) continue;
      parts.log('error', 'a unit stands still', { unit: id, holder: pulse.holder, standstill: standstillOf(pulse) });
      await parts.begin({
        unit: id,
        holder: pulse.holder,
        epoch: pulse.epoch,
        rvn: pulse.rvn,
        standstillSeconds: times.standstillMs / 1_000,
        foundAt: parts.nowMs(),
      });
      begun.add(key);
    }
    if (parts.monoMs() + times.lookMs > endsAt) break;
    await parts.sleep(times.lookMs);
  }
  return ids.map((id) => ({ unit: id, verdict: found.get(id) ?? 'alive' }));
}

async function judge(
  parts: WatchParts,
  id: UnitId,
  first: LeasePulse | null,
  second: LeasePulse | null,
): Promise<DeadManVerdict> {
  return judgeLease(first, second, await parts.records.read(id), parts.nowMs());
}
