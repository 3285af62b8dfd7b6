import { type Fields, numberField, textField } from './json-fields.ts';
import type { FrameContent } from './venue-frame.ts';

/** The best prices of a `bookTicker`, which spot and futures write alike. */
export function quoteOf(data: Fields): FrameContent {
  return {
    kind: 'quote',
    bid: [textField(data, 'b'), textField(data, 'B')],
    ask: [textField(data, 'a'), textField(data, 'A')],
    sequence: numberField(data, 'u'),
  };
}

/** The trade of a `trade` or an `aggTrade`. `m`: the buyer was the maker, so the taker sold. */
export function tradeOf(data: Fields, feed: 'single' | 'aggregated', id: string): FrameContent {
  const trade = {
    id,
    price: textField(data, 'p'),
    size: textField(data, 'q'),
    takerSide: data.m === true ? ('sell' as const) : ('buy' as const),
  };
  return { kind: 'trades', feed, trades: [trade] };
}
