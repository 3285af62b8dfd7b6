import type { VenueId } from '#core/market/instrument.ts';
import { importPeer, pinnedPeers } from './install.ts';
import type { BookStart, Reader, ReaderKind } from './reader.ts';

const SYMBOL = 'BTC/USDT:USDT';

interface CcxtTrade {
  readonly id: string;
  readonly price: number;
  readonly amount: number;
  readonly side: string;
  readonly timestamp: number;
}

interface CcxtQuote {
  readonly bid: number;
  readonly bidVolume: number;
  readonly ask: number;
  readonly askVolume: number;
}

interface CcxtBook {
  nonce: number | undefined;
  readonly bids: readonly [number, number][];
  readonly asks: readonly [number, number][];
}

/** The part of a ccxt pro exchange that is used here. */
export interface CcxtExchange {
  setMarkets(markets: readonly object[]): void;
  client(url: string): { onMessage(event: { data: Buffer }): void };
  orderBook(snapshot: object): CcxtBook;
  readonly orderbooks: Record<string, CcxtBook>;
  readonly trades: Record<string, readonly CcxtTrade[]>;
  readonly bidsasks: Record<string, CcxtQuote>;
  createOrderWs(
    symbol: string,
    type: string,
    side: string,
    amount: number,
    price: number,
    params: object,
  ): Promise<unknown>;
  watch: (url: string, hash: string, message: object) => Promise<unknown>;
  authenticate: (url: string) => Promise<unknown>;
}

const FILES: Readonly<Record<string, { readonly file: string; readonly url: string }>> = {
  'binance-usdm': { file: 'ccxt/js/src/pro/binance.js', url: 'wss://fstream.binance.com/ws' },
  'bybit-linear': { file: 'ccxt/js/src/pro/bybit.js', url: 'wss://stream.bybit.com/v5/public/linear' },
};

/** Makes exchanges of one venue that know one market and never connect; null where ccxt is not compared. */
export async function loadCcxt(venue: VenueId): Promise<((options?: object) => CcxtExchange) | null> {
  const found = FILES[venue];
  if (found === undefined) return null;
  const { default: Exchange } = await importPeer<{ default: new (options: object) => CcxtExchange }>(found.file);
  return (options = {}) => {
    const exchange = new Exchange(options);
    exchange.setMarkets([MARKET]);
    return exchange;
  };
}

const MARKET = {
  id: 'BTCUSDT',
  symbol: SYMBOL,
  base: 'BTC',
  quote: 'USDT',
  settle: 'USDT',
  baseId: 'BTC',
  quoteId: 'USDT',
  settleId: 'USDT',
  type: 'swap',
  spot: false,
  swap: true,
  future: false,
  option: false,
  contract: true,
  linear: true,
  inverse: false,
  active: true,
  contractSize: 1,
  precision: { price: 0.1, amount: 0.001 },
  limits: { amount: {}, price: {}, cost: {}, leverage: {} },
  info: { orderTypes: ['LIMIT', 'MARKET'] },
};

/** ccxt pro, given its messages where its socket would give them. Nobody waits for its promises, which favours it. */
export async function ccxtReader(venue: VenueId): Promise<ReaderKind | null> {
  const createExchange = await loadCcxt(venue);
  const url = FILES[venue]?.url;
  if (createExchange === null || url === undefined) return null;
  return {
    label: `ccxt pro ${pinnedPeers().ccxt}`,
    create: (start) => createReader(createExchange(), url, start),
  };
}

function createReader(exchange: CcxtExchange, url: string, { sequence }: BookStart): Reader {
  const client = exchange.client(url);
  if (sequence !== null) {
    const book = exchange.orderBook({});
    book.nonce = sequence;
    exchange.orderbooks[SYMBOL] = book;
  }
  const said = { trades: 0, quotes: 0 };
  let trade: CcxtTrade | undefined;
  let quote: CcxtQuote | undefined;
  return {
    read(frame) {
      client.onMessage({ data: frame });
      const lastTrade = exchange.trades[SYMBOL]?.at(-1);
      if (lastTrade !== trade) said.trades += 1;
      trade = lastTrade;
      const lastQuote = exchange.bidsasks[SYMBOL];
      if (lastQuote !== quote) said.quotes += 1;
      quote = lastQuote;
    },
    top() {
      const book = exchange.orderbooks[SYMBOL];
      return (book?.bids[0]?.[0] ?? 0) + (book?.asks[0]?.[0] ?? 0);
    },
    topUnit: 1,
    said,
    lastTrade: () =>
      trade === undefined
        ? null
        : { id: trade.id, price: trade.price, size: trade.amount, side: trade.side, time: trade.timestamp },
    lastQuote: () =>
      quote === undefined
        ? null
        : { bidPrice: quote.bid, bidSize: quote.bidVolume, askPrice: quote.ask, askSize: quote.askVolume },
    levels(side) {
      const book = exchange.orderbooks[SYMBOL];
      return [...((side === 'buy' ? book?.bids : book?.asks) ?? [])].map(([price, size]) => [price, size]);
    },
  };
}
