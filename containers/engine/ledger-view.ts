import type { LedgerReader } from '#aws/ledger-reader.ts';
import type { LedgerAdjustment, LedgerFill } from '#core/ledger/ledger-entry.ts';
import { foldPosition } from '#core/ledger/position-fold.ts';
import { isTerminal } from '#core/orders/order-state.ts';
import type { PendingLedgerOrder } from '#core/orders/recovery.ts';
import type { Clock, EpochMs } from '#core/time/clock.ts';
import type { ReadLedger } from './unit-recovery.ts';

/** Reads from the ledger what a recovery compares with the venue. */
export function createLedgerView(reader: LedgerReader, clock: Clock): ReadLedger {
  return async (unit, symbol) => {
    const [orders, fills, adjustments, positions] = await Promise.all([
      reader.readOrders(unit),
      reader.readFills(unit),
      reader.readAdjustments(unit),
      reader.readPositions(unit, { venue: unit.venue, symbol }),
    ]);
    const ofSymbol = <Entry extends { readonly venue: string; readonly symbol: string }>(entries: readonly Entry[]) =>
      entries.filter((entry) => entry.venue === unit.venue && entry.symbol === symbol);
    const ended = new Set<string>();
    const pending: PendingLedgerOrder[] = [];
    for (const { clientOrderId, intent, state } of orders) {
      if (state !== null && isTerminal(state.state)) {
        ended.add(clientOrderId);
      } else if (intent !== null && intent.venue === unit.venue && intent.symbol === symbol) {
        const { side, price, size, reduceOnly, orderType, triggerPrice, time } = intent;
        pending.push({
          clientOrderId,
          side,
          price,
          size,
          reduceOnly,
          orderType,
          ...(triggerPrice === undefined ? {} : { triggerPrice }),
          placedAt: time as EpochMs,
        });
      }
    }
    const knownFills = ofSymbol(fills);
    const knownAdjustments = ofSymbol(adjustments);
    return {
      positionSize: positions[0]?.size ?? '0',
      entryPrice: positions[0]?.entryPrice ?? '0',
      fillIds: new Set(knownFills.map((fill) => fill.fillId)),
      endedOrderIds: ended,
      pendingOrders: pending,
      realizedToday: realizedSince(dayStart(clock.epochMs()), knownFills, knownAdjustments),
      lastKnownAt: lastKnown(knownFills, knownAdjustments),
      hasHistory: knownFills.length > 0 || knownAdjustments.length > 0,
    };
  };
}

function lastKnown(fills: readonly LedgerFill[], adjustments: readonly LedgerAdjustment[]): EpochMs | null {
  const times = [...fills.map((fill) => fill.venueTime), ...adjustments.map((each) => each.time)];
  return times.length === 0 ? null : (times.reduce((latest, time) => Math.max(latest, time)) as EpochMs);
}

/** What the fills since `from` realised, less the fees paid for them as far as their worth in the currency of the profit is known. */
function realizedSince(from: number, fills: readonly LedgerFill[], adjustments: readonly LedgerAdjustment[]): number {
  const last = fills.at(-1);
  if (last === undefined) return 0;
  const { venue, symbol } = last;
  const profitOf = (
    chosen: readonly LedgerFill[],
    adjusted: readonly LedgerAdjustment[],
  ): { readonly realized: number; readonly fees: number } => {
    const { realizedProfit } = foldPosition(venue, symbol, chosen, adjusted);
    return { realized: Number(realizedProfit), fees: chosen.reduce((sum, fill) => sum + feeOf(fill, last), 0) };
  };
  const all = profitOf(fills, adjustments);
  const before = profitOf(
    fills.filter((fill) => fill.venueTime < from),
    adjustments.filter((each) => each.time < from),
  );
  return all.realized - before.realized - (all.fees - before.fees);
}

/** Fills of before the time when their terms were told paid in the currency in which the newest fill did. */
function feeOf(fill: LedgerFill, last: LedgerFill): number {
  if (fill.contract !== undefined) return Number(fill.settlementFee ?? '0');
  return fill.feeCurrency === last.feeCurrency ? Number(fill.fee) : 0;
}

function dayStart(now: number): number {
  return now - (now % 86_400_000);
}
