import type { OrderDecision } from '../control/order-decision.ts';
import type { Instrument } from '../market/instrument.ts';
import { formatScaled, type Price, parseScaled, type Size } from '../market/scaled-decimal.ts';
import type { ClientOrderId, FillReport, OrderIntent, OrderReport } from '../orders/order.ts';
import { isTerminal } from '../orders/order-state.ts';
import { type OrderChangeNote, TrackedOrder, targetOf } from '../orders/tracked-order.ts';
import type { OrderAction, OrderAnswer } from '../orders/venue-ports.ts';
import { DailyProfit } from '../positions/daily-profit.ts';
import { Position } from '../positions/position.ts';
import type { EpochMs, MonoNanos } from '../time/clock.ts';
import { AdoptedDifferences } from './adopted-differences.ts';
import { Amendments } from './amendments.ts';
import { CountedFills } from './counted-fills.ts';
import { ForeignOrders } from './foreign-orders.ts';
import { LaneCosts } from './lane-costs.ts';
import type { Resolution } from './lane-effects.ts';
import type { LaneOpening } from './lane-opening.ts';
import { LaneOrders, leavesRest } from './lane-orders.ts';
import type { LaneOutbox } from './lane-outbox.ts';
import { compareListed, type ListingDesk } from './listed-orders.ts';
import type { Now } from './now.ts';
import { OrderAlerts } from './order-alerts.ts';

const SECOND = 1e9;
/** An order that stays in a passing state this long is asked about. */
const ASK_AFTER = 3 * SECOND;
const ASK_AGAIN = 1 * SECOND;
/** Absence is believed only when the request can no longer be executed: its validity has passed, with a margin. */
const REQUEST_VALIDITY = 6 * SECOND;
/** Rounds in a row that must find nothing of an order before it is taken for one that never lived. */
const ABSENCES = 3;
/** An ended order whose fill reports the venue never gives is waited for this long, once the positions agree. */
const FILLS_WAITED_FOR = 30 * SECOND;

/** Follows a lane's orders to their ends and keeps the position that their fills make. It decides nothing about trading. */
export class OrderDesk {
  readonly orders = new LaneOrders();
  readonly position: Position;
  readonly profit = new DailyProfit();
  readonly costs: LaneCosts;
  readonly adopted: AdoptedDifferences;
  /** Rises with each news of an order, fill and order sent: what a verification was asked before is not compared with what came after. */
  activity = 0;
  refusedTransitions = 0;
  /** When the position last came to be. */
  openedAt = 0 as MonoNanos;
  /** After an exit that was refused, the next one waits until then. */
  exitNotBefore = Number.NEGATIVE_INFINITY;
  readonly #lane: string;
  readonly #confirmsStops: boolean;
  readonly #instrument: Instrument;
  readonly #outbox: LaneOutbox;
  readonly #countedFills = new CountedFills();
  readonly #amendments: Amendments;
  readonly #foreign: ForeignOrders;
  readonly #alerts: OrderAlerts;
  readonly #listing: ListingDesk;
  /** Decisions of people that were taken or refused: each comes with every desired state. */
  readonly #decided = new Set<string>();

  /** `confirmsStops`: whether Step Functions follow a protective stop from the moment it leaves its rest. */
  constructor(lane: string, instrument: Instrument, outbox: LaneOutbox, confirmsStops = false) {
    this.#lane = lane;
    this.#confirmsStops = confirmsStops;
    this.#instrument = instrument;
    this.#outbox = outbox;
    this.position = new Position(instrument);
    this.costs = new LaneCosts(lane, instrument, this.profit, outbox);
    this.adopted = new AdoptedDifferences(instrument, this.position, outbox);
    this.#amendments = new Amendments(lane, instrument, outbox, {
      step: (order, input, reason, now) => this.#changed(order, order.step(input, now.mono, [], reason), reason, now),
      ask: (order, now) => this.#resolve(order, now),
    });
    this.#alerts = new OrderAlerts(lane, instrument, outbox);
    this.#foreign = new ForeignOrders(lane, instrument, outbox, {
      orders: this.orders,
      changed: (order, note, reason, now) => this.#changed(order, note, reason, now),
      cancel: (order, now) => this.cancel(order, now),
    });
    this.#listing = {
      orders: this.orders,
      unknown: (report, now) => this.#foreign.report(report, now),
      report: (report, now) => this.report(report, now),
      ask: (order, now) => this.#resolve(order, now),
      cancelEnded: (order) => {
        this.#alerts.worksAfterEnd(order);
        this.#outbox.push({ kind: 'cancel', target: targetOf(order) });
      },
    };
  }

  /** Fills that the opening position holds already, and what the unit's own ids begin with. */
  open(opening: LaneOpening): void {
    this.#countedFills.open(opening);
    this.adopted.open(opening);
    this.#foreign.ownPrefix = opening.ownPrefix ?? null;
  }

  /** Tells and places an order that risk has passed. */
  place(intent: OrderIntent, receivedAt: MonoNanos | null, now: Now): void {
    const order = new TrackedOrder(intent);
    order.submittedAt = now.mono;
    order.placedAt = now.epoch;
    this.orders.add(order);
    this.activity += 1;
    this.#changed(order, order.step('submit', now.mono, []), intent.purpose, now);
    this.#outbox.push({ kind: 'place', intent, receivedAt });
  }

  /**
   * Follows an order that a predecessor sent, from the venue's own report; its fills so far are in the opening position. Null: the venue's lists do not have it. That proves nothing: it is Unknown until it is
   * found, or was asked for often enough; its request can no longer be carried out.
   */
  adopt(order: TrackedOrder, report: OrderReport | null, now: Now): void {
    if (report === null) {
      const { unknownAt } = order;
      this.orders.add(order);
      // More than its intent says: it was amended since, nobody here knows to which size.
      const complete = order.filledSize === order.size;
      const note = complete
        ? order.step('fillComplete', now.mono, [{ kind: 'fills', fillIds: order.fillIds }])
        : order.step('placeUnknown', now.mono, []);
      this.#changed(order, note, 'taken over without an end', now);
      if (unknownAt !== null) order.unknownAt = unknownAt;
      return;
    }
    order.submittedAt = now.mono;
    order.filledSize = parseScaled(report.cumulativeSize, this.#instrument.sizeScale) as Size;
    this.orders.add(order);
    this.#changed(order, order.report(report, this.#instrument, now.mono), report.reason, now);
  }

  /** Whether the order can be amended to this total size now. */
  canAmend(order: TrackedOrder, size: number): boolean {
    return this.#amendments.allows(order, size);
  }

  /** Changes price and total size of a resting order that risk has passed. */
  amend(order: TrackedOrder, price: Price, size: Size, now: Now): void {
    this.activity += 1;
    this.#amendments.send(order, price, size, now);
  }

  answer(clientOrderId: ClientOrderId, action: OrderAction, answer: OrderAnswer, now: Now): void {
    const order = this.orders.get(clientOrderId);
    if (order === null) return;
    this.activity += 1;
    order.answered(action, answer);
    if (action === 'place') this.#placeAnswered(order, answer, now);
    else if (action === 'amend') this.#amendments.answered(order, answer, now);
    else this.#cancelAnswered(order, answer, now);
  }

  report(report: OrderReport, now: Now): void {
    const order = this.orders.find(report.clientOrderId, report.venueOrderId);
    if (order === null) {
      this.#foreign.report(report, now);
      return;
    }
    this.#report(order, report, null, now);
  }

  /** Counts one execution, once. */
  fill(fill: FillReport, now: Now): void {
    if (this.#countedFills.has(fill)) return;
    // Read whole before it counts as counted: one that cannot be read is not lost to a later, better report.
    const price = parseScaled(fill.price, this.#instrument.priceScale) as Price;
    const size = parseScaled(fill.size, this.#instrument.sizeScale) as Size;
    const terms = this.costs.termsOf(fill, now);
    const kept = this.position.unitsOf(terms.positionFee ?? '0');
    this.#countedFills.add(fill);
    this.activity += 1;
    const order = this.orders.find(fill.clientOrderId, fill.venueOrderId);
    if (this.position.size === 0) this.openedAt = now.mono;
    const moved = this.position.unitsOfSize(size);
    this.adopted.giveWay(fill, (fill.side === 'buy' ? moved : -moved) - kept);
    this.position.fill(fill.side, price, size, kept);
    this.costs.paid(fill, terms, now);
    const { kind: _kind, source: _source, ...body } = fill;
    this.#outbox.event('fill', { ...body, ...terms, clientOrderId: order?.intent.clientOrderId ?? fill.clientOrderId });
    if (order === null || order.foreign) this.#foreign.filled(fill, order);
    if (order === null) return;
    const note = order.fill(fill, this.#instrument, now.mono);
    if (note !== null) this.#changed(order, note, '', now);
    this.#amendments.reported(order, null, now);
  }

  /** The venue's answer to a question about one order. */
  resolved(clientOrderId: ClientOrderId, resolution: Resolution, now: Now): void {
    const order = this.orders.get(clientOrderId);
    if (order === null) return;
    // An answer may be on its way for long: what it says is of when it was asked for.
    const { askedAt } = order;
    order.resolving = false;
    order.askedAt = now.mono;
    if (resolution.kind === 'failed') {
      order.inquiry.begin(now.mono);
      order.inquiry.failed(resolution.reason);
      return;
    }
    for (const fill of resolution.fills) this.fill(fill, now);
    if (resolution.kind === 'found') {
      order.inquiry.absences = 0;
      this.#report(order, resolution.report, askedAt, now);
      if (order.state !== 'Unknown') this.#alerts.known(order, now);
      if (!order.terminal && order.cancelWished) this.#sendCancel(order, now);
      return;
    }
    const mayStillLive = askedAt - order.submittedAt <= REQUEST_VALIDITY;
    const agrees = this.position.unitsOf(resolution.position.size) === this.position.units;
    const tooSoon = order.inquiry.absent() < ABSENCES || mayStillLive;
    // A venue that once spoke of it forgets; that is no proof that it never lived (F4).
    if (tooSoon || !agrees || order.seenByVenue) {
      order.inquiry.begin(now.mono);
      // Forgotten: whoever looks it up at the venue may say what it is.
      const input = order.state === 'Submitted' ? 'placeUnknown' : 'cancelUnknown';
      if (!tooSoon && order.alive) this.#changed(order, order.step(input, now.mono, []), 'the venue forgot it', now);
      return;
    }
    const { queriedAt, windowFrom } = resolution;
    const evidence = { kind: 'agreedAbsence', queriedAt, windowFrom, position: resolution.position.size } as const;
    const reason = 'never reached the venue';
    this.#changed(order, order.step('absent', now.mono, [evidence], reason), reason, now);
  }

  /** Compares with what the venue lists as open. */
  compareOpenOrders(listed: readonly OrderReport[], now: Now): void {
    compareListed(this.#listing, listed, now);
  }

  /**
   * The venue's position agrees with the own one and nothing happened meanwhile: an order that ended long since, and of which the venue reported more than it ever
   * listed as fills, holds the lane no longer (F9). A fill that comes later still counts.
   */
  positionAgreed(now: Now): void {
    for (const order of this.orders.followed()) {
      if (!order.terminal || now.mono - order.changedAt < FILLS_WAITED_FOR) continue;
      order.stopWaitingForFills();
      this.#alerts.fillsMissing(order.intent.clientOrderId);
    }
  }

  /** A flat position needs no protection: what still rests to reduce it is cancelled, so that it can neither hold the lane nor outlive its reason (F24). */
  cancelNeedlessExits(now: Now): void {
    for (const order of this.orders.pending()) if (order.intent.reduceOnly) this.cancel(order, now);
  }

  /** Timeouts. True: fill reports are missing, so the venue should be asked for fills. */
  timer(restMs: number, now: Now): boolean {
    let missesFills = false;
    this.costs.timer(now);
    for (const order of this.orders.followed()) {
      const inState = now.mono - order.changedAt;
      const rests = order.state === 'Accepted' || order.state === 'PartiallyFilled';
      const rested = now.mono - order.submittedAt > restMs * 1e6;
      // It came to work, or back to it, after its cancel had missed it.
      if (rests && order.cancelWished) this.#sendCancel(order, now);
      else if (rests && rested && order.intent.purpose === 'entry') this.cancel(order, now);
      const passing =
        order.state === 'Submitted' || order.state === 'PendingCancel' || order.state === 'PendingReplace';
      if (passing && inState > ASK_AFTER) this.#resolve(order, now);
      if (order.unclearSince !== null) {
        this.#resolve(order, now);
        this.#alerts.unclear(order, now);
      }
      this.#amendments.timer(order, now);
      if (order.missesFills && inState > ASK_AGAIN) missesFills = true;
    }
    return missesFills;
  }

  /** Wishes an order cancelled; sent once, and again after each question that found it alive. */
  cancel(order: TrackedOrder, now: Now): void {
    if (order.foreign || order.cancelWished || order.terminal || order.intent.type === 'market') return;
    order.cancelWished = true;
    this.#sendCancel(order, now);
  }

  /** What a person found at the venue of an order that nobody could prove. It ends what is Unknown since before it was said, and nothing else; what it does not end is told. Whether it ended it. */
  decide(decision: OrderDecision, now: Now): boolean {
    const order = this.orders.get(decision.clientOrderId);
    if (order === null || this.#decided.has(decision.id)) return false;
    this.#decided.add(decision.id);
    const note = (order.unknownAt ?? 0) > decision.at ? null : order.decide(decision, now.mono);
    if (note?.changed === true) {
      this.activity += 1;
      this.#changed(order, note, `decided by ${decision.who}: ${decision.note}`, now);
      return true;
    }
    this.#alerts.refusedDecision(decision, note === null ? 'became Unknown only after that' : `is ${order.state}`);
    return false;
  }

  /** `askedAt`: when the question was asked that this answers, null: nobody asked. */
  #report(order: TrackedOrder, report: OrderReport, askedAt: number | null, now: Now): void {
    const reportedBefore = order.reportedSize;
    const note = order.report(report, this.#instrument, now.mono);
    if (note.changed || order.reportedSize > reportedBefore) this.activity += 1;
    this.#changed(order, note, report.reason, now);
    this.#amendments.reported(order, askedAt, now);
  }

  #placeAnswered(order: TrackedOrder, answer: OrderAnswer, now: Now): void {
    switch (answer.kind) {
      case 'accepted':
        order.venueOrderId ??= answer.venueOrderId;
        this.#changed(order, order.step('placeAccepted', now.mono, []), '', now);
        return;
      case 'rejected': {
        // The id is known to the venue already: our request lives, the order must be looked up (F2).
        const unclear = answer.errorClass === 'alreadySo' || answer.errorClass === 'unknown' || order.livedBefore;
        const reason = `${answer.code} ${answer.text}`;
        const evidence = [{ kind: 'answer', code: answer.code, text: answer.text } as const];
        this.#changed(
          order,
          order.step(unclear ? 'placeUnknown' : 'placeRejected', now.mono, evidence, reason),
          reason,
          now,
        );
        if (answer.errorClass === 'keys')
          this.#outbox.alert('critical', 'VENUE_KEYS_REFUSED', reason, `keys/${this.#lane}`);
        return;
      }
      case 'unknown': {
        const note = order.step('placeUnknown', now.mono, [], answer.text);
        this.#changed(order, note, `${answer.cause} ${answer.text}`, now);
        return;
      }
      case 'notSent': {
        const evidence = [{ kind: 'notSent', reason: answer.reason } as const];
        this.#changed(
          order,
          order.step('placeNotSent', now.mono, evidence, answer.reason),
          `${answer.reason} ${answer.text}`,
          now,
        );
      }
    }
  }

  #cancelAnswered(order: TrackedOrder, answer: OrderAnswer, now: Now): void {
    if (answer.kind === 'accepted') return;
    // Refused, unclear or not sent: what the order is can only be asked (F6, F13); the wish to cancel stays.
    const input = answer.kind === 'rejected' ? 'cancelRefused' : 'cancelUnknown';
    this.#changed(order, order.step(input, now.mono, []), answer.text, now);
  }

  #sendCancel(order: TrackedOrder, now: Now): void {
    this.activity += 1;
    this.#changed(order, order.step('cancelSent', now.mono, []), 'cancel wished', now);
    this.#outbox.push({ kind: 'cancel', target: targetOf(order) });
  }

  #resolve(order: TrackedOrder, now: Now): void {
    if (order.resolving || now.mono - order.askedAt < ASK_AGAIN) return;
    order.resolving = true;
    order.askedAt = now.mono;
    order.inquiry.asked();
    // By the wall clock of now, which may have stepped since: so long ago it was sent.
    const sentAt = now.epoch - (now.mono - order.submittedAt) / 1e6;
    const windowFrom = Math.floor(Math.min(order.placedAt, sentAt)) as EpochMs;
    this.#outbox.push({ kind: 'resolve', target: targetOf(order), windowFrom });
  }

  /** Tells a change, ends the amendment of what has ended, and asks at once about what became Unknown. */
  #changed(order: TrackedOrder, note: OrderChangeNote, reason: string, now: Now): void {
    const { clientOrderId, symbol } = order.intent;
    if (note.refused) {
      this.refusedTransitions += 1;
      this.#alerts.transitionRefused(clientOrderId, note.from);
      return;
    }
    if (!note.changed) return;
    const { sizeScale } = this.#instrument;
    this.#outbox.event('order.state', {
      clientOrderId,
      lane: this.#lane,
      symbol,
      from: note.from,
      to: note.to,
      terminal: order.terminal,
      venueOrderId: order.venueOrderId,
      cumulativeSize: formatScaled(Math.max(order.filledSize, order.reportedSize), sizeScale),
      size: formatScaled(order.size, sizeScale),
      reason,
      ...(order.foreign ? { foreign: { side: order.intent.side, reduceOnly: order.intent.reduceOnly } } : {}),
      ...(this.#confirmsStops && leavesRest(order, note) ? { confirm: true as const } : {}),
      evidence: order.evidence.map((each) => (each.kind === 'fills' ? { ...each, fillIds: [...each.fillIds] } : each)),
    });
    if (order.terminal) this.#amendments.reported(order, null, now);
    if (order.state === 'Rejected' && order.intent.reduceOnly) this.exitNotBefore = order.changedAt + SECOND;
    if (order.state !== 'Unknown') {
      this.#alerts.known(order, now);
      return;
    }
    if (isTerminal(note.from)) this.#alerts.contradicted(clientOrderId, note.from);
    order.unknownAt = now.epoch;
    order.inquiry.begin(now.mono);
    this.#resolve(order, now);
  }
}
