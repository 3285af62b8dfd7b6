import { type KeyLoad, shardShare } from '#core/events/shard-load.ts';

/** Long enough that a burst does not count as a load, short enough that a hot key is told of before many refusals. */
const WINDOW_MS = 10_000;

/** Counts what goes to a stream under each partition key, in windows of 10 s. */
export class KeyLoads {
  readonly #counts = new Map<string, { bytes: number; records: number }>();
  #beganMs: number;

  constructor(nowMs: number) {
    this.#beganMs = nowMs;
  }

  add(key: string, bytes: number): void {
    const count = this.#counts.get(key);
    if (count === undefined) {
      this.#counts.set(key, { bytes, records: 1 });
    } else {
      count.bytes += bytes;
      count.records += 1;
    }
  }

  /** The loads of the window that ends now, the hottest first; null while it has not ended. */
  turn(nowMs: number): readonly KeyLoad[] | null {
    const seconds = (nowMs - this.#beganMs) / 1_000;
    if (seconds * 1_000 < WINDOW_MS) return null;
    const loads = [...this.#counts].map(([key, { bytes, records }]) => ({
      key,
      bytesPerSecond: bytes / seconds,
      recordsPerSecond: records / seconds,
    }));
    this.#counts.clear();
    this.#beganMs = nowMs;
    return loads.sort((one, other) => shardShare(other) - shardShare(one));
  }
}
