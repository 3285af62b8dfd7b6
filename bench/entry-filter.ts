import { OrderBook } from '#core/market/order-book.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import { ENTRY_FEATURES } from '#core/strategies/entry-features.ts';
import { EntryFilter } from '#core/strategies/entry-filter.ts';
import type { EntryFilterModel } from '#core/strategies/entry-filter-model.ts';
import type { MonoNanos } from '#core/time/clock.ts';
import { type Benchmark, compare } from './benchmark.ts';

/** A model that looks at everything and passes everything: what declines writes a text besides. */
const MODEL: EntryFilterModel = {
  version: 1,
  features: [...ENTRY_FEATURES],
  means: ENTRY_FEATURES.map((_, place) => place * 0.1),
  scales: ENTRY_FEATURES.map((_, place) => 0.5 + place * 0.1),
  coefficients: ENTRY_FEATURES.map((_, place) => 0.3 - place * 0.05),
  intercept: 0,
  threshold: -1e9,
};
const PASSES = 200_000;

/** What a learned filter adds: to each book, to each trade, and to an entry. */
export const entryFilterBenchmark: Benchmark = {
  name: 'filter',
  what: 'a learned entry filter of all features: kept with each book and trade, asked with each entry',
  run: () =>
    compare([
      { label: 'a book kept', pass: () => repeat((filter, book) => filter.features.onBook(book)) },
      {
        label: 'a trade kept',
        pass: () =>
          repeat((filter, _book, step) => filter.features.onTrade(step % 2 === 0 ? 'buy' : 'sell', 3, at(step))),
      },
      {
        label: 'an entry judged',
        pass: () => repeat((filter, _book, step) => filter.declines(step % 2 === 0 ? 'buy' : 'sell', SIGNAL, at(step))),
      },
    ]),
  bars: (rows) => rows.map(({ label, meanNs }) => ({ what: `${label}, ns`, measured: meanNs, most: 1_000 })),
};

const SIGNAL = { style: 'rest', strength: 1.5 } as const;

function at(step: number): MonoNanos {
  return step as MonoNanos;
}

function repeat(work: (filter: EntryFilter, book: OrderBook, step: number) => void): { readonly operations: number } {
  const filter = new EntryFilter(MODEL);
  const book = new OrderBook('BTCUSDT');
  book.set('buy', 600_000 as Price, 500 as Size);
  book.set('sell', 600_001 as Price, 400 as Size);
  for (let step = 0; step < 64; step += 1) {
    filter.features.onBook(book);
    filter.features.onTrade('buy', 1, at(step));
  }
  for (let step = 0; step < PASSES; step += 1) work(filter, book, step);
  return { operations: PASSES };
}
