import type { LedgerIndexReader } from '#aws/ledger-checkpoints.ts';
import type { LedgerReader } from '#aws/ledger-reader.ts';
import { DAY_MS } from '#core/calendar/civil-date.ts';
import type { UnitRef } from '#core/control/unit.ts';
import type { DayPeak } from '#core/lanes/lane-opening.ts';
import { settledFee } from '#core/ledger/fill-fee.ts';
import type {
  LedgerAdjustment,
  LedgerCash,
  LedgerFill,
  LedgerIntent,
  LedgerLane,
  LedgerOrderState,
} from '#core/ledger/ledger-entry.ts';
import { openingOf, placeOf } from '#core/ledger/ledger-index.ts';
import { foldPosition } from '#core/ledger/position-fold.ts';
import { countingAdjustments, knownAdjustments } from '#core/ledger/superseded-adjustments.ts';
import { isTerminal } from '#core/orders/order-state.ts';
import type { LedgerView, PendingLedgerOrder } from '#core/orders/recovery.ts';
import type { ToldBreakers } from '#core/risk/kept-breakers.ts';
import type { Clock, EpochMs } from '#core/time/clock.ts';
import type { ReadLedger } from './unit-recovery.ts';

/** A recovery asks the venue back to this long before the last that the ledger knows; stamps may differ by as much again. */
const LOOK_BACK_MS = 2 * 600_000;

/**
 * Reads from the ledger what a recovery compares with the venue. With an index it reads the open orders and what came since the last checkpoint, and the whole ledger only where no checkpoint
 * reaches so far back.
 */
export function createLedgerView(reader: LedgerReader, clock: Clock, index?: LedgerIndexReader): ReadLedger {
  return async (unit, symbol) => {
    const [recent, lanes] = await Promise.all([
      index === undefined ? null : readRecent(reader, index, clock, unit, symbol),
      reader.readLanes(unit),
    ]);
    const view = recent ?? (await readWhole(reader, clock, unit, symbol));
    const halted = haltOf(lanes, unit, symbol);
    const peak = peakOf(lanes, unit, symbol, Math.floor(clock.epochMs() / DAY_MS));
    const breakers = breakersOf(lanes, unit);
    return {
      ...view,
      ...(halted === null ? {} : { halted }),
      ...(peak === null ? {} : { peak }),
      ...(breakers.length === 0 ? {} : { breakers }),
    };
  };
}

type KeptLedgerHalt = NonNullable<LedgerView['halted']>;

/** What the lane of a symbol last said of itself, if that was that it halted. */
function haltOf(lanes: readonly LedgerLane[], unit: UnitRef, symbol: string): KeptLedgerHalt | null {
  let last: LedgerLane['state'] = null;
  for (const { state } of lanes) {
    if (state === null || state.venue !== unit.venue || state.symbol !== symbol) continue;
    if (last === null || state.epoch > last.epoch || (state.epoch === last.epoch && state.time > last.time))
      last = state;
  }
  if (last === null || last.state !== 'Halted') return null;
  const { reason, epoch, haltedUnder } = last;
  return { reason, epoch, ...(haltedUnder === undefined ? {} : { under: haltedUnder }) };
}

/** The height of this day, as the lane of the symbol last told it. */
function peakOf(lanes: readonly LedgerLane[], unit: UnitRef, symbol: string, day: number): DayPeak | null {
  let last: LedgerLane['peak'] = null;
  for (const { peak = null } of lanes) {
    if (peak === null || peak.venue !== unit.venue || peak.symbol !== symbol || peak.day !== day) continue;
    if (last === null || Number(peak.peak) > Number(last.peak)) last = peak;
  }
  if (last === null) return null;
  return { day, lane: Number(last.peak), unit: last.unitPeak === undefined ? null : Number(last.unitPeak) };
}

function breakersOf(lanes: readonly LedgerLane[], unit: UnitRef): readonly ToldBreakers[] {
  return lanes.flatMap(({ breakers = null }) => {
    if (breakers === null || breakers.venue !== unit.venue) return [];
    const { lane, epoch, time, open } = breakers;
    return [{ lane, epoch, time, open }];
  });
}

async function readWhole(reader: LedgerReader, clock: Clock, unit: UnitRef, symbol: string): Promise<LedgerView> {
  const [orders, fills, adjustments, cash] = await Promise.all([
    reader.readOrders(unit),
    reader.readFills(unit),
    reader.readAdjustments(unit),
    reader.readCash(unit),
  ]);
  const ofSymbol = <Entry extends { readonly venue: string; readonly symbol: string | null }>(
    entries: readonly Entry[],
  ) => entries.filter((entry) => entry.venue === unit.venue && entry.symbol === symbol);
  const ended = new Set<string>();
  const pending: PendingLedgerOrder[] = [];
  for (const { clientOrderId, intent, state } of orders) {
    if (state !== null && isTerminal(state.state)) {
      ended.add(clientOrderId);
    } else if (intent !== null && intent.venue === unit.venue && intent.symbol === symbol) {
      pending.push(pendingOf(clientOrderId, intent, state));
    }
  }
  const knownFills = ofSymbol(fills);
  const adjusted = ofSymbol(adjustments);
  // Folded from what is named beside it: of another reading, something could be in the one and not in the other.
  const position = foldPosition(unit.venue, symbol, knownFills, adjusted);
  return {
    positionSize: position.size,
    entryPrice: position.entryPrice,
    fillIds: new Set(knownFills.map((fill) => fill.fillId)),
    endedOrderIds: ended,
    pendingOrders: pending,
    dayStart: dayStart(clock.epochMs()),
    realizedToday: earnedSince(dayStart(clock.epochMs()), knownFills, adjusted, ofSymbol(cash)),
    adjustmentIds: ofSymbol(cash).map((each) => each.adjustmentId),
    lastKnownAt: lastKnown(knownFills, adjusted),
    hasHistory: knownFills.length > 0 || adjusted.length > 0,
    adjustments: knownAdjustments(adjusted),
  };
}

/** The same from a checkpoint and what came after it; null where that does not reach as far back as the venue will be asked. */
async function readRecent(
  reader: LedgerReader,
  index: LedgerIndexReader,
  clock: Clock,
  unit: UnitRef,
  symbol: string,
): Promise<LedgerView | null> {
  const place = placeOf(unit.venue, symbol);
  const checkpoint = await index.checkpoint(unit, place);
  const fold = checkpoint?.fold ?? null;
  if (checkpoint === null || fold === null) return null;
  // The open ones are read first: an order that ends meanwhile is then in both lists, and one that is told anew is asked about later.
  const ids = await index.openOrderIds(unit, place);
  const open = await Promise.all(ids.map((id) => reader.readOrder(unit, id)));
  const pending = open.flatMap((order) =>
    order === null || order.intent === null || (order.state !== null && isTerminal(order.state.state))
      ? []
      : [pendingOf(order.clientOrderId, order.intent, order.state)],
  );
  const since = await index.moves(unit, place, fold.through);
  const written = await reader.readAdjustments(unit, { venue: unit.venue, symbol });
  const after = new Set(since.adjustments.map((each) => each.adjustmentId));
  // What is written and not in the index yet is neither counted nor known.
  const told = written.filter((each) => after.has(each.adjustmentId) || each.time <= fold.through);
  const counting = countingAdjustments(since.adjustments, told);
  const lastKnownAt = Math.max(lastKnown(since.fills, since.adjustments) ?? 0, fold.lastKnownAt ?? 0);
  const from =
    Math.min(clock.epochMs(), ...(lastKnownAt === 0 ? [] : [lastKnownAt]), ...pending.map((order) => order.placedAt)) -
    LOOK_BACK_MS;
  if (from < checkpoint.since) return null;
  const [earlier, ended] = await Promise.all([
    from < fold.through ? index.moves(unit, place, from, fold.through) : { fills: [] },
    index.endedOrderIds(unit, place, from),
  ]);
  const adjustments = [...openingOf(fold, unit.venue, symbol), ...counting];
  const position = foldPosition(unit.venue, symbol, since.fills, adjustments);
  const stillOpen = new Set(pending.map((order) => order.clientOrderId));
  return {
    positionSize: position.size,
    entryPrice: position.entryPrice,
    fillIds: new Set([...earlier.fills, ...since.fills].map((fill) => fill.fillId)),
    endedOrderIds: new Set([...ended].filter((id) => !stillOpen.has(id))),
    pendingOrders: pending,
    dayStart: dayStart(clock.epochMs()),
    realizedToday: earnedSince(dayStart(clock.epochMs()), since.fills, adjustments, since.cash),
    adjustmentIds: since.cash.map((each) => each.adjustmentId),
    lastKnownAt: lastKnownAt === 0 ? null : (lastKnownAt as EpochMs),
    hasHistory: lastKnownAt > 0,
    adjustments: knownAdjustments(told),
  };
}

function pendingOf(clientOrderId: string, intent: LedgerIntent, state: LedgerOrderState | null): PendingLedgerOrder {
  const { side, price, reduceOnly, orderType, triggerPrice, time } = intent;
  return {
    clientOrderId,
    side,
    price,
    // As it was amended last.
    size: state?.size ?? intent.size,
    reduceOnly,
    orderType,
    ...(triggerPrice === undefined ? {} : { triggerPrice }),
    placedAt: time as EpochMs,
    ...(state === null || state.venueOrderId === null ? {} : { venueOrderId: state.venueOrderId }),
    ...(state === null || Number(state.cumulativeSize) === 0 ? {} : { cumulativeSize: state.cumulativeSize }),
    ...(state?.state === 'Unknown' ? { unknownSince: state.time as EpochMs } : {}),
  };
}

function lastKnown(fills: readonly LedgerFill[], adjustments: readonly LedgerAdjustment[]): EpochMs | null {
  const times = [...fills.map((fill) => fill.venueTime), ...adjustments.map((each) => each.time)];
  return times.length === 0 ? null : (times.reduce((latest, time) => Math.max(latest, time)) as EpochMs);
}

/** What the day brought since `from`: what fills realised, less their fees (what none can exceed, where one is not converted), and funding. */
function earnedSince(
  from: number,
  fills: readonly LedgerFill[],
  adjustments: readonly LedgerAdjustment[],
  cash: readonly LedgerCash[],
): number {
  const received = cash
    .filter((each) => (each.reason === 'funding' || each.reason === 'settlement') && each.venueTime >= from)
    .reduce((sum, each) => sum + Number(each.profit ?? each.amount), 0);
  const last = fills.at(-1);
  if (last === undefined) return received;
  const { venue, symbol } = last;
  const realized = (chosen: readonly LedgerFill[], adjusted: readonly LedgerAdjustment[]) =>
    Number(foldPosition(venue, symbol, chosen, adjusted).realizedProfit);
  const before = realized(
    fills.filter((fill) => fill.venueTime < from),
    adjustments.filter((each) => each.time < from),
  );
  const fees = fills.filter((fill) => fill.venueTime >= from).reduce((sum, fill) => sum + settledFee(fill, last), 0);
  return realized(fills, adjustments) - before - fees + received;
}

function dayStart(now: number): number {
  return now - (now % DAY_MS);
}
