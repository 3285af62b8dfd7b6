import { messageOf } from '#core/errors.ts';
import type { StageStamps } from '#core/events/trading-event.ts';
import type { LaneGiven } from '#core/input-log/lane-input.ts';
import type { Lane } from '#core/lanes/lane.ts';
import type { EventNote } from '#core/lanes/lane-effects.ts';
import type { Now } from '#core/lanes/now.ts';
import type { ClientOrderId, OrderIntent } from '#core/orders/order.ts';
import type {
  OrderAction,
  OrderAnswer,
  OrderChange,
  OrderEntry,
  OrderTarget,
  VenueQueries,
} from '#core/orders/venue-ports.ts';
import type { Clock, EpochMs, MonoNanos } from '#core/time/clock.ts';
import type { EngineMetrics } from './engine-metrics.ts';
import { askAboutOrder } from './venue-questions.ts';

export interface LanePerformerOptions {
  readonly queries: VenueQueries;
  readonly orderEntry: () => OrderEntry;
  readonly metrics: EngineMetrics;
  readonly clock: Clock;
  /** Own monotonic time after which no order leaves. */
  readonly fencedAt: () => MonoNanos;
  readonly stopped: () => boolean;
  /** Brings an answer to its lane as an input, and has what comes of it carried out. */
  readonly give: (lane: Lane, input: LaneGiven, now: Now) => void;
  /** All effects in the lane's buffer have been carried out. */
  readonly carriedOut: (lane: Lane, now: Now) => void;
  readonly tell: (note: EventNote, stamps: StageStamps | null) => void;
  readonly verify: (lane: Lane) => void;
  /** Asks what a currency costs; the answer is an input of the lane. */
  readonly askPrice: (lane: Lane, currency: string, against: string) => void;
}

const LEASE_ENDED: OrderAnswer = { kind: 'notSent', reason: 'leaseEnds', text: 'the lease has ended' };

/** Carries out what a lane's steps wished, in order, and brings the answers back to the lane as inputs. */
export class LanePerformer {
  readonly #options: LanePerformerOptions;
  readonly #performing = new Set<Lane>();

  constructor(options: LanePerformerOptions) {
    this.#options = options;
  }

  /** Empties the lane's effects. Answers that come at once add theirs to the same buffer. */
  perform(lane: Lane): void {
    if (this.#performing.has(lane)) return;
    this.#performing.add(lane);
    try {
      for (let index = 0; index < lane.effects.length; index += 1) {
        const effect = lane.effects[index];
        if (effect === undefined) break;
        switch (effect.kind) {
          case 'event':
            this.#options.tell(effect.note, effect.stamps);
            break;
          case 'place':
            this.#place(lane, effect.intent, effect.receivedAt);
            break;
          case 'cancel':
            this.#cancel(lane, effect.target);
            break;
          case 'amend':
            this.#amend(lane, effect.target, effect.change);
            break;
          case 'resolve':
            void this.#resolve(lane, effect.target, effect.windowFrom);
            break;
          case 'verify':
            this.#options.verify(lane);
            break;
          case 'askPrice':
            this.#options.askPrice(lane, effect.currency, effect.against);
            break;
        }
      }
    } finally {
      // Whatever becomes of the log: nothing is carried out twice.
      try {
        if (lane.effects.length > 0) this.#options.carriedOut(lane, this.#now());
      } finally {
        lane.effects.length = 0;
        this.#performing.delete(lane);
      }
    }
  }

  #place(lane: Lane, intent: OrderIntent, receivedAt: MonoNanos | null): void {
    const { clock, metrics, orderEntry, fencedAt } = this.#options;
    // The lane's gate may be as old as a timer step; the fence itself is asked at the last moment (invariant 1).
    const sentAt = clock.monoNanos();
    if (sentAt >= fencedAt()) {
      this.#answered(lane, intent.clientOrderId, 'place', LEASE_ENDED);
      return;
    }
    orderEntry().place(intent, lane.instrument, this.#validUntil(), (answer) => {
      metrics.orderToAck.record((clock.monoNanos() - sentAt) / 1e3);
      this.#answered(lane, intent.clientOrderId, 'place', answer);
    });
    if (receivedAt !== null) metrics.tickToOrder.record((clock.monoNanos() - receivedAt) / 1e3);
  }

  #cancel(lane: Lane, target: OrderTarget): void {
    const { clock, orderEntry, queries, fencedAt } = this.#options;
    const { clientOrderId } = target;
    const take = (answer: OrderAnswer) => this.#answered(lane, clientOrderId, 'cancel', answer);
    // What works may be the successor's by now, a stop of its position among it: a request by REST ends with no lease by itself.
    if (clock.monoNanos() >= fencedAt()) {
      take(LEASE_ENDED);
      return;
    }
    if (orderEntry().notReady() === null) {
      orderEntry().cancel(target, this.#validUntil(), take);
      return;
    }
    // Cancels always find a way: by REST while the socket is away.
    void queries
      .cancelOrder(target)
      .then(take, (error: unknown) =>
        take({ kind: 'unknown', cause: 'venueUnclear', code: '', text: messageOf(error) }),
      );
  }

  /** Fenced as a new order is: under an ended lease nothing is changed. */
  #amend(lane: Lane, target: OrderTarget, change: OrderChange): void {
    const { clock, orderEntry, fencedAt } = this.#options;
    const take = (answer: OrderAnswer) => this.#answered(lane, target.clientOrderId, 'amend', answer);
    if (clock.monoNanos() >= fencedAt()) take(LEASE_ENDED);
    else orderEntry().amend(target, change, lane.instrument, this.#validUntil(), take);
  }

  async #resolve(lane: Lane, target: OrderTarget, windowFrom: EpochMs): Promise<void> {
    const { queries, clock, give, stopped } = this.#options;
    const resolution = await askAboutOrder(queries, lane, target, windowFrom, clock);
    if (stopped()) return;
    const { clientOrderId } = target;
    give(lane, { kind: 'resolution', body: { clientOrderId, resolution } }, this.#now());
  }

  #answered(lane: Lane, clientOrderId: ClientOrderId, action: OrderAction, answer: OrderAnswer): void {
    this.#options.give(lane, { kind: 'answer', body: { clientOrderId, action, answer } }, this.#now());
  }

  /** When the lease ends, by the wall clock as it stands now: a step of the wall clock since the renewal must not lengthen a request's validity. */
  #validUntil(): EpochMs {
    const { clock, fencedAt } = this.#options;
    return (clock.epochMs() + (fencedAt() - clock.monoNanos()) / 1e6) as EpochMs;
  }

  #now(): Now {
    return { mono: this.#options.clock.monoNanos(), epoch: this.#options.clock.epochMs() };
  }
}
