import type { BookScales } from '#core/market/book-writer.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { powerOfTen } from '#core/market/scaled-decimal.ts';
import { literal } from '../connection/byte-scanner.ts';
import { hashOf } from './number-scanner.ts';

/** What the scanner must know of an instrument. */
export interface ChannelInstrument extends BookScales {
  readonly symbol: string;
  /** The bytes of the symbol, as a channel's name holds it. */
  readonly name: Uint8Array;
  /** In quotes, as the data holds it. */
  readonly quoted: Uint8Array;
}

/** Symbols that stand in a frame as they are; of any other the parser reads the frames. */
const PLAIN_SYMBOL = /^[\w-]+$/;
const POINT = 46;
const QUOTE = 34;
const MAX_NAME = 64;

/** Finds an instrument by the bytes of its symbol in a channel's name (`book.BTC-PERPETUAL.raw`), without making text of them. */
export class ChannelInstruments {
  readonly #byHash = new Map<number, ChannelInstrument[]>();

  /** Throws `SCALE_RANGE` for scales beyond 15. */
  constructor(instruments: Iterable<Instrument>) {
    for (const { symbol, priceScale, sizeScale } of instruments) {
      if (!PLAIN_SYMBOL.test(symbol) || symbol.length > MAX_NAME) continue;
      powerOfTen(priceScale);
      powerOfTen(sizeScale);
      const name = literal(symbol);
      const hash = hashOf(name, 0, name.length);
      const same = this.#byHash.get(hash) ?? [];
      same.push({ symbol, name, quoted: literal(`"${symbol}"`), priceScale, sizeScale });
      this.#byHash.set(hash, same);
    }
  }

  /** The instrument whose symbol stands at `at`, up to the next point or quote; or null. */
  find(bytes: Uint8Array, at: number, end: number): ChannelInstrument | null {
    const last = Math.min(end, at + MAX_NAME + 1);
    let to = at;
    while (to < last && bytes[to] !== POINT && bytes[to] !== QUOTE) to += 1;
    if (to === last) return null;
    for (const each of this.#byHash.get(hashOf(bytes, at, to)) ?? []) {
      if (isAt(bytes, at, to, each.name)) return each;
    }
    return null;
  }
}

function isAt(bytes: Uint8Array, from: number, to: number, name: Uint8Array): boolean {
  if (to - from !== name.length) return false;
  for (let index = 0; index < name.length; index += 1) if (bytes[from + index] !== name[index]) return false;
  return true;
}
