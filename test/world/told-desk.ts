import type { DesiredState } from '#core/control/desired-state.ts';
import type { TradingEventBody } from '#core/events/trading-event.ts';
import type { LaneEffect, Resolution, Verification } from '#core/lanes/lane-effects.ts';
import type { LaneOpening } from '#core/lanes/lane-opening.ts';
import type { LaneOrders } from '#core/lanes/lane-orders.ts';
import type { Now } from '#core/lanes/now.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { formatScaled, parseScaled } from '#core/market/scaled-decimal.ts';
import { foreignOrderId } from '#core/orders/foreign-order.ts';
import type { FillReport, OrderIntent, OrderReport } from '#core/orders/order.ts';
import type { UnfoundOrder } from '#core/orders/unfound-order.ts';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';
import type { Position } from '#core/positions/position.ts';
import { type DueChange, ToldOrder } from './told-order.ts';

/** What is looked at of the lane, or of the desk, that is followed. */
export interface FollowedDesk {
  readonly name: string;
  readonly instrument: Instrument;
  readonly orders: LaneOrders;
  readonly position: Position;
  /** Inputs that did not fit the tables. */
  readonly refusedTransitions: number;
}

type Answered = { readonly clientOrderId: string; readonly action: string; readonly answer: OrderAnswer };
type Resolved = { readonly clientOrderId: string; readonly resolution: Resolution };
type Adopted = { readonly intent: OrderIntent; readonly report: OrderReport };
type Told = TradingEventBody<'order.state'>;

/**
 * Follows all orders of one lane by what its inputs say, and holds what it tells of them against that: each change that the facts make is told at once, in their order and with their evidence, and no other
 * change is but a cancel or an amendment that leaves with it.
 */
export class ToldDesk {
  /** The first thing that does not follow from what was told, or null. */
  fault: string | null = null;
  readonly #desk: FollowedDesk;
  readonly #orders = new Map<string, ToldOrder>();
  readonly #foreign = new Map<string, ToldOrder>();
  readonly #touched = new Set<string>();
  readonly #askedAt = new Map<string, number>();
  readonly #counted = new Set<string>();
  /** Executions of orders that nobody knew yet, by the venue's id of the order. */
  readonly #unplaced = new Map<string, { readonly fillIds: string[]; size: number }>();
  readonly #decisions = new Set<string>();
  #countedFrom = Number.NEGATIVE_INFINITY;
  #ownPrefix: string | null = null;
  /** The input that is taken, until what it made is looked at: then the position is what it left. */
  #input: { readonly kind: string; readonly body: unknown; readonly now: Now } | null = null;

  constructor(desk: FollowedDesk) {
    this.#desk = desk;
  }

  /** An input is about to be taken. */
  hear(kind: string, body: unknown, now: Now): void {
    this.check();
    this.#input = { kind, body, now };
  }

  /** What the last input led to, in order. */
  effects(effects: readonly LaneEffect[], now: Now): void {
    this.#take();
    for (const effect of effects) this.#effect(effect, effects, now);
  }

  /** After a step: everything that was to be told has been, and each order is what was told of it. */
  check(): void {
    this.#take();
    let refusals = 0;
    for (const order of [...this.#orders.values(), ...this.#foreign.values()]) refusals += order.refusals;
    for (const id of this.#touched) {
      const told = this.#get(id);
      const [due] = told?.due ?? [];
      if (due !== undefined) this.#wrong(id, `has not told: ${describe(due)}`);
      const state = this.#desk.orders.get(id)?.state;
      if (told !== undefined && state !== undefined && state !== told.state)
        this.#wrong(id, `is ${state}, told: ${told.state}`);
    }
    this.#touched.clear();
    const { refusedTransitions, name } = this.#desk;
    if (refusedTransitions !== refusals)
      this.fault ??= `lane ${name} refused ${refusedTransitions} inputs, ${refusals} of which did not fit what was proven`;
  }

  /** Takes in the last input, once its lane has. */
  #take(): void {
    const input = this.#input;
    if (input === null) return;
    this.#input = null;
    const { kind, body, now } = input;
    if (kind === 'accountReport') this.#heard(body as FillReport | OrderReport, now);
    else if (kind === 'answer') this.#answered(body as Answered, now);
    else if (kind === 'resolution') this.#resolved(body as Resolved, now);
    else if (kind === 'verification') this.#verified(body as Verification, now);
    else if (kind === 'desired') this.#decided(body as DesiredState, now);
    else if (kind === 'open') this.#opened(body as LaneOpening);
    else if (kind === 'adopt') this.#adopted(body as Adopted, now);
    else if (kind === 'unfound') this.#unfound(body as UnfoundOrder, now);
  }

  #opened({ countedFillIds, fillsFrom, ownPrefix }: LaneOpening): void {
    for (const id of countedFillIds) this.#counted.add(id);
    this.#countedFrom = fillsFrom ?? this.#countedFrom;
    this.#ownPrefix = ownPrefix ?? null;
  }

  #adopted({ intent, report }: Adopted, now: Now): void {
    const order = this.#add(intent.clientOrderId, new ToldOrder(intent.size, intent.price, now.mono));
    order.began([], this.#size(report.cumulativeSize), 0);
    this.#report(order, report, null, now);
  }

  #unfound({ intent, venueOrderId, fillIds, filledSize, unknownAt }: UnfoundOrder, now: Now): void {
    // Its lease has ended: it can no longer arrive.
    const order = this.#add(
      intent.clientOrderId,
      new ToldOrder(intent.size, intent.price, Number.NEGATIVE_INFINITY, now.mono),
    );
    order.venueOrderId = venueOrderId;
    order.began(fillIds, filledSize, filledSize);
    order.unfound(unknownAt, now);
  }

  #heard(report: { readonly kind: string } & (FillReport | OrderReport), now: Now): void {
    if (report.kind === 'fill') this.#executed(report, now);
    else if (report.kind === 'orderReport') this.#reported(report, now);
  }

  #reported(report: OrderReport, now: Now): void {
    const order = this.#find(report);
    if (order === null) this.#unknown(report, now);
    else this.#report(order, report, null, now);
  }

  #report(order: ToldOrder, report: OrderReport, askedAt: number | null, now: Now): void {
    const { priceScale } = this.#desk.instrument;
    const { size, price, venueTime, cumulativeSize } = report;
    const terms = {
      size: this.#size(size),
      price: price === null ? null : parseScaled(price, priceScale),
      venueTime,
    };
    order.reported(report, terms, this.#size(cumulativeSize), askedAt, now);
  }

  /** Nobody here knows it: others placed it, or it is ours and works unknown to its lane. */
  #unknown(report: OrderReport, now: Now): void {
    const { clientOrderId, venueOrderId, status, source } = report;
    const own = this.#ownPrefix !== null && clientOrderId?.startsWith(this.#ownPrefix) === true;
    const works = status === 'accepted' || status === 'partiallyFilled';
    if (own ? !works : venueOrderId === '') return;
    const price = report.price === null ? null : parseScaled(report.price, this.#desk.instrument.priceScale);
    const order = new ToldOrder(this.#size(report.size), price, now.mono);
    const { fillIds, size } = this.#unplaced.get(venueOrderId) ?? { fillIds: [], size: 0 };
    this.#unplaced.delete(venueOrderId);
    // What a list says has filled is in the position.
    const listed = source === 'query' ? this.#size(report.cumulativeSize) : 0;
    order.began(fillIds, Math.max(size, listed), size);
    this.#add(own ? clientOrderId : foreignOrderId(venueOrderId), order, own ? this.#orders : this.#foreign);
    this.#report(order, report, null, now);
  }

  #executed(fill: FillReport, now: Now): void {
    const { fillId, source, venueTime, venueOrderId } = fill;
    if (this.#counted.has(fillId) || (source === 'query' && venueTime < this.#countedFrom)) return;
    this.#counted.add(fillId);
    const size = this.#size(fill.size);
    const order = this.#find(fill);
    order?.executed(fill, size, now);
    if (order !== null) return;
    const unplaced = this.#unplaced.get(venueOrderId) ?? { fillIds: [], size: 0 };
    unplaced.fillIds.push(fillId);
    unplaced.size += size;
    this.#unplaced.set(venueOrderId, unplaced);
  }

  #answered({ clientOrderId, action, answer }: Answered, now: Now): void {
    const order = this.#get(clientOrderId);
    if (action === 'place') order?.placeAnswered(answer, now);
    else if (action === 'cancel') order?.cancelAnswered(answer, now);
    else order?.amendAnswered(answer, now);
  }

  #resolved({ clientOrderId, resolution }: Resolved, now: Now): void {
    const order = this.#get(clientOrderId);
    if (order === undefined) return;
    if (resolution.kind === 'failed') {
      order.startAnew();
      return;
    }
    const askedAt = this.#askedAt.get(clientOrderId) ?? Number.NEGATIVE_INFINITY;
    for (const fill of resolution.fills) this.#executed(fill, now);
    if (resolution.kind === 'found') {
      order.startAnew();
      this.#report(order, resolution.report, askedAt, now);
      return;
    }
    const { queriedAt, windowFrom } = resolution;
    const { position } = this.#desk;
    const agrees = position.unitsOf(resolution.position.size) === position.units;
    const absence = { kind: 'agreedAbsence', queriedAt, windowFrom, position: resolution.position.size } as const;
    order.notFound(absence, agrees, askedAt, now);
  }

  #verified(verification: Verification, now: Now): void {
    if (verification.kind === 'failed') return;
    for (const fill of verification.fills) this.#executed(fill, now);
    for (const report of verification.openOrders) {
      const order = this.#find(report);
      if (order === null) this.#unknown(report, now);
      else if (order.isNews(now)) this.#report(order, report, null, now);
    }
  }

  #decided({ decisions = [] }: DesiredState, now: Now): void {
    for (const { id, clientOrderId, outcome, who, note, at } of decisions) {
      const order = this.#get(clientOrderId);
      if (order === undefined || this.#decisions.has(id)) continue;
      this.#decisions.add(id);
      order.decided(outcome, who, note, at, now);
    }
  }

  #effect(effect: LaneEffect, all: readonly LaneEffect[], now: Now): void {
    if (effect.kind === 'event') {
      if (effect.note.type === 'order.state') this.#told(effect.note.body, all, now);
    } else if (effect.kind === 'place') {
      const { clientOrderId: id } = effect.intent;
      if (this.#get(id) === undefined) this.#wrong(id, 'leaves, and was not told of');
    } else if (effect.kind === 'resolve') this.#askedAt.set(effect.target.clientOrderId, now.mono);
    else if (effect.kind === 'cancel' || effect.kind === 'amend') {
      const { clientOrderId: id } = effect.target;
      const state = this.#get(id)?.state;
      const told = effect.kind === 'amend' ? state === 'PendingReplace' : !WORKING.has(state ?? '');
      if (!told) this.#wrong(id, `is ${state}, and its ${effect.kind} leaves`);
    }
  }

  /** What is told must be due, or be what leaves now. */
  #told(told: Told, all: readonly LaneEffect[], now: Now): void {
    const { clientOrderId: id, from, to } = told;
    const sent = all.find((each) => each.kind === 'place' && each.intent.clientOrderId === id);
    if (sent?.kind === 'place' && from === 'Initialized') {
      const { size, price } = sent.intent;
      this.#add(id, new ToldOrder(size, price, now.mono));
      if (to !== 'Submitted' || told.evidence.length > 0) this.#wrong(id, `begins as ${to}`);
      return;
    }
    const order = this.#get(id);
    if (order === undefined) {
      this.#wrong(id, `is told of as ${to}, and nobody sent it or spoke of it`);
      return;
    }
    if (order.due.length === 0) this.#wished(order, told, all, now);
    const due = order.due.shift();
    const { sizeScale } = this.#desk.instrument;
    const said = `${from} → ${to} by ${JSON.stringify(told.evidence)} of ${told.cumulativeSize}/${told.size}`;
    const right = due === undefined ? 'nothing' : describe(due, sizeScale);
    if (said !== right) this.#wrong(id, `is told as ${said}; due: ${right}`);
  }

  /** Nothing is due: what is told is what the lane itself wishes, and it leaves in the same step. */
  #wished(order: ToldOrder, { clientOrderId: id, to }: Told, all: readonly LaneEffect[], now: Now): void {
    const leaves = (kind: 'cancel' | 'amend') =>
      all.find((each) => each.kind === kind && each.target.clientOrderId === id);
    const amendment = leaves('amend');
    if (to === 'PendingCancel' && leaves('cancel') !== undefined) order.cancelWished(now);
    else if (to === 'PendingReplace' && amendment?.kind === 'amend')
      order.amendWished(amendment.change.price, amendment.change.size, now);
  }

  #add(id: string, order: ToldOrder, to: Map<string, ToldOrder> = this.#orders): ToldOrder {
    to.set(id, order);
    this.#touched.add(id);
    return order;
  }

  /** What is said of an order is looked at after the step. */
  #get(id: string): ToldOrder | undefined {
    this.#touched.add(id);
    return this.#orders.get(id) ?? this.#foreign.get(id);
  }

  #find({ clientOrderId, venueOrderId }: FillReport | OrderReport): ToldOrder | null {
    if (clientOrderId !== null && this.#orders.has(clientOrderId)) return this.#get(clientOrderId) ?? null;
    for (const orders of [this.#orders, this.#foreign])
      for (const [id, order] of orders) if (order.venueOrderId === venueOrderId) return this.#get(id) ?? null;
    return null;
  }

  #size(text: string): number {
    return parseScaled(text, this.#desk.instrument.sizeScale);
  }

  #wrong(id: string, why: string): void {
    this.fault ??= `order ${id} ${why}`;
  }
}

/** What a cancel that leaves has changed, if it was told. */
const WORKING: ReadonlySet<string> = new Set(['Submitted', 'Accepted', 'PartiallyFilled', 'PendingReplace']);

function describe({ from, to, evidence, cumulative, size }: DueChange, sizeScale = 0): string {
  const sizes = `${formatScaled(cumulative, sizeScale)}/${formatScaled(size, sizeScale)}`;
  return `${from} → ${to} by ${JSON.stringify(evidence)} of ${sizes}`;
}
