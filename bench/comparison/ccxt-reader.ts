import type { VenueId } from '#core/market/instrument.ts';
import { importPeer, pinnedPeers } from './install.ts';
import type { BookStart, Reader, ReaderKind } from './reader.ts';

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

interface CcxtVenue {
  readonly file: string;
  readonly url: string;
  readonly market: CcxtMarket;
}

interface CcxtMarket {
  readonly id: string;
  /** As ccxt calls it. */
  readonly symbol: string;
  readonly [field: string]: unknown;
}

const SHARED_TERMS = {
  base: 'BTC',
  baseId: 'BTC',
  future: false,
  option: false,
  active: true,
  limits: { amount: {}, price: {}, cost: {}, leverage: {} },
  info: { orderTypes: ['LIMIT', 'MARKET'] },
};
const LINEAR: CcxtMarket = {
  ...SHARED_TERMS,
  id: 'BTCUSDT',
  symbol: 'BTC/USDT:USDT',
  quote: 'USDT',
  quoteId: 'USDT',
  settle: 'USDT',
  settleId: 'USDT',
  type: 'swap',
  spot: false,
  swap: true,
  contract: true,
  linear: true,
  inverse: false,
  contractSize: 1,
  precision: { price: 0.1, amount: 0.001 },
};
const SPOT: CcxtMarket = {
  ...SHARED_TERMS,
  id: 'BTCUSDT',
  symbol: 'BTC/USDT',
  quote: 'USDT',
  quoteId: 'USDT',
  type: 'spot',
  spot: true,
  swap: false,
  contract: false,
  precision: { price: 0.01, amount: 0.00001 },
};
const INVERSE: CcxtMarket = {
  ...SHARED_TERMS,
  id: 'BTC-PERPETUAL',
  symbol: 'BTC/USD:BTC',
  quote: 'USD',
  quoteId: 'USD',
  settle: 'BTC',
  settleId: 'BTC',
  type: 'swap',
  spot: false,
  swap: true,
  contract: true,
  linear: false,
  inverse: true,
  contractSize: 10,
  precision: { price: 0.5, amount: 10 },
};

const BINANCE = 'ccxt/js/src/pro/binance.js';
const BYBIT = 'ccxt/js/src/pro/bybit.js';
const VENUES: Readonly<Record<string, CcxtVenue>> = {
  'binance-usdm': { file: BINANCE, url: 'wss://fstream.binance.com/ws', market: LINEAR },
  'binance-spot': { file: BINANCE, url: 'wss://stream.binance.com:9443/ws', market: SPOT },
  'bybit-linear': { file: BYBIT, url: 'wss://stream.bybit.com/v5/public/linear', market: LINEAR },
  'bybit-spot': { file: BYBIT, url: 'wss://stream.bybit.com/v5/public/spot', market: SPOT },
  deribit: { file: 'ccxt/js/src/pro/deribit.js', url: 'wss://www.deribit.com/ws/api/v2', market: INVERSE },
};

/** Makes exchanges of one venue that know one market and never connect; null where ccxt is not compared. */
export async function loadCcxt(venue: VenueId): Promise<((options?: object) => CcxtExchange) | null> {
  const found = VENUES[venue];
  if (found === undefined) return null;
  const { default: Exchange } = await importPeer<{ default: new (options: object) => CcxtExchange }>(found.file);
  return (options = {}) => {
    const exchange = new Exchange(options);
    exchange.setMarkets([found.market]);
    return exchange;
  };
}

/** ccxt pro, given its messages where its socket would give them. Nobody waits for its promises, which favours it. */
export async function ccxtReader(venue: VenueId): Promise<ReaderKind | null> {
  const createExchange = await loadCcxt(venue);
  const found = VENUES[venue];
  if (createExchange === null || found === undefined) return null;
  return {
    label: `ccxt pro ${pinnedPeers().ccxt}`,
    create: (start) => createReader(createExchange(), found, start),
  };
}

function createReader(exchange: CcxtExchange, { url, market }: CcxtVenue, { sequence }: BookStart): Reader {
  const client = exchange.client(url);
  const { symbol } = market;
  if (sequence !== null) {
    const book = exchange.orderBook({});
    book.nonce = sequence;
    exchange.orderbooks[symbol] = book;
  }
  const said = { trades: 0, quotes: 0 };
  let trade: CcxtTrade | undefined;
  let quote: CcxtQuote | undefined;
  return {
    read(frame) {
      client.onMessage({ data: frame });
      const lastTrade = exchange.trades[symbol]?.at(-1);
      if (lastTrade !== trade) said.trades += 1;
      trade = lastTrade;
      const lastQuote = exchange.bidsasks[symbol];
      if (lastQuote !== quote) said.quotes += 1;
      quote = lastQuote;
    },
    top() {
      const book = exchange.orderbooks[symbol];
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
      const book = exchange.orderbooks[symbol];
      return [...((side === 'buy' ? book?.bids : book?.asks) ?? [])].map(([price, size]) => [price, size]);
    },
  };
}
