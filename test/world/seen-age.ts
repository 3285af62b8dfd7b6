/** A connection's best is kept for so long at least, and at most, ns. */
const KEPT = [30e9, 60e9] as const;

/** How old the data of one symbol is (H10), from when its messages came and were stamped: a second statement, which leaves open how long the best of before counts. */
export class SeenAge {
  readonly #transits: { readonly at: number; readonly ms: number }[] = [];

  /** A message came at `at`, ns of own time, stamped `exchangeTime`, ms. */
  saw(at: number, exchangeTime: number): void {
    this.#transits.push({ at, ms: at / 1e6 - exchangeTime });
    while ((this.#transits[0]?.at ?? at) < at - 2 * KEPT[1]) this.#transits.shift();
  }

  /** Age at `now`, ms, at least and at most. */
  at(now: number): readonly [number, number] {
    const last = this.#transits.at(-1);
    if (last === undefined) return [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    const bestOf = (kept: number) =>
      this.#transits.reduce((best, { at, ms }) => (at >= last.at - kept ? Math.min(best, ms) : best), last.ms);
    const since = (now - last.at) / 1e6 + last.ms;
    return [since - bestOf(KEPT[0]), since - bestOf(KEPT[1])];
  }
}
