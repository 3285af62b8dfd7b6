import type { CandleMessage, MarketMessage, Subscription } from '#core/market/market-message.ts';
import type { Clock, EpochMs } from '#core/time/clock.ts';
import { frameInvalid, isObject, parseFrame } from '../connection/frame-fields.ts';
import { TickerMemory } from '../connection/ticker-memory.ts';
import type { Credentials, MarketDataProtocol, ScanTarget, VenueRequest } from '../venue.ts';
import { channelsOf, fingerprint, isShared } from './channels.ts';
import { DERIBIT_PATHS } from './endpoints.ts';
import { hasLongNumber, parseNumbersAsText } from './json-numbers.ts';
import { errorText, requestText, rpcMessage } from './json-rpc.ts';
import { LoginRenewal, withoutTokens } from './login-renewal.ts';
import { DeribitScanner } from './market-scanner.ts';
import {
  readBook,
  readCandle,
  readInstrumentState,
  readPlatformState,
  readQuote,
  readTicker,
  readTrades,
} from './messages.ts';
import { RecentIds } from './recent-ids.ts';
import { signatureGrant } from './signing.ts';

/** Subscribing costs credits by request, not by channel: many channels go into one. */
const CHANNELS_PER_REQUEST = 100;
/** The venue asks for a sign of life so often, s; ten at least. */
const HEARTBEAT_S = 30;
const CANDLE_MS = 60_000;

/** Silence by channel, ms: with `raw` a market that trades changes its book and best prices within seconds; tickers follow the index. */
const SILENCE_MS: Readonly<Partial<Record<Subscription['channel'], number>>> = {
  book: 30_000,
  quotes: 30_000,
  ticker: 60_000,
  candles: 180_000,
};

const TEST_REPLY = requestText('test', 'public/test', {});

/** Market data of Deribit: one socket for all channels. */
export const deribitMarketData: MarketDataProtocol = {
  plan(endpoints, subscriptions) {
    for (const each of subscriptions) channelsOf(each, '100ms');
    return [{ name: 'public', url: `${endpoints.market}${DERIBIT_PATHS.websocket}`, subscriptions }];
  },
  subscribe: (requestId, subscriptions, loggedIn) => requests('subscribe', requestId, subscriptions, loggedIn ?? false),
  unsubscribe: (requestId, subscriptions, loggedIn) =>
    requests(
      'unsubscribe',
      requestId,
      subscriptions.filter((each) => !isShared(each)),
      loggedIn ?? false,
    ),
  opening,
  publishable: withoutTokens,
  loginOptional: true,
  // The venue asks (`set_heartbeat`), and is answered.
  heartbeat: null,
  silenceMs: ({ channel }) => SILENCE_MS[channel] ?? Number.POSITIVE_INFINITY,
  limits: {
    // Subscribing is paid from a pool for ten requests that refills by 3.3 a second: at this pace it lasts for sixty.
    messagesPerSecond: 5,
    subscriptionsPerRequest: CHANNELS_PER_REQUEST,
    subscriptionsPerConnection: 500,
    // 32 connections from one address at a time; how fast they may follow one another is not said.
    connections: null,
    connectionLifeMs: null,
    overlap: true,
  },
  createDecoder: createDeribitDecoder,
  // Each subscription begins with a whole book.
  fetchBook: null,
};

/** Signs in where keys are known, by signature: `raw` channels are only for those. Then asks for heartbeats. */
function opening(requestId: string, credentials: Credentials | null, clock: Clock): readonly VenueRequest[] {
  const beat = `${requestId}-beat`;
  const heartbeat = { requestId: beat, text: requestText(beat, 'public/set_heartbeat', { interval: HEARTBEAT_S }) };
  if (credentials === null) return [heartbeat];
  const auth = `${requestId}-auth`;
  const grant = signatureGrant(credentials, Math.floor(clock.epochMs()));
  return [{ requestId: auth, text: requestText(auth, 'public/auth', grant) }, heartbeat];
}

function requests(
  verb: 'subscribe' | 'unsubscribe',
  requestId: string,
  subscriptions: readonly Subscription[],
  loggedIn: boolean,
): readonly VenueRequest[] {
  const channels = [...new Set(subscriptions.flatMap((each) => channelsOf(each, loggedIn ? 'raw' : '100ms')))];
  return Array.from({ length: Math.ceil(channels.length / CHANNELS_PER_REQUEST) }, (_, part) => {
    const asked = channels.slice(part * CHANNELS_PER_REQUEST, (part + 1) * CHANNELS_PER_REQUEST);
    const id = `${requestId}-${part}-${verb}-${fingerprint(asked)}`;
    return { requestId: id, text: requestText(id, `public/${verb}`, { channels: asked }) };
  });
}

/** Reads frames of the public channels. */
export function createDeribitDecoder(
  scans?: ScanTarget,
): (frame: Buffer, emit: (message: MarketMessage) => void) => void {
  const tickers = new TickerMemory();
  const candles = new Map<string, CandleMessage>();
  const scanner = scans === undefined ? null : new DeribitScanner(scans);
  const login = new LoginRenewal();
  /** The same trade comes by `raw` and by `agg2`. */
  const liquidated = new RecentIds(1_000);
  let lastTime = 0 as EpochMs;

  function onData(channel: string, data: unknown, emit: (message: MarketMessage) => void): void {
    const kind = channel.slice(0, channel.indexOf('.') < 0 ? channel.length : channel.indexOf('.'));
    switch (kind) {
      case 'book':
        // With a group and a depth it is another message: whole each time.
        if (channel.split('.').length === 3) emit(noted(readBook(data)));
        return;
      case 'trades':
        onTrades(channel.endsWith('.agg2'), data, emit);
        return;
      case 'quote': {
        const quote = readQuote(data);
        if (quote !== null) emit(noted(quote));
        return;
      }
      case 'ticker':
        onTicker(data, emit);
        return;
      case 'chart':
        onCandle(channel, data, emit);
        return;
      case 'platform_state':
        if (channel === 'platform_state') onPlatformState(data, emit);
        return;
      case 'instrument':
        if (channel.startsWith('instrument.state.')) emit(noted(readInstrumentState(data)));
        return;
      default:
        return;
    }
  }

  /** The last time that the venue has stated: of messages that carry none. */
  function noted<Message extends { readonly exchangeTime: EpochMs }>(message: Message): Message {
    lastTime = message.exchangeTime > lastTime ? message.exchangeTime : lastTime;
    return message;
  }

  /** `agg2` is subscribed for liquidations alone: its trades come by their own channel. */
  function onTrades(liquidationsOnly: boolean, data: unknown, emit: (message: MarketMessage) => void): void {
    for (const { trade, liquidation } of readTrades(data)) {
      noted(trade);
      if (!liquidationsOnly) emit(trade);
      if (liquidation !== null && liquidated.add(`${trade.symbol} ${trade.id}`)) emit(liquidation);
    }
  }

  /** A ticker carries the best prices as well. */
  function onTicker(data: unknown, emit: (message: MarketMessage) => void): void {
    const { symbol, change, exchangeTime } = readTicker(data);
    const quote = readQuote(data);
    const ticker = tickers.update(symbol, change, exchangeTime);
    if (ticker !== null) emit(noted(ticker));
    if (quote !== null) emit(noted(quote));
  }

  /** The venue does not say that a candle is closed: the next one does. */
  function onCandle(channel: string, data: unknown, emit: (message: MarketMessage) => void): void {
    const [, , symbol, resolution] = channel.split('.');
    if (symbol === undefined || resolution !== '1') return;
    const { tick, open, high, low, close, volume, cost } = readCandle(data);
    const openTime = Number(tick) as EpochMs;
    const before = candles.get(symbol);
    if (before !== undefined && openTime < before.openTime) return;
    if (before !== undefined && openTime > before.openTime)
      emit({ ...before, closed: true, exchangeTime: (before.openTime + CANDLE_MS) as EpochMs });
    // Sizes of inverse contracts are in quote currency, which is what `cost` counts.
    const isInverse = !symbol.includes('_') && !/-[CP]$/.test(symbol);
    const candle: CandleMessage = {
      type: 'candle',
      symbol,
      intervalMs: CANDLE_MS,
      openTime,
      open,
      high,
      low,
      close,
      volume: isInverse ? (cost ?? volume) : volume,
      closed: false,
      // The message states no other time.
      exchangeTime: openTime,
    };
    candles.set(symbol, candle);
    emit(candle);
  }

  function onPlatformState(data: unknown, emit: (message: MarketMessage) => void): void {
    const { maintenance, index, locked } = readPlatformState(data);
    if (maintenance !== null) {
      const reason = maintenance ? 'maintenance' : 'maintenance over';
      emit({ type: 'tradingStatus', symbol: null, trading: !maintenance, reason, exchangeTime: lastTime });
      emit({ type: 'notice', notice: maintenance ? 'maintenance' : 'resumed', text: `platform_state: ${reason}` });
    } else if (locked !== null && index === null) {
      const reason = locked ? 'platform locked' : 'platform open';
      emit({ type: 'tradingStatus', symbol: null, trading: !locked, reason, exchangeTime: lastTime });
    } else if (locked !== null && index !== null) {
      const reason = `index ${index} ${locked ? 'locked' : 'open'}`;
      for (const symbol of symbolsOf(index))
        emit({ type: 'tradingStatus', symbol, trading: !locked, reason, exchangeTime: lastTime });
    }
  }

  /** What follows an index: of the instruments that are known, dated contracts as well; else its perpetual. */
  function symbolsOf(index: string): readonly string[] {
    const known = [...(scans?.instruments.values() ?? [])]
      .filter((each) => `${each.baseCurrency}_${each.quoteCurrency}`.toLowerCase() === index)
      .map((each) => each.symbol);
    return known.length > 0 ? known : [perpetualOf(index)];
  }

  return (bytes, emit) => {
    if (scanner?.scan(bytes) === true) return;
    const hot = hasLongNumber(bytes) ? null : hotNotification(parseFrame(bytes));
    if (hot !== null) {
      onData(hot.channel, hot.data, emit);
      return;
    }
    const value = parseNumbersAsText(bytes.toString());
    if (!isObject(value)) throw frameInvalid('not an object');
    const parsed = rpcMessage.safeParse(value);
    if (!parsed.success)
      throw frameInvalid(`message: ${parsed.error.issues[0]?.path.join('.') ?? ''} is not as documented`);
    const { id, method, params, result, error } = parsed.data;
    if (method === 'subscription') {
      if (params?.channel === undefined) throw frameInvalid('a notification without a channel');
      onData(params.channel, params.data, emit);
    } else if (method === 'heartbeat') {
      if (params?.type === 'test_request') emit({ type: 'reply', text: TEST_REPLY });
      else emit({ type: 'pong' });
    } else if (login.onAnswer(parsed.data, emit)) {
      emit({ type: 'pong' });
    } else if (error !== undefined) {
      if (typeof id === 'string')
        emit({ type: 'subscribed', requestId: id, ok: false, reason: `${error.code} ${errorText(error)}` });
      else emit({ type: 'venueError', code: error.code, text: errorText(error) });
    } else if (typeof id === 'string' && result !== undefined) {
      emit(id === 'test' ? { type: 'pong' } : answerOf(id, result));
    } else {
      throw frameInvalid('neither a notification nor an answer');
    }
  };
}

interface RawNotification {
  readonly method?: unknown;
  readonly params?: { readonly channel?: unknown; readonly data?: unknown };
}

/** The notification of a channel whose readers take numbers as they are; null for anything else. */
function hotNotification(value: unknown): { readonly channel: string; readonly data: unknown } | null {
  if (!isObject(value)) return null;
  const { method, params }: RawNotification = value;
  if (method !== 'subscription' || !isObject(params) || typeof params.channel !== 'string') return null;
  return /^(?:book|trades|quote|ticker)\./.test(params.channel) ? { channel: params.channel, data: params.data } : null;
}

/** An answer lists the channels that the venue has taken; one that is missing was refused. */
function answerOf(id: string, result: unknown): MarketMessage {
  const asked = /-(?:un)?subscribe-(\d+\.[0-9a-z]+)$/.exec(id)?.[1];
  if (asked === undefined) return { type: 'subscribed', requestId: id, ok: true };
  const taken = Array.isArray(result) ? result.filter((each): each is string => typeof each === 'string') : [];
  if (fingerprint(taken) === asked) return { type: 'subscribed', requestId: id, ok: true };
  const reason = `the venue has taken ${taken.length} of ${asked.split('.')[0]} channels: ${taken.join(', ')}`;
  return { type: 'subscribed', requestId: id, ok: false, reason };
}

/** The perpetual that follows an index: `btc_usd` → BTC-PERPETUAL, `sol_usdc` → SOL_USDC-PERPETUAL. */
function perpetualOf(index: string): string {
  const [base = '', quote = ''] = index.toUpperCase().split('_');
  return quote === 'USD' ? `${base}-PERPETUAL` : `${base}_${quote}-PERPETUAL`;
}
