import type { Instrument } from '#core/market/instrument.ts';
import { bookLevels } from './bybit-book-topic.ts';
import type { BybitContext } from './bybit-context.ts';
import { instrumentRow, spotTickerFields, tickerFields } from './bybit-market-rows.ts';
import { clamp, invalid, pageOf, type Result } from './bybit-results.ts';
import type { Row } from './bybit-rows.ts';
import type { RecentTrades } from './bybit-trades.ts';

/** Public REST, `/v5/market/*`. Null: the path is none of it. */
export function createBybitMarketRest(
  context: BybitContext,
  trades: RecentTrades,
): (path: string, query: URLSearchParams) => Result | null {
  const { exchange } = context;
  const category = context.category.name;

  function result(path: string, query: URLSearchParams): Result | null {
    if (path === '/v5/market/time') {
      const now = context.now();
      return { result: { timeSecond: String(Math.floor(now / 1_000)), timeNano: `${now}000000` } };
    }
    // What is announced: nothing. Maintenance itself answers no question.
    if (path === '/v5/system/status') return { result: { list: [] } };
    if (!path.startsWith('/v5/market/')) return null;
    if (query.get('category') !== category) return invalid('category invalid');
    const symbol = query.get('symbol');
    const instrument = symbol === null ? null : context.instrument(symbol);
    if (symbol !== null && instrument === null) return invalid('symbol invalid');
    const chosen = instrument === null ? exchange.instruments : [instrument];
    switch (path) {
      case '/v5/market/instruments-info':
        return { result: { category, ...pageOf(chosen.map(instrumentRow), query, 500, 1_000) } };
      case '/v5/market/tickers': {
        const best = { bid: ['', ''], ask: ['', ''] } as const;
        const fieldsOf = (each: Instrument): Row =>
          context.category.hasPositions
            ? tickerFields(exchange.ticker(each.symbol), each, best)
            : spotTickerFields(exchange.ticker(each.symbol), each);
        return { result: { category, list: chosen.map(fieldsOf) } };
      }
      case '/v5/market/orderbook': {
        if (instrument === null) return invalid('symbol invalid');
        const book = exchange.book(instrument.symbol, clamp(query.get('limit'), 25, 1_000));
        const { b, a } = bookLevels(book, instrument);
        const now = context.now();
        return { result: { s: instrument.symbol, b, a, ts: now, u: book.sequence, seq: book.sequence, cts: now } };
      }
      case '/v5/market/recent-trade':
        if (instrument === null) return invalid('symbol invalid');
        return {
          result: { category, list: trades.recent(instrument, clamp(query.get('limit'), 500, 1_000)) },
        };
      case '/v5/market/kline':
        if (instrument === null) return invalid('symbol invalid');
        return klines(instrument.symbol, query);
      default:
        return null;
    }
  }

  function klines(symbol: string, query: URLSearchParams): Result {
    const interval = query.get('interval') ?? '';
    const list = trades.candles(symbol, interval, clamp(query.get('limit'), 200, 1_000));
    if (list === null) return invalid('interval invalid');
    return { result: { category, symbol, list } };
  }

  return result;
}
