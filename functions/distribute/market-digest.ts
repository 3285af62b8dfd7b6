import type { LatestContent, LatestPart } from '#aws/market-items.ts';
import { type MarketRecord, originKey } from '#aws/market-record.ts';
import { messageOf } from '#core/errors.ts';
import type { PlacedTrade, TradeBatch } from '#core/market/candles.ts';
import { countsFor } from '#core/market/connection-window.ts';
import type { VenueId } from '#core/market/instrument.ts';
import type { MarketMessage, TradeMessage } from '#core/market/market-message.ts';
import { type SequenceRanges, withRange } from '#core/market/sequence-ranges.ts';
import type { MarketDataProtocol } from '#venues/venue.ts';
import { type MarketProcessor, ROUTES } from './routes.ts';

/** Decoders that remember (tickers) go on from batch to batch; those of connections that ended are forgotten after this many others. */
const MAX_DECODERS = 256;

type Decoder = ReturnType<MarketDataProtocol['createDecoder']>;
export type VenueDecoders = Readonly<
  Record<VenueId, { readonly marketData: Pick<MarketDataProtocol, 'createDecoder'> }>
>;

/** One decoder for each connection. */
export class ConnectionDecoders {
  readonly #venues: VenueDecoders;
  readonly #decoders = new Map<string, Decoder>();

  constructor(venues: VenueDecoders) {
    this.#venues = venues;
  }

  of(venue: VenueId, origin: string): Decoder {
    const decoder = this.#decoders.get(origin) ?? this.#venues[venue].marketData.createDecoder();
    this.#decoders.delete(origin);
    this.#decoders.set(origin, decoder);
    for (const oldest of this.#decoders.keys()) {
      if (this.#decoders.size <= MAX_DECODERS) break;
      this.#decoders.delete(oldest);
    }
    return decoder;
  }
}

/** The newest of one kind that a batch has of a symbol. */
export interface LatestEntry<Part extends LatestPart = LatestPart> {
  readonly venue: VenueId;
  readonly symbol: string;
  readonly part: Part;
  readonly content: LatestContent<Part>;
  readonly precedence: string;
}

/** What a batch of market records comes to, before anything is written. */
export interface MarketDigest {
  readonly trades: readonly { readonly venue: VenueId; readonly symbol: string; readonly batch: TradeBatch }[];
  readonly latest: readonly LatestEntry[];
  readonly frames: number;
  /** Frames that their venue's decoder refused; they are in the archive as they came. */
  readonly undecodable: readonly { readonly origin: string; readonly sequence: number; readonly reason: string }[];
}

/** Decodes the records of a batch and routes what they say. The engine's own input log is for replays: it is routed nowhere. */
export function digestRecords(records: readonly MarketRecord[], decoders: ConnectionDecoders): MarketDigest {
  const digest = new Digest();
  for (const record of records) {
    const { venue } = record;
    if (venue !== 'engine') digest.add(venue, record, decoders.of(venue, originKey(record)));
  }
  return digest.result();
}

interface ConnectionDigest {
  readonly venue: VenueId;
  /** Its name, which may say for which part of the venue's time its trades count. */
  readonly name: string;
  examined: SequenceRanges;
  readonly trades: Map<string, PlacedTrade[]>;
}

class Digest {
  readonly #connections = new Map<string, ConnectionDigest>();
  readonly #latest = new Map<string, LatestEntry>();
  readonly #undecodable: MarketDigest['undecodable'][number][] = [];
  #frames = 0;

  add(venue: VenueId, record: MarketRecord, decode: Decoder): void {
    const origin = originKey(record);
    const connection = this.#connections.get(origin) ?? {
      venue,
      name: record.connection,
      examined: [],
      trades: new Map(),
    };
    this.#connections.set(origin, connection);
    const last = record.firstSequence + record.frames.length - 1;
    connection.examined = withRange(connection.examined, [record.firstSequence, last]);
    for (const { bytes, sequence } of record.frames) {
      this.#frames += 1;
      let index = 0;
      try {
        decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), (message) => {
          for (const processor of ROUTES[message.type]) this.#process(processor, connection, message, sequence, index);
          index += 1;
        });
      } catch (error) {
        this.#undecodable.push({ origin, sequence, reason: messageOf(error) });
      }
    }
  }

  result(): MarketDigest {
    const trades = [...this.#connections].flatMap(([origin, { venue, examined, trades: bySymbol }]) =>
      [...bySymbol].map(([symbol, placed]) => ({ venue, symbol, batch: { origin, examined, trades: placed } })),
    );
    return {
      trades,
      latest: [...this.#latest.values()],
      frames: this.#frames,
      undecodable: this.#undecodable,
    };
  }

  #process(
    processor: MarketProcessor,
    connection: ConnectionDigest,
    message: MarketMessage,
    sequence: number,
    index: number,
  ): void {
    if (processor === 'candles') {
      if (message.type === 'trade') addTrade(connection, message, sequence, index);
      return;
    }
    const entry = latestOf(connection.venue, message, sequence, index);
    if (entry === null) return;
    const key = `${entry.venue} ${entry.symbol} ${entry.part}`;
    const known = this.#latest.get(key);
    if (known === undefined || known.precedence < entry.precedence) this.#latest.set(key, entry);
  }
}

/** While a socket is replaced two carry the same trades: each counts for the one whose window holds it. */
function addTrade(connection: ConnectionDigest, message: TradeMessage, sequence: number, index: number): void {
  const { symbol, price, size, exchangeTime } = message;
  if (!countsFor(connection.name, exchangeTime)) return;
  const placed = connection.trades.get(symbol);
  const trade = { price, size, exchangeTime, sequence, index };
  if (placed === undefined) connection.trades.set(symbol, [trade]);
  else placed.push(trade);
}

function latestOf(venue: VenueId, message: MarketMessage, sequence: number, index: number): LatestEntry | null {
  switch (message.type) {
    case 'trade': {
      const { symbol, price, size, side, id, exchangeTime } = message;
      const content = { price, size, side, id, exchangeTime };
      return { venue, symbol, part: 'trade', content, precedence: precedenceOf(exchangeTime, sequence, index) };
    }
    case 'quote': {
      const { symbol, bidPrice, bidSize, askPrice, askSize, exchangeTime } = message;
      const content = { bidPrice, bidSize, askPrice, askSize, exchangeTime };
      return { venue, symbol, part: 'quote', content, precedence: precedenceOf(exchangeTime, sequence, index) };
    }
    case 'ticker': {
      const { type: _, symbol, ...content } = message;
      return {
        venue,
        symbol,
        part: 'ticker',
        content,
        precedence: precedenceOf(content.exchangeTime, sequence, index),
      };
    }
    case 'book': {
      const { symbol, lastSequence, exchangeTime } = message;
      const content = { lastSequence, exchangeTime };
      return { venue, symbol, part: 'book', content, precedence: precedenceOf(exchangeTime, sequence, index) };
    }
    default:
      return null;
  }
}

/** Text that sorts by the venue's time, then by the order of receipt. */
function precedenceOf(exchangeTime: number, sequence: number, index: number): string {
  const time = exchangeTime.toFixed(3).padStart(18, '0');
  return `${time}.${String(sequence).padStart(16, '0')}.${String(index).padStart(6, '0')}`;
}
