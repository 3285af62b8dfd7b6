import type { LaneConfiguration } from '../config/runtime-configuration.ts';
import type { LaneState } from '../events/trading-event.ts';
import type { Instrument } from '../market/instrument.ts';
import type { MonoNanos } from '../time/clock.ts';
import type { LaneHalt } from './lane-halt.ts';
import type { LaneOutbox } from './lane-outbox.ts';
import { type LaneInput, nextLaneState } from './lane-state.ts';
import type { Now } from './now.ts';
import type { OrderDesk } from './order-desk.ts';
import type { RestingEntry } from './resting-entry.ts';

/** The state of a lane by its table: what moves it, and where it comes to when its orders have come to rest. */
export class LaneCourse {
  state: LaneState = 'Idle';
  /** Inputs that did not fit the table; each was told as an alert. */
  refused = 0;
  readonly #configuration: LaneConfiguration;
  readonly #instrument: Instrument;
  readonly #desk: OrderDesk;
  readonly #resting: RestingEntry;
  readonly #halt: LaneHalt;
  readonly #outbox: LaneOutbox;
  #cooldownUntil = 0 as MonoNanos;

  constructor(
    configuration: LaneConfiguration,
    instrument: Instrument,
    desk: OrderDesk,
    resting: RestingEntry,
    halt: LaneHalt,
    outbox: LaneOutbox,
  ) {
    this.#configuration = configuration;
    this.#instrument = instrument;
    this.#desk = desk;
    this.#resting = resting;
    this.#halt = halt;
    this.#outbox = outbox;
  }

  /** Whether an entry may be decided on now. */
  mayEnter(mono: MonoNanos): boolean {
    return this.state === 'Idle' && mono >= this.#cooldownUntil;
  }

  /** No entry for as long as the strategy says. */
  coolDown(now: Now): void {
    this.#cooldownUntil = (now.mono + this.#configuration.strategy.cooldownMs * 1e6) as MonoNanos;
  }

  move(input: LaneInput, reason: string, now: Now): void {
    const { name, symbol } = this.#configuration;
    const from = this.state;
    const next = nextLaneState(from, input);
    if (next === null) {
      this.refused += 1;
      this.#outbox.alert('warning', 'LANE_TRANSITION_REFUSED', `${name}: ${input} in ${from}`, `lane/${name}`);
      return;
    }
    this.state = next;
    if (next === 'Idle') this.coolDown(now);
    if (next !== 'OrderPending') this.#resting.forget();
    const { under } = this.#halt;
    const halted = next === 'Halted' && under !== undefined ? { haltedUnder: under } : {};
    this.#outbox.event('lane.state', { lane: name, symbol, from, to: next, reason, ...halted });
  }

  /** After every change: moves the lane when its orders have come to rest. `flat`: nothing is held, or dust; `profit`: of the day. */
  settle(flat: boolean, profit: number, now: Now): void {
    const { orders } = this.#desk;
    if (this.state === 'Idle') {
      if (!flat) this.move('positionAppeared', 'position without an order at work', now);
      else if (!orders.quiet) this.move('orderReturned', 'an order that can still fill', now);
      return;
    }
    // A stop at the venue keeps nobody from anything while something is held; a lane without a position waits until it cannot fill.
    if (!(flat ? orders.quiet : orders.quietButStops)) return;
    if (this.state === 'OrderPending' && this.#resting.replace(profit, now))
      this.move('entryReplaced', 'the rest of the entry at its new price', now);
    else if (this.state === 'OrderPending')
      this.move(flat ? 'entryEndedFlat' : 'entryEndedWithPosition', 'entry ended', now);
    else if (this.state === 'Closing')
      this.move(flat ? 'exitEndedFlat' : 'exitEndedWithPosition', this.#restAfter('exit ended', flat), now);
    else if (this.state === 'PositionOpen' && flat) this.move('positionGone', this.#restAfter('flat', flat), now);
  }

  /** Dust is told where the lane becomes flat with it. */
  #restAfter(reason: string, flat: boolean): string {
    const { position } = this.#desk;
    const isDust = position.units !== 0n && flat;
    return isDust ? `${reason}, ${position.text} ${this.#instrument.baseCurrency} stays as dust` : reason;
  }
}
