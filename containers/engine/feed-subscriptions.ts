import { SCANNED_CHANNELS } from '#core/config/scanner-configuration.ts';
import { MillraceError } from '#core/errors.ts';
import type { Channel, Subscription } from '#core/market/market-message.ts';
import type { FeedLines } from './feed-lines.ts';

/** What a feed carries, by its configuration. */
export interface FeedContent {
  readonly symbols: readonly string[];
  /** Those that the venue has. */
  readonly channels: readonly Channel[];
  /** Symbols of which only what scanners hear is carried, until a lane asks for one of them. */
  readonly watched: ReadonlySet<string>;
}

/** Books come and go with the symbols that are carried whole. */
export interface BookKeeping {
  addBook(symbol: string): void;
  removeBook(symbol: string): void;
}

/** What is subscribed for whom: whole symbols by the configuration, candidates of scanners as lanes hold them. Changes are made one after the other. */
export class FeedSubscriptions {
  readonly #lines: () => FeedLines;
  readonly #books: BookKeeping;
  #content: FeedContent;
  /** Of each symbol who holds it, and by which call. */
  readonly #holders = new Map<string, Map<string, object>>();
  #last: Promise<void> = Promise.resolve();

  constructor(content: FeedContent, lines: () => FeedLines, books: BookKeeping) {
    this.#content = content;
    this.#lines = lines;
    this.#books = books;
  }

  /** Symbols that have a book. */
  whole(): readonly string[] {
    return this.#content.symbols.filter((symbol) => this.#isWhole(symbol));
  }

  wanted(): readonly Subscription[] {
    return this.#content.symbols.flatMap((symbol) => this.#channelsOf(symbol).map((channel) => ({ channel, symbol })));
  }

  /** Resolves with the venue's confirmation; rejects when it refuses: what was carried before goes on. */
  change(content: FeedContent): Promise<void> {
    return this.#inTurn(async () => {
      const before = new Set(this.whole());
      this.#content = content;
      for (const symbol of this.whole()) if (!before.has(symbol)) this.#books.addBook(symbol);
      await this.#lines().change(this.wanted());
      const after = new Set(this.whole());
      for (const symbol of before) if (!after.has(symbol)) this.#books.removeBook(symbol);
    });
  }

  /** All channels of a symbol, for a lane. Rejects as well when the lane has given it back before its turn came. */
  async carry(symbol: string, holder: string): Promise<void> {
    if (!this.#content.symbols.includes(symbol))
      throw new MillraceError('configuration', 'SYMBOL_NOT_FED', `symbol=${symbol}`);
    if (!this.#isWhole(symbol)) this.#books.addBook(symbol);
    const holders = this.#holders.get(symbol) ?? new Map<string, object>();
    const hold = {};
    this.#holders.set(symbol, holders.set(holder, hold));
    await this.#inTurn(async () => {
      if (holders.get(holder) !== hold) throw new MillraceError('retryable', 'SUBSCRIBE_OVERTAKEN', `symbol=${symbol}`);
      try {
        await this.#lines().add(this.wanted(), symbol);
      } catch (error) {
        if (holders.get(holder) === hold) holders.delete(holder);
        if (!this.#isWhole(symbol)) this.#books.removeBook(symbol);
        throw error;
      }
    });
  }

  /** The lane needs it no more. Its book goes in this very call, whatever the venue answers: nothing that still comes of it is told to anybody. */
  release(symbol: string, holder: string): Promise<void> {
    this.#holders.get(symbol)?.delete(holder);
    if (!this.#isWhole(symbol)) this.#books.removeBook(symbol);
    return this.#inTurn(async () => {
      if (!this.#isWhole(symbol)) await this.#lines().remove(symbol, this.#channelsOf(symbol));
    });
  }

  #isWhole(symbol: string): boolean {
    const { symbols, watched } = this.#content;
    if (!symbols.includes(symbol)) return false;
    return !watched.has(symbol) || (this.#holders.get(symbol)?.size ?? 0) > 0;
  }

  #channelsOf(symbol: string): readonly Channel[] {
    const { channels } = this.#content;
    return this.#isWhole(symbol) ? channels : channels.filter((channel) => SCANNED_CHANNELS.includes(channel));
  }

  #inTurn(run: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(run);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
