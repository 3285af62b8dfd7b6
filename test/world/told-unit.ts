import type { DesiredState } from '#core/control/desired-state.ts';
import type { TradingEvent } from '#core/events/trading-event.ts';
import type { InputKind } from '#core/input-log/input-log.ts';
import type { Lane } from '#core/lanes/lane.ts';
import type { Resolution, Verification } from '#core/lanes/lane-effects.ts';
import { parseScaled } from '#core/market/scaled-decimal.ts';
import type { FillReport, OrderIntent, OrderReport } from '#core/orders/order.ts';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';
import { laneContradicts, ToldMoves } from './told-lane.ts';
import { ToldOrder } from './told-order.ts';

type Answered = { readonly clientOrderId: string; readonly action: string; readonly answer: OrderAnswer };
type Resolved = { readonly clientOrderId: string; readonly resolution: Resolution };

/**
 * Follows what one unit runner is told, input by input as its input log has them, and what it asks of the venue; after each step the states of its orders and lanes must be those that this makes
 * (M1, H7).
 */
export class ToldUnit {
  readonly #lanes: () => readonly Lane[];
  readonly #orders = new Map<string, ToldOrder>();
  readonly #byVenueId = new Map<string, string>();
  readonly #exits = new Map<string, Set<string>>();
  readonly #touched = new Set<string>();
  /** Lanes that were halted, with the wish that was in force; null: by a predecessor. */
  readonly #halted = new Map<string, number | null>();
  /** The version of the wish that each lane heard last. */
  readonly #wishes = new Map<string, number>();
  readonly #touchedOrders = new Set<string>();
  readonly #moves = new ToldMoves();
  /** Whether the venue has lied in this world, or of an order: then what it said may not fit. */
  readonly #lied: (clientOrderId?: string) => boolean;

  constructor(lanes: () => readonly Lane[], lied: (clientOrderId?: string) => boolean) {
    this.#lanes = lanes;
    this.#lied = lied;
  }

  place({ clientOrderId, symbol, size, reduceOnly, type }: OrderIntent): void {
    this.#orders.set(clientOrderId, new ToldOrder(size));
    this.#touchedOrders.add(clientOrderId);
    this.#touched.add(symbol);
    if (!reduceOnly || type === 'stopMarket' || type === 'takeProfitMarket') return;
    // One that follows its entry rests beside it.
    const lane = this.#lanes().find((each) => each.symbol === symbol);
    if (type === 'limit' && lane?.configuration.protection?.takeProfit === 'following') return;
    const exits = this.#exits.get(symbol) ?? new Set();
    this.#exits.set(symbol, exits.add(clientOrderId));
  }

  cancel(clientOrderId: string): void {
    this.#get(clientOrderId)?.cancelAsked();
  }

  amend(clientOrderId: string): void {
    this.#get(clientOrderId)?.amendAsked();
  }

  input(kind: InputKind | string, laneName: string | null, body: unknown): void {
    const lane = laneName === null ? undefined : this.#lanes().find((each) => each.name === laneName);
    if (lane === undefined) return;
    this.#touched.add(lane.symbol);
    switch (kind) {
      case 'accountReport':
        this.#hear(lane, body as FillReport | OrderReport);
        return;
      case 'answer':
        this.#answered(body as Answered);
        return;
      case 'resolution':
        this.#resolved(lane, body as Resolved);
        return;
      case 'verification':
        this.#verified(lane, body as Verification);
        return;
      case 'desired':
        this.#wished(lane.name, body as DesiredState);
        // A lane that was halted and goes on may have an exit at work.
        this.#exits.get(lane.symbol)?.clear();
        for (const { clientOrderId } of (body as DesiredState).decisions ?? []) this.#get(clientOrderId)?.decided();
        return;
      case 'start':
      case 'open':
      case 'timer':
      case 'gate':
      case 'drain':
      case 'policy':
        return;
      default: {
        // An input of a kind that is not followed here may say anything of the order that it names.
        const named: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'clientOrderId') : null;
        if (typeof named === 'string') this.#get(named)?.forget();
      }
    }
  }

  /** What the lanes say of themselves: where they go, and of a halt why. */
  told(event: TradingEvent): void {
    if (event.type === 'order.intended' || event.type === 'order.denied' || event.type === 'lane.state') {
      const { lane: name } = event.body;
      const lane = this.#lanes().find((each) => each.name === name);
      if (lane === undefined) return;
      this.#moves.told(event, lane);
      this.#touched.add(lane.symbol);
    }
    if (event.type !== 'alert' || event.body.code !== 'LANE_HALTED') return;
    const [kind, name = ''] = event.body.dedupeKey.split('/');
    this.#moves.haltTold(name);
    this.#halted.set(name, kind === 'halt' ? (this.#wishes.get(name) ?? 0) : null);
  }

  /** People wish it to run who knew of the halt. */
  #wished(lane: string, { wish, version, wishVersion = version }: DesiredState): void {
    this.#wishes.set(lane, wishVersion);
    const under = this.#halted.get(lane);
    if (wish === 'run' && under !== undefined && under !== null && wishVersion > under) this.#halted.delete(lane);
  }

  #haltContradicts({ name, state, instrument }: Lane): string | null {
    const under = this.#halted.get(name);
    // A halt that came with the takeover ends by a wish that is not known here; a spot holding that nobody explains outlasts any wish.
    if (under === null || instrument.kind === 'spot') return null;
    if (under === undefined) return state === 'Halted' ? `lane ${name} is Halted, and nothing has halted it` : null;
    return state === 'Halted' ? null : `lane ${name} is ${state}, and was halted`;
  }

  /** Whether anything was said or asked since the last check. */
  get touched(): boolean {
    return this.#touched.size > 0;
  }

  /** After a step: the first state that does not follow from what was told, or null. */
  check(): string | null {
    const { fault } = this.#moves;
    if (fault !== null) return fault;
    for (const lane of this.#lanes()) {
      if (!this.#touched.has(lane.symbol)) continue;
      const wrong = this.#haltContradicts(lane) ?? laneContradicts(lane, this.#exits.get(lane.symbol) ?? NO_EXITS);
      if (wrong !== null) return wrong;
      if (lane.refusedTransitions > 0 && !this.#lied()) return `lane ${lane.name} refused what it was truly told`;
    }
    for (const id of this.#touchedOrders) {
      const told = this.#orders.get(id);
      const order = told === undefined || this.#lied(id) ? null : this.#orderOf(id);
      const contradiction = order === null ? null : (told?.contradicts(order.state) ?? null);
      if (contradiction !== null) return `order ${id} is ${contradiction}`;
    }
    this.#touched.clear();
    this.#touchedOrders.clear();
    return null;
  }

  #orderOf(clientOrderId: string) {
    for (const lane of this.#lanes()) {
      const order = lane.orders.find(clientOrderId, null);
      if (order !== null) return order;
    }
    return null;
  }

  /** What is said of an order is looked at after the step. */
  #get(clientOrderId: string): ToldOrder | undefined {
    this.#touchedOrders.add(clientOrderId);
    return this.#orders.get(clientOrderId);
  }

  #find(clientOrderId: string | null, venueOrderId: string): ToldOrder | undefined {
    const id = clientOrderId ?? this.#byVenueId.get(venueOrderId);
    return id === undefined ? undefined : this.#get(id);
  }

  #hear(lane: Lane, report: FillReport | OrderReport): void {
    if (report.kind === 'fill') {
      this.#find(report.clientOrderId, report.venueOrderId)?.filled(report, this.#size(lane, report.size));
      return;
    }
    if (report.clientOrderId !== null) this.#byVenueId.set(report.venueOrderId, report.clientOrderId);
    if (report.status === 'rejected' && report.clientOrderId !== null) this.#closesNoMore(report.clientOrderId);
    const told = this.#find(report.clientOrderId, report.venueOrderId);
    told?.reported(report, this.#size(lane, report.cumulativeSize), this.#size(lane, report.size));
  }

  #answered({ clientOrderId, action, answer }: Answered): void {
    const told = this.#get(clientOrderId);
    if (action === 'place') told?.placeAnswered(answer);
    if (answer.kind === 'rejected') this.#closesNoMore(clientOrderId);
    if (action === 'place') return;
    if (action === 'cancel') told?.cancelAnswered(answer);
    else told?.amendAnswered(answer);
  }

  /** One that was refused and lives all the same is no longer what the lane is closing by. */
  #closesNoMore(clientOrderId: string): void {
    for (const exits of this.#exits.values()) exits.delete(clientOrderId);
  }

  #resolved(lane: Lane, { clientOrderId, resolution }: Resolved): void {
    if (resolution.kind === 'failed') return;
    for (const fill of resolution.fills) this.#hear(lane, fill);
    if (resolution.kind === 'found') this.#hear(lane, resolution.report);
    else this.#get(clientOrderId)?.notFound();
  }

  #verified(lane: Lane, verification: Verification): void {
    if (verification.kind === 'failed') return;
    for (const fill of verification.fills) this.#hear(lane, fill);
    for (const { clientOrderId } of verification.openOrders)
      if (clientOrderId !== null) this.#get(clientOrderId)?.listed();
  }

  #size(lane: Lane, text: string): number {
    return parseScaled(text, lane.instrument.sizeScale);
  }
}

const NO_EXITS: ReadonlySet<string> = new Set();
