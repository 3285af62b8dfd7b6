import type { Alerts } from '#aws/alerts.ts';
import type { DeadManRecords } from '#aws/dead-man-records.ts';
import type { LeaseTable } from '#aws/lease-table.ts';
import type { Log } from '#aws/log.ts';
import { type DeadManVerdict, judgeLease, type LeasePulse, standstillOf } from '#core/control/dead-man.ts';
import { type UnitRef, unitId } from '#core/control/unit.ts';
import { messageOf } from '#core/errors.ts';
import type { VenueQueries } from '#core/orders/venue-ports.ts';
import { type CancelledOrders, cancelOrdersOf } from './cancel-orders.ts';

export interface WatchParts {
  readonly leases: Pick<LeaseTable, 'read'>;
  readonly records: DeadManRecords;
  readonly venue: (unit: UnitRef) => Promise<Pick<VenueQueries, 'openOrders' | 'cancelOrder'>>;
  readonly alerts: Alerts;
  readonly log: Log;
  readonly sleep: (ms: number) => Promise<void>;
  /** Wall clock, ms. */
  readonly nowMs: () => number;
}

export interface WatchedUnit {
  readonly unit: UnitRef;
  readonly symbols: readonly string[];
}

/** What came of one unit. `failed`: something is left to be done, and the next watch does it. */
export interface WatchReport {
  readonly unit: string;
  readonly verdict: DeadManVerdict | 'failed';
  readonly cancelled: readonly string[];
  readonly text: string;
}

/**
 * Looks at the leases twice, `standstillMs` apart by its own clock, and cancels what units have open at the venue whose lease nobody has renewed in between: their engine is gone or hangs and
 * no other took over. Once for each standstill; what failed is tried again by the next watch. Rejects where the leases cannot be read.
 */
export async function watchUnits(
  parts: WatchParts,
  units: readonly WatchedUnit[],
  standstillMs: number,
): Promise<readonly WatchReport[]> {
  const look = () => Promise.all(units.map(({ unit }) => parts.leases.read(unitId(unit))));
  const first = await look();
  await parts.sleep(standstillMs);
  const second = await look();
  return Promise.all(
    units.map((unit, index) => watch(parts, unit, first[index] ?? null, second[index] ?? null, standstillMs)),
  );
}

async function watch(
  parts: WatchParts,
  { unit, symbols }: WatchedUnit,
  first: LeasePulse | null,
  second: LeasePulse | null,
  standstillMs: number,
): Promise<WatchReport> {
  const id = unitId(unit);
  const verdict = judgeLease(first, second, await parts.records.read(id), parts.nowMs());
  if (verdict !== 'standstill' || second === null) return { unit: id, verdict, cancelled: [], text: '' };
  const standstill = standstillOf(second);
  const who = `${id}: engine ${second.holder} has not renewed its lease for ${standstillMs / 1000} s and more, and no other took over`;
  let result: CancelledOrders;
  try {
    result = await cancelOrdersOf(await parts.venue(unit), unit, symbols);
  } catch (error) {
    result = { cancelled: [], kept: [], failed: [messageOf(error)] };
  }
  const { cancelled, kept, failed } = result;
  const text = [
    who,
    `cancelled: ${cancelled.join(', ') || 'nothing was open'}`,
    ...(kept.length === 0 ? [] : [`left standing, since they only close: ${kept.join(', ')}`]),
    ...(failed.length === 0 ? [] : [`NOT DONE, tried again each minute: ${failed.join('; ')}`]),
    'Positions were not touched.',
  ].join('\n');
  parts.log('error', 'a unit stands still', { unit: id, standstill, ...result });
  const code = failed.length === 0 ? 'DEAD_MAN_ACTED' : 'DEAD_MAN_FAILED';
  const dedupeKey = `${code}#${id}#${standstill}`;
  const time = parts.nowMs();
  // People first: what is on record as done is never told again.
  await parts.alerts.publish({
    id: `${dedupeKey}/${time}`,
    severity: 'critical',
    code,
    text,
    dedupeKey,
    unit: id,
    time,
  });
  if (failed.length === 0) await parts.records.done(id, standstill, time);
  return { unit: id, verdict: failed.length === 0 ? 'standstill' : 'failed', cancelled, text };
}
