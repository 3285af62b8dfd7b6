import type { LedgerReader } from '#aws/ledger-reader.ts';
import { isTerminal } from '#core/orders/order-state.ts';
import type { PendingLedgerOrder } from '#core/orders/recovery.ts';
import type { EpochMs } from '#core/time/clock.ts';
import type { ReadLedger } from './unit-recovery.ts';

/** Reads from the ledger what a recovery compares with the venue. */
export function createLedgerView(reader: LedgerReader): ReadLedger {
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
        const { side, price, size, reduceOnly, time } = intent;
        pending.push({ clientOrderId, side, price, size, reduceOnly, placedAt: time as EpochMs });
      }
    }
    const knownFills = ofSymbol(fills);
    return {
      positionSize: positions[0]?.size ?? '0',
      fillIds: new Set(knownFills.map((fill) => fill.fillId)),
      endedOrderIds: ended,
      pendingOrders: pending,
      hasHistory: knownFills.length > 0 || ofSymbol(adjustments).length > 0,
    };
  };
}
