import type { DesiredState } from '#core/control/desired-state.ts';
import type { TradingEvent } from '#core/events/trading-event.ts';
import type { InputKind } from '#core/input-log/input-log.ts';
import type { Lane } from '#core/lanes/lane.ts';
import type { LaneEffect, Resolution } from '#core/lanes/lane-effects.ts';
import type { Now } from '#core/lanes/now.ts';
import type { AccountReport, OrderIntent } from '#core/orders/order.ts';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';
import { ToldDesk } from './told-desk.ts';
import { laneContradicts, ToldMoves } from './told-lane.ts';

type Resolved = { readonly resolution: Resolution };
type Answered = { readonly clientOrderId: string; readonly answer: OrderAnswer };

/**
 * Follows what one unit runner is told, input by input as its input log has them, and what it asks of the venue; after each step the states of its orders and lanes must be those that this makes
 * (M1, H7).
 */
export class ToldUnit {
  readonly #lanes: () => readonly Lane[];
  readonly #desks = new Map<string, ToldDesk>();
  readonly #exits = new Map<string, Set<string>>();
  readonly #touched = new Set<string>();
  /** Lanes that were halted, with the wish that was in force; null: by a predecessor. */
  readonly #halted = new Map<string, number | null>();
  /** The version of the wish that each lane heard last. */
  readonly #wishes = new Map<string, number>();
  readonly #moves = new ToldMoves();

  constructor(lanes: () => readonly Lane[]) {
    this.#lanes = lanes;
  }

  place({ clientOrderId, symbol, reduceOnly, type }: OrderIntent): void {
    this.#touched.add(symbol);
    if (!reduceOnly || type === 'stopMarket' || type === 'takeProfitMarket') return;
    // One that follows its entry rests beside it.
    const lane = this.#lanes().find((each) => each.symbol === symbol);
    if (type === 'limit' && lane?.configuration.protection?.takeProfit === 'following') return;
    const exits = this.#exits.get(symbol) ?? new Set();
    this.#exits.set(symbol, exits.add(clientOrderId));
  }

  /** An input of a lane, before it is taken, or what its last one led to. */
  input(kind: InputKind, laneName: string | null, body: unknown, now: Now): void {
    const lane = laneName === null ? undefined : this.#lanes().find((each) => each.name === laneName);
    if (lane === undefined) return;
    this.#touched.add(lane.symbol);
    const desk = this.#desks.get(lane.name) ?? new ToldDesk(lane);
    this.#desks.set(lane.name, desk);
    if (kind === 'effects') {
      desk.effects(body as readonly LaneEffect[], now);
      return;
    }
    desk.hear(kind, body, now);
    const refused = refusedBy(kind, body);
    // One that was refused and lives all the same is no longer what the lane is closing by.
    if (refused !== null) for (const exits of this.#exits.values()) exits.delete(refused);
    if (kind !== 'desired') return;
    this.#wished(lane.name, body as DesiredState);
    // A lane that was halted and goes on may have an exit at work.
    this.#exits.get(lane.symbol)?.clear();
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
    for (const desk of this.#desks.values()) {
      desk.check();
      if (desk.fault !== null) return desk.fault;
    }
    for (const lane of this.#lanes()) {
      if (!this.#touched.has(lane.symbol)) continue;
      const wrong = this.#haltContradicts(lane) ?? laneContradicts(lane, this.#exits.get(lane.symbol) ?? NO_EXITS);
      if (wrong !== null) return wrong;
    }
    this.#touched.clear();
    return null;
  }
}

/** Which order an input says to be refused, or null. */
function refusedBy(kind: InputKind, body: unknown): string | null {
  if (kind === 'answer') {
    const { clientOrderId, answer } = body as Answered;
    return answer.kind === 'rejected' ? clientOrderId : null;
  }
  const { resolution } = kind === 'resolution' ? (body as Resolved) : { resolution: null };
  const report =
    kind === 'accountReport' ? (body as AccountReport) : resolution?.kind === 'found' ? resolution.report : null;
  return report?.kind === 'orderReport' && report.status === 'rejected' ? report.clientOrderId : null;
}

const NO_EXITS: ReadonlySet<string> = new Set();
