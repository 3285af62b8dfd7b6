import type { LevelText } from '#core/market/market-message.ts';

/** Both sides of `orderbook.1`, as far as they are known. */
export interface BestLevels {
  readonly update: number;
  readonly bid: LevelText | null;
  readonly ask: LevelText | null;
}

/** What reading books must remember from frame to frame, whichever way a frame is read. */
export class BookMemory {
  /** By symbol. */
  readonly best = new Map<string, BestLevels>();
  readonly #depths = new Map<string, string>();

  /** Of a symbol whose book comes in several depths (recordings have such) the first is taken, since their sequences do not mix. */
  isChosen(symbol: string, depth: string): boolean {
    const chosen = this.#depths.get(symbol);
    if (chosen === undefined) this.#depths.set(symbol, depth);
    return chosen === undefined || chosen === depth;
  }
}
