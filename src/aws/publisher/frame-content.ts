import type { MonoNanos } from '#core/time/clock.ts';
import { MAX_VARINT_BYTES, writeVarint, zigzag } from '../market-record.ts';
import type { RingEntry } from './shared-ring.ts';

const NUMBERS_BYTES = 3 * MAX_VARINT_BYTES;
const INITIAL_BYTES = 64 * 1024;

/**
 * The content of a market record while it is collected: frames one after the other, each with its numbers as differences to the frame before
 * (`docs/formats.md`). The memory is reused from record to record.
 */
export class FrameContent {
  #bytes: Uint8Array = new Uint8Array(INITIAL_BYTES);
  #length = 0;
  #count = 0;
  #receivedAt = 0 as MonoNanos;
  #inputNumber = 0;
  /** Numbers of the first frame: the record's header carries them, and the differences start from them. */
  firstReceivedAt = 0 as MonoNanos;
  firstInputNumber = 0;

  get length(): number {
    return this.#length;
  }

  get count(): number {
    return this.#count;
  }

  /** Copies a frame. Its numbers are integers from 0 to 2^52. */
  add(receivedAt: MonoNanos, inputNumber: number, frame: Uint8Array): void {
    const at = this.#begin(receivedAt, inputNumber, frame.length);
    this.#bytes.set(frame, at);
  }

  /** As `add`, out of the ring: without an object for each frame. */
  addFrom(receivedAt: MonoNanos, inputNumber: number, entry: Pick<RingEntry, 'length' | 'copyTo'>): void {
    const at = this.#begin(receivedAt, inputNumber, entry.length);
    entry.copyTo(this.#bytes, at);
  }

  /** Writes a frame's numbers; where its bytes are to lie. */
  #begin(receivedAt: MonoNanos, inputNumber: number, length: number): number {
    if (this.#count === 0) {
      this.firstReceivedAt = receivedAt;
      this.#receivedAt = receivedAt;
      this.firstInputNumber = inputNumber;
      this.#inputNumber = inputNumber;
    }
    this.#reserve(NUMBERS_BYTES + length);
    let at = writeVarint(this.#bytes, this.#length, zigzag(receivedAt - this.#receivedAt));
    at = writeVarint(this.#bytes, at, zigzag(inputNumber - this.#inputNumber));
    at = writeVarint(this.#bytes, at, length);
    this.#length = at + length;
    this.#count += 1;
    this.#receivedAt = receivedAt;
    this.#inputNumber = inputNumber;
    return at;
  }

  /** What has been collected; valid until the next change. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
    this.#count = 0;
  }

  #reserve(more: number): void {
    const wanted = this.#length + more;
    if (wanted <= this.#bytes.length) return;
    let size = this.#bytes.length;
    while (size < wanted) size *= 2;
    const larger = new Uint8Array(size);
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
