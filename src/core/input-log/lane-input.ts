import type { DesiredState } from '../control/desired-state.ts';
import type { Lane } from '../lanes/lane.ts';
import type { Resolution, Verification } from '../lanes/lane-effects.ts';
import type { KeptHalt } from '../lanes/lane-halt.ts';
import type { LaneOpening } from '../lanes/lane-opening.ts';
import type { Now } from '../lanes/now.ts';
import type { OrderBook } from '../market/order-book.ts';
import type { AdjustmentReport, ClientOrderId, FillReport, OrderIntent, OrderReport } from '../orders/order.ts';
import { TrackedOrder } from '../orders/tracked-order.ts';
import { trackUnfound, type UnfoundOrder } from '../orders/unfound-order.ts';
import type { OrderAnswer } from '../orders/venue-ports.ts';
import type { FeePrice } from '../positions/fee-price.ts';

/** An input of a lane other than a book, as the input log has it: kind and body of its line. */
export type LaneGiven =
  | { readonly kind: 'open'; readonly body: LaneOpening }
  /** An order that a predecessor sent, as the venue reports it. */
  | { readonly kind: 'adopt'; readonly body: { readonly intent: OrderIntent; readonly report: OrderReport } }
  /** One that the venue's lists leave out. */
  | { readonly kind: 'unfound'; readonly body: UnfoundOrder }
  /** A predecessor's halt, which the ledger had not taken in when the lane was opened. */
  | { readonly kind: 'keepHalted'; readonly body: KeptHalt }
  | { readonly kind: 'timer'; readonly body: null }
  /** Why nothing, or no entry, may leave; null: it may. A gate leads to no effect by itself. */
  | { readonly kind: 'gate'; readonly body: { readonly closed: string | null; readonly fence: string | null } }
  | { readonly kind: 'desired'; readonly body: DesiredState }
  /** Entries stop and working orders are cancelled. */
  | { readonly kind: 'drain'; readonly body: { readonly reason: string } }
  /** Its symbol is given up, or kept after all; entries on it are held back, or let go. */
  | { readonly kind: 'leave' | 'hold'; readonly body: { readonly reason: string } }
  | { readonly kind: 'stay' | 'release'; readonly body: null }
  | { readonly kind: 'accountReport'; readonly body: FillReport | OrderReport | AdjustmentReport }
  /** Venue, ledger and lane have come to hold the same. */
  | { readonly kind: 'agreed'; readonly body: { readonly size: string } }
  /** What a currency that fees are taken in costs. */
  | { readonly kind: 'feePrice'; readonly body: FeePrice }
  | {
      readonly kind: 'answer';
      readonly body: {
        readonly clientOrderId: ClientOrderId;
        readonly action: Parameters<Lane['onAnswer']>[1];
        readonly answer: OrderAnswer;
      };
    }
  | {
      readonly kind: 'resolution';
      readonly body: { readonly clientOrderId: ClientOrderId; readonly resolution: Resolution };
    }
  | { readonly kind: 'verification'; readonly body: Verification };

/**
 * Gives a lane one input. The only way to it, for the engine as for a replay, but for books (`Lane.onBook`): what is recorded is what the lane was given. `book`: that of its symbol, null while
 * there is none; timers look at it.
 */
export function giveLane(lane: Lane, input: LaneGiven, book: OrderBook | null, now: Now): void {
  switch (input.kind) {
    case 'open':
      lane.open(input.body, now);
      return;
    case 'adopt': {
      const { intent, report } = input.body;
      const order = new TrackedOrder(intent);
      order.step('submit', now.mono, []);
      order.placedAt = report.venueTime;
      lane.adopt(order, report, now);
      return;
    }
    case 'unfound':
      lane.adopt(trackUnfound(input.body, now), null, now);
      return;
    case 'keepHalted':
      lane.keepHalted(input.body, now);
      return;
    case 'timer':
      lane.onTimer(book, now);
      return;
    case 'gate':
      lane.onGate(input.body.closed, input.body.fence);
      return;
    case 'desired':
      lane.onDesired(input.body, now);
      return;
    case 'drain':
      lane.drain(input.body.reason, now);
      return;
    case 'leave':
      lane.leave(input.body.reason, now);
      return;
    case 'hold':
      lane.hold(input.body.reason);
      return;
    case 'stay':
      lane.stay();
      return;
    case 'release':
      lane.release();
      return;
    case 'accountReport':
      if (input.body.kind === 'fill') lane.onFill(input.body, now);
      else if (input.body.kind === 'adjustment') lane.onAdjustment(input.body, now);
      else lane.onOrderReport(input.body, now);
      return;
    case 'agreed':
      lane.onAgreed();
      return;
    case 'feePrice':
      lane.onFeePrice(input.body, now);
      return;
    case 'answer': {
      const { clientOrderId, action, answer } = input.body;
      lane.onAnswer(clientOrderId, action, answer, now);
      return;
    }
    case 'resolution':
      lane.onResolution(input.body.clientOrderId, input.body.resolution, now);
      return;
    case 'verification':
      lane.onVerification(input.body, now);
  }
}
