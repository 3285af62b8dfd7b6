import { messageOf } from '#core/errors.ts';
import type { FrameSink, Publisher } from '#core/events/publisher-port.ts';
import type { InputLog } from '#core/input-log/input-log.ts';
import type { Now } from '#core/lanes/now.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { MarketMessage, Subscription } from '#core/market/market-message.ts';
import type { ScannedMessage } from '#core/market/scanned-message.ts';
import type { Clock, EpochMs, MonoNanos, Timers } from '#core/time/clock.ts';
import { createMarketConnection, type MarketConnection } from '#venues/connection/market-connection.ts';
import type { SocketPlan, Venue, VenueRuntime } from '#venues/venue.ts';
import type { EngineMetrics } from './engine-metrics.ts';

/** Who hears of a socket's messages, within the call in which their frame came. */
export interface FeedSocketListener {
  onMessage(socket: FeedSocket, message: MarketMessage | ScannedMessage, receivedAt: MonoNanos): void;
  /** The socket is not live: what it carried is not up to date. */
  onSocketLost(subscriptions: readonly Subscription[], reason: string): void;
  onResubscribe(subscription: Subscription, reason: string): void;
}

export interface FeedSocketOptions {
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
  readonly sink: FrameSink;
  readonly connection: MarketConnection;
  frames = 0;
  readonly #anchor: Now;

  constructor(options: FeedSocketOptions, plan: SocketPlan, epoch: number, name: string, listener: FeedSocketListener) {
    const { venue, inputLog, metrics, publisher, runtime, clock, timers } = options;
    this.plan = plan;
    const anchor = { mono: clock.monoNanos(), epoch: clock.epochMs() };
    this.#anchor = anchor;
    const sink = publisher.open({ venue: venue.id, connection: name, epoch, anchor });
    this.sink = sink;
    let receivedAt = 0 as MonoNanos;
    const emit = (message: MarketMessage | ScannedMessage) => listener.onMessage(this, message, receivedAt);
    const decode = venue.marketData.createDecoder({ instruments: options.instruments, emit });
    this.connection = createMarketConnection({
      name,
      plan,
      protocol: venue.marketData,
      connect: runtime.connect,
      clock,
      timers,
      random: runtime.random,
      marketCredentials: runtime.marketCredentials,
      log: runtime.log,
      listener: {
        onFrame: (frame, at) => {
          receivedAt = at;
          this.frames += 1;
          sink.frame(frame, at, inputLog.frame());
          try {
            decode(frame, emit);
          } catch (error) {
            metrics.badFrames += 1;
            runtime.log('warn', 'frame refused', { connection: name, reason: messageOf(error) });
          }
        },
        onStatus: (status) => {
          if (status.state !== 'live') listener.onSocketLost(this.connection.wanted(), status.reason);
        },
        onRefused: (subscription, reason) => runtime.log('error', 'subscription refused', { ...subscription, reason }),
        onResubscribe: (subscription, reason) => listener.onResubscribe(subscription, reason),
      },
    });
  }

  /** The clock readings of a frame: wall time from one anchor per connection, as the market record carries it, so that a replay has the same. */
  anchored(receivedAt: MonoNanos): Now {
    const { mono, epoch } = this.#anchor;
    return { mono: receivedAt, epoch: (epoch + (receivedAt - mono) / 1e6) as EpochMs };
  }

  async stop(): Promise<void> {
    await this.connection.stop();
    this.sink.end('inOrder');
  }
}
