import type { BookScales } from '#core/market/book-writer.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { powerOfTen } from '#core/market/scaled-decimal.ts';
import { type ByteScanner, literal } from './byte-scanner.ts';

/** What a scanner must know of an instrument. */
export interface ScanInstrument extends BookScales {
  readonly symbol: string;
  /** The bytes of the symbol in quotes, as frames carry it. */
  readonly quoted: Uint8Array;
}

/** Symbols that stand in a frame as they are; of any other the parser reads the frames. */
const PLAIN_SYMBOL = /^[\w.-]+$/;

/** Finds an instrument by the bytes of its symbol, without making text of them. Throws `SCALE_RANGE` for scales beyond 15. */
export class ScanInstruments {
  readonly #byHash = new Map<number, ScanInstrument[]>();
  #last: ScanInstrument | null = null;

  constructor(instruments: Iterable<Instrument>) {
    for (const { symbol, priceScale, sizeScale } of instruments) {
      if (!PLAIN_SYMBOL.test(symbol)) continue;
      powerOfTen(priceScale);
      powerOfTen(sizeScale);
      const quoted = literal(`"${symbol}"`);
      const hash = hashOf(quoted, 0, quoted.length);
      const same = this.#byHash.get(hash) ?? [];
      same.push({ symbol, quoted, priceScale, sizeScale });
      this.#byHash.set(hash, same);
    }
  }

  /** The instrument whose symbol stands at `at` in quotes, or null. */
  find(scanner: ByteScanner, bytes: Uint8Array, at: number, end: number): ScanInstrument | null {
    const last = this.#last;
    if (last !== null && scanner.matches(bytes, at, end, last.quoted) >= 0) return last;
    if (scanner.text(bytes, at, end) < 0) return null;
    for (const each of this.#byHash.get(hashOf(bytes, scanner.from - 1, scanner.to + 1)) ?? []) {
      if (scanner.matches(bytes, at, end, each.quoted) < 0) continue;
      this.#last = each;
      return each;
    }
    return null;
  }
}

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0;
  for (let at = from; at < to; at += 1) hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0;
  return hash;
}
