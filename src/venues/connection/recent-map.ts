/**
 * What was set lately, by id: at least the last `least` of them, at most twice as many. The older half is forgotten at once. To forget the oldest of one map each
 * time costs more the more has been deleted from its front, since a map's own order goes past all of that.
 */
export class RecentMap<Value> {
  readonly #least: number;
  #recent = new Map<string, Value>();
  #before = new Map<string, Value>();

  constructor(least: number) {
    this.#least = least;
  }

  set(id: string, value: Value): void {
    if (this.#recent.size >= this.#least && !this.#recent.has(id)) {
      this.#before = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(id, value);
  }

  get(id: string): Value | undefined {
    return this.#recent.get(id) ?? this.#before.get(id);
  }
}
