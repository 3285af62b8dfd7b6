import { DEFAULT_DESIRED_STATE } from '#core/control/desired-state.ts';
import type { FrameSink, MarketConnection } from '#core/events/publisher-port.ts';
import { InputLog } from '#core/input-log/input-log.ts';
import type { VenueId } from '#core/market/instrument.ts';
import type { Channel } from '#core/market/market-message.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';
import { seededRandom } from '#core/time/seeded-random.ts';
import { EngineMetrics } from '#engine/engine-metrics.ts';
import { FeedRunner } from '#engine/feed-runner.ts';
import type { FeedMessage } from '#engine/feed-socket.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import type { SimulatedExchange } from '#simulation/exchange/simulated-exchange.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { createGeneratedMarket } from '#simulation/market-sources/generated-market.ts';
import { createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import type { SimulatedVenue } from '#simulation/protocol/simulated-venue.ts';
import { VENUE_SERVERS } from '#simulation/protocol/venue-servers.ts';
import { createSecureFetch } from '#venues/connection/secure-fetch.ts';
import type { Connect, Socket } from '#venues/connection/transport.ts';
import { createWsConnect } from '#venues/connection/ws-transport.ts';
import type { MarketDataLimits, Venue } from '#venues/venue.ts';
import { venues } from '#venues/venues.ts';
import { createManualClock, type ManualClock, settle } from './manual-clock.ts';
import { MemoryPublisher } from './memory-publisher.ts';

/** A frame, or a line of the input log, as it was published. */
interface PublishedBytes {
  readonly of: MarketConnection;
  readonly connection: string;
  readonly bytes: Buffer;
  readonly receivedAt: MonoNanos;
  readonly inputNumber: number;
}

/** Frames as they were recorded, by the connection's name. */
export class FramesPublisher extends MemoryPublisher {
  /** Frames of the venue. */
  readonly recorded: PublishedBytes[] = [];
  /** The same, and the lines of the input log between them. */
  readonly published: PublishedBytes[] = [];

  override open(of: MarketConnection): FrameSink {
    const sink = super.open(of);
    return {
      ...sink,
      frame: (bytes, receivedAt, inputNumber) => {
        const each = { of, connection: of.connection, bytes: Buffer.from(bytes), receivedAt, inputNumber };
        this.published.push(each);
        if (of.venue !== 'engine') this.recorded.push(each);
        return sink.frame(bytes, receivedAt, inputNumber);
      },
    };
  }
}

/** A feed's runner on a simulated venue over loopback; time passes only in `pass`, for the venue and for the client alike. */
export interface FeedWorld {
  readonly feed: FeedRunner;
  readonly exchange: SimulatedExchange;
  readonly server: SimulatedVenue;
  readonly venue: Venue;
  readonly publisher: FramesPublisher;
  readonly manual: ManualClock;
  readonly symbols: readonly string[];
  readonly logged: string[];
  /** Addresses of every connection that was tried, and when (ms since the start). */
  readonly dialled: { readonly atMs: number }[];
  /** Every socket of the client, in the order in which they were opened. */
  readonly sockets: readonly Socket[];
  /** Books that were handed to lanes, by symbol. */
  readonly quoted: Map<string, number>;
  /** Moves time on in small steps; what the venue sends in one has arrived before the next. */
  pass(ms: number, options?: { readonly market?: boolean; readonly stepMs?: number }): Promise<void>;
  /** Passes time until `holds`; rejects after `withinMs` of it. */
  until(what: string, holds: () => boolean, withinMs?: number): Promise<void>;
  close(): Promise<void>;
}

const STEP_MS = 100;
/** Some servers gather changes by the process's own clock: a step takes so long there, that they come to send. */
const PACED_MS = 8;

export async function openFeedWorld(options: {
  readonly venue: VenueId;
  readonly symbols?: number;
  readonly channels?: readonly Channel[];
  readonly limits?: Partial<MarketDataLimits>;
  /** Every symbol is a candidate of a scanner: nothing is carried whole before a lane asks. */
  readonly watched?: boolean;
  /** Comes between the feed and what it asks by REST. */
  readonly between?: (fetch: typeof globalThis.fetch) => typeof globalThis.fetch;
  /** Hears every book that lanes would be given. */
  readonly onBook?: (symbol: string, book: OrderBook) => void;
  readonly onOther?: (message: FeedMessage) => void;
}): Promise<FeedWorld> {
  const manual = createManualClock();
  const { clock, timers } = manual;
  const known = venues[options.venue];
  const venue: Venue = {
    ...known,
    marketData: { ...known.marketData, limits: { ...known.marketData.limits, ...options.limits } },
  };
  const instruments = builtInInstruments(options.venue).slice(0, options.symbols ?? 2);
  const source = createGeneratedMarket(instruments, 3);
  const startMs = clock.epochMs();
  const exchange = createSimulatedExchange({ instruments, source, clockStart: startMs });
  const keys = createApiKeyRing([]);
  const server = await VENUE_SERVERS[options.venue].create({ exchange, keys, clock, host: '127.0.0.1', port: 0 });
  const publisher = new FramesPublisher();
  const logged: string[] = [];
  const dialled: { atMs: number }[] = [];
  const sockets: Socket[] = [];
  const quoted = new Map<string, number>();
  const plain = createWsConnect({ insecureAllowed: true });
  const connect: Connect = (url, listener, connectOptions) => {
    dialled.push({ atMs: clock.monoNanos() / 1e6 });
    const socket = plain(url, listener, connectOptions);
    sockets.push(socket);
    return socket;
  };
  const feed = new FeedRunner(
    {
      name: 'feed',
      venue,
      symbols: instruments.map(({ symbol }) => symbol),
      channels: options.channels ?? ['book', 'trades', 'quotes', 'ticker'],
      watched: new Set(options.watched === true ? instruments.map(({ symbol }) => symbol) : []),
      instruments: new Map(instruments.map((each) => [each.symbol, each])),
      runtime: {
        endpoints: server.urls,
        clock,
        timers,
        random: seededRandom(5),
        connect,
        fetch: (options.between ?? ((plain) => plain))(createSecureFetch({ insecureAllowed: true })),
        log: (level, text, fields) => logged.push(`${level} ${text} ${JSON.stringify(fields ?? {})}`),
      },
      publisher,
      inputLog: new InputLog(publisher.open({ venue: 'engine', connection: 'inputs', epoch: 1 })),
      metrics: new EngineMetrics(),
      origin: { engine: 'test', build: 'test', configurationHash: () => 'none' },
      feedUnit: { account: 'feeds', mode: 'paper', venue: options.venue },
      lastPublished: async () => null,
      onBook(symbol, book) {
        quoted.set(symbol, (quoted.get(symbol) ?? 0) + 1);
        options.onBook?.(symbol, book);
      },
      onOther: (message) => options.onOther?.(message),
      clock,
      timers,
    },
    {
      name: 'feed',
      epoch: 1,
      fencedAt: Number.POSITIVE_INFINITY as MonoNanos,
      validUntil: Number.POSITIVE_INFINITY as EpochMs,
      desired: DEFAULT_DESIRED_STATE,
    },
    null,
  );
  feed.start();

  const received = () => feed.status().connections.reduce((sum, each) => sum + each.frames, 0);
  const opening = () =>
    feed
      .status()
      .connections.some(({ status }) => !['live', 'waiting', 'maintenance', 'closed'].includes(status.state));

  /** Sent to sockets that were cut before they came. */
  let neverCame = 0;

  /** What is on its way arrives, and handshakes and answers come to their end, while the clocks stand still. */
  async function arrive(): Promise<void> {
    let last = -1;
    for (let idle = 0; idle < 40; ) {
      await settle(1);
      const now = received();
      if (now === last && !opening() && now + neverCame >= server.stats().framesSent) return;
      idle = now === last ? idle + 1 : 0;
      if (idle > 3) await new Promise((resolve) => setTimeout(resolve, 1));
      last = now;
    }
    neverCame = server.stats().framesSent - last;
  }

  /** The venue's time: steps of the wall clock do not touch it. */
  const venueNow = (): EpochMs => (startMs + clock.monoNanos() / 1e6) as EpochMs;

  /** While its market stands still a venue has nothing to catch up with. */
  let stoodMs = 0;
  const paced = options.venue.startsWith('binance');
  const pass: FeedWorld['pass'] = async (ms, { market = true, stepMs = STEP_MS } = {}) => {
    const end = venueNow() + ms;
    await arrive();
    while (venueNow() < end) {
      const step = Math.min(stepMs, end - venueNow());
      await manual.advanceAsync(step);
      if (market) exchange.advanceTo((venueNow() - stoodMs) as EpochMs);
      else stoodMs += step;
      if (paced && market) await new Promise((resolve) => setTimeout(resolve, PACED_MS));
      await arrive();
    }
  };

  return {
    feed,
    exchange,
    server,
    venue,
    publisher,
    manual,
    symbols: instruments.map(({ symbol }) => symbol),
    logged,
    dialled,
    sockets,
    quoted,
    pass,
    async until(what, holds, withinMs = 30_000) {
      const end = venueNow() + withinMs;
      while (!holds()) {
        if (venueNow() >= end) throw new Error(`not within ${withinMs} ms: ${what}; ${JSON.stringify(feed.status())}`);
        await pass(STEP_MS);
      }
    },
    async close() {
      const stopped = feed.stop();
      for (let turn = 0; turn < 100; turn += 1) {
        await manual.advanceAsync(100);
        if (await Promise.race([stopped.then(() => true), settle(2).then(() => false)])) break;
      }
      await server.close();
    },
  };
}
