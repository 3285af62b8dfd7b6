import { z } from 'zod';
import type { Alerts } from '#aws/alerts.ts';
import type { DeadManRecords } from '#aws/dead-man-records.ts';
import type { LeaseTable } from '#aws/lease-table.ts';
import type { Log } from '#aws/log.ts';
import type { RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import {
  DEAD_MAN_CASE,
  type DeadManCase,
  type DeadManDecision,
  decideDeadMan,
  standstillOf,
} from '#core/control/dead-man.ts';
import { parseUnitId, type UnitId, type UnitRef, unitId } from '#core/control/unit.ts';
import { MillraceError, messageOf } from '#core/errors.ts';
import type { VenueQueries } from '#core/orders/venue-ports.ts';
import { type CancelledOrders, cancelOrdersOf } from './cancel-orders.ts';

/** What one look needs; times in ms. */
export interface CancelParts {
  readonly leases: Pick<LeaseTable, 'read'>;
  readonly records: Pick<DeadManRecords, 'read' | 'done'>;
  readonly venue: (unit: UnitRef) => Promise<Pick<VenueQueries, 'openOrders' | 'cancelOrder'>>;
  /** Symbols on which the unit may have orders. */
  readonly symbols: (unit: UnitRef) => Promise<readonly string[]>;
  readonly alerts: Alerts;
  readonly log: Log;
  /** Wall clock, ms. */
  readonly nowMs: () => number;
}

/** A step of the machine: `record` is what the step before answered, or what the execution began with. */
export const CANCEL_REQUEST = z.strictObject({
  action: z.literal('cancel'),
  record: DEAD_MAN_CASE.extend({ decision: z.unknown().optional(), missed: z.unknown().optional() }),
});

/** The next record, with what the machine is to do. */
export interface CancelAnswer extends DeadManCase {
  readonly decision: DeadManDecision;
}

/** Failing so often in a row is told to people; the alert itself is told once in five minutes. */
const TOLD_AFTER = 2;

/**
 * One look at a unit that stands still: whoever renewed or took its lease meanwhile looks after its orders, else what could open a position is cancelled. Never trusts its own cancels: done is what the venue's
 * own list of open orders says twice. Rejects only where the lease cannot be read; the machine comes again.
 */
export async function cancelStep(stands: DeadManCase, parts: CancelParts): Promise<CancelAnswer> {
  const unit = parseUnitId(stands.unit);
  if (unit === null) throw new MillraceError('validation', 'DEAD_MAN_REQUEST_INVALID', `unit=${stands.unit}`);
  const id = unitId(unit);
  const lease = await parts.leases.read(id);
  const disarmed = (await parts.records.read(id)).disarmedUntil > parts.nowMs();
  const lives = disarmed || lease === null || lease.released || standstillOf(lease) !== standstillOf(stands);
  const look = lives ? null : await cancelAt(parts, unit);
  const { next, decision } = decideDeadMan(stands, lease, look);
  parts.log(look === null || look.failed.length === 0 ? 'warn' : 'error', 'a unit that stands still', {
    unit: id,
    standstill: standstillOf(stands),
    attempt: next.attempts,
    decision: decision.kind,
    ...look,
  });
  if (decision.kind === 'done') {
    await tell(parts, next, 'DEAD_MAN_ACTED', [
      `cancelled: ${next.cancelled.join(', ') || 'nothing was open'}`,
      ...(look === null || look.kept.length === 0
        ? []
        : [`left standing, since they only close: ${look.kept.join(', ')}`]),
    ]);
    // People first: what is on record as done is never told again.
    await parts.records.done(id, standstillOf(stands), parts.nowMs());
  } else if (look !== null && look.failed.length > 0 && (next.attempts >= TOLD_AFTER || decision.kind === 'givenUp')) {
    const how = decision.kind === 'givenUp' ? 'NOT DONE, given up' : 'NOT DONE, tried again each 15 s';
    await tell(parts, next, 'DEAD_MAN_FAILED', [`${how}: ${look.failed.join('; ')}`]);
  }
  return { ...next, decision };
}

async function cancelAt(parts: CancelParts, unit: UnitRef): Promise<CancelledOrders> {
  try {
    return await cancelOrdersOf(await parts.venue(unit), unit, await parts.symbols(unit));
  } catch (error) {
    return { cancelled: [], kept: [], failed: [messageOf(error)] };
  }
}

async function tell(
  parts: CancelParts,
  stands: DeadManCase,
  code: 'DEAD_MAN_ACTED' | 'DEAD_MAN_FAILED',
  lines: readonly string[],
): Promise<void> {
  const { unit, holder, standstillSeconds } = stands;
  const who = `${unit}: engine ${holder} has not renewed its lease for ${standstillSeconds} s and more, and no other took over`;
  const dedupeKey = `${code}#${unit}#${standstillOf(stands)}`;
  await parts.alerts.publish({
    id: `${dedupeKey}/${stands.attempts}`,
    severity: 'critical',
    code,
    text: [who, ...lines, 'Positions were not touched.'].join('\n'),
    dedupeKey,
    unit,
    time: parts.nowMs(),
  });
}

/** Every symbol on which a unit may have orders: those of its lanes, and of its venue's feeds, since a lane may have changed to any of them. */
export function symbolsOf(
  { lanes, feeds }: Pick<RuntimeConfiguration, 'lanes' | 'feeds'>,
  unit: UnitRef,
): readonly string[] {
  const id: UnitId = unitId(unit);
  const own = lanes.filter((lane) => unitId(lane) === id).map((lane) => lane.symbol);
  const fed = feeds.filter((feed) => feed.venue === unit.venue).flatMap((feed) => feed.symbols);
  return [...new Set([...own, ...fed])];
}
