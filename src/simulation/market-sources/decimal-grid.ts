import { decimalsOf, parseScaled } from '#core/market/scaled-decimal.ts';

/** So many different values say what all of them have in common; fewer may share more by chance. */
const ENOUGH_VALUES = 50;
/** Values told apart; further ones only count for what they share. */
const MAX_VALUES = 10_000;

/** The coarsest grid of decimals on which all values added lie. */
export class DecimalGrid {
  scale = 0;
  /** The same without zeros at the end: some venues pad every decimal to the same length. */
  tightScale = 0;
  /** In units of the scale; 0 before the first value. */
  #common = 0;
  readonly #values = new Set<string>();

  add(text: string): void {
    if (this.#values.has(text)) return;
    if (this.#values.size < MAX_VALUES) this.#values.add(text);
    const decimals = text.includes('.') ? text.length - text.indexOf('.') - 1 : 0;
    this.tightScale = Math.max(this.tightScale, decimalsOf(text));
    if (decimals > this.scale) {
      this.#common *= 10 ** (decimals - this.scale);
      this.scale = decimals;
    }
    this.#common = commonDivisor(this.#common, parseScaled(text, this.scale));
  }

  /** In units of `scale`, which is at least the tight one. */
  stepAt(scale: number): number {
    if (this.#values.size < ENOUGH_VALUES) return 10 ** Math.max(0, scale - this.scale);
    return Math.max(1, Math.round(this.#common * 10 ** (scale - this.scale)));
  }
}

/** Of whole numbers; with 0 it is the other one. */
export function commonDivisor(a: number, b: number): number {
  let [left, right] = [a, b];
  while (right !== 0) [left, right] = [right, left % right];
  return left;
}
