import { MillraceError } from '../errors.ts';

const INITIAL_LEVELS = 256;
const INITIAL_CHANGES = 64;
/** Up to so many neighbours a loop moves them sooner than a call does. */
const SHORT_MOVE = 24;

/**
 * Levels on typed arrays, sorted by key, the best (highest key) last. A change is made in two steps: `add` seeks the place of each level, gives a level that is there
 * its new size, and notes one that comes or goes; `settle` moves what stands between the noted places, each level at most once, and none whose comings and
 * goings cancel out. Between the two, `count` and the arrays are those before.
 */
export class SortedLevels {
  keys = new Float64Array(INITIAL_LEVELS);
  sizes = new Float64Array(INITIAL_LEVELS);
  count = 0;
  /** Where the last change was. */
  #lastPlace = 0;
  /** Levels that come (before the one at their place) and go (the one at their place; size 0), in the order in which they were noted. */
  #places = new Int32Array(INITIAL_CHANGES);
  #newKeys = new Float64Array(INITIAL_CHANGES);
  #newSizes = new Float64Array(INITIAL_CHANGES);
  #noted = 0;
  /** Of the levels added since the last settling: venues send them sorted, and where the order turns the rest is another change. */
  #added = 0;
  #lastKey = 0;
  #rising = true;

  /** Sets the size at a key, 0 deletes: seen by readers after `settle`. Throws `BOOK_OVERFLOW` past `most` levels. */
  add(key: number, size: number, most: number): void {
    if (this.#added > 0) {
      const rising = key > this.#lastKey;
      if (key === this.#lastKey || (this.#added > 1 && rising !== this.#rising)) this.settle(most);
      else this.#rising = rising;
    }
    this.#added += 1;
    this.#lastKey = key;
    const at = this.#place(key);
    const found = at < this.count && this.keys[at] === key;
    if (found && size !== 0) this.sizes[at] = size;
    else if (found || size !== 0) this.#note(at, key, size);
  }

  /** Carries out what was added. Throws `BOOK_OVERFLOW` past `most` levels, with what was noted forgotten. */
  settle(most: number): void {
    const noted = this.#noted;
    this.#added = 0;
    this.#noted = 0;
    if (noted > 0) this.#settle(noted, most);
  }

  /** Adds a level that is better than all. Nothing may be unsettled. */
  append(key: number, size: number): void {
    const { count } = this;
    if (count === this.keys.length) this.#grow(count + 1);
    this.keys[count] = key;
    this.sizes[count] = size;
    this.count = count + 1;
  }

  /** Size at a key, 0 if there is no level. Nothing may be unsettled. */
  sizeOf(key: number): number {
    const at = this.#place(key);
    return at < this.count && this.keys[at] === key ? (this.sizes[at] as number) : 0;
  }

  clear(): void {
    this.count = 0;
    this.#added = 0;
    this.#noted = 0;
  }

  #note(at: number, key: number, size: number): void {
    const noted = this.#noted;
    if (noted === this.#places.length) this.#growNotes();
    this.#places[noted] = at;
    this.#newKeys[noted] = key;
    this.#newSizes[noted] = size;
    this.#noted = noted + 1;
  }

  /**
   * First place whose key is `key` or better. It is sought in growing steps from the place before it, since the changes of one message are mostly neighbours,
   * and then between the last two steps.
   */
  #place(key: number): number {
    const { keys, count } = this;
    let low = 0;
    let high = count;
    let step = 1;
    const start = Math.min(this.#lastPlace, count - 1);
    if (start >= 0 && (keys[start] as number) < key) {
      low = start + 1;
      let probe = low;
      for (; probe < count && (keys[probe] as number) < key; probe += step, step *= 2) low = probe + 1;
      high = Math.min(probe, count);
    } else if (start >= 0) {
      high = start;
      let probe = start - 1;
      for (; probe >= 0 && (keys[probe] as number) >= key; probe -= step, step *= 2) high = probe;
      low = Math.max(probe + 1, 0);
    }
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((keys[middle] as number) < key) low = middle + 1;
      else high = middle;
    }
    this.#lastPlace = low;
    return low;
  }

  #settle(noted: number, most: number): void {
    const newSizes = this.#newSizes;
    let growth = 0;
    for (let index = 0; index < noted; index += 1) growth += newSizes[index] === 0 ? -1 : 1;
    const count = this.count + growth;
    if (count > most) throw new MillraceError('validation', 'BOOK_OVERFLOW', `levels=${count}`);
    if (count > this.keys.length) this.#grow(count);
    const { keys, sizes } = this;
    const places = this.#places;
    const newKeys = this.#newKeys;
    const step = this.#rising ? 1 : -1;
    const first = this.#rising ? 0 : noted - 1;

    // What moves up, from the best on down: its way is free, since what stands above it has gone before.
    let shift = growth;
    let end = this.count;
    for (let left = noted, index = first + step * (noted - 1); left > 0; left -= 1, index -= step) {
      const goes = newSizes[index] === 0;
      const place = places[index] as number;
      const from = goes ? place + 1 : place;
      if (shift > 0 && from < end) moveUp(keys, sizes, from, end, shift);
      shift += goes ? 1 : -1;
      end = place;
    }

    // What comes, and what moves down, from the worst on up.
    shift = 0;
    for (let left = noted, index = first; left > 0; left -= 1, index += step) {
      const place = places[index] as number;
      let from = place;
      if (newSizes[index] === 0) {
        from += 1;
        shift -= 1;
      } else {
        keys[place + shift] = newKeys[index] as number;
        sizes[place + shift] = newSizes[index] as number;
        shift += 1;
      }
      if (shift < 0) {
        const to = left > 1 ? (places[index + step] as number) : this.count;
        if (from < to) moveDown(keys, sizes, from, to, -shift);
      }
    }
    this.count = count;
  }

  #grow(count: number): void {
    let { length } = this.keys;
    while (length < count) length *= 2;
    this.keys = grown(this.keys, length);
    this.sizes = grown(this.sizes, length);
  }

  #growNotes(): void {
    const length = this.#places.length * 2;
    const places = new Int32Array(length);
    places.set(this.#places);
    this.#places = places;
    this.#newKeys = grown(this.#newKeys, length);
    this.#newSizes = grown(this.#newSizes, length);
  }
}

/** Moves the places from `from` up to `end` by `by` places towards the best. */
function moveUp(keys: Float64Array, sizes: Float64Array, from: number, end: number, by: number): void {
  if (end - from > SHORT_MOVE) {
    keys.copyWithin(from + by, from, end);
    sizes.copyWithin(from + by, from, end);
    return;
  }
  for (let at = end - 1; at >= from; at -= 1) {
    keys[at + by] = keys[at] as number;
    sizes[at + by] = sizes[at] as number;
  }
}

/** Moves the places from `from` up to `end` by `by` places towards the worst. */
function moveDown(keys: Float64Array, sizes: Float64Array, from: number, end: number, by: number): void {
  if (end - from > SHORT_MOVE) {
    keys.copyWithin(from - by, from, end);
    sizes.copyWithin(from - by, from, end);
    return;
  }
  for (let at = from; at < end; at += 1) {
    keys[at - by] = keys[at] as number;
    sizes[at - by] = sizes[at] as number;
  }
}

function grown(values: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(length);
  longer.set(values);
  return longer;
}
