import { bookSides } from './deribit-book-channel.ts';
import type { DeribitContext } from './deribit-context.ts';
import { instrumentRow, kindName, priceOf, sizeOf, tickerRow } from './deribit-rows.ts';
import { type Fields, invalidParameter, numberField, type RpcOutcome, refuse, textField } from './deribit-rpc.ts';
import type { PublicTrades } from './deribit-trades.ts';

const VERSION = '1.2.26';
const DEFAULT_DEPTH = 5;
const DEFAULT_TRADES = 10;
const MAX_TRADES = 1_000;

/** Public methods that any connection, and REST, may call. Null: there is no such method. */
export function createDeribitPublicMethods(
  context: DeribitContext,
  trades: PublicTrades,
): (method: string, params: Fields) => RpcOutcome | null {
  const { exchange } = context;

  function withInstrument(params: Fields, run: (symbol: string) => RpcOutcome): RpcOutcome {
    const symbol = textField(params, 'instrument_name') ?? '';
    return context.instrument(symbol) === null
      ? invalidParameter('instrument_name', 'instrument not found')
      : run(symbol);
  }

  function instruments(params: Fields): RpcOutcome {
    const currency = textField(params, 'currency') ?? 'any';
    const kind = textField(params, 'kind') ?? 'any';
    const chosen = exchange.instruments.filter(
      (each) =>
        (currency === 'any' || each.settlementCurrency === currency || each.baseCurrency === currency) &&
        (kind === 'any' || kindName(each) === kind),
    );
    return { result: chosen.map(instrumentRow) };
  }

  function orderBook(symbol: string, params: Fields): RpcOutcome {
    const instrument = context.requireInstrument(symbol);
    const book = exchange.book(symbol, numberField(params, 'depth') ?? DEFAULT_DEPTH);
    const { bids, asks } = bookSides(book, instrument);
    const plain = (levels: readonly unknown[]): unknown[] =>
      levels.map((level) => (level as readonly unknown[]).slice(1));
    const ticker = tickerRow(exchange.ticker(symbol), book, instrument, context.now());
    return { result: { ...ticker, change_id: book.sequence, bids: plain(bids), asks: plain(asks) } };
  }

  function lastTrades(symbol: string, params: Fields): RpcOutcome {
    const count = Math.min(numberField(params, 'count') ?? DEFAULT_TRADES, MAX_TRADES);
    const instrument = context.requireInstrument(symbol);
    const known = trades.of(symbol);
    const rows = known.slice(-count).map((trade) => ({
      trade_seq: trade.sequence,
      trade_id: trade.tradeId,
      timestamp: Math.floor(trade.time),
      tick_direction: 0,
      price: priceOf(instrument, trade.price),
      instrument_name: symbol,
      direction: trade.takerSide,
      amount: sizeOf(instrument, trade.size),
    }));
    return { result: { trades: rows, has_more: known.length > count } };
  }

  return (method, params) => {
    switch (method) {
      case 'public/test':
      case 'public/hello':
        return { result: { version: VERSION } };
      case 'public/get_time':
        return { result: context.now() };
      case 'public/status':
        return { result: { locked: 'false', locked_indices: [] } };
      case 'public/get_currencies':
        return {
          result: [...new Set(exchange.instruments.map((each) => each.settlementCurrency))].map((currency) => ({
            currency,
            currency_long: currency,
            coin_type: currency,
            min_confirmations: 1,
            withdrawal_fee: 0,
            fee_precision: 8,
          })),
        };
      case 'public/get_instruments':
        return instruments(params);
      case 'public/get_instrument':
        return withInstrument(params, (symbol) => ({ result: instrumentRow(context.requireInstrument(symbol)) }));
      case 'public/get_order_book':
        return withInstrument(params, (symbol) => orderBook(symbol, params));
      case 'public/ticker':
        return withInstrument(params, (symbol) => ({
          result: tickerRow(
            exchange.ticker(symbol),
            exchange.book(symbol, 1),
            context.requireInstrument(symbol),
            context.now(),
          ),
        }));
      case 'public/get_last_trades_by_instrument':
        return withInstrument(params, (symbol) => lastTrades(symbol, params));
      default:
        return null;
    }
  };
}

/** What the venue says of a method that it does not have. */
export const METHOD_UNKNOWN = refuse(-32601, 'Method not found');
