import type { MarketMessage } from '#core/market/market-message.ts';
import type { ScannedMessage } from '#core/market/scanned-message.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { createFrameReaderConnect } from '#venues/connection/frame-reader-transport.ts';
import { createMarketConnection } from '#venues/connection/market-connection.ts';
import type { Connect } from '#venues/connection/transport.ts';
import { createWsConnect } from '#venues/connection/ws-transport.ts';
import { venues } from '#venues/venues.ts';
import { instrumentOf } from '../book.ts';
import { loadCcxt } from '../comparison/ccxt-reader.ts';
import { requirePeer } from '../comparison/install.ts';
import { bybitGenerated } from '../corpus.ts';
import type { ClientName } from './messages.ts';
import type { Meter } from './meter.ts';

const VENUE = 'bybit-linear';
const SYMBOL = 'BTCUSDT';
const TOPIC = `orderbook.50.${SYMBOL}`;
const CCXT_SYMBOL = 'BTC/USDT:USDT';

/** Connects and subscribes one book; every message of it is told to the meter. */
export async function openClient(name: ClientName, url: string, meter: Meter): Promise<void> {
  switch (name) {
    case 'count, ws':
      return count(createWsConnect({ insecureAllowed: true }), url, meter);
    case 'count, frame reader':
      return count(createFrameReaderConnect({ insecureAllowed: true }), url, meter);
    case 'Millrace, ws':
      return ours(createWsConnect({ insecureAllowed: true }), url, meter);
    case 'Millrace, frame reader':
      return ours(createFrameReaderConnect({ insecureAllowed: true }), url, meter);
    case 'ccxt pro':
      return ccxt(url, meter);
    case 'bybit-api':
      return bybitApi(url, meter);
    case 'tardis-dev':
      return tardis(url, meter);
  }
}

/** The same transport with nothing behind it. */
function count(connect: Connect, url: string, meter: Meter): void {
  let answered = false;
  const socket = connect(url, {
    onOpen: () => socket.send(JSON.stringify({ op: 'subscribe', args: [TOPIC], req_id: '1' })),
    onFrame() {
      if (answered) meter.count();
      answered = true;
    },
    onClose(code, reason) {
      throw new Error(`the connection was closed: ${code} ${reason}`);
    },
  });
}

/** As the engine's feed is put together, without the publisher and the lanes. */
function ours(connect: Connect, url: string, meter: Meter): void {
  const { marketData, createBookSync } = venues[VENUE];
  const instrument = instrumentOf(bybitGenerated());
  const sync = createBookSync(instrument);
  const emit = (message: MarketMessage | ScannedMessage): void => {
    switch (message.type) {
      case 'scannedBook':
      case 'book':
        connection.heard('book', message.symbol);
        if (sync.onMessage(message).kind !== 'applied') throw new Error('a message was not applied to the book');
        meter.callbacks += 1;
        meter.message(sync.book.bidPrice, sync.book.askPrice);
        return;
      case 'subscribed':
      case 'pong':
        connection.control(message);
        return;
      default:
        throw new Error(`a message that was not sent: ${message.type}`);
    }
  };
  const decode = marketData.createDecoder({ instruments: new Map([[SYMBOL, instrument]]), emit });
  const connection = createMarketConnection({
    name: 'bench',
    plan: { name: 'public', url, subscriptions: [{ channel: 'book', symbol: SYMBOL }] },
    protocol: marketData,
    connect,
    clock: systemClock,
    timers: systemTimers,
    random: { next: Math.random },
    log: () => undefined,
    listener: {
      onFrame: (frame) => decode(frame, emit),
      onStatus: () => undefined,
      onRefused: failed,
      onResubscribe: failed,
    },
  });
  connection.start();
}

function failed(_: unknown, reason: string): never {
  throw new Error(reason);
}

interface LoopingExchange {
  readonly urls: { readonly api: { readonly ws: { readonly public: Record<string, string> } } };
  getHttpAgentIfNeeded: () => undefined;
  handleOrderBook(client: unknown, message: unknown): void;
  watchOrderBook(symbol: string, limit: number): Promise<unknown>;
  readonly orderbooks: Record<string, { readonly bids: number[][]; readonly asks: number[][] }>;
}

/** Its loop is what its users write. It calls them for some of the messages; all are counted, where it has applied them. */
async function ccxt(url: string, meter: Meter): Promise<void> {
  const create = await loadCcxt(VENUE);
  if (create === null) throw new Error('ccxt has no such venue');
  const exchange = create() as unknown as LoopingExchange;
  exchange.urls.api.ws.public.linear = url;
  exchange.getHttpAgentIfNeeded = () => undefined;
  const apply = exchange.handleOrderBook.bind(exchange);
  exchange.handleOrderBook = (client, message) => {
    apply(client, message);
    const book = exchange.orderbooks[CCXT_SYMBOL];
    meter.message(book?.bids[0]?.[0] ?? 0, book?.asks[0]?.[0] ?? 0);
  };
  void (async () => {
    for (;;) {
      await exchange.watchOrderBook(CCXT_SYMBOL, 50);
      meter.callbacks += 1;
    }
  })();
}

/** It emits what it has parsed and keeps no book. */
function bybitApi(url: string, meter: Meter): void {
  interface Client {
    on(event: string, listener: (message: { readonly topic?: string }) => void): void;
    subscribeV5(topic: string, category: string): void;
  }
  const { WebsocketClient } = requirePeer<{
    readonly WebsocketClient: new (options: object, logger: object) => Client;
  }>('bybit-api');
  const silent = (): void => undefined;
  const client = new WebsocketClient({ wsUrl: url }, { trace: silent, info: silent, error: silent });
  client.on('update', ({ topic }) => {
    if (topic !== TOPIC) return;
    meter.callbacks += 1;
    meter.count();
  });
  client.subscribeV5(TOPIC, 'linear');
}

/** Its stream of normalised changes, and its book. */
function tardis(url: string, meter: Meter): void {
  interface Book {
    update(change: object): void;
    bestBid(): { readonly price: number } | undefined;
    bestAsk(): { readonly price: number } | undefined;
  }
  const { streamNormalized, normalizeBookChanges, OrderBook } = requirePeer<{
    streamNormalized(options: object, normalizer: unknown): AsyncIterable<{ readonly type: string }>;
    readonly normalizeBookChanges: unknown;
    readonly OrderBook: new () => Book;
  }>('tardis-dev');
  process.env.WSS_URL_BYBIT = url;
  const book = new OrderBook();
  void (async () => {
    for await (const change of streamNormalized({ exchange: 'bybit', symbols: [SYMBOL] }, normalizeBookChanges)) {
      if (change.type !== 'book_change') continue;
      book.update(change);
      meter.callbacks += 1;
      meter.message(book.bestBid()?.price ?? 0, book.bestAsk()?.price ?? 0);
    }
  })();
}
