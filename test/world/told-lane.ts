import type { TradingEvent, TradingEventBody } from '#core/events/trading-event.ts';
import type { Lane } from '#core/lanes/lane.ts';

/**
 * Why the state of a lane is not what its orders and its position make it, or null (H7). `exits`: orders to close the position that this lane has sent since it was last told to run.
 */
export function laneContradicts(lane: Lane, exits: ReadonlySet<string>): string | null {
  const { state, quiet, position, name } = lane;
  if (state === 'Halted') return null;
  const flat = position.units === 0n;
  // Dust of a spot holding counts as flat, and what is dust follows the price.
  const held = !flat && lane.instrument.kind !== 'spot';
  const wrong = (why: string) => `lane ${name} is ${state}, ${why}`;
  if (state === 'Idle' && held) return wrong(`and holds ${position.text}`);
  if (state === 'Idle' && !quiet) return wrong('and an order of it can still fill');
  if ((state === 'OrderPending' || state === 'Closing') && quiet) return wrong('and no order of it can fill');
  if (state === 'PositionOpen' && flat && quiet) return wrong('and holds nothing');
  if (state === 'Closing') return null;
  for (const order of lane.orders.pending())
    if (order.alive && exits.has(order.intent.clientOrderId))
      return wrong(`and its exit ${order.intent.clientOrderId} works`);
  return null;
}

/** What lanes say of their moves, held against what they hold and send in the same input (H7): what a lane is in later may have other reasons. */
export class ToldMoves {
  #fault: string | null = null;
  /** Lanes that went to Halted and have not said why. */
  readonly #unsaid = new Set<string>();
  /** Exits that each lane has sent since its last move. */
  readonly #exits = new Map<string, Set<string>>();

  /** After a step: the first move that nothing bears out, or null. */
  get fault(): string | null {
    const [silent] = this.#unsaid;
    return this.#fault ?? (silent === undefined ? null : `lane ${silent} is Halted, and told nobody`);
  }

  /** People were told why a lane halted. */
  haltTold(lane: string): void {
    this.#unsaid.delete(lane);
  }

  /** `lane`: the one that the event is about, as its input has left it. */
  told(event: TradingEvent, lane: Lane): void {
    if (event.type === 'order.intended') {
      const { clientOrderId, purpose, orderType } = event.body;
      if (purpose === 'entry' || orderType === 'stopMarket') return;
      this.#exits.set(lane.name, (this.#exits.get(lane.name) ?? new Set()).add(clientOrderId));
    } else if (event.type === 'order.denied') this.#exits.get(lane.name)?.delete(event.body.clientOrderId);
    else if (event.type === 'lane.state') {
      const sent = this.#exits.get(lane.name)?.size ?? 0;
      // Where one input moves it twice, only the last is where it is.
      if (event.body.to === lane.state) this.#fault ??= whyNoMove(event.body, lane, sent);
      if (event.body.to === 'Halted') this.#unsaid.add(lane.name);
      this.#exits.delete(lane.name);
    }
  }
}

function whyNoMove({ from, to }: TradingEventBody<'lane.state'>, lane: Lane, exits: number): string | null {
  const wrong = (why: string) => `lane ${lane.name} went from ${from} to ${to}, ${why}`;
  if (to === 'Closing' && exits === 0) return wrong('and sent no exit');
  if (to !== 'PositionOpen') return null;
  if (lane.position.units === 0n) return wrong('and holds nothing');
  // From Idle and Halted it goes there whatever still works.
  const ended = from === 'OrderPending' || from === 'Closing';
  return ended && !lane.orders.quietButStops ? wrong('and an order of it can still fill') : null;
}
