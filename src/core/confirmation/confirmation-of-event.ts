import type { TradingEvent } from '../events/trading-event.ts';
import { orderStatePrecedence } from '../ledger/precedence.ts';
import { isForeignOrderId } from '../orders/foreign-order.ts';
import type { ConfirmationEnd, ConfirmedOrder } from './confirmation-record.ts';
import { endStateOf } from './venue-verdict.ts';

/** What an event asks of the confirmation of its order. */
export type ConfirmationStep =
  | { readonly kind: 'begin'; readonly order: ConfirmedOrder }
  | {
      readonly kind: 'end';
      readonly clientOrderId: string;
      readonly end: ConfirmationEnd;
      /** Orders several ends of one order. */
      readonly precedence: string;
      /** The order, where nothing has followed it before. */
      readonly begins?: ConfirmedOrder;
      /** Whether the venue could tell of this end if it were asked: a rejected order leaves no trace there. */
      readonly knownToVenue: boolean;
    };

/** Clocks of engine and venue differ by less. */
const CLOCK_SLACK_MS = 60_000;
/** What an order did that is followed only from here, because it became unknown or rested until now, lies within this time. */
const UNFOLLOWED_WINDOW_MS = 3_600_000;

/**
 * Orders are followed from their intent where their lane asks for it, protective stops there from the moment they leave their rest, and every order from the moment it becomes unknown. A terminal state
 * counts only with its evidence. Null: the event is none of confirmation's business.
 */
export function confirmationStepOf(event: TradingEvent): ConfirmationStep | null {
  switch (event.type) {
    case 'order.intended':
      return event.body.confirm ? begin(orderOf(event, event.body, CLOCK_SLACK_MS)) : null;
    case 'order.denied':
      return {
        kind: 'end',
        clientOrderId: event.body.clientOrderId,
        end: {
          by: 'callback',
          state: 'Denied',
          cumulativeSize: '0',
          evidence: [{ kind: 'notSent', reason: event.body.code }],
        },
        precedence: orderStatePrecedence('Denied', event.epoch, event.sequence),
        knownToVenue: false,
      };
    case 'order.state': {
      const { clientOrderId, to, cumulativeSize, evidence } = event.body;
      // What nobody here placed is followed by its lane alone.
      if (isForeignOrderId(clientOrderId)) return null;
      const order = orderOf(event, event.body, UNFOLLOWED_WINDOW_MS);
      if (to === 'Unknown') return begin(order);
      const begins = event.body.confirm === true;
      const state = endStateOf(to);
      if (state === null || evidence.length === 0) return begins ? begin(order) : null;
      return {
        kind: 'end',
        clientOrderId,
        end: { by: 'callback', state, cumulativeSize, evidence },
        precedence: orderStatePrecedence(to, event.epoch, event.sequence, evidence),
        ...(begins ? { begins: order } : {}),
        knownToVenue: state === 'Filled' || state === 'Canceled' || state === 'Expired',
      };
    }
    default:
      return null;
  }
}

/** Whether risk denied the order, by one of these events: it never left the process, and there is nothing to follow. */
export function isDeniedIn(events: readonly TradingEvent[], clientOrderId: string): boolean {
  return events.some((event) => event.type === 'order.denied' && event.body.clientOrderId === clientOrderId);
}

function begin(order: ConfirmedOrder): ConfirmationStep {
  return { kind: 'begin', order };
}

function orderOf(
  event: TradingEvent,
  body: { readonly clientOrderId: string; readonly lane: string; readonly symbol: string },
  windowMs: number,
): ConfirmedOrder {
  const { mode, account, venue, time } = event;
  const { clientOrderId, lane, symbol } = body;
  return { clientOrderId, mode, account, venue, lane, symbol, intendedAt: time, windowFrom: time - windowMs };
}
