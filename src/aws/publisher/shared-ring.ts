import { MillraceError } from '#core/errors.ts';

/*
 * Layout of the shared memory: a head of 64 bytes, then the entries. Positions count bytes written since the start, modulo 2^32; the place of a position is its
 * remainder by the capacity, a power of two.
 *
 *   head     i32 [0] written up to, by the producer · i32 [1] free up to, by the consumer · i32 [2] read up to, by the consumer
 *   entry    u32 length of the bytes · u32 tag · f64 a · f64 b · f64 c · the bytes, filled up to a multiple of eight
 *   wrap     u32 0xffffffff: the rest up to the end of the memory is not used
 */
const HEAD_BYTES = 64;
const WRITTEN = 0;
const FREED = 1;
const READ = 2;
const ENTRY_HEAD_BYTES = 32;
const WRAP = 0xffffffff;

/** One entry as the consumer sees it. */
export interface RingEntry {
  readonly tag: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** Bytes of what it holds. */
  readonly length: number;
  /** Where the entry begins, and where the next one does. */
  readonly position: number;
  readonly next: number;
  /** What it holds, as a view into the ring that is made anew each time: copy it before the position is freed. */
  readonly bytes: Buffer;
  /** Copies what it holds to `target` from `at` on, without a view. */
  copyTo(target: Uint8Array, at: number): void;
}

class SharedEntry implements RingEntry {
  tag = 0;
  a = 0;
  b = 0;
  c = 0;
  length = 0;
  position = 0;
  next = 0;
  /** Where its bytes begin in the memory. */
  start = 0;
  readonly #memory: Buffer;

  constructor(memory: Buffer) {
    this.#memory = memory;
  }

  get bytes(): Buffer {
    return this.#memory.subarray(this.start, this.start + this.length);
  }

  copyTo(target: Uint8Array, at: number): void {
    this.#memory.copy(target, at, this.start, this.start + this.length);
  }
}

/**
 * Memory for a ring of `capacity` bytes (a power of two, from 1 KiB to 1 GiB), taken at once: a machine that has too little says so at the start, and memory that
 * grows later is none of the ring's.
 */
export function allocateRing(capacity: number): SharedArrayBuffer {
  if (!Number.isInteger(Math.log2(capacity)) || capacity < 1024 || capacity > 2 ** 30)
    throw new MillraceError('configuration', 'RING_CAPACITY', `capacity=${capacity}`);
  const memory = new SharedArrayBuffer(HEAD_BYTES + capacity);
  // The system gives a page when it is first written to.
  new Uint8Array(memory).fill(0);
  return memory;
}

/** How far `position` lies after `origin`; positions wrap. */
export function distance(origin: number, position: number): number {
  return (position - origin) >>> 0;
}

abstract class RingSide {
  protected readonly head: Int32Array;
  protected readonly words: Uint32Array;
  protected readonly doubles: Float64Array;
  protected readonly bytes: Buffer;
  readonly capacity: number;

  constructor(memory: SharedArrayBuffer) {
    this.capacity = memory.byteLength - HEAD_BYTES;
    this.head = new Int32Array(memory, 0, HEAD_BYTES / 4);
    this.words = new Uint32Array(memory, HEAD_BYTES);
    this.doubles = new Float64Array(memory, HEAD_BYTES);
    this.bytes = Buffer.from(memory, HEAD_BYTES);
  }

  /** Longest bytes that an entry may have. */
  get maxEntryBytes(): number {
    return this.capacity / 4 - ENTRY_HEAD_BYTES;
  }

  /** Bytes taken: written and not freed. */
  get used(): number {
    return distance(Atomics.load(this.head, FREED), Atomics.load(this.head, WRITTEN));
  }

  /** Bytes written that the consumer has not read. */
  get unread(): number {
    return distance(Atomics.load(this.head, READ), Atomics.load(this.head, WRITTEN));
  }
}

/** The writing side; one thread only. It never waits. */
export class RingProducer extends RingSide {
  #written: number;

  constructor(memory: SharedArrayBuffer) {
    super(memory);
    this.#written = Atomics.load(this.head, WRITTEN) >>> 0;
  }

  /** Copies an entry into the ring. False: it does not fit now (or, beyond `maxEntryBytes`, ever). */
  write(tag: number, a: number, b: number, c: number, content: Uint8Array): boolean {
    const size = (ENTRY_HEAD_BYTES + content.length + 7) & ~7;
    if (content.length > this.maxEntryBytes) return false;
    const free = this.capacity - distance(Atomics.load(this.head, FREED), this.#written);
    let place = this.#written & (this.capacity - 1);
    const toEnd = this.capacity - place;
    const skipped = size > toEnd ? toEnd : 0;
    if (size + skipped > free) return false;
    if (skipped > 0) {
      this.words[place >>> 2] = WRAP;
      place = 0;
    }
    const word = place >>> 2;
    this.words[word] = content.length;
    this.words[word + 1] = tag;
    const double = place >>> 3;
    this.doubles[double + 1] = a;
    this.doubles[double + 2] = b;
    this.doubles[double + 3] = c;
    this.bytes.set(content, place + ENTRY_HEAD_BYTES);
    this.#written = (this.#written + skipped + size) >>> 0;
    // The store makes everything before it visible to whoever reads the new position.
    Atomics.store(this.head, WRITTEN, this.#written | 0);
    return true;
  }
}

/**
 * The reading side; one thread only. Reading and freeing are apart: what has been read and not freed is still there for a successor, which starts at what is
 * not freed.
 */
export class RingConsumer extends RingSide {
  #read: number;
  /** How far a predecessor had read: what lies before it and was not freed may be anywhere. Without one, the beginning. */
  readonly inheritedUntil: number;
  readonly #entry: SharedEntry;

  constructor(memory: SharedArrayBuffer) {
    super(memory);
    this.#entry = new SharedEntry(this.bytes);
    this.inheritedUntil = Atomics.load(this.head, READ) >>> 0;
    this.#read = Atomics.load(this.head, FREED) >>> 0;
    Atomics.store(this.head, READ, this.#read | 0);
  }

  /** Everything before it has been given back. */
  get freed(): number {
    return Atomics.load(this.head, FREED) >>> 0;
  }

  /** The position that is read next. */
  get position(): number {
    return this.#read;
  }

  /** The next entry, or null if there is none yet. The same object each time. Call `advance` once it has been taken care of. */
  peek(): RingEntry | null {
    const written = Atomics.load(this.head, WRITTEN) >>> 0;
    if (written === this.#read) return null;
    let place = this.#read & (this.capacity - 1);
    let start = this.#read;
    if (this.words[place >>> 2] === WRAP) {
      start = (start + this.capacity - place) >>> 0;
      place = 0;
    }
    const word = place >>> 2;
    const length = this.words[word] ?? 0;
    const size = (ENTRY_HEAD_BYTES + length + 7) & ~7;
    if (length > this.maxEntryBytes || distance(start, written) < size)
      throw new MillraceError('fatal', 'RING_CORRUPT', `position=${start} length=${length}`);
    const double = place >>> 3;
    const entry = this.#entry;
    entry.tag = this.words[word + 1] ?? 0;
    entry.a = this.doubles[double + 1] ?? 0;
    entry.b = this.doubles[double + 2] ?? 0;
    entry.c = this.doubles[double + 3] ?? 0;
    entry.start = place + ENTRY_HEAD_BYTES;
    entry.length = length;
    entry.position = this.#read;
    entry.next = (start + size) >>> 0;
    return entry;
  }

  /** Goes past the entry that `peek` gave. */
  advance(): void {
    this.#read = this.#entry.next;
    Atomics.store(this.head, READ, this.#read | 0);
  }

  /** Gives the memory of everything before `position` back to the producer. */
  free(position: number): void {
    Atomics.store(this.head, FREED, position | 0);
  }
}
