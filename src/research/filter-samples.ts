import { z } from 'zod';
import type { MomentumScalperSettings } from '#core/config/runtime-configuration.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { Side } from '#core/market/market-message.ts';
import { OrderBook } from '#core/market/order-book.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import { ENTRY_FEATURES, EntryFeatures } from '#core/strategies/entry-features.ts';
import { MomentumScalper } from '#core/strategies/momentum-scalper.ts';
import type { MonoNanos } from '#core/time/clock.ts';
import type { TrainingSample } from './filter-training.ts';

const level = z.tuple([z.string(), z.string()]);
/** What of normalized data is read: books and trades. */
const normalizedLine = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('book'),
    symbol: z.string(),
    isSnapshot: z.boolean(),
    bids: z.array(level),
    asks: z.array(level),
    exchangeTime: z.iso.datetime(),
  }),
  z.object({
    type: z.literal('trade'),
    symbol: z.string(),
    price: z.string(),
    size: z.string(),
    side: z.enum(['buy', 'sell']),
    exchangeTime: z.iso.datetime(),
  }),
]);
export type FilterLine = z.infer<typeof normalizedLine>;

/** Reads a line of normalized data; null: it is of a kind that is not looked at. Throws what JSON and zod throw. */
export function readFilterLine(text: string): FilterLine | null {
  const raw: unknown = JSON.parse(text);
  const type = typeof raw === 'object' && raw !== null ? Reflect.get(raw, 'type') : null;
  return type === 'book' || type === 'trade' ? normalizedLine.parse(raw) : null;
}

/** Which signals become samples, and when one was good. */
export interface SampleSettings {
  /** Smallest step of the price, in its own units. */
  readonly tick: number;
  /** Settings of the reference strategy, whose signals are judged. */
  readonly window: number;
  readonly entryTicks: number;
  readonly takeTicks: number;
  /** A signal is good if the mid has moved its way by so much after so long. */
  readonly horizonMs: number;
  readonly gainBps: number;
  /** One signal in this time at most. */
  readonly everyMs: number;
}

interface Pending {
  readonly features: readonly number[];
  readonly side: Side;
  readonly middle: number;
  readonly dueAt: number;
}

/** Sizes are read to this many of their own units. */
const SIZE_UNITS = 1e8;

/** The signals of one symbol's recorded market, as the strategy makes them and the filter sees them, and what came of each. */
export class FilterSamples {
  readonly samples: TrainingSample[] = [];
  readonly #settings: SampleSettings;
  readonly #features = new EntryFeatures();
  readonly #strategy: MomentumScalper;
  readonly #book = new OrderBook('samples');
  #pending: Pending[] = [];
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(settings: SampleSettings) {
    this.#settings = settings;
    this.#strategy = new MomentumScalper(strategySettings(settings), IN_TICKS);
  }

  /** Signals whose outcome is not known yet: the recording ended before. */
  get open(): number {
    return this.#pending.length;
  }

  take(line: FilterLine): void {
    const at = Date.parse(line.exchangeTime);
    const mono = (at * 1e6) as MonoNanos;
    if (line.type === 'trade') {
      this.#features.onTrade(line.side, Number(line.size) * SIZE_UNITS, mono);
      return;
    }
    const book = this.#book;
    if (line.isSnapshot) book.clear();
    this.#apply('buy', line.bids);
    this.#apply('sell', line.asks);
    if (book.bidPrice === 0 || book.askPrice === 0 || book.crossed) return;
    this.#features.onBook(book);
    const middle = (book.bidPrice + book.askPrice) / 2;
    this.#resolve(middle, at);
    const signal = this.#strategy.onBook(book, mono);
    if (signal.side === null || at - this.#lastAt < this.#settings.everyMs) return;
    if (ENTRY_FEATURES.some((feature) => this.#features.missing(feature, mono) !== null)) return;
    this.#lastAt = at;
    this.#features.read(signal.side, signal);
    const { horizonMs } = this.#settings;
    this.#pending.push({ features: [...this.#features.values], side: signal.side, middle, dueAt: at + horizonMs });
  }

  #apply(side: Side, levels: readonly (readonly [string, string])[]): void {
    for (const [price, size] of levels) {
      const ticks = Math.round(Number(price) / this.#settings.tick);
      this.#book.set(side, ticks as Price, Math.round(Number(size) * SIZE_UNITS) as Size);
    }
  }

  #resolve(middle: number, at: number): void {
    const due = this.#pending.filter((each) => each.dueAt <= at);
    if (due.length === 0) return;
    this.#pending = this.#pending.slice(due.length);
    for (const { features, side, middle: then } of due) {
      const gained = ((side === 'buy' ? middle - then : then - middle) / then) * 10_000;
      this.samples.push({ features, good: gained >= this.#settings.gainBps });
    }
  }
}

/** Prices are counted in ticks, sizes in units so small that they lose nothing: features are ratios and know neither. */
const IN_TICKS: Instrument = {
  venue: 'bybit-linear',
  symbol: 'samples',
  kind: 'linear',
  baseCurrency: '',
  quoteCurrency: '',
  settlementCurrency: '',
  priceScale: 0,
  sizeScale: 0,
  tickSize: 1 as Price,
  lotSize: 1 as Size,
  minSize: 1 as Size,
  maxSize: Number.MAX_SAFE_INTEGER as Size,
  minNotional: 0,
  multiplier: 1,
  tradable: true,
};

/** What the signal does not depend on is set to anything. */
function strategySettings({ window, entryTicks, takeTicks }: SampleSettings): MomentumScalperSettings {
  return {
    kind: 'momentum-scalper',
    window,
    entryTicks,
    takeTicks,
    takeProfitTicks: 1,
    stopLossTicks: 1,
    restMs: 1_000,
    holdMs: 1_000,
    cooldownMs: 0,
    baseSize: '1',
    maxSizeFactor: 1,
  };
}
