import type { Side } from '#core/market/market-message.ts';

/**
 * One side of a generated book: a level at every tick from the best outwards, at least as many as asked for. It records which ticks have changed.
 */
export class GeneratedLadder {
  /** Best tick. */
  best: number;
  /** Steps away from the spread: -1 for bids, 1 for asks. */
  readonly outward: 1 | -1;
  readonly #sizes = new Map<number, number>();
  readonly #changed = new Set<number>();
  readonly #levels: number;
  readonly #drawSize: (rank: number) => number;

  constructor(side: Side, best: number, levels: number, drawSize: (rank: number) => number) {
    this.outward = side === 'buy' ? -1 : 1;
    this.best = best;
    this.#levels = levels;
    this.#drawSize = drawSize;
    this.fill();
  }

  sizeAt(tick: number): number {
    return this.#sizes.get(tick) ?? 0;
  }

  set(tick: number, size: number): void {
    if (size <= 0) this.#sizes.delete(tick);
    else this.#sizes.set(tick, size);
    this.#changed.add(tick);
  }

  /** Puts the best level at `tick`: inwards new levels are added, outwards those before it are withdrawn. */
  moveBest(tick: number): void {
    while ((this.best - tick) * this.outward > 0) {
      this.best -= this.outward;
      this.set(this.best, this.#drawSize(0));
    }
    while ((tick - this.best) * this.outward > 0) {
      this.set(this.best, 0);
      this.best += this.outward;
    }
    this.fill();
  }

  /** A trade takes from the best level; if nothing is left, the next one is the best. Returns what was taken. */
  take(size: number): number {
    const taken = Math.min(size, this.sizeAt(this.best));
    this.set(this.best, this.sizeAt(this.best) - taken);
    if (this.sizeAt(this.best) === 0) {
      this.best += this.outward;
      this.fill();
    }
    return taken;
  }

  /** New orders and cancellations at one level. */
  redraw(rank: number): void {
    this.set(this.best + rank * this.outward, this.#drawSize(rank));
  }

  /** Every level from the best outwards has a size; what lies too far out is withdrawn. */
  fill(): void {
    for (let rank = 0; rank < this.#levels; rank += 1) {
      const tick = this.best + rank * this.outward;
      if (this.sizeAt(tick) === 0) this.set(tick, this.#drawSize(rank));
    }
    if (this.#sizes.size <= this.#levels * 1.5) return;
    for (const tick of this.#sizes.keys()) {
      if ((tick - this.best) * this.outward >= this.#levels) this.set(tick, 0);
    }
  }

  /** Whole side, best first. */
  levels(): [tick: number, size: number][] {
    return [...this.#sizes].sort(([a], [b]) => (a - b) * this.outward);
  }

  /** What has changed since the last call. */
  takeChanges(): [tick: number, size: number][] {
    const changes = [...this.#changed].map((tick): [number, number] => [tick, this.sizeAt(tick)]);
    this.#changed.clear();
    return changes;
  }
}
