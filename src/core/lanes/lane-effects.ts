import type { StageStamps, TradingEventBody, TradingEventType } from '../events/trading-event.ts';
import type { FillReport, OrderIntent, OrderReport, PositionReport } from '../orders/order.ts';
import type { OrderChange, OrderTarget } from '../orders/venue-ports.ts';
import type { EpochMs, MonoNanos } from '../time/clock.ts';

/** An event without its envelope, which the unit adds. */
export type EventNote = {
  [Type in TradingEventType]: { readonly type: Type; readonly body: TradingEventBody<Type> };
}[TradingEventType];

/** What a lane wishes done, carried out after its step, in order. */
export type LaneEffect =
  | { readonly kind: 'event'; readonly note: EventNote; readonly stamps: StageStamps | null }
  | { readonly kind: 'place'; readonly intent: OrderIntent; readonly receivedAt: MonoNanos | null }
  | { readonly kind: 'cancel'; readonly target: OrderTarget }
  | { readonly kind: 'amend'; readonly target: OrderTarget; readonly change: OrderChange }
  /** Ask the venue what became of one order. */
  | { readonly kind: 'resolve'; readonly target: OrderTarget; readonly windowFrom: EpochMs }
  /** Ask the venue for open orders, fills and position of the lane's symbol. */
  | { readonly kind: 'verify' }
  /** Ask what a currency that fees are taken in costs. */
  | { readonly kind: 'askPrice'; readonly currency: string; readonly against: string };

/** What the queries about one order gave. */
export type Resolution =
  | { readonly kind: 'found'; readonly report: OrderReport; readonly fills: readonly FillReport[] }
  /** No endpoint knows it, no fill names it, and this is the position: whether that proves absence is the lane's to judge. */
  | {
      readonly kind: 'absent';
      readonly fills: readonly FillReport[];
      readonly position: PositionReport;
      readonly queriedAt: EpochMs;
      readonly windowFrom: EpochMs;
    }
  | { readonly kind: 'failed'; readonly reason: string };

/** What a verification of the whole symbol gave. */
export type Verification =
  | {
      readonly kind: 'complete';
      /** The lane's activity count when the questions were asked: answers are compared only if nothing happened since. */
      readonly activity: number;
      /** The venue's own time when it was asked. Absent: nobody knows. */
      readonly askedAt?: EpochMs;
      readonly openOrders: readonly OrderReport[];
      readonly fills: readonly FillReport[];
      readonly position: PositionReport;
    }
  | { readonly kind: 'failed'; readonly reason: string };
