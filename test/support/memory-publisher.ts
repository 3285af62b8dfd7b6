import type {
  FrameAccount,
  FrameSink,
  MarketConnection,
  Publisher,
  PublisherMetrics,
} from '#core/events/publisher-port.ts';
import type { TradingEvent, TradingEventOf, TradingEventType } from '#core/events/trading-event.ts';
import type { MonoNanos } from '#core/time/clock.ts';

interface Account {
  readonly connection: MarketConnection;
  received: number;
  bytes: number;
}

export interface PublishedFrame {
  readonly sequence: number;
  readonly receivedAt: MonoNanos;
  readonly inputNumber: number;
  /** The engine's own until the call returns. */
  readonly bytes: Uint8Array;
}

/** A publisher whose streams are lists in memory: takes everything, loses nothing. For tests of what publishes, not of publishing. */
export class MemoryPublisher implements Publisher {
  readonly events: TradingEvent[] = [];
  /** Lines of the engine's input log. */
  readonly inputs: string[] = [];
  blocked: string | null = null;
  readonly #accounts = new Map<string, Account>();
  readonly #onFrame: ((connection: MarketConnection, frame: PublishedFrame) => void) | null;

  /** `onFrame` hears every frame and line. */
  constructor(onFrame: ((connection: MarketConnection, frame: PublishedFrame) => void) | null = null) {
    this.#onFrame = onFrame;
  }

  open(connection: MarketConnection): FrameSink {
    const account: Account = { connection, received: 0, bytes: 0 };
    this.#accounts.set(connection.connection, account);
    return {
      connection,
      frame: (bytes, receivedAt, inputNumber) => {
        account.received += 1;
        this.#onFrame?.(connection, { sequence: account.received, receivedAt, inputNumber, bytes });
        account.bytes += bytes.length;
        if (connection.venue === 'engine') this.inputs.push(Buffer.from(bytes).toString('utf8'));
        return true;
      },
      end: () => undefined,
    };
  }

  event(event: TradingEvent): void {
    this.events.push(event);
  }

  entriesBlocked(): string | null {
    return this.blocked;
  }

  accounts(): readonly FrameAccount[] {
    return [...this.#accounts.values()].map(({ connection, received, bytes }) => ({
      connection: connection.connection,
      venue: connection.venue,
      received,
      published: received,
      shed: 0,
      epoch: connection.epoch,
      shedBy: { ringFull: 0, outage: 0, oversize: 0, workerLost: 0, closed: 0 },
      bytes,
    }));
  }

  metrics(): PublisherMetrics {
    return {
      recordsSent: 0,
      bytesSent: 0,
      retriedEntries: 0,
      circuit: 'closed',
      journalBytes: 0,
      lagMs: 0,
      hottestKeyPercent: 0,
      workerRestarts: 0,
    };
  }

  async flush(): Promise<void> {
    await Promise.resolve();
  }

  async close(): Promise<void> {
    await Promise.resolve();
  }

  told<Type extends TradingEventType>(type: Type): TradingEventOf<Type>[] {
    return this.events.filter((event): event is TradingEventOf<Type> => event.type === type);
  }
}
