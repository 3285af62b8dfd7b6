import { MillraceError } from '../errors.ts';
import type { LevelText, Side } from './market-message.ts';
import { OrderBook } from './order-book.ts';
import { type Price, parseScaled, powerOfTen, type Size } from './scaled-decimal.ts';
import type { BookChange, ScannedBook } from './scanned-message.ts';

/** Scales of a book's integers, decimals of one unit. */
export interface BookScales {
  readonly priceScale: number;
  readonly sizeScale: number;
  /** What most prices are multiples of, in price units; 1 where it is not known. Only for speed. */
  readonly tickSize?: number;
}

/** What all book syncs share: an order book and the writing of level texts into it, exactly or not at all. */
export class BookWriter {
  readonly book: OrderBook;
  #priceScale: number;
  #sizeScale: number;

  constructor(symbol: string, scales: BookScales) {
    this.book = new OrderBook(symbol, scales.tickSize);
    this.#priceScale = scales.priceScale;
    this.#sizeScale = scales.sizeScale;
  }

  /**
   * Writes the levels of a message and takes its last sequence; a snapshot replaces everything. True unless the book is crossed after it.
   * Throws (class validation) for a level that cannot be represented, with the book empty and invalid.
   */
  write(message: BookChange): boolean {
    try {
      if (message.isSnapshot) this.book.clear();
      if (message.type === 'scannedBook') {
        this.#writeScanned(message);
      } else {
        this.#side('buy', message.bids);
        this.#side('sell', message.asks);
      }
    } catch (error) {
      this.drop();
      throw error;
    }
    this.book.sequence = message.lastSequence;
    return !this.book.crossed;
  }

  /** The book is not to be read any longer: empty and invalid, its last sequence kept. */
  drop(): void {
    this.book.valid = false;
    this.book.clear();
  }

  /** Finer scales; never coarser ones. Throws `SCALE_RANGE` or `DECIMAL_RANGE`, with nothing changed but the book invalid. */
  rescale(scales: BookScales): void {
    try {
      this.book.rescale(
        powerOfTen(scales.priceScale - this.#priceScale),
        powerOfTen(scales.sizeScale - this.#sizeScale),
      );
    } catch (error) {
      this.drop();
      throw error;
    }
    this.#priceScale = scales.priceScale;
    this.#sizeScale = scales.sizeScale;
  }

  #writeScanned(message: ScannedBook): void {
    if (message.priceScale !== this.#priceScale || message.sizeScale !== this.#sizeScale) {
      const scales = `of=${message.priceScale},${message.sizeScale} book=${this.#priceScale},${this.#sizeScale}`;
      throw new MillraceError('validation', 'SCALE_MISMATCH', scales);
    }
    this.book.setAll('buy', message.bids);
    this.book.setAll('sell', message.asks);
  }

  #side(side: Side, levels: readonly LevelText[]): void {
    for (let index = 0; index < levels.length; index += 1) {
      const [priceText, sizeText] = levels[index] as LevelText;
      const price = parseScaled(priceText, this.#priceScale);
      const size = parseScaled(sizeText, this.#sizeScale);
      if (price <= 0 || size < 0) {
        throw new MillraceError('validation', 'LEVEL_INVALID', `price=${priceText} size=${sizeText}`);
      }
      this.book.set(side, price as Price, size as Size);
    }
  }
}
