import type { BookScales } from '#core/market/book-writer.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { powerOfTen } from '#core/market/scaled-decimal.ts';

/** What a scanner must know of an instrument. */
export interface ScanInstrument extends BookScales {
  readonly symbol: string;
  readonly bytes: Uint8Array;
}

/** Finds an instrument by the bytes of its symbol, without making text of them. Throws `SCALE_RANGE` for scales beyond 15. */
export class ScanInstruments {
  readonly #byHash = new Map<number, ScanInstrument[]>();
  #last: ScanInstrument | null = null;

  constructor(instruments: Iterable<Instrument>) {
    for (const { symbol, priceScale, sizeScale } of instruments) {
      powerOfTen(priceScale);
      powerOfTen(sizeScale);
      const bytes = Uint8Array.from(Buffer.from(symbol));
      const hash = hashOf(bytes, 0, bytes.length);
      const same = this.#byHash.get(hash) ?? [];
      same.push({ symbol, bytes, priceScale, sizeScale });
      this.#byHash.set(hash, same);
    }
  }

  /** The instrument whose symbol stands there, or null. */
  find(bytes: Uint8Array, from: number, to: number): ScanInstrument | null {
    if (this.#last !== null && isSymbol(this.#last, bytes, from, to)) return this.#last;
    for (const each of this.#byHash.get(hashOf(bytes, from, to)) ?? []) {
      if (isSymbol(each, bytes, from, to)) {
        this.#last = each;
        return each;
      }
    }
    return null;
  }
}

function isSymbol({ bytes: symbol }: ScanInstrument, bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from !== symbol.length) return false;
  for (let index = 0; index < symbol.length; index += 1) if (bytes[from + index] !== symbol[index]) return false;
  return true;
}

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0;
  for (let at = from; at < to; at += 1) hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0;
  return hash;
}
