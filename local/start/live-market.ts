import { MillraceError, messageOf } from '#core/errors.ts';
import type { VenueId } from '#core/market/instrument.ts';
import type { MarketMessage } from '#core/market/market-message.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { createFramesMarket } from '#simulation/market-sources/frames-market.ts';
import { createFrameReaderConnect } from '#venues/connection/frame-reader-transport.ts';
import { createMarketConnection, type MarketConnection } from '#venues/connection/market-connection.ts';
import { createSecureFetch } from '#venues/connection/secure-fetch.ts';
import type { VenueEndpoints, VenueRuntime } from '#venues/venue.ts';
import { venues } from '#venues/venues.ts';
import { liveEndpoints } from './live-endpoints.ts';
import { liveKeys } from './live-keys.ts';
import { channelsOf } from './run-configuration.ts';
import type { VenueMarket } from './venue-markets.ts';

const LIVE_SYMBOLS = 2;
const FIRST_PRICE_MS = 20_000;
const SNAPSHOT_RETRY_MS = 1_000;
/** Where a whole book comes by REST, which the stream then changes. */
const DEPTH_PATHS: Readonly<Partial<Record<VenueId, string>>> = {
  'binance-usdm': '/fapi/v1/depth',
  'binance-spot': '/api/v3/depth',
};

/** How a live market is opened. */
export interface LiveMarketOptions {
  /** Gives up early. */
  readonly signal?: AbortSignal | undefined;
  /** What `MILLRACE_LIVE_ENDPOINTS` says; default: the environment's. */
  readonly endpoints?: string | undefined;
  /** How long the first prices may take, ms. */
  readonly firstPriceMs?: number;
}

/**
 * The real venue's public market as the source of a simulated one: real frames are handed on as they are, orders are matched here. `MILLRACE_LIVE_ENDPOINTS`
 * (JSON by venue, as `MILLRACE_VENUE_ENDPOINTS`) names other addresses, for those behind a gateway.
 * Rejects with `LIVE_MARKET_UNREACHABLE` when no price comes within 20 s, with `LIVE_ENDPOINTS_INVALID`.
 */
export async function openLiveMarket(id: VenueId, options: LiveMarketOptions = {}): Promise<VenueMarket> {
  const venue = venues[id];
  const { signal, firstPriceMs = FIRST_PRICE_MS } = options;
  const given = liveEndpoints(id, options.endpoints ?? process.env.MILLRACE_LIVE_ENDPOINTS);
  const endpoints: VenueEndpoints = given ?? venue.endpoints('live');
  const insecureAllowed = given !== null;
  const deadline = performance.now() + firstPriceMs;
  const runtime: VenueRuntime = {
    endpoints,
    clock: systemClock,
    timers: systemTimers,
    random: { next: Math.random },
    connect: createFrameReaderConnect({ insecureAllowed }),
    fetch: createSecureFetch({ insecureAllowed }),
    log: () => undefined,
    marketCredentials: () => liveKeys(id, process.env),
  };
  const traded = builtInInstruments(id)
    .slice(0, LIVE_SYMBOLS)
    .map((each) => each.symbol);
  const known = await within(venue.fetchInstruments(runtime), firstPriceMs, signal).catch((error: unknown) => {
    throw unreachable(id, endpoints, messageOf(error));
  });
  const instruments = known.filter((each) => traded.includes(each.symbol));
  const startMs = systemClock.epochMs();
  const offset = () => systemClock.epochMs() - startMs;
  const connections: MarketConnection[] = [];
  let closed = false;

  const source = createFramesMarket({
    venue: id,
    instruments,
    startMs,
    onBookBroken: (symbol) => {
      if (id in DEPTH_PATHS) void fetchSnapshot(symbol);
      else for (const each of connections) each.resubscribe({ channel: 'book', symbol }, 'the book is broken');
    },
  });

  async function fetchSnapshot(symbol: string): Promise<void> {
    while (!closed) {
      try {
        const response = await runtime.fetch(`${endpoints.rest}${DEPTH_PATHS[id]}?symbol=${symbol}&limit=1000`, {
          signal: AbortSignal.timeout(10_000),
        });
        source.pushSnapshot(symbol, new Uint8Array(await response.arrayBuffer()), offset());
        return;
      } catch (error) {
        if (closed) return;
        process.stderr.write(`${id} ${symbol}: no book snapshot yet: ${messageOf(error)}\n`);
        await new Promise((resolve) => setTimeout(resolve, SNAPSHOT_RETRY_MS));
      }
    }
  }

  const prices = new Map<string, number>();
  const subscriptions = instruments.flatMap(({ symbol }) => channelsOf(id).map((channel) => ({ channel, symbol })));
  for (const plan of venue.marketData.plan(endpoints, subscriptions)) {
    const decode = venue.marketData.createDecoder();
    const connection = createMarketConnection({
      name: `live ${id} ${plan.name}`,
      plan,
      protocol: venue.marketData,
      ...runtime,
      listener: {
        onFrame: (frame) => {
          source.push(frame, offset());
          decode(frame, (message) => take(connection, message));
        },
        onStatus: () => undefined,
        onRefused: (subscription, reason) =>
          process.stderr.write(`${id} refuses ${subscription.channel} of ${subscription.symbol}: ${reason}\n`),
        onResubscribe: () => undefined,
      },
    });
    connections.push(connection);
  }

  function take(connection: MarketConnection, message: MarketMessage): void {
    switch (message.type) {
      case 'book':
        connection.heard('book', message.symbol);
        return;
      case 'trade':
        connection.heard('trades', message.symbol);
        return;
      case 'quote':
        connection.heard('quotes', message.symbol);
        prices.set(message.symbol, Number(message.bidPrice));
        return;
      case 'ticker':
        connection.heard('ticker', message.symbol);
        return;
      case 'liquidation':
      case 'candle':
      case 'news':
      case 'tradingStatus':
        return;
      default:
        connection.control(message);
    }
  }

  const close = async () => {
    closed = true;
    await Promise.all(connections.map((each) => each.stop()));
    source.end();
  };
  for (const connection of connections) connection.start();
  if (id in DEPTH_PATHS) for (const { symbol } of instruments) void fetchSnapshot(symbol);
  while (prices.size < instruments.length) {
    if (performance.now() > deadline || signal?.aborted === true) {
      await close();
      const silent = instruments.filter((each) => !prices.has(each.symbol)).map((each) => each.symbol);
      throw unreachable(id, endpoints, `no price of ${silent.join(', ')} within ${firstPriceMs} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    venue: id,
    description: `live market of ${instruments.map((each) => each.symbol).join(' and ')}, orders on paper`,
    symbols: instruments.map((instrument) => ({
      instrument,
      price: Math.round((prices.get(instrument.symbol) ?? 0) * 10 ** instrument.priceScale),
    })),
    channels: channelsOf(id),
    source,
    close,
  };
}

function unreachable(id: VenueId, { market, rest }: VenueEndpoints, reason: string): MillraceError {
  return new MillraceError(
    'retryable',
    'LIVE_MARKET_UNREACHABLE',
    `venue=${id} market=${market} rest=${rest} ${reason}. Check that this machine may reach the venue, or name another way to it with MILLRACE_LIVE_ENDPOINTS; without --live nothing outside is needed`,
  );
}

/** Rejects when `work` takes longer, or somebody does not want to wait. */
async function within<T>(work: Promise<T>, ms: number, signal: AbortSignal | undefined): Promise<T> {
  const ending = new AbortController();
  const wish = AbortSignal.any([ending.signal, ...(signal === undefined ? [] : [signal])]);
  const late = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
    const stop = () => {
      clearTimeout(timer);
      reject(new Error('given up'));
    };
    if (wish.aborted) stop();
    else wish.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    ending.abort();
  }
}
