import type { LaneOpening } from '../lanes/lane.ts';
import type { Instrument } from '../market/instrument.ts';
import { type Price, parseScaled } from '../market/scaled-decimal.ts';
import type { EpochMs } from '../time/clock.ts';
import type { FillReport, OrderReport, PositionReport } from './order.ts';

/** What the ledger knows of one symbol of a unit. */
export interface LedgerView {
  /** Signed decimal text: opening, fills and adjustments folded. */
  readonly positionSize: string;
  readonly fillIds: ReadonlySet<string>;
  /** Orders whose end the ledger has seen. */
  readonly endedOrderIds: ReadonlySet<string>;
  /** Orders without an end. */
  readonly pendingOrders: readonly PendingLedgerOrder[];
  /** Realised since 00:00 UTC, fees in the settlement currency paid, in quote currency. */
  readonly realizedToday: number;
  /** Latest moment that it knows of: fills and adjustments before it may still be missing, if its writers are behind. Null: it knows nothing. */
  readonly lastKnownAt: EpochMs | null;
  /** Whether it has ever heard of the symbol in this account. */
  readonly hasHistory: boolean;
}

/** An order as its intent stands in the ledger. */
export interface PendingLedgerOrder {
  readonly clientOrderId: string;
  readonly side: 'buy' | 'sell';
  readonly price: string | null;
  readonly size: string;
  readonly reduceOnly: boolean;
  readonly placedAt: EpochMs;
}

/** What the venue says of one symbol. `orders` and `fills` reach back to `from`. */
export interface VenueView {
  readonly orders: readonly OrderReport[];
  readonly openOrders: readonly OrderReport[];
  readonly fills: readonly FillReport[];
  readonly position: PositionReport;
}

/** What a successor must tell and follow before it trades. */
export interface RecoveryPlan {
  readonly opening: LaneOpening;
  /** Executions that the ledger has not: told again, applied once by their ids. */
  readonly missingFills: readonly FillReport[];
  /** What the fills do not explain, signed units at the size scale. */
  readonly adjustment: { readonly delta: number; readonly reason: 'opening' | 'adopted' } | null;
  /** Orders of this unit that the venue knows and whose end the ledger has not; `intentKnown`: the ledger has their intent. */
  readonly orders: readonly { readonly report: OrderReport; readonly intentKnown: boolean }[];
  /** Orders that the ledger waits for and the venue, asked everywhere, never had. */
  readonly absent: readonly PendingLedgerOrder[];
}

/**
 * Compares ledger and venue before trading opens (H2, F9, G10). The predecessor's requests can no longer be executed when the questions are asked: its
 * lease has ended and every request was signed to end before it, so what the venue does not have it will never have.
 */
export function planRecovery(
  prefix: string,
  instrument: Instrument,
  ledger: LedgerView,
  venue: VenueView,
): RecoveryPlan {
  const { sizeScale, priceScale } = instrument;
  const missingFills = venue.fills.filter((fill) => !ledger.fillIds.has(fill.fillId));
  let explained = parseScaled(ledger.positionSize, sizeScale);
  for (const fill of missingFills) {
    const size = parseScaled(fill.size, sizeScale);
    explained += fill.side === 'buy' ? size : -size;
  }
  const positionSize = parseScaled(venue.position.size, sizeScale);
  const delta = positionSize - explained;

  const reports = new Map<string, OrderReport>();
  for (const report of [...venue.orders, ...venue.openOrders]) {
    if (report.clientOrderId?.startsWith(prefix) === true) reports.set(report.clientOrderId, report);
  }
  const pendingIds = new Set(ledger.pendingOrders.map((order) => order.clientOrderId));
  const orders = [...reports]
    .filter(([id]) => !ledger.endedOrderIds.has(id))
    .map(([id, report]) => ({ report, intentKnown: pendingIds.has(id) }));
  const absent = ledger.pendingOrders.filter((order) => !reports.has(order.clientOrderId));

  const entry = Number(venue.position.entryPrice);
  return {
    opening: {
      positionSize,
      entryPrice: (Number.isFinite(entry) ? Math.round(entry * 10 ** priceScale) : 0) as Price,
      countedFillIds: venue.fills.map((fill) => fill.fillId),
      dailyProfit: ledger.realizedToday,
    },
    missingFills,
    adjustment: delta === 0 ? null : { delta, reason: ledger.hasHistory ? 'adopted' : 'opening' },
    orders,
    absent,
  };
}
