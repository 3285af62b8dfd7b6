import type { VenueId } from '#core/market/instrument.ts';
import { pinnedPeers, requirePeer } from './install.ts';
import type { BookStart, Reader, ReaderKind } from './reader.ts';

interface TardisLevel {
  readonly price: number;
  readonly amount: number;
}

interface TardisBook {
  update(change: TardisMessage): void;
  bestBid(): TardisLevel | undefined;
  bestAsk(): TardisLevel | undefined;
  bids(): Iterable<TardisLevel>;
  asks(): Iterable<TardisLevel>;
}

interface TardisTrade {
  readonly type: 'trade';
  readonly id: string;
  readonly price: number;
  readonly amount: number;
  readonly side: string;
  readonly timestamp: Date;
}

interface TardisQuote {
  readonly type: 'book_ticker';
  readonly bidPrice: number;
  readonly bidAmount: number;
  readonly askPrice: number;
  readonly askAmount: number;
}

type TardisMessage = TardisTrade | TardisQuote | { readonly type: 'book_change' };

interface Mapper {
  canHandle(message: unknown): boolean;
  map(message: unknown, localTimestamp: Date): Iterable<TardisMessage> | undefined;
}

type CreateMapper = (exchange: string, localTimestamp: Date) => Mapper;

interface Tardis {
  readonly OrderBook: new () => TardisBook;
  readonly normalizeTrades: CreateMapper;
  readonly normalizeBookChanges: CreateMapper;
  readonly normalizeBookTickers: CreateMapper;
}

const EXCHANGES: Readonly<Record<string, string>> = {
  'binance-usdm': 'binance-futures',
  'binance-spot': 'binance',
  'bybit-linear': 'bybit',
  'bybit-spot': 'bybit-spot',
  deribit: 'deribit',
};

/** tardis-dev's normalizers and order book, without the async generators of its stream, which favours it. */
export function tardisReader(venue: VenueId): ReaderKind | null {
  const exchange = EXCHANGES[venue];
  if (exchange === undefined) return null;
  const tardis = requirePeer<Tardis>('tardis-dev');
  return {
    label: `tardis-dev ${pinnedPeers()['tardis-dev']}`,
    create: (start) => createReader(tardis, exchange, start),
  };
}

function createReader(tardis: Tardis, exchange: string, { corpus, sequence }: BookStart): Reader {
  const now = new Date();
  const changes = tardis.normalizeBookChanges(exchange, now);
  const mappers = [changes, tardis.normalizeTrades(exchange, now)];
  if (exchange.startsWith('binance')) mappers.push(tardis.normalizeBookTickers(exchange, now));
  const book = new tardis.OrderBook();
  const said = { trades: 0, quotes: 0 };
  let trade: TardisTrade | null = null;
  let quote: TardisQuote | null = null;

  function take(message: unknown): void {
    const localTimestamp = new Date();
    for (const mapper of mappers) {
      if (!mapper.canHandle(message)) continue;
      for (const each of mapper.map(message, localTimestamp) ?? []) {
        if (each.type === 'book_change') book.update(each);
        else if (each.type === 'trade') {
          trade = each;
          said.trades += 1;
        } else {
          quote = each;
          said.quotes += 1;
        }
      }
    }
  }

  if (sequence !== null) {
    const stream = `${corpus.symbol.toLowerCase()}@depthSnapshot`;
    take({ stream, data: { lastUpdateId: sequence, bids: [], asks: [] } });
  }
  const lastTrade = (): TardisTrade | null => trade;
  const lastQuote = (): TardisQuote | null => quote;
  return {
    read: (frame) => take(JSON.parse(frame.toString())),
    top: () => (book.bestBid()?.price ?? 0) + (book.bestAsk()?.price ?? 0),
    topUnit: 1,
    said,
    lastTrade() {
      const last = lastTrade();
      if (last === null) return null;
      return { id: last.id, price: last.price, size: last.amount, side: last.side, time: last.timestamp.getTime() };
    },
    lastQuote() {
      const last = lastQuote();
      if (last === null) return null;
      return { bidPrice: last.bidPrice, bidSize: last.bidAmount, askPrice: last.askPrice, askSize: last.askAmount };
    },
    levels: (side) => Array.from(side === 'buy' ? book.bids() : book.asks(), ({ price, amount }) => [price, amount]),
  };
}
