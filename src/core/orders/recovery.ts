import type { KeptHalt } from '../lanes/lane-halt.ts';
import type { DayPeak, LaneOpening } from '../lanes/lane-opening.ts';
import type { KnownAdjustments } from '../ledger/superseded-adjustments.ts';
import type { Instrument } from '../market/instrument.ts';
import type { Price } from '../market/scaled-decimal.ts';
import { termsOfFill } from '../positions/fill-terms.ts';
import { missedProfit } from '../positions/missed-profit.ts';
import { Position } from '../positions/position.ts';
import { unexplainedHolding } from '../positions/spot-holding.ts';
import type { ToldBreakers } from '../risk/kept-breakers.ts';
import type { EpochMs } from '../time/clock.ts';
import type { FillReport, OrderReport, OrderType, PositionReport } from './order.ts';

/** What the ledger knows of one symbol of a unit. */
export interface LedgerView {
  /** Signed decimal text: opening, fills and adjustments folded. */
  readonly positionSize: string;
  /** Average cost of what is open, decimal text; '0' while flat. */
  readonly entryPrice?: string;
  readonly fillIds: ReadonlySet<string>;
  /** Orders whose end the ledger has seen. */
  readonly endedOrderIds: ReadonlySet<string>;
  /** Orders without an end. */
  readonly pendingOrders: readonly PendingLedgerOrder[];
  /** Realised since 00:00 UTC, fees paid as far as their worth is known, in settlement currency. */
  readonly realizedToday: number;
  /** How high its profit came, if that was told. */
  readonly peak?: DayPeak;
  /** When that day began, ms; absent: fills that the ledger lacks are not counted to it. */
  readonly dayStart?: number;
  /** Ids of the funding and the like that is in `realizedToday`. */
  readonly adjustmentIds?: readonly string[];
  /** Latest moment that it knows of: fills and adjustments before it may still be missing, if its writers are behind. Null: it knows nothing. */
  readonly lastKnownAt: EpochMs | null;
  /** Whether it has ever heard of the symbol in this account. */
  readonly hasHistory: boolean;
  /** The symbol's lane had halted when it last spoke, under this epoch. */
  readonly halted?: KeptHalt & { readonly epoch: number };
  /** Which breakers were not closed, by the last word of each lane of the unit. Absent: none has told of any. */
  readonly breakers?: readonly ToldBreakers[];
  /** The adjustments that are in `positionSize`: what comes into the ledger later, of earlier leases, is comprised by what the recovery adjusts. Absent: none. */
  readonly adjustments?: KnownAdjustments;
}

/** An order as its intent stands in the ledger. */
export interface PendingLedgerOrder {
  readonly clientOrderId: string;
  readonly side: 'buy' | 'sell';
  readonly price: string | null;
  readonly size: string;
  readonly reduceOnly: boolean;
  readonly orderType: OrderType;
  /** Of stop orders, decimal text. */
  readonly triggerPrice?: string;
  readonly placedAt: EpochMs;
  /** The venue's own id of it, if it ever told one: such an order has lived. */
  readonly venueOrderId?: string;
  /** How much of it the venue said was filled, decimal text; absent: nothing. */
  readonly cumulativeSize?: string;
  /** Since when it is Unknown by the ledger. */
  readonly unknownSince?: EpochMs;
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
  /** What the fills do not explain, signed decimal text. */
  readonly adjustment: {
    readonly delta: string;
    readonly reason: 'opening' | 'adopted';
    /** What the venue says that it was entered at, where it is all that is held; null: nobody stated a price for this part alone. */
    readonly price: string | null;
  } | null;
  /** Orders of this unit that the venue knows and whose end the ledger has not; `intent`: what the ledger has of it, or null. */
  readonly orders: readonly { readonly report: OrderReport; readonly intent: PendingLedgerOrder | null }[];
  /** Orders that the ledger waits for and that the venue's lists do not have. That proves nothing: they are followed as Unknown. */
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
  lane: { readonly name: string; readonly reservedSize: string },
): RecoveryPlan {
  const missingFills = venue.fills.filter((fill) => !ledger.fillIds.has(fill.fillId));
  const found = new Position(instrument);
  let explained = found.unitsOf(ledger.positionSize);
  for (const fill of missingFills) {
    const size = found.unitsOf(fill.size);
    explained += (fill.side === 'buy' ? size : -size) - found.unitsOf(termsOfFill(instrument, fill).positionFee ?? '0');
  }
  const stated = found.unitsOf(venue.position.size);
  // A spot holding may be anybody's: what nothing explains is not ours.
  const excess = instrument.kind === 'spot' && stated > explained ? found.textOf(stated - explained) : null;
  const delta = excess === null ? stated - explained : 0n;
  found.adoptUnits(explained + delta, 0 as Price);

  const reports = new Map<string, OrderReport>();
  for (const report of [...venue.orders, ...venue.openOrders]) {
    if (report.clientOrderId?.startsWith(prefix) === true) reports.set(report.clientOrderId, report);
  }
  const pending = new Map(ledger.pendingOrders.map((order) => [order.clientOrderId, order]));
  const orders = [...reports]
    .filter(([id]) => !ledger.endedOrderIds.has(id))
    .map(([id, report]) => ({ report, intent: pending.get(id) ?? null }));
  const absent = ledger.pendingOrders.filter((order) => !reports.has(order.clientOrderId));

  return {
    opening: {
      positionSize: found.size,
      ...(instrument.kind === 'spot' ? { positionText: found.text } : {}),
      ...(excess === null ? {} : { unexplained: unexplainedHolding(lane, instrument, excess) }),
      ...(delta !== 0n && ledger.hasHistory
        ? { reducing: `the venue states ${venue.position.size}, of which nothing explains ${found.textOf(delta)}` }
        : {}),
      entryPrice: entryPriceOf(instrument, ledger, venue),
      countedFillIds: venue.fills.map((fill) => fill.fillId),
      dailyProfit: ledger.realizedToday + missedToday(instrument, ledger, missingFills),
      ...(ledger.peak === undefined ? {} : { peak: ledger.peak }),
      ...(ledger.adjustmentIds === undefined ? {} : { countedAdjustmentIds: ledger.adjustmentIds }),
      ownPrefix: prefix,
      ...(ledger.halted === undefined ? {} : { halted: ledger.halted }),
    },
    missingFills,
    adjustment:
      delta === 0n
        ? null
        : {
            delta: found.textOf(delta),
            reason: ledger.hasHistory ? 'adopted' : 'opening',
            price: explained === 0n && Number(venue.position.entryPrice) > 0 ? venue.position.entryPrice : null,
          },
    orders,
    absent,
  };
}

/** Ids of this unit's orders that executions name, and that neither the ledger nor the venue's lists have: these may leave one out (F4). */
export function namedByFillsAlone(prefix: string, ledger: LedgerView, venue: VenueView): readonly string[] {
  const listed = new Set([...venue.orders, ...venue.openOrders].map((report) => report.clientOrderId));
  const named = new Set<string>();
  for (const { clientOrderId } of venue.fills)
    if (clientOrderId?.startsWith(prefix) === true && !listed.has(clientOrderId) && !knowsOrder(ledger, clientOrderId))
      named.add(clientOrderId);
  return [...named];
}

/** Whether the ledger has an order, with or without an end. */
export function knowsOrder({ endedOrderIds, pendingOrders }: LedgerView, clientOrderId: string): boolean {
  return endedOrderIds.has(clientOrderId) || pendingOrders.some((order) => order.clientOrderId === clientOrderId);
}

function missedToday(instrument: Instrument, ledger: LedgerView, missing: readonly FillReport[]): number {
  // Of what a ledger never heard of nobody knows the beginning.
  if (!ledger.hasHistory || ledger.dayStart === undefined) return 0;
  return missedProfit(instrument, ledger, missing, ledger.dayStart);
}

/** In price units, as the venue states it; a venue that states none (spot) leaves it to the ledger, and where neither does, to the last fill. */
function entryPriceOf(instrument: Instrument, ledger: LedgerView, venue: VenueView): Price {
  for (const text of [venue.position.entryPrice, ledger.entryPrice, venue.fills.at(-1)?.price]) {
    const entry = Number(text);
    if (Number.isFinite(entry) && entry > 0) return Math.round(entry * 10 ** instrument.priceScale) as Price;
  }
  return 0 as Price;
}
