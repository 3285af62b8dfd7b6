import type { SimulatedMarketEvent } from '../exchange/simulated-exchange.ts';
import type { MarketSubscriber } from './binance-market-streams.ts';
import type { StreamKind, StreamName } from './binance-stream-names.ts';
import type { VenueSession } from './venue-session.ts';

type Raw = Extract<SimulatedMarketEvent, { kind: 'raw' }>;

/**
 * A recording's streams, served to the equivalent subscriptions:
 * - the exact stream name always;
 * - a `depth` subscription of any speed gets the recorded depth stream of whatever speed;
 * - `aggTrade` gets recorded `trade` frames, and the other way round, while the recording has shown no stream of the subscribed name;
 * - `bookTicker`, `markPrice` (any speed) and `ticker` get their own kind.
 * Partial books, and kinds that the recording has not, stay silent.
 * A combined connection gets the recorded bytes as they are, also the stream's recorded name; a plain one gets the `data` in them.
 */
export interface RecordedStreams {
  /** Takes note of what the recording has, for the rule on names. Called for every frame, before it is sent. */
  note(event: Raw): void;
  /** Whether anyone would get this frame. */
  isWanted(event: Raw): boolean;
  send(event: Raw): void;
}

const EQUIVALENT: Readonly<Record<Raw['channel'], readonly StreamKind[]>> = {
  book: ['depth'],
  trades: ['aggTrade', 'trade'],
  quotes: ['bookTicker'],
  ticker: ['markPrice', 'ticker', 'miniTicker'],
  liquidations: ['other'],
  candles: ['kline'],
  news: [],
  status: [],
  other: ['other'],
};

export function createRecordedStreams(
  subscribers: ReadonlyMap<VenueSession, MarketSubscriber>,
  sendTo: (subscriber: MarketSubscriber, frame: string | Uint8Array) => void,
): RecordedStreams {
  const seen = new Set<string>();

  function gets(subscriber: MarketSubscriber, event: Raw): boolean {
    if (subscriber.streams.has(event.stream)) return true;
    for (const stream of subscriber.streams.values())
      if (isEquivalent(stream, event) && subscriber.serves(stream.kind)) return true;
    return false;
  }

  function isEquivalent(stream: StreamName, event: Raw): boolean {
    if (stream.symbol !== event.symbol || seen.has(stream.name)) return false;
    if (!EQUIVALENT[event.channel].includes(stream.kind)) return false;
    if (stream.kind === 'depth' || event.channel === 'trades') return true;
    return baseOf(stream.name) === baseOf(event.stream);
  }

  return {
    isWanted(event) {
      for (const subscriber of subscribers.values()) if (gets(subscriber, event)) return true;
      return false;
    },
    note(event) {
      seen.add(event.stream);
    },
    send(event) {
      let plain: Uint8Array | null = null;
      for (const subscriber of subscribers.values()) {
        if (!gets(subscriber, event)) continue;
        if (!subscriber.combined) plain ??= dataOf(event.frame);
        sendTo(subscriber, subscriber.combined ? event.frame : (plain ?? event.frame));
      }
    },
  };
}

/** `btcusdt@markPrice@1s` → `btcusdt@markPrice`. */
function baseOf(stream: string): string {
  return stream.split('@').slice(0, 2).join('@');
}

const DATA = Buffer.from('"data":');

/** The bytes of `data` in a combined frame; a frame that is not combined is already that. */
function dataOf(frame: Uint8Array): Uint8Array {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  const at = bytes.subarray(0, 200).indexOf(DATA);
  if (!bytes.subarray(0, 12).toString('latin1').includes('"stream"') || at < 0) return frame;
  return bytes.subarray(at + DATA.length, bytes.lastIndexOf(0x7d));
}
