import { messageOf } from '#core/errors.ts';
import type { FrameSink, Publisher } from '#core/events/publisher-port.ts';
import { isFramePart } from '#core/input-log/frame-part.ts';
import type { InputLog } from '#core/input-log/input-log.ts';
import type { Now } from '#core/lanes/now.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { MarketDataMessage, MarketMessage, Subscription } from '#core/market/market-message.ts';
import { canBeReadApart } from '#core/market/read-apart.ts';
import type { ScannedMessage } from '#core/market/scanned-message.ts';
import type { Clock, EpochMs, MonoNanos, Timers } from '#core/time/clock.ts';
import type { Rhythms } from '#venues/connection/channel-rhythm.ts';
import { createMarketConnection, type MarketConnection } from '#venues/connection/market-connection.ts';
import type { SocketPlan, Venue, VenueRuntime } from '#venues/venue.ts';
import type { EngineMetrics } from './engine-metrics.ts';
import { FeedLog } from './feed-log.ts';

/** What a socket says of the market. */
export type FeedMessage = MarketDataMessage | ScannedMessage;

/** Who hears of a socket's messages, within the call in which their frame came. */
export interface FeedSocketListener {
  onMessage(socket: FeedSocket, message: FeedMessage, receivedAt: MonoNanos): void;
  onLive(socket: FeedSocket): void;
  /** The socket is not live: what it carried is not up to date. */
  onSocketLost(socket: FeedSocket, reason: string): void;
  onResubscribe(socket: FeedSocket, subscription: Subscription, reason: string): void;
  /** It should be replaced while it still serves. */
  onLeave(socket: FeedSocket, reason: string): void;
}

export interface FeedSocketOptions {
  /** Of the feed. */
  readonly name: string;
  readonly venue: Venue;
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly runtime: VenueRuntime;
  readonly publisher: Publisher;
  readonly inputLog: InputLog;
  readonly metrics: EngineMetrics;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** One socket of a feed with its own decoder and its own account of frames: each frame is numbered, published, decoded and handed on in one call. */
export class FeedSocket {
  readonly plan: SocketPlan;
  readonly connection: MarketConnection;
  /** The name of the connection without its window. */
  readonly name: string;
  /** Every name under which it has recorded. */
  readonly names: string[] = [];
  frames = 0;
  readonly #options: FeedSocketOptions;
  readonly #epoch: number;
  readonly #log: FeedLog;
  readonly #anchor: Now;
  readonly #lastPrices = new Map<string, string>();
  #sink: FrameSink;

  constructor(
    options: FeedSocketOptions,
    plan: SocketPlan,
    identity: { readonly epoch: number; readonly name: string; readonly recordedAs: string; readonly rhythms: Rhythms },
    listener: FeedSocketListener,
  ) {
    const { venue, inputLog, metrics, runtime, clock, timers } = options;
    this.#options = options;
    this.plan = plan;
    this.name = identity.name;
    this.#epoch = identity.epoch;
    this.#log = new FeedLog(options, identity.epoch);
    this.#anchor = { mono: clock.monoNanos(), epoch: clock.epochMs() };
    this.#sink = this.#openSink(identity.recordedAs);
    let receivedAt = 0 as MonoNanos;
    const emit = (message: MarketMessage | ScannedMessage) => {
      if (isFramePart(message)) inputLog.part();
      if (this.#heard(message)) listener.onMessage(this, message, receivedAt);
    };
    const decode = venue.marketData.createDecoder({ instruments: options.instruments, emit });
    this.connection = createMarketConnection({
      name: identity.name,
      plan,
      protocol: venue.marketData,
      connect: runtime.connect,
      clock,
      timers,
      random: runtime.random,
      marketCredentials: runtime.marketCredentials,
      rhythms: identity.rhythms,
      log: runtime.log,
      listener: {
        onFrame: (frame, at) => {
          receivedAt = at;
          this.frames += 1;
          this.#sink.frame(venue.marketData.publishable?.(frame) ?? frame, at, inputLog.frame());
          try {
            decode(frame, emit);
          } catch (error) {
            metrics.badFrames += 1;
            runtime.log('warn', 'frame refused', { connection: identity.name, reason: messageOf(error) });
          }
        },
        onStatus: (status) => {
          if (status.state === 'live') listener.onLive(this);
          else listener.onSocketLost(this, status.reason);
        },
        onRefused: (subscription, reason) => runtime.log('error', 'subscription refused', { ...subscription, reason }),
        onResubscribe: (subscription, reason) => listener.onResubscribe(this, subscription, reason),
        onLeave: (reason) => listener.onLeave(this, reason),
      },
    });
  }

  /** The name under which its frames are recorded now. */
  get recordedAs(): string {
    return this.#sink.connection.connection;
  }

  /** From the next frame on it is recorded under another name, in an account of its own. */
  recordAs(connection: string): void {
    if (connection === this.recordedAs) return;
    this.#sink.end('inOrder');
    this.#sink = this.#openSink(connection);
  }

  /** The clock readings of a frame: wall time from one anchor per connection, as the market record carries it, so that a replay has the same. */
  anchored(receivedAt: MonoNanos): Now {
    const { mono, epoch } = this.#anchor;
    return { mono: receivedAt, epoch: (epoch + (receivedAt - mono) / 1e6) as EpochMs };
  }

  async stop(): Promise<void> {
    await this.connection.stop();
    this.#sink.end('inOrder');
  }

  #openSink(connection: string): FrameSink {
    const { publisher, venue } = this.#options;
    this.names.push(connection);
    this.#log.socket({ socket: this.name, connection });
    const readApart = canBeReadApart(this.plan.subscriptions);
    return publisher.open({ venue: venue.id, connection, epoch: this.#epoch, anchor: this.#anchor, readApart });
  }

  /** Hot: tells the connection what came; true for market data. */
  #heard(message: MarketMessage | ScannedMessage): message is FeedMessage {
    const { connection } = this;
    switch (message.type) {
      case 'book':
      case 'scannedBook':
        connection.heard('book', message.symbol);
        return true;
      case 'trade':
      case 'scannedTrade':
        connection.heard('trades', message.symbol);
        return true;
      case 'quote':
      case 'scannedQuote':
        connection.heard('quotes', message.symbol);
        return true;
      case 'ticker': {
        // Only a trade changes the last price: that, and not its mark price or funding, shows that the symbol trades.
        const moved = message.lastPrice !== null && this.#lastPrices.get(message.symbol) !== message.lastPrice;
        if (moved && message.lastPrice !== null) this.#lastPrices.set(message.symbol, message.lastPrice);
        connection.heard('ticker', message.symbol, moved);
        return true;
      }
      case 'liquidation':
        connection.heard('liquidations', message.symbol);
        return true;
      case 'candle':
        connection.heard('candles', message.symbol);
        return true;
      case 'news':
        for (const symbol of message.symbols) connection.heard('news', symbol);
        return true;
      case 'tradingStatus':
        if (message.symbol !== null) connection.heard('status', message.symbol);
        return true;
      default:
        connection.control(message);
        return false;
    }
  }
}
