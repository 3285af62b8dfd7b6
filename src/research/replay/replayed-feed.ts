import { type FramePart, isFramePart } from '#core/input-log/frame-part.ts';
import type { BookLine, SocketLine } from '#core/input-log/lease-log.ts';
import type { BookSync } from '#core/market/book-sync.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { MarketMessage } from '#core/market/market-message.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import type { ScannedMessage } from '#core/market/scanned-message.ts';
import type { Venue } from '#venues/venue.ts';

type Decode = ReturnType<Venue['marketData']['createDecoder']>;

/** The books of one feed under one lease, made from its frames by the product's decoders and book syncs. */
export class ReplayedFeed {
  readonly owner: string;
  readonly lease: number;
  /** No units are given its books any more. */
  gone = false;
  /** Frames are missing: its books are not what they were. */
  broken = false;
  readonly #venue: Venue;
  readonly #onPart: (feed: ReplayedFeed, message: FramePart) => void;
  readonly #instruments = new Map<string, Instrument>();
  readonly #syncs = new Map<string, BookSync>();
  readonly #decoders = new Map<string, Decode>();
  readonly #sockets = new Map<string, string>();

  constructor(owner: string, lease: number, venue: Venue, onPart: (feed: ReplayedFeed, message: FramePart) => void) {
    this.owner = owner;
    this.lease = lease;
    this.#venue = venue;
    this.#onPart = onPart;
  }

  socket({ socket, connection }: SocketLine): void {
    this.#sockets.set(connection, socket);
  }

  carries(connection: string): boolean {
    return this.#sockets.has(connection);
  }

  sync(symbol: string): BookSync | undefined {
    return this.#syncs.get(symbol);
  }

  book(symbol: string): OrderBook | null {
    return this.#syncs.get(symbol)?.book ?? null;
  }

  /** A change that comes in no frame; a snapshot is the caller's to give. */
  change(line: BookLine): void {
    if (line.change === 'added') {
      this.#instruments.set(line.instrument.symbol, line.instrument);
      this.#syncs.set(line.instrument.symbol, this.#venue.createBookSync(line.instrument));
    } else if (line.change === 'removed') this.#syncs.delete(line.symbol);
    else if (line.change === 'lost') this.#syncs.get(line.symbol)?.invalidate(line.reason);
  }

  /** Reads a frame; each message that reaches lanes is handed on in its place. Throws what decoding throws, as it did then. */
  frame(connection: string, bytes: Uint8Array): void {
    const socket = this.#sockets.get(connection);
    if (socket === undefined) return;
    const emit = (message: MarketMessage | ScannedMessage) => {
      if (isFramePart(message)) this.#onPart(this, message);
    };
    let decode = this.#decoders.get(socket);
    if (decode === undefined) {
      decode = this.#venue.marketData.createDecoder({ instruments: this.#instruments, emit });
      this.#decoders.set(socket, decode);
    }
    decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), emit);
  }
}
