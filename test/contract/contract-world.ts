import type { BookSync } from '#core/market/book-sync.ts';
import { type Instrument, notional, type VenueId } from '#core/market/instrument.ts';
import type { Channel, MarketDataMessage, MarketMessage, Subscription } from '#core/market/market-message.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { AccountReport, ClientOrderId, FillReport, OrderIntent, OrderReport } from '#core/orders/order.ts';
import type {
  AccountStream,
  ConnectionStatus,
  OrderAnswer,
  OrderChange,
  OrderEntry,
  VenueQueries,
} from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { seededRandom } from '#core/time/seeded-random.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import type { SimulatedExchange } from '#simulation/exchange/simulated-exchange.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { createGeneratedMarket } from '#simulation/market-sources/generated-market.ts';
import { createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import type { SimulatedVenue } from '#simulation/protocol/simulated-venue.ts';
import { VENUE_SERVERS } from '#simulation/protocol/venue-servers.ts';
import type { VenueTraffic } from '#simulation/protocol/venue-traffic.ts';
import { createMarketConnection, type MarketConnection } from '#venues/connection/market-connection.ts';
import { createSecureFetch } from '#venues/connection/secure-fetch.ts';
import { createWsConnect } from '#venues/connection/ws-transport.ts';
import type { AccountRuntime, Credentials, Managed, Venue } from '#venues/venue.ts';
import { venues } from '#venues/venues.ts';

const ACCOUNT = 'main';
const STEP_MS = 4;
const LEVERAGE = 10;
/** Quote value of an order of a card: above every venue's smallest, below every limit. */
const ORDER_VALUE = 400;

export const GOOD_KEYS: Credentials = { key: 'contract-key', secret: 'contract-secret-of-some-length' };

/** A feed of one symbol: every socket of the venue's plan, one book kept by the venue's rule. */
export interface ContractFeed {
  readonly sync: BookSync;
  readonly heard: MarketDataMessage[];
  /** Every frame as it came in. */
  readonly frames: Buffer[];
  readonly connections: readonly MarketConnection[];
  /** One for each resubscription or fetch that was begun. */
  readonly resyncs: string[];
  readonly refused: string[];
  start(): void;
  live(): boolean;
  count(type: MarketDataMessage['type']): number;
}

/** A simulated venue on loopback with a generated market that runs in real time, and our client's parts made for it. */
export interface ContractWorld {
  readonly venue: Venue;
  readonly server: SimulatedVenue;
  readonly exchange: SimulatedExchange;
  readonly runtime: AccountRuntime;
  readonly instrument: Instrument;
  readonly logged: string[];
  setKeys(keys: Credentials | null): void;
  /** Lets the market stand still. */
  freeze(): void;
  openFeed(channels: readonly Channel[], symbols?: readonly string[]): ContractFeed;
  openEntry(): { readonly entry: OrderEntry & Managed; readonly states: ConnectionStatus[] };
  openAccount(): {
    readonly stream: AccountStream;
    readonly reports: AccountReport[];
    readonly states: ConnectionStatus[];
  };
  /** Order entry and account stream, both live. */
  openTrading(): Promise<ContractTrading>;
  readonly queries: VenueQueries;
  /** A valid order: a buy that rests well below the market, unless changed. */
  intent(id: string, change?: Partial<OrderIntent>): OrderIntent;
  /** A market buy. */
  marketIntent(id: string, change?: Partial<OrderIntent>): OrderIntent;
  until(what: string, condition: () => boolean, withinMs?: number): Promise<void>;
  close(): Promise<void>;
}

export interface ContractTrading {
  readonly entry: OrderEntry & Managed;
  readonly stream: AccountStream;
  readonly reports: AccountReport[];
  place(intent: OrderIntent, validForMs?: number): Promise<OrderAnswer>;
  cancel(intent: OrderIntent): Promise<OrderAnswer>;
  amend(intent: OrderIntent, change: OrderChange): Promise<OrderAnswer>;
  orderReports(id: string): readonly OrderReport[];
  fills(id: string): readonly FillReport[];
  /** A new id of the shape that the engine makes. */
  nextId(): string;
}

let ids = 0;

/**
 * `hastened`: the client's waits of so many milliseconds become shorter ones, for cards about what happens after a long wait. `traffic` hears what the
 * client asks.
 */
export async function openContractWorld(
  venueId: VenueId,
  hastened: ReadonlyMap<number, number> = new Map(),
  traffic?: VenueTraffic,
): Promise<ContractWorld> {
  const venue = venues[venueId];
  const instruments = builtInInstruments(venueId);
  const instrument = instruments.find((each) => each.tradable);
  if (instrument === undefined) throw new Error(`${venueId} has no tradable instrument`);
  const chosen: Instrument = instrument;
  const exchange = createSimulatedExchange({
    instruments,
    source: createGeneratedMarket(instruments, 7, { eventsPerSecond: 200 }),
    clockStart: systemClock.epochMs(),
    settings: { postOnlyRejects: venueId.startsWith('binance') },
  });
  const balances = new Map<string, string>();
  for (const each of instruments) {
    if (each.kind === 'spot') balances.set(each.baseCurrency, '100');
    balances.set(each.settlementCurrency, each.kind === 'inverse' ? '1' : '1000000');
  }
  exchange.openAccount(ACCOUNT, balances, LEVERAGE);
  exchange.advanceTo(systemClock.epochMs());
  const driver = setInterval(() => exchange.advanceTo(systemClock.epochMs()), STEP_MS);
  const keyRing = createApiKeyRing([{ ...GOOD_KEYS, accountId: ACCOUNT }]);
  const options = { exchange, keys: keyRing, clock: systemClock, host: '127.0.0.1', port: 0, traffic };
  const server = await VENUE_SERVERS[venueId].create(options);
  const logged: string[] = [];
  const byName = new Map(instruments.map((each) => [each.symbol, each]));
  let credentials: Credentials | null = GOOD_KEYS;
  const runtime: AccountRuntime = {
    endpoints: server.urls,
    clock: systemClock,
    timers: {
      after: (delayMs, run) => systemTimers.after(hastened.get(delayMs) ?? delayMs, run),
    },
    random: seededRandom(5),
    connect: createWsConnect({ insecureAllowed: true }),
    fetch: createSecureFetch({ insecureAllowed: true }),
    log: (level, text, fields) => logged.push(`${level} ${text} ${JSON.stringify(fields ?? {})}`),
    account: { account: ACCOUNT, mode: 'paper' },
    credentials: () => credentials,
    marketCredentials: () => credentials,
    instruments: () => byName,
  };
  const ending: (() => Promise<void>)[] = [];

  async function until(what: string, condition: () => boolean, withinMs = 5_000): Promise<void> {
    const end = performance.now() + withinMs;
    while (!condition()) {
      if (performance.now() > end) throw new Error(`never happened: ${what}\n${logged.slice(-15).join('\n')}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  function openFeed(channels: readonly Channel[], symbols: readonly string[] = [chosen.symbol]): ContractFeed {
    const sync = venue.createBookSync(chosen);
    const heard: MarketDataMessage[] = [];
    const frames: Buffer[] = [];
    const resyncs: string[] = [];
    const refused: string[] = [];
    let fetching = false;
    const fetchBook = async (reason: string): Promise<void> => {
      if (fetching) return;
      fetching = true;
      resyncs.push(reason);
      for (let again = true; again; ) {
        const snapshot = await venue.marketData.fetchBook?.(runtime, chosen.symbol);
        again = snapshot !== undefined && sync.onMessage(snapshot).kind === 'resync';
      }
      fetching = false;
    };
    const onMessage = (connection: MarketConnection, message: MarketMessage): void => {
      if (!isData(message)) {
        connection.control(message);
        return;
      }
      heard.push(message);
      const [channel, symbol] = channelOf(message);
      if (symbol !== null) connection.heard(channel, symbol);
      if (message.type !== 'book' || message.symbol !== chosen.symbol) return;
      const outcome = sync.onMessage(message);
      if (outcome.kind === 'resync') {
        if (outcome.need === 'restSnapshot') void fetchBook(outcome.reason);
        else if (connection.resubscribe({ channel: 'book', symbol: chosen.symbol }, outcome.reason) === 'started')
          resyncs.push(outcome.reason);
      } else if (sync.book.valid) connection.synced({ channel: 'book', symbol: chosen.symbol });
    };
    const subscriptions = symbols.flatMap((symbol) => channels.map((channel): Subscription => ({ channel, symbol })));
    const connections = venue.marketData.plan(runtime.endpoints, subscriptions).map((plan) => {
      const decode = venue.marketData.createDecoder();
      const connection: MarketConnection = createMarketConnection({
        ...runtime,
        name: `${venueId} ${plan.name}`,
        plan,
        protocol: venue.marketData,
        listener: {
          onFrame: (frame) => {
            frames.push(Buffer.from(frame));
            decode(frame, (message) => onMessage(connection, message));
          },
          onStatus: (status) => {
            if (status.state !== 'live') sync.invalidate(status.reason);
          },
          onRefused: (subscription, reason) =>
            refused.push(`${subscription.channel} ${subscription.symbol}: ${reason}`),
          onResubscribe: (subscription) => {
            if (subscription.channel === 'book') sync.invalidate('resubscribe');
          },
        },
      });
      return connection;
    });
    ending.push(async () => {
      await Promise.all(connections.map((each) => each.stop()));
    });
    return {
      sync,
      heard,
      frames,
      connections,
      resyncs,
      refused,
      start: () => {
        for (const each of connections) each.start();
      },
      live: () => connections.every((each) => each.status().state === 'live'),
      count: (type) => heard.filter((each) => each.type === type).length,
    };
  }

  function openEntry() {
    const states: ConnectionStatus[] = [];
    const entry = venue.createOrderEntry(runtime, (status) => states.push(status));
    ending.push(() => entry.stop());
    entry.start();
    return { entry, states };
  }

  function openAccount() {
    const reports: AccountReport[] = [];
    const states: ConnectionStatus[] = [];
    const stream = venue.createAccountStream(runtime, {
      onReport: (report) => reports.push(report),
      onStatus: (status) => states.push(status),
    });
    ending.push(() => stream.stop());
    stream.start();
    return { stream, reports, states };
  }

  const touch = (side: 'bids' | 'asks'): Price => exchange.book(chosen.symbol, 1)[side][0]?.[0] ?? (0 as Price);
  const onTick = (price: number): Price => (Math.floor(price / chosen.tickSize) * chosen.tickSize) as Price;
  const orderSize = (): Size => {
    const perLot = notional(chosen, touch('asks'), chosen.lotSize);
    const lots = Math.max(Math.ceil(ORDER_VALUE / perLot), Math.ceil(chosen.minSize / chosen.lotSize), 2);
    return (lots * chosen.lotSize) as Size;
  };
  const intent = (id: string, change: Partial<OrderIntent> = {}): OrderIntent => ({
    clientOrderId: id as ClientOrderId,
    venue: venueId,
    symbol: chosen.symbol,
    side: 'buy',
    type: 'limit',
    timeInForce: 'gtc',
    price: onTick(touch('bids') * 0.98),
    size: orderSize(),
    reduceOnly: false,
    purpose: 'entry',
    ...change,
  });

  return {
    venue,
    server,
    exchange,
    runtime,
    instrument: chosen,
    logged,
    setKeys(keys) {
      credentials = keys;
    },
    freeze: () => clearInterval(driver),
    openFeed,
    openEntry,
    openAccount,
    async openTrading() {
      const { entry } = openEntry();
      const { stream, reports } = openAccount();
      await until('trading is open', () => entry.notReady() === null && stream.status().state === 'live', 8_000);
      const validUntil = (ms: number): EpochMs => (systemClock.epochMs() + ms) as EpochMs;
      const target = ({ symbol, clientOrderId }: OrderIntent) => {
        const known = reports.find((each) => each.kind === 'orderReport' && each.clientOrderId === clientOrderId);
        const venueOrderId = known?.kind === 'orderReport' ? known.venueOrderId : null;
        return { symbol, clientOrderId, venueOrderId };
      };
      return {
        entry,
        stream,
        reports,
        place: (order, validForMs = 10_000) =>
          new Promise((resolve) => entry.place(order, chosen, validUntil(validForMs), resolve)),
        cancel: (order) => new Promise((resolve) => entry.cancel(target(order), validUntil(10_000), resolve)),
        amend: (order, change) =>
          new Promise((resolve) => entry.amend(target(order), change, chosen, validUntil(10_000), resolve)),
        orderReports: (id) =>
          reports.flatMap((each) => (each.kind === 'orderReport' && each.clientOrderId === id ? [each] : [])),
        fills: (id) => reports.flatMap((each) => (each.kind === 'fill' && each.clientOrderId === id ? [each] : [])),
        nextId: () => {
          ids += 1;
          return `p-contract-${Date.now().toString(36)}-${ids}`;
        },
      };
    },
    queries: venue.createQueries(runtime),
    intent,
    marketIntent: (id, change = {}) => intent(id, { type: 'market', timeInForce: 'ioc', price: null, ...change }),
    until,
    async close() {
      clearInterval(driver);
      await Promise.allSettled(ending.splice(0).map((end) => end()));
      await server.close();
    },
  };
}

function isData(message: MarketMessage): message is MarketDataMessage {
  return channelByType[message.type] !== undefined;
}

const channelByType: Readonly<Partial<Record<MarketMessage['type'], Channel>>> = {
  book: 'book',
  trade: 'trades',
  quote: 'quotes',
  ticker: 'ticker',
  liquidation: 'liquidations',
  candle: 'candles',
  news: 'news',
  tradingStatus: 'status',
};

function channelOf(message: MarketDataMessage): readonly [Channel, string | null] {
  const channel = channelByType[message.type] ?? 'book';
  return [channel, message.type === 'news' ? (message.symbols[0] ?? null) : message.symbol];
}
