import { MillraceError } from '../errors.ts';
import { SortedLevels } from './sorted-levels.ts';

/** Rungs of the ladder; a power of two. Of a recorded BTCUSDT (ticks of 0.1) nine changes of ten lie within it. Its memory is taken where levels stand. */
const WIDTH = 16_384;
const LAST = WIDTH - 1;
const WORDS = WIDTH / 32;
/** The ladder is laid so that the best level has this much below it; the rest is room for better ones. */
const BELOW_BEST = (WIDTH / 4) * 3;
/** With less below the best, while there are levels further down, the ladder is laid anew. */
const LEAST_BELOW_BEST = WIDTH / 4;
/** A side with more levels than any real book has means that what feeds it is wrong; it is refused before it fills the memory. */
const MAX_LEVELS = 1 << 18;

/**
 * One side of a book. Near the best price it is a ladder: a rung for each price, one step apart, so that a change there (most are) seeks nothing and moves
 * nothing. Levels further from the best stand in sorted arrays.
 *
 * Inside, a level's key is its price (`sign` 1, bids) or the negative of it (-1, asks): the best is the highest key. The ladder holds the rungs from `base` up to
 * `base + WIDTH`, each at the place of its remainder by WIDTH, so that laying it elsewhere moves only the levels that enter or leave it. No level stands above the
 * ladder, and if there is any level at all, the best is in the ladder.
 *
 * The step is the instrument's tick as a rule. It is no law: a price that has no rung (of an older tick, say) may stand among the sorted levels, and where one
 * comes to the ladder, the step becomes as fine as it needs and stays so.
 */
export class BookSide {
  readonly #sign: 1 | -1;
  /** Sizes by place; 0 = no level. */
  readonly #sizes = new Float64Array(WIDTH);
  /** One bit for each place that has a level. */
  readonly #marks = new Int32Array(WORDS);
  /** Price units from one rung to the next. */
  #step: number;
  /** The ladder's first rung, and the key that it is. */
  #base = 0;
  #baseKey = 0;
  /** The best rung. */
  #best = 0;
  /** Levels in the ladder. */
  #near = 0;
  readonly #far = new SortedLevels();

  /** `step`: what prices are multiples of, as a rule; whole price units, 1 or more. */
  constructor(sign: 1 | -1, step: number) {
    this.#sign = sign;
    this.#step = step;
  }

  get count(): number {
    return this.#near + this.#far.count;
  }

  /** 0 while there is no level. */
  get bestPrice(): number {
    return this.#near === 0 ? 0 : this.#best * this.#step * this.#sign;
  }

  get bestSize(): number {
    return this.#sizes[this.#best & LAST] as number;
  }

  /** Sets the size at a price; 0 deletes. Throws `BOOK_OVERFLOW`. */
  set(price: number, size: number): void {
    this.#put(price * this.#sign, size);
    this.#far.settle(MAX_LEVELS - this.#near);
  }

  /** Sets the first `count` levels in their order. Throws `BOOK_OVERFLOW`, with some of them set. */
  setAll(prices: Float64Array, sizes: Float64Array, count: number): void {
    const sign = this.#sign;
    for (let index = 0; index < count; index += 1) this.#put((prices[index] as number) * sign, sizes[index] as number);
    this.#far.settle(MAX_LEVELS - this.#near);
  }

  clear(): void {
    this.#far.clear();
    if (this.#near === 0) return;
    this.#near = 0;
    const marks = this.#marks;
    for (let word = 0; word < WORDS; word += 1) {
      for (let bits = marks[word] as number; bits !== 0; bits &= bits - 1) {
        this.#sizes[(word << 5) | (31 - Math.clz32(bits & -bits))] = 0;
      }
      marks[word] = 0;
    }
  }

  /** Price of the level `rank` places from the best (0 = best), or 0 if there is none. */
  priceAt(rank: number): number {
    return rank < this.count ? this.#keyAt(rank) * this.#sign : 0;
  }

  sizeAt(rank: number): number {
    return rank < this.count ? this.#sizeOf(this.#keyAt(rank)) : 0;
  }

  /** Size of the level at a price; 0 if there is none. */
  sizeOf(price: number): number {
    return this.#near === 0 ? 0 : this.#sizeOf(price * this.#sign);
  }

  /** Calls `visit` with price and size, the best level first, until it returns false. */
  visit(visit: (price: number, size: number) => boolean): void {
    const sign = this.#sign;
    let rung = this.#best;
    for (let left = this.#near; left > 0; left -= 1) {
      if (!visit(rung * this.#step * sign, this.#sizes[rung & LAST] as number)) return;
      if (left > 1) rung = this.#nextBelow(rung);
    }
    const { keys, sizes, count } = this.#far;
    for (let at = count - 1; at >= 0; at -= 1) if (!visit((keys[at] as number) * sign, sizes[at] as number)) return;
  }

  /** Multiplies all prices and sizes, or throws `DECIMAL_RANGE` and changes nothing. */
  rescale(priceFactor: number, sizeFactor: number): void {
    const levels: [number, number][] = [];
    this.visit((price, size) => levels.push([exact(price * priceFactor), exact(size * sizeFactor)]) > 0);
    this.clear();
    this.#step *= priceFactor;
    for (const [price, size] of levels) this.set(price, size);
  }

  #sizeOf(key: number): number {
    if (key < this.#baseKey) return this.#far.sizeOf(key);
    const rung = Math.round(key / this.#step);
    return rung * this.#step === key && rung - this.#base < WIDTH ? (this.#sizes[rung & LAST] as number) : 0;
  }

  /** The key of a rank that there is: whole words of marks are gone past by their count. */
  #keyAt(rank: number): number {
    const far = rank - this.#near;
    if (far >= 0) return this.#far.keys[this.#far.count - 1 - far] as number;
    const marks = this.#marks;
    const place = this.#best & LAST;
    let word = place >>> 5;
    let bits = (marks[word] as number) & (-1 >>> (31 - (place & 31)));
    let left = rank;
    for (let marked = countBits(bits); marked <= left; marked = countBits(bits)) {
      left -= marked;
      word = (word - 1) & (WORDS - 1);
      bits = marks[word] as number;
    }
    for (; left > 0; left -= 1) bits &= ~(1 << (31 - Math.clz32(bits)));
    const found = (word << 5) | (31 - Math.clz32(bits));
    return (this.#best - ((place - found) & LAST)) * this.#step;
  }

  #put(key: number, size: number): void {
    if (this.#near === 0) {
      // Without a level in the ladder there is none at all.
      if (size === 0) return;
      this.#far.clear();
      if (!this.#hasRung(key)) this.#step = commonStep(this.#step, key);
      this.#best = Math.round(key / this.#step);
      this.#setBase(baseFor(this.#best));
    }
    if (key < this.#baseKey) {
      this.#far.add(key, size, MAX_LEVELS - this.#near);
      return;
    }
    let rung = key;
    if (this.#step !== 1) {
      rung = Math.round(key / this.#step);
      if (rung * this.#step !== key) {
        // What has no rung is not there: nothing to delete.
        if (size !== 0) this.#putFiner(key, size);
        return;
      }
    }
    if (rung - this.#base >= WIDTH) {
      if (size === 0) return;
      if (!this.#layFor(rung)) {
        this.#putFiner(key, size);
        return;
      }
    }
    const place = rung & LAST;
    const before = this.#sizes[place] as number;
    this.#sizes[place] = size;
    if (before === 0) {
      if (size !== 0) this.#come(rung, place);
    } else if (size === 0) {
      this.#go(rung, place);
    }
  }

  #hasRung(key: number): boolean {
    return Math.round(key / this.#step) * this.#step === key;
  }

  #setBase(base: number): void {
    this.#base = base;
    this.#baseKey = base * this.#step;
  }

  #putFiner(key: number, size: number): void {
    if (!this.#hasRung(key)) this.#refine(key);
    this.#put(key, size);
  }

  /** Makes the step so fine that the key has a rung, with all levels laid anew. */
  #refine(key: number): void {
    this.#far.settle(MAX_LEVELS - this.#near);
    const levels: [number, number][] = [];
    this.visit((price, size) => levels.push([price * this.#sign, size]) > 0);
    this.clear();
    this.#step = commonStep(this.#step, key);
    for (const [each, size] of levels) this.#put(each, size);
    this.#far.settle(MAX_LEVELS - this.#near);
  }

  #come(rung: number, place: number): void {
    if (this.count >= MAX_LEVELS) {
      this.#sizes[place] = 0;
      throw new MillraceError('validation', 'BOOK_OVERFLOW', `levels=${this.count + 1}`);
    }
    this.#marks[place >>> 5] = (this.#marks[place >>> 5] as number) | (1 << (place & 31));
    this.#near += 1;
    if (rung > this.#best) this.#best = rung;
  }

  #go(rung: number, place: number): void {
    this.#marks[place >>> 5] = (this.#marks[place >>> 5] as number) & ~(1 << (place & 31));
    this.#near -= 1;
    if (rung !== this.#best) return;
    if (this.#near > 0) {
      this.#best = this.#nextBelow(rung);
      if (this.#best - this.#base >= LEAST_BELOW_BEST) return;
    }
    const far = this.#far;
    far.settle(MAX_LEVELS - this.#near);
    if (far.count === 0) return;
    if (this.#near === 0) {
      const best = far.keys[far.count - 1] as number;
      if (!this.#hasRung(best)) {
        this.#refine(best);
        return;
      }
      this.#best = Math.round(best / this.#step);
    }
    this.#layFor(this.#best);
  }

  /** The next rung with a level below `rung`. There must be one. */
  #nextBelow(rung: number): number {
    const marks = this.#marks;
    const place = rung & LAST;
    let word = place >>> 5;
    let bits = (marks[word] as number) & ((1 << (place & 31)) - 1);
    while (bits === 0) {
      word = (word - 1) & (WORDS - 1);
      bits = marks[word] as number;
    }
    const found = (word << 5) | (31 - Math.clz32(bits));
    return rung - ((place - found) & LAST);
  }

  /** Lays the ladder for `rung` as the best: no level may be better. False: a level that would enter has no rung, and all was laid anew with a finer step. */
  #layFor(rung: number): boolean {
    const far = this.#far;
    far.settle(MAX_LEVELS - this.#near);
    const base = baseFor(rung);
    const baseKey = base * this.#step;
    let entering = far.count;
    while (entering > 0 && (far.keys[entering - 1] as number) >= baseKey) {
      entering -= 1;
      const key = far.keys[entering] as number;
      if (this.#hasRung(key)) continue;
      this.#refine(key);
      return false;
    }
    if (base > this.#base) this.#leaveBelow(base);
    this.#setBase(base);
    while (far.count > 0) {
      const enters = far.keys[far.count - 1] as number;
      if (enters < baseKey) break;
      far.count -= 1;
      const place = Math.round(enters / this.#step) & LAST;
      this.#sizes[place] = far.sizes[far.count] as number;
      this.#marks[place >>> 5] = (this.#marks[place >>> 5] as number) | (1 << (place & 31));
      this.#near += 1;
    }
    return true;
  }

  /** Levels of the ladder below `base` go to the sorted ones, the worst first: each is better than all there. */
  #leaveBelow(base: number): void {
    const marks = this.#marks;
    const last = Math.min(base, this.#base + WIDTH);
    for (let from = this.#base; from < last && this.#near > 0; from += 32) {
      const word = (from & LAST) >>> 5;
      let bits = marks[word] as number;
      marks[word] = 0;
      for (; bits !== 0; bits &= bits - 1) {
        const rung = from + 31 - Math.clz32(bits & -bits);
        this.#far.append(rung * this.#step, this.#sizes[rung & LAST] as number);
        this.#sizes[rung & LAST] = 0;
        this.#near -= 1;
      }
    }
  }
}

/** Where the ladder begins with `rung` as its best; a multiple of 32, so that whole words of marks enter and leave. */
function baseFor(rung: number): number {
  return Math.floor((rung - BELOW_BEST) / 32) * 32;
}

/** The largest step of which both the step and the key are multiples. */
function commonStep(step: number, key: number): number {
  let [larger, smaller] = [step, Math.abs(key) % step];
  while (smaller > 0) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}

/** Bits set in a word (Hacker's Delight, 5-1). */
function countBits(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function exact(value: number): number {
  if (!Number.isSafeInteger(value)) throw new MillraceError('validation', 'DECIMAL_RANGE', `value=${value}`);
  return value;
}
