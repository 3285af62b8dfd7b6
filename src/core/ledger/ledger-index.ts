import { z } from 'zod';
import type { TradingEvent } from '../events/trading-event.ts';
import type { VenueId } from '../market/instrument.ts';
import type { LedgerAdjustment } from './ledger-entry.ts';

/**
 * What lets a recovery read little of a long ledger. Beside the items that hold everything for good there are, for each venue and symbol: one item that names the open orders,
 * and small items in the order of arrival: each fill and adjustment once, and each end of an order. A checkpoint holds the fold of all that arrived before it.
 */
export const INDEX_PREFIX = {
  open: 'OPEN#',
  recent: 'RECENT#',
  ended: 'ENDED#',
  checkpoint: 'CHECKPOINT#',
} as const;

const WIDTH = 16;

/** A time of arrival as text that sorts. */
export function arrivalKey(epochMs: number): string {
  return String(Math.max(0, Math.floor(epochMs))).padStart(WIDTH, '0');
}

/** `<venue>#<symbol>`. */
export function placeOf(venue: VenueId, symbol: string): string {
  return `${venue}#${symbol}`;
}

/** What an event asks of the index. */
export type IndexSubject =
  | { readonly kind: 'order'; readonly place: string; readonly orderId: string }
  | {
      readonly kind: 'move';
      readonly place: string;
      readonly part: 'fill' | 'feePrice' | 'adjustment' | 'cash';
      readonly id: string;
    };

export function indexSubjectOf(event: TradingEvent): IndexSubject | null {
  switch (event.type) {
    case 'order.intended':
    case 'order.denied':
    case 'order.state':
      return { kind: 'order', place: placeOf(event.venue, event.body.symbol), orderId: event.body.clientOrderId };
    case 'fill':
      return { kind: 'move', place: placeOf(event.venue, event.body.symbol), part: 'fill', id: event.body.fillId };
    case 'fee.priced':
      return {
        kind: 'move',
        place: placeOf(event.venue, event.body.symbol),
        part: 'feePrice',
        id: event.body.fillId,
      };
    case 'cash.adjusted':
      // What is of no symbol is of nobody's profit, and a recovery needs it not.
      return event.body.symbol === null
        ? null
        : {
            kind: 'move',
            place: placeOf(event.venue, event.body.symbol),
            part: 'cash',
            id: `${event.body.currency}#${event.body.adjustmentId}`,
          };
    case 'position.adjusted':
      return {
        kind: 'move',
        place: placeOf(event.venue, event.body.symbol),
        part: 'adjustment',
        id: event.body.adjustmentId,
      };
    default:
      return null;
  }
}

const decimal = z.string();

/** A checkpoint as stored. Without `fold` there is none yet, only the time since which everything is in the index. */
export const CHECKPOINT = z.object({
  /** Whatever arrives later is in the index, ms. */
  since: z.number(),
  fold: z
    .object({
      /** What arrived until then is in it, ms. */
      through: z.number(),
      size: decimal,
      entryPrice: decimal,
      costKnown: z.boolean(),
      contract: z.enum(['spot', 'linear', 'inverse', 'option', 'equity']).nullable(),
      /** Latest moment that its fills and adjustments tell of, ms; null: it has none. */
      lastKnownAt: z.number().nullable(),
      /** What its fills brought, paid and cost since the ledger began; absent in those made before it was kept. */
      money: z
        .object({
          realizedProfit: decimal,
          paid: decimal,
          fees: z.record(z.string(), decimal),
          fills: z.number().int().nonnegative(),
        })
        .optional(),
    })
    .nullish(),
});
export type Checkpoint = z.infer<typeof CHECKPOINT>;
export type CheckpointFold = NonNullable<Checkpoint['fold']>;

/** What a checkpoint holds open, as the first move of whatever is folded after it. */
export function openingOf(fold: CheckpointFold, venue: VenueId, symbol: string): readonly LedgerAdjustment[] {
  if (/^-?0*(\.0*)?$/.test(fold.size)) return [];
  return [
    {
      adjustmentId: 'checkpoint',
      symbol,
      delta: fold.size,
      reason: 'correction',
      evidence: `everything that arrived until ${fold.through}`,
      price: fold.costKnown ? fold.entryPrice : null,
      ...(fold.contract === null ? {} : { contract: fold.contract }),
      venue,
      epoch: 0,
      time: 0,
    },
  ];
}
