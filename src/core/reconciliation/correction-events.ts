import { createHash } from 'node:crypto';
import { type UnitRef, unitId } from '../control/unit.ts';
import {
  type OrderState,
  TRADING_EVENT_VERSION,
  type TradingEvent,
  type TradingEventBody,
} from '../events/trading-event.ts';
import { formatExact, parseExact } from '../ledger/exact-decimal.ts';
import type { LedgerAdjustment, LedgerFill, LedgerOrder } from '../ledger/ledger-entry.ts';
import type { AdjustmentReport, BalanceReport, FillReport } from '../orders/order.ts';
import { termsOfFill } from '../positions/fill-terms.ts';
import { inPlaceOf } from '../positions/in-place-of.ts';
import type { EndReport } from './differences.ts';
import type { SymbolLook } from './symbol-look.ts';

/** What stands on every correction beside its content. */
export interface CorrectionOrigin {
  readonly configurationHash: string;
  readonly build: string;
}

const STATE_OF: Readonly<Record<EndReport['status'], OrderState>> = {
  filled: 'Filled',
  canceled: 'Canceled',
  rejected: 'Rejected',
  expired: 'Expired',
};

/** Corrections are written under no lease. What any engine says of the same thing stands beside it by its own epoch. */
const NO_EPOCH = 0;

/** The corrections of one symbol as events. Their ids and keys follow from what they correct, so that the same correction is never made twice. */
export function correctionWriter(look: SymbolLook, origin: CorrectionOrigin) {
  const { instrument, unit } = look;
  const envelope = (key: string, epoch: number) =>
    envelopeOf(unit, look.at, `${instrument.symbol}/${key}`, epoch, origin);
  /** At no price, since nobody stated one. */
  const corrected = (adjustmentId: string, delta: string, evidence: string): TradingEvent => {
    const body: TradingEventBody<'position.adjusted'> = {
      adjustmentId,
      symbol: instrument.symbol,
      delta,
      reason: 'correction',
      evidence,
      price: null,
      contract: instrument.kind,
    };
    return { ...envelope(adjustmentId, NO_EPOCH), type: 'position.adjusted', body };
  };
  return {
    /** The execution as the venue reports it. */
    fill(report: FillReport): TradingEvent {
      const { kind: _kind, source: _source, ...told } = report;
      const body = { ...told, ...termsOfFill(instrument, report) };
      return { ...envelope(`fill/${report.fillId}`, NO_EPOCH), type: 'fill', body };
    },
    /** A change of position that no execution explains. */
    adjustment(delta: string, evidence: string): TradingEvent {
      const from = look.ledger.positionSize;
      const to = formatExact(parseExact(from) + parseExact(delta));
      // What it starts from is its name: two runs that see the same ledger make the same correction.
      const start = [
        latestId(look.ledger.fills, fillPlace),
        latestId(look.ledger.adjustments, adjustmentPlace),
        from,
        to,
      ];
      const digest = createHash('sha256').update(JSON.stringify(start)).digest('hex').slice(0, 16);
      return corrected(`reconciled-${digest}`, delta, evidence);
    },
    /** What takes back what stood for an execution while the ledger lacked it: named as the engine names its own. */
    inPlaceOf(report: FillReport, delta: string, evidence: string): TradingEvent {
      return corrected(inPlaceOf(report.fillId), delta, evidence);
    },
    /** The end of an order, with the venue's answer for evidence. It takes part in the order of what its own epoch said, after all of it. */
    end(order: LedgerOrder, report: EndReport): TradingEvent {
      const to = STATE_OF[report.status];
      const body: TradingEventBody<'order.state'> = {
        clientOrderId: order.clientOrderId,
        lane: order.intent?.lane ?? order.state?.lane ?? '',
        symbol: instrument.symbol,
        from: order.state?.state ?? 'Submitted',
        to,
        terminal: true,
        venueOrderId: report.venueOrderId,
        cumulativeSize: report.cumulativeSize,
        size: report.size,
        reason: `reconciled${report.reason === '' ? '' : `: ${report.reason}`}`,
        evidence: [{ kind: 'query', venueOrderId: report.venueOrderId, venueTime: report.venueTime }],
      };
      const epoch = order.state?.epoch ?? order.intent?.epoch ?? NO_EPOCH;
      return { ...envelope(`end/${order.clientOrderId}/${to}`, epoch), type: 'order.state', body };
    },
  };
}

/** A balance as the venue's query states it. */
export function balanceEvent(unit: UnitRef, at: number, report: BalanceReport, origin: CorrectionOrigin): TradingEvent {
  const { kind: _kind, ...body } = report;
  const key = `balance/${report.currency}/${report.venueTime}/${report.walletBalance}`;
  return { ...envelopeOf(unit, at, key, NO_EPOCH, origin), type: 'balance', body };
}

/** Money that the venue's books tell of and the ledger lacked. */
export function paymentEvent(
  unit: UnitRef,
  at: number,
  report: AdjustmentReport,
  origin: CorrectionOrigin,
): TradingEvent {
  const { id, reason, symbol, currency, amount, profit, venueTime } = report;
  const told = { adjustmentId: id, reason, symbol, currency, amount, venueTime, evidence: "the venue's books" };
  const body = profit === undefined ? told : { ...told, profit };
  return { ...envelopeOf(unit, at, `cash/${currency}/${id}`, NO_EPOCH, origin), type: 'cash.adjusted', body };
}

/** What brings the ledger's account of a currency to the wallet. */
export function cashEvent(
  unit: UnitRef,
  at: number,
  entry: {
    readonly id: string;
    readonly reason: 'opening' | 'correction';
    readonly currency: string;
    readonly amount: string;
    readonly evidence: string;
  },
  origin: CorrectionOrigin,
): TradingEvent {
  const { id, reason, currency, amount, evidence } = entry;
  const body = { adjustmentId: id, reason, symbol: null, currency, amount, venueTime: at, evidence };
  return { ...envelopeOf(unit, at, `cash/${currency}/${id}`, NO_EPOCH, origin), type: 'cash.adjusted', body };
}

function envelopeOf(unit: UnitRef, at: number, key: string, epoch: number, origin: CorrectionOrigin) {
  const id = unitId(unit);
  return {
    id: `${id}/reconcile/${key}`,
    version: TRADING_EVENT_VERSION,
    account: unit.account,
    mode: unit.mode,
    venue: unit.venue,
    unit: id,
    epoch,
    // Beyond what any engine counts to within an epoch.
    sequence: at,
    causationId: null,
    traceId: null,
    ...origin,
    time: at,
    stamps: null,
  };
}

const fillPlace = (fill: LedgerFill) => ({ time: fill.venueTime, id: fill.fillId });
const adjustmentPlace = (each: LedgerAdjustment) => ({ time: each.time, id: each.adjustmentId });

/** The latest entry, whatever part of the ledger was read beside it; '' where there is none. */
function latestId<Entry>(
  entries: readonly Entry[],
  placeOf: (entry: Entry) => { readonly time: number; readonly id: string },
): string {
  let latest = { time: Number.NEGATIVE_INFINITY, id: '' };
  for (const each of entries.map(placeOf)) {
    if (each.time > latest.time || (each.time === latest.time && each.id > latest.id)) latest = each;
  }
  return latest.id;
}
