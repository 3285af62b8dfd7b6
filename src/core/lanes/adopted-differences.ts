import type { Instrument } from '../market/instrument.ts';
import { formatScaled, type Price } from '../market/scaled-decimal.ts';
import type { FillReport } from '../orders/order.ts';
import { inPlaceOf } from '../positions/in-place-of.ts';
import type { Position } from '../positions/position.ts';
import type { EpochMs } from '../time/clock.ts';
import type { LaneOpening } from './lane-opening.ts';
import type { LaneOutbox } from './lane-outbox.ts';

/** Adoptions that are remembered: of earlier ones an execution that is told now is compared like any other. */
const KEPT = 16;

interface AdoptedDifference {
  /** The venue's time until which every execution is in what was taken over. */
  readonly through: EpochMs;
  /** What the difference was told at, decimal text; null: nobody stated a price, it went at cost. */
  readonly price: string | null;
  /** What it moved the position's cost at: taking it back gives as much back. */
  readonly cost: Price;
  /** What of it no execution explains, units of the position. */
  rest: bigint;
}

/**
 * What a lane took over from the venue for want of executions. One that is told later, and happened before the venue was asked, is in the position already: it takes the place of as much of the
 * adoption, and moves nothing (F12). The first adoption after it is the one that holds it. Where the venue's time is not known nobody can say that: it counts, and the next looks find the difference.
 */
export class AdoptedDifferences {
  readonly #instrument: Instrument;
  readonly #position: Position;
  readonly #outbox: LaneOutbox;
  readonly #adopted: AdoptedDifference[] = [];

  constructor(instrument: Instrument, position: Position, outbox: LaneOutbox) {
    this.#instrument = instrument;
    this.#position = position;
    this.#outbox = outbox;
  }

  /** Takes a difference over, at a stated price or at cost (`Position.adopt`). `through`: the venue's time until which it holds all that was executed; null: nobody knows. */
  adopt(delta: bigint, price: Price | null, priceIfFlat: Price, through: EpochMs | null): void {
    const entry = Math.round(this.#position.entryPrice) as Price;
    this.#position.adoptUnits(delta, price, priceIfFlat);
    if (through === null) return;
    const text = price === null ? null : formatScaled(price, this.#instrument.priceScale);
    this.#keep({ rest: delta, price: text, cost: price ?? (entry > 0 ? entry : priceIfFlat), through });
  }

  /** What a recovery took over is in the opening position. */
  open({ adopted, entryPrice }: LaneOpening): void {
    if (adopted === undefined) return;
    const { delta, price, through } = adopted;
    this.#keep({ rest: this.#position.unitsOf(delta), price, cost: entryPrice, through });
  }

  /** An execution that moves the position by `delta` is about to be counted: what was adopted for want of it is taken back. Whether it was. */
  giveWay({ fillId, venueTime }: FillReport, delta: bigint): boolean {
    const held = this.#adopted.find(({ through }) => venueTime <= through);
    if (held === undefined || held.rest === 0n) return false;
    held.rest -= delta;
    this.#position.adoptUnits(-delta, held.cost);
    const { symbol, kind } = this.#instrument;
    this.#outbox.event('position.adjusted', {
      adjustmentId: inPlaceOf(fillId),
      symbol,
      delta: this.#position.textOf(-delta),
      reason: 'adopted',
      evidence: `execution ${fillId} of ${venueTime} is in what was adopted until ${held.through} (the venue's time)`,
      price: held.price,
      contract: kind,
    });
    return true;
  }

  #keep(difference: AdoptedDifference): void {
    this.#adopted.push(difference);
    if (this.#adopted.length > KEPT) this.#adopted.shift();
  }
}
