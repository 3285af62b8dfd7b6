import type { Instrument } from '../market/instrument.ts';
import { formatScaled, type Price } from '../market/scaled-decimal.ts';
import type { PositionReport } from '../orders/order.ts';
import type { Position } from '../positions/position.ts';
import type { MonoNanos } from '../time/clock.ts';
import type { LaneOutbox } from './lane-outbox.ts';
import type { Now } from './now.ts';

const EVERY_NANOS = 5e9;
const AGAIN_NANOS = 1e9;
/** The ledger keeps an outcome that says nothing new so often, ns: between two looks of the reconciler there is one. */
const KEPT_EVERY = 10e9;
const ADOPTIONS_TO_HALT = 3;
/** Looks in a row from which a difference is taken over though it was another one each time: nobody tells of what moves the venue's position. */
const A_FACT = 5;
const ADOPTIONS_WITHIN = 600e9;

/** Why a lane whose position keeps differing halts. */
export const TOO_OFTEN = `the position differed from the venue's ${ADOPTIONS_TO_HALT} times within 10 minutes`;

/** What a comparison with the venue showed. `adopt`: the difference is a fact and the venue's position is to be taken over; `tooOften`: once more than a lane may bear. */
export type PositionFinding =
  | { readonly kind: 'agree' }
  | { readonly kind: 'differs'; readonly reason: string }
  /** `delta`: in units of the position. `price`: what the venue's entry price says of the difference; null: at cost, nobody stated a price. */
  | {
      readonly kind: 'adopt';
      readonly reason: string;
      readonly delta: bigint;
      readonly price: Price | null;
      readonly tooOften: boolean;
      /** Two looks found the same: what made it had happened before the first of them was answered. Else each look found another. */
      readonly twice: boolean;
    }
  /** A spot holding that is larger than all that is known explains: it is somebody's, and nothing says that it is ours. */
  | { readonly kind: 'unexplained'; readonly reason: string; readonly excess: string };

/** When to ask the venue for the position, and what its answer means (H2): every 5 s, after each reconnect, and soon after any doubt. */
export class PositionCheck {
  #due: MonoNanos = 0 as MonoNanos;
  #asking = false;
  #answeredAt = Number.NEGATIVE_INFINITY;
  /** Looks in a row that found one; at `A_FACT` it is a fact. */
  #differences = 0;
  #differedAt = Number.NEGATIVE_INFINITY;
  /** What was held here and there when it last differed. */
  #differed = { own: 0n, venue: 0n };
  readonly #adoptions: MonoNanos[] = [];
  /** What of its outcomes the ledger was given last, and when. */
  #kept = '';
  #keptAt = Number.NEGATIVE_INFINITY;

  /** Asks at the next occasion, though not within a second of the last answer. */
  soon(now: MonoNanos): void {
    this.#due = Math.min(this.#due, Math.max(now, this.#answeredAt + AGAIN_NANOS)) as MonoNanos;
  }

  /** Whether to ask now; at most one question is under way. */
  start(now: MonoNanos): boolean {
    if (this.#asking || now < this.#due) return false;
    this.#asking = true;
    return true;
  }

  /** An answer came; the next question is due in 5 s, or in 1 s after an answer that could not be compared. */
  answered(now: MonoNanos, comparable: boolean): void {
    this.#asking = false;
    this.#answeredAt = now;
    this.#due = (now + (comparable ? EVERY_NANOS : AGAIN_NANOS)) as MonoNanos;
  }

  /**
   * Compares the own size with the venue's and tells it. Once may be a report on its way; the same twice in a row, half a second apart and with nothing between, is a
   * fact: what made it had then happened before the first look, and what is executed from the second one on is none of it. What was told between makes it another difference, of which the first look is to come again.
   */
  compare(
    lane: string,
    position: Position,
    report: PositionReport,
    instrument: Instrument,
    outbox: LaneOutbox,
    now: Now,
  ): PositionFinding {
    const own = position.units;
    const venue = position.unitsOf(report.size);
    const agree = own === venue;
    const engineText = position.text;
    const venueText = position.textOf(venue);
    const told = { symbol: instrument.symbol, engine: engineText, venue: venueText, agree };
    const isKept = this.#isKept(`${engineText} ${venueText}`, now.mono);
    outbox.event('position.checked', isKept ? { ...told, lane } : told);
    if (agree) {
      this.#differences = 0;
      return { kind: 'agree' };
    }
    const isSame = this.#count(own, venue, now.mono);
    this.#due = (now.mono + AGAIN_NANOS) as MonoNanos;
    const reason = `position differs: engine ${engineText}, venue ${venueText}`;
    if (this.#differences < A_FACT) return { kind: 'differs', reason };
    this.#differences = 0;
    const delta = venue - own;
    if (instrument.kind === 'spot' && delta > 0n)
      return { kind: 'unexplained', reason, excess: position.textOf(delta) };
    return {
      kind: 'adopt',
      reason,
      delta,
      tooOften: this.#countAdoption(now.mono),
      twice: isSame,
      price: adoptionPrice(position, delta, report, instrument),
    };
  }

  #isKept(outcome: string, now: MonoNanos): boolean {
    if (outcome === this.#kept && now - this.#keptAt < KEPT_EVERY) return false;
    this.#kept = outcome;
    this.#keptAt = now;
    return true;
  }

  /** Whether it is the one of the look before. */
  #count(own: bigint, venue: bigint, now: MonoNanos): boolean {
    const before = this.#differed;
    const another = this.#differences === 0 || before.own !== own;
    if (!another && now - this.#differedAt < AGAIN_NANOS / 2) return false;
    const isSame = !another && before.venue === venue;
    if (another) this.#differences = 1;
    else this.#differences = isSame ? A_FACT : this.#differences + 1;
    this.#differedAt = now;
    this.#differed = { own, venue };
    return isSame;
  }

  #countAdoption(now: MonoNanos): boolean {
    while ((this.#adoptions[0] ?? now) < now - ADOPTIONS_WITHIN) this.#adoptions.shift();
    this.#adoptions.push(now);
    if (this.#adoptions.length < ADOPTIONS_TO_HALT) return false;
    this.#adoptions.length = 0;
    return true;
  }
}

/** What of a lane an adoption is told of. */
interface AdoptingLane {
  readonly name: string;
  readonly symbol: string;
  readonly instrument: Instrument;
  readonly position: Position;
  readonly activity: number;
}

/** Tells that the venue's position was taken over, with the evidence, and people as well. */
export function tellAdoption(
  { name, symbol, instrument, position, activity }: AdoptingLane,
  { delta, price, reason, twice }: Extract<PositionFinding, { kind: 'adopt' }>,
  outbox: LaneOutbox,
  now: Now,
): void {
  outbox.event('position.adjusted', {
    adjustmentId: `${name}/${activity}/${now.epoch}`,
    symbol,
    delta: position.textOf(delta),
    reason: 'adopted',
    evidence: `${reason}, ${twice ? 'in two queries' : `in ${A_FACT} queries, each of which found another,`} with no activity between`,
    price: price === null ? null : formatScaled(price, instrument.priceScale),
    contract: instrument.kind,
  });
  const text = `${name}: ${reason}: the venue's position was adopted`;
  outbox.alert('critical', 'POSITION_DIFFERS', text, `position/${name}`);
}

/**
 * The price at which the difference leads to the venue's average entry price, rounded to the scale. What only reduced the position has none: the entry price of
 * the rest says nothing of what closing it brought. An unreadable one has none either.
 */
function adoptionPrice(own: Position, delta: bigint, report: PositionReport, instrument: Instrument): Price | null {
  const entry = Number(report.entryPrice) * 10 ** instrument.priceScale;
  const held = Number(own.units);
  const venue = Number(own.units + delta);
  const grows = held === 0 || Math.sign(held) !== Math.sign(venue) || Math.abs(venue) > Math.abs(held);
  if (venue === 0 || !grows || !Number.isFinite(entry) || entry <= 0) return null;
  const price = Math.sign(held) === Math.sign(venue) ? priceOfRest(own, venue, entry, instrument) : entry;
  return price > 0 && Number.isFinite(price) ? (Math.round(price) as Price) : null;
}

/** What the part beyond `own` was entered at, if the whole was entered at `entry`: arithmetic, of inverse contracts harmonic. */
function priceOfRest(own: Position, venue: number, entry: number, instrument: Instrument): number {
  const held = Number(own.units);
  if (instrument.kind === 'inverse') return (venue - held) / (venue / entry - held / own.entryPrice);
  return (entry * venue - own.entryPrice * held) / (venue - held);
}
