import type { RingProducer } from './shared-ring.ts';

interface WaitingEvent {
  readonly number: number;
  readonly keyLength: number;
  readonly content: Uint8Array;
}

/** Events that wait in memory when the ring to the publishing thread is full; past this they are lost. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
const RETRY_MS = 10;

/** Events on their way into the ring, in order. It never waits: what finds no room is tried again by a timer. */
export class EventOutbox {
  readonly #ring: RingProducer;
  #waiting: WaitingEvent[] = [];
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(ring: RingProducer) {
    this.#ring = ring;
  }

  /** Events that are not in the ring yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Takes an event: its number, and its partition key followed by the record. False: memory is full too, and the event is lost. */
  put(number: number, keyLength: number, content: Uint8Array): boolean {
    if (this.#waiting.length === 0 && this.#ring.write(keyLength, number, 0, 0, content)) return true;
    if (this.#waitingBytes + content.length > MAX_WAITING_BYTES) return false;
    this.#waiting.push({ number, keyLength, content });
    this.#waitingBytes += content.length;
    if (this.#timer === null) {
      this.#timer = setInterval(() => this.#retry(), RETRY_MS);
      this.#timer.unref();
    }
    return true;
  }

  /** Gives up; returns how many events never reached the ring. */
  close(): number {
    this.#stop();
    return this.#waiting.length;
  }

  #retry(): void {
    let written = 0;
    for (const { number, keyLength, content } of this.#waiting) {
      if (!this.#ring.write(keyLength, number, 0, 0, content)) break;
      this.#waitingBytes -= content.length;
      written += 1;
    }
    this.#waiting = this.#waiting.slice(written);
    if (this.#waiting.length === 0) this.#stop();
  }

  #stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
