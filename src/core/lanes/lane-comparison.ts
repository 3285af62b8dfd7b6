import type { LaneConfiguration } from '../config/runtime-configuration.ts';
import type { Instrument } from '../market/instrument.ts';
import type { Price } from '../market/scaled-decimal.ts';
import { unexplainedHolding } from '../positions/spot-holding.ts';
import type { EpochMs } from '../time/clock.ts';
import type { Verification } from './lane-effects.ts';
import type { LaneOutbox } from './lane-outbox.ts';
import type { LaneRisk } from './lane-risk.ts';
import type { Now } from './now.ts';
import type { OrderDesk } from './order-desk.ts';
import { PositionCheck, TOO_OFTEN, tellAdoption } from './position-check.ts';

/** What a comparison can do to its lane. */
export interface ComparedLane {
  readonly configuration: LaneConfiguration;
  readonly instrument: Instrument;
  /** Mid of the last valid book, price units; 0 before the first. */
  readonly middle: number;
  pause(name: string, reason: string): void;
  resume(name: string): void;
  halt(reason: string, now: Now): void;
}

/** What follows from the venue's answers about a lane's position (H2): agreement, a correction with its evidence, or a halt. */
export class LaneComparison {
  readonly check = new PositionCheck();
  readonly #lane: ComparedLane;
  readonly #desk: OrderDesk;
  readonly #risk: LaneRisk;
  readonly #outbox: LaneOutbox;
  #unexplained: string | null = null;
  /** When the venue was asked for the look that differed last, by its own time; null: nobody knows. */
  #differedAskedAt: EpochMs | null = null;

  constructor(lane: ComparedLane, desk: OrderDesk, risk: LaneRisk, outbox: LaneOutbox) {
    this.#lane = lane;
    this.#desk = desk;
    this.#risk = risk;
    this.#outbox = outbox;
  }

  /** Why the venue holds more of a spot asset than anything explains, or null. */
  get unexplained(): string | null {
    return this.#unexplained;
  }

  /** A spot holding that nothing explains may be people's own: it is neither taken over nor traded beside. */
  refuseHolding(reason: string, now: Now): void {
    this.#unexplained = reason;
    this.#lane.pause('difference', reason);
    this.#lane.halt(reason, now);
  }

  /** People said how an order ended, and not what of it was executed: the venue's position has to say that before anything is opened. */
  awaitOne(now: Now): void {
    this.#lane.pause(
      'decided',
      "people decided on an order: the position has not been compared with the venue's since",
    );
    this.check.soon(now.mono);
  }

  /** What was missed is applied, what differs is corrected or asked about. */
  verified(verification: Verification, now: Now): void {
    if (verification.kind === 'failed') {
      this.check.answered(now.mono, false);
      return;
    }
    for (const fill of verification.fills) this.#desk.fill(fill, now);
    // Nothing may have happened since the question was asked, and nothing may have been missed, or the answer is old news.
    const comparable = verification.activity === this.#desk.activity;
    this.check.answered(now.mono, comparable);
    this.#desk.compareOpenOrders(verification.openOrders, now);
    if (comparable) this.#compare(verification, now);
  }

  #compare(verification: Extract<Verification, { kind: 'complete' }>, now: Now): void {
    const { configuration, instrument, middle } = this.#lane;
    const { position, activity } = this.#desk;
    const { askedAt = null } = verification;
    const before = this.#differedAskedAt;
    this.#differedAskedAt = askedAt;
    const finding = this.check.compare(
      configuration.name,
      position,
      verification.position,
      instrument,
      this.#outbox,
      now,
    );
    this.#risk.compared(finding, now);
    if (finding.kind === 'agree') {
      this.#unexplained = null;
      this.#lane.resume('difference');
      this.#lane.resume('decided');
      this.#desk.positionAgreed(now);
      return;
    }
    if (finding.kind === 'unexplained') {
      this.refuseHolding(unexplainedHolding(configuration, instrument, finding.excess), now);
      return;
    }
    if (this.#unexplained === null) this.#lane.pause('difference', finding.reason);
    if (finding.kind === 'differs') return;
    // Between two looks that found the same: what was executed shortly before the second may be missing in its answer, and is none of this.
    const through =
      askedAt !== null && before !== null && finding.twice ? (Math.floor((before + askedAt) / 2) as EpochMs) : askedAt;
    this.#desk.adopted.adopt(finding.delta, finding.price, Math.round(middle) as Price, through);
    this.#desk.activity += 1;
    const { name, symbol } = configuration;
    tellAdoption({ name, symbol, instrument, position, activity: activity + 1 }, finding, this.#outbox, now);
    // A difference now and then is corrected; one that keeps coming back has a cause that nobody here knows.
    if (finding.tooOften) this.#lane.halt(TOO_OFTEN, now);
  }
}
