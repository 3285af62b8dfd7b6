import { type UnitId, type UnitRef, unitId } from '#core/control/unit.ts';
import { messageOf } from '#core/errors.ts';
import type { LaneGiven } from '#core/input-log/lane-input.ts';
import type { Lane } from '#core/lanes/lane.ts';
import type { EventNote } from '#core/lanes/lane-effects.ts';
import type { KeptHalt } from '#core/lanes/lane-halt.ts';
import type { LaneOpening } from '#core/lanes/lane-opening.ts';
import type { Now } from '#core/lanes/now.ts';
import { orderIdPrefix } from '#core/orders/client-order-id.ts';
import { intentOfReport } from '#core/orders/foreign-order.ts';
import type { ClientOrderId, FillReport, OrderIntent, OrderReport } from '#core/orders/order.ts';
import {
  knowsOrder,
  type LedgerView,
  namedByFillsAlone,
  type PendingLedgerOrder,
  planRecovery,
  type RecoveryPlan,
  type VenueView,
} from '#core/orders/recovery.ts';
import { unfoundOrder } from '#core/orders/unfound-order.ts';
import type { VenueQueries } from '#core/orders/venue-ports.ts';
import { termsOfFill } from '#core/positions/fill-terms.ts';
import type { KeptBreaker } from '#core/risk/breaker.ts';
import { keptBreakers } from '#core/risk/kept-breakers.ts';
import type { Clock, EpochMs, MonoNanos } from '#core/time/clock.ts';
import type { VenueLog } from '#venues/venue.ts';
import { askAboutOrder, askForRecovery } from './venue-questions.ts';

/** Reads what the ledger knows of one symbol of a unit. Rejects when the ledger cannot be read: then nothing trades (S4). */
export type ReadLedger = (unit: UnitRef, symbol: string) => Promise<LedgerView>;

export interface UnitRecoveryOptions {
  readonly unit: UnitRef;
  /** Of the lease under which it recovers. */
  readonly epoch: number;
  readonly queries: VenueQueries;
  readonly readLedger: ReadLedger;
  /** Gives a lane an input; what comes of it is left to `perform`. */
  readonly take: (lane: Lane, input: LaneGiven, now: Now) => void;
  readonly clock: Clock;
  readonly log: VenueLog;
  readonly tell: (note: EventNote) => void;
  /** The unit's book goes on with breakers as a predecessor left them. */
  readonly keepBreakers: (lane: string, kept: readonly KeptBreaker[], now: Now) => void;
  readonly perform: (lane: Lane) => void;
  readonly stopped: () => boolean;
}

/** It looks back at least this far. */
const LOOK_BACK_MS = 600_000;
/** Looks at which the ledger must hold what lane and venue hold, before a lane that only reduces takes entries again. */
const AGREEMENTS = 2;

/**
 * Finds what a predecessor left, before trading opens and once more after it (H2, G10): its working orders are cancelled, fills that nobody told are told, orders without
 * an end are followed to it, and a position that the fills do not explain is adopted with its reason. Recovery rests on the venue and the ledger, never on a local disk.
 */
export class UnitRecovery {
  readonly #options: UnitRecoveryOptions;
  readonly #id: UnitId;
  /** What the ids of the unit's orders begin with, and those of this lease's. */
  readonly #prefix: string;
  readonly #ownPrefix: string;
  /** Looks in a row at which the ledger held what the lane holds. */
  readonly #agreements = new WeakMap<Lane, number>();
  /** Orders of earlier leases that were taken over from the venue's word. */
  readonly #adopted = new Set<string>();
  #venueTime: Now | null = null;

  constructor(options: UnitRecoveryOptions) {
    const { unit, epoch } = options;
    this.#options = options;
    this.#id = unitId(unit);
    this.#prefix = orderIdPrefix(unit.mode, this.#id);
    this.#ownPrefix = orderIdPrefix(unit.mode, this.#id, epoch);
  }

  /** The venue's own time at a moment of our monotonic clock, by what it last said; null: it never said it. */
  venueTimeAt(mono: MonoNanos): EpochMs | null {
    const said = this.#venueTime;
    return said === null ? null : (Math.floor(said.epoch + (mono - said.mono) / 1e6) as EpochMs);
  }

  /**
   * Asks ledger and venue about a lane's symbol; what is returned opens the lane with what they said, once. Rejects when either cannot be asked: nothing has
   * changed then but that the predecessor's orders may be cancelled, and it may be called again.
   */
  async prepare(lane: Lane): Promise<() => void> {
    const { readLedger, unit } = this.#options;
    const ledger = await readLedger(unit, lane.symbol);
    const venueNow = await this.#askVenueTime();
    const from = this.#lookBackFrom(ledger);
    const venue = await this.#askForNamed(lane, ledger, await this.#askWithNothingWorking(lane, from));
    return () => {
      if (!this.#options.stopped())
        this.#open(lane, ledger, venue, venueNow === null ? null : { from, asked: venueNow });
    };
  }

  /** The ledger may lag behind the stream by any time: the venue is asked for everything since the last that the ledger has. */
  #lookBackFrom({ lastKnownAt, pendingOrders }: LedgerView): EpochMs {
    const { mono, epoch } = this.#now();
    const known = [this.venueTimeAt(mono), lastKnownAt, ...pendingOrders.map((order) => order.placedAt)];
    return (Math.min(epoch, ...known.filter((each) => each !== null)) - LOOK_BACK_MS) as EpochMs;
  }

  /** Null: the venue does not say. Our own clock may be an hour ahead of it, and what has not happened yet by then is in no position. */
  async #askVenueTime(): Promise<EpochMs | null> {
    const { queries, log, clock } = this.#options;
    try {
      const epoch = await queries.serverTime();
      this.#venueTime = { mono: clock.monoNanos(), epoch };
      return epoch;
    } catch (error) {
      log('warn', "the venue's time is not known", { unit: this.#id, reason: messageOf(error) });
      return null;
    }
  }

  /** `reach`: the venue's time from which executions were asked for, and when it was asked; null: nobody knows it. */
  #open(
    lane: Lane,
    ledger: LedgerView,
    venue: VenueView,
    reach: { readonly from: EpochMs; readonly asked: EpochMs } | null,
  ): void {
    const plan = planRecovery(this.#prefix, lane.instrument, ledger, venue, lane.configuration);
    const now = this.#now();
    this.#keepBreakers(lane, ledger);
    const body: LaneOpening = {
      ...plan.opening,
      ...(reach === null ? {} : { fillsFrom: reach.from }),
      ...(reach === null || plan.adjustment === null
        ? {}
        : { adopted: { delta: plan.adjustment.delta, price: plan.adjustment.price, through: reach.asked } }),
    };
    this.#options.take(lane, { kind: 'open', body }, now);
    for (const fill of plan.missingFills) {
      const { kind: _kind, source: _source, ...body } = fill;
      this.#options.tell({ type: 'fill', body: { ...body, ...termsOfFill(lane.instrument, fill) } });
    }
    this.#tellAdjustment(lane, plan.adjustment, ledger, venue, plan.missingFills.length);
    for (const { report, intent } of plan.orders) this.#adopt(lane, report, intent, now);
    for (const order of plan.absent) this.#adoptUnfound(lane, order, venue.fills, now);
    // What others have open there is known before the first entry.
    for (const report of venue.openOrders) {
      const own = report.clientOrderId?.startsWith(this.#prefix) === true;
      if (!own) this.#options.take(lane, { kind: 'accountReport', body: report }, now);
    }
    this.#options.perform(lane);
  }

  /**
   * Looks for orders of earlier leases that still have no end in the ledger: what a predecessor told last may have reached the ledger only after the
   * recovery had read it. Never rejects.
   */
  async sweep(lanes: readonly Lane[]): Promise<void> {
    const { readLedger, log, unit } = this.#options;
    for (const lane of lanes) {
      try {
        const ledger = await readLedger(unit, lane.symbol);
        const { pendingOrders, halted, positionSize } = ledger;
        this.#judgeAgreement(lane, positionSize);
        this.#keepBreakers(lane, ledger);
        if (halted !== undefined && halted.epoch < this.#options.epoch) this.#keepHalted(lane, halted);
        for (const order of pendingOrders) {
          const known = lane.orders.get(order.clientOrderId as ClientOrderId) !== null;
          if (!known && !order.clientOrderId.startsWith(this.#ownPrefix)) await this.#follow(lane, order);
        }
        await this.#adoptForgotten(lane, ledger);
      } catch (error) {
        log('warn', 'orders of earlier leases not looked for', { unit: this.#id, reason: messageOf(error) });
      }
    }
  }

  /** What the ledger holds is what the lane and the venue hold, in two looks: nothing is open any more about the position that was adopted. */
  #judgeAgreement(lane: Lane, ledger: string): void {
    if (!lane.unagreed || this.#options.stopped()) return;
    const agrees = lane.position.unitsOf(ledger) === lane.position.units;
    const looks = agrees ? (this.#agreements.get(lane) ?? 0) + 1 : 0;
    this.#agreements.set(lane, looks);
    if (looks < AGREEMENTS) return;
    this.#options.take(lane, { kind: 'agreed', body: { size: ledger } }, this.#now());
    this.#options.perform(lane);
  }

  /** What a predecessor told of its breakers: a takeover closes none. */
  #keepBreakers(lane: Lane, { breakers = [] }: LedgerView): void {
    const { epoch, stopped, keepBreakers: keep } = this.#options;
    const earlier = breakers.filter((each) => each.epoch < epoch);
    if (earlier.length > 0 && !stopped()) keep(lane.name, keptBreakers(lane.name, earlier), this.#now());
  }

  /** A predecessor's halt came into the ledger after the recovery had read it. */
  #keepHalted(lane: Lane, halt: KeptHalt): void {
    if (this.#options.stopped()) return;
    this.#options.take(lane, { kind: 'keepHalted', body: halt }, this.#now());
    this.#options.perform(lane);
  }

  /** The predecessor's working orders are cancelled: what they were meant for is decided anew. Its stops stay and are followed: until the lane has looked they are all that protects the position (F24). */
  async #askWithNothingWorking(lane: Lane, from: EpochMs): Promise<VenueView> {
    const { queries, clock } = this.#options;
    const venue = await askForRecovery(queries, lane, from, clock);
    const own = venue.openOrders.filter((report) => report.clientOrderId?.startsWith(this.#prefix) === true);
    const working = own.filter((report) => !(report.reduceOnly && report.orderType === 'stopMarket'));
    if (working.length === 0) return venue;
    for (const { clientOrderId, venueOrderId } of working) {
      await queries.cancelOrder({ symbol: lane.symbol, clientOrderId: clientOrderId as ClientOrderId, venueOrderId });
    }
    return askForRecovery(queries, lane, from, clock);
  }

  /** With the orders that executions name and nobody told, where the venue's list of the past leaves them out. */
  async #askForNamed(lane: Lane, ledger: LedgerView, venue: VenueView): Promise<VenueView> {
    const orders = [...venue.orders];
    for (const id of namedByFillsAlone(this.#prefix, ledger, venue)) {
      const answer = await this.#options.queries.orderByClientId(lane.symbol, id);
      if (answer.kind === 'found') orders.push(answer.report);
    }
    return { ...venue, orders };
  }

  /** A predecessor's last words may be lost with it, and the venue's list of the past may hold an order only later (F4): what is in it by now and nobody told is told. */
  async #adoptForgotten(lane: Lane, ledger: LedgerView): Promise<void> {
    const { queries, perform, stopped } = this.#options;
    const past = await queries.ordersSince(lane.symbol, this.#lookBackFrom(ledger));
    for (const report of past) {
      const { clientOrderId: id } = report;
      if (stopped() || id === null || !id.startsWith(this.#prefix) || id.startsWith(this.#ownPrefix)) continue;
      const known = this.#adopted.has(id) || lane.orders.get(id as ClientOrderId) !== null || knowsOrder(ledger, id);
      if (!known) this.#adopt(lane, report, null, this.#now());
    }
    perform(lane);
  }

  async #follow(lane: Lane, order: PendingLedgerOrder): Promise<void> {
    const { queries, clock, perform, stopped } = this.#options;
    const clientOrderId = order.clientOrderId as ClientOrderId;
    const target = { symbol: lane.symbol, clientOrderId, venueOrderId: null };
    const resolution = await askAboutOrder(queries, lane, target, order.placedAt, clock);
    // It may have been heard of while it was asked about, and is followed then.
    if (stopped() || lane.orders.get(clientOrderId) !== null) return;
    const now = this.#now();
    if (resolution.kind === 'found') this.#adopt(lane, resolution.report, order, now);
    else if (resolution.kind === 'absent') this.#adoptUnfound(lane, order, resolution.fills, now);
    perform(lane);
  }

  /** An order of the predecessor that the venue knows: told if nobody had told it, and followed to its end. */
  #adopt(lane: Lane, report: OrderReport, known: PendingLedgerOrder | null, now: Now): void {
    const clientOrderId = report.clientOrderId as ClientOrderId;
    this.#adopted.add(clientOrderId);
    const terms = known === null ? { clientOrderId } : { clientOrderId, ...termsOf(known) };
    const intent = intentOfReport(report, lane.instrument, terms);
    if (known === null) this.#tellIntent(lane, intent, report);
    this.#options.take(lane, { kind: 'adopt', body: { intent, report } }, now);
  }

  #tellIntent(lane: Lane, intent: OrderIntent, report: OrderReport): void {
    this.#options.tell({
      type: 'order.intended',
      body: {
        clientOrderId: intent.clientOrderId,
        lane: lane.name,
        symbol: lane.symbol,
        side: intent.side,
        orderType: intent.type,
        timeInForce: intent.timeInForce,
        price: report.price,
        size: report.size,
        reduceOnly: intent.reduceOnly,
        ...(report.triggerPrice === undefined ? {} : { triggerPrice: report.triggerPrice }),
        purpose: intent.purpose,
        signalPrice: report.price ?? '0',
        signalAgeMs: 0,
        confirm: lane.configuration.confirm === 'every' && intent.type !== 'stopMarket',
        retold: true,
      },
    });
  }

  /** Told even where there is nothing to adjust: what the ledger had not taken in yet of earlier leases is comprised by what is adjusted here. */
  #tellAdjustment(
    lane: Lane,
    adjustment: RecoveryPlan['adjustment'],
    ledger: LedgerView,
    venue: VenueView,
    missingFills: number,
  ): void {
    const { delta, reason, price } = adjustment ?? { delta: '0', reason: 'recovered' as const, price: null };
    const { fromEpoch, known } = ledger.adjustments ?? { fromEpoch: 0, known: [] };
    const { size } = venue.position;
    this.#options.tell({
      type: 'position.adjusted',
      body: {
        adjustmentId: `${this.#id}/${lane.symbol}/${this.#options.epoch}/${reason}/${this.#now().epoch}`,
        symbol: lane.symbol,
        delta,
        reason,
        evidence: `venue states ${size}, ledger ${ledger.positionSize} and ${missingFills} fills`,
        price,
        contract: lane.instrument.kind,
        supersedes: { fromEpoch, known: [...known] },
      },
    });
  }

  /**
   * An order whose intent was told and that the venue's lists leave out: lists of the past are not whole everywhere (F4). It is Unknown, with what the ledger and the fills say of it, and the lane asks for it by
   * its own id until the venue has spoken, or has not known it often enough.
   */
  #adoptUnfound(lane: Lane, order: PendingLedgerOrder, fills: readonly FillReport[], now: Now): void {
    this.#options.take(lane, { kind: 'unfound', body: unfoundOrder(order, fills, lane.instrument) }, now);
  }

  #now(): Now {
    return { mono: this.#options.clock.monoNanos(), epoch: this.#options.clock.epochMs() };
  }
}

/** What the ledger knows of an order where a report cannot say. */
function termsOf({ reduceOnly, orderType, triggerPrice }: PendingLedgerOrder) {
  return { reduceOnly, orderType, ...(triggerPrice === undefined ? {} : { triggerPrice }) };
}
