import type { BookScales } from '#core/market/book-writer.ts';
import { type Instrument, VENUES, type VenueId } from '#core/market/instrument.ts';
import type { LevelText, MarketMessage } from '#core/market/market-message.ts';
import { canonicalDecimal, formatScaled, type Price, type Size } from '#core/market/scaled-decimal.ts';
import type { ScannedLevels, ScannedMessage } from '#core/market/scanned-message.ts';
import type { MarketDataProtocol } from '#venues/venue.ts';

/** An instrument of which only symbol and scales matter. */
export function scaledInstrument(symbol: string, scales: BookScales, venue: VenueId = VENUES[0]): Instrument {
  return {
    venue,
    symbol,
    kind: 'linear',
    baseCurrency: 'B',
    quoteCurrency: 'Q',
    settlementCurrency: 'Q',
    ...scales,
    tickSize: 1 as Price,
    lotSize: 1 as Size,
    minSize: 1 as Size,
    maxSize: 1_000_000 as Size,
    minNotional: 5,
    multiplier: 1,
    tradable: true,
  };
}

/** What one way of reading said of a frame, in canonical decimal text, and what it refused it with. */
export interface Said {
  readonly messages: readonly MarketMessage[];
  readonly refusal: string | null;
  /** Whether the frame's bytes were read without the parser. */
  readonly scanned: boolean;
}

/** A decoder whose messages come as canonical text, whichever way they were read; with instruments it may scan. */
export function createSpeaker(
  protocol: MarketDataProtocol,
  instruments: ReadonlyMap<string, Instrument> | null,
): (frame: Buffer) => Said {
  let messages: MarketMessage[] = [];
  let scanned = false;
  const scans =
    instruments === null
      ? undefined
      : {
          instruments,
          emit: (message: ScannedMessage) => {
            scanned = true;
            messages.push(textOf(message, instruments));
          },
        };
  const decode = protocol.createDecoder(scans);
  return (frame) => {
    messages = [];
    scanned = false;
    let refusal: string | null = null;
    try {
      decode(frame, (message) => messages.push(canonical(message)));
    } catch (error) {
      refusal = String(error);
    }
    return { messages, refusal, scanned };
  };
}

function textOf(message: ScannedMessage, instruments: ReadonlyMap<string, Instrument>): MarketMessage {
  const instrument = instruments.get(message.symbol);
  if (instrument === undefined) throw new Error(`scanned the unknown ${message.symbol}`);
  const price = (value: number) => formatScaled(value, instrument.priceScale);
  const size = (value: number) => formatScaled(value, instrument.sizeScale);
  const levels = ({ prices, sizes, count }: ScannedLevels): LevelText[] =>
    Array.from({ length: count }, (_, index) => [price(prices[index] ?? -1), size(sizes[index] ?? -1)]);
  const { symbol, exchangeTime } = message;
  switch (message.type) {
    case 'scannedBook': {
      const { isSnapshot, firstSequence, lastSequence, previousSequence } = message;
      const sides = { bids: levels(message.bids), asks: levels(message.asks) };
      return {
        type: 'book',
        symbol,
        isSnapshot,
        ...sides,
        firstSequence,
        lastSequence,
        previousSequence,
        exchangeTime,
      };
    }
    case 'scannedQuote':
      return {
        type: 'quote',
        symbol,
        bidPrice: price(message.bidPrice),
        bidSize: size(message.bidSize),
        askPrice: price(message.askPrice),
        askSize: size(message.askSize),
        sequence: message.sequence,
        exchangeTime,
      };
    case 'scannedTrade': {
      const { id, side } = message;
      return { type: 'trade', symbol, id, price: price(message.price), size: size(message.size), side, exchangeTime };
    }
  }
}

function canonical(message: MarketMessage): MarketMessage {
  switch (message.type) {
    case 'book':
      return { ...message, bids: message.bids.map(canonicalLevel), asks: message.asks.map(canonicalLevel) };
    case 'quote':
      return {
        ...message,
        bidPrice: canonicalText(message.bidPrice),
        bidSize: canonicalText(message.bidSize),
        askPrice: canonicalText(message.askPrice),
        askSize: canonicalText(message.askSize),
      };
    case 'trade':
      return { ...message, price: canonicalText(message.price), size: canonicalText(message.size) };
    default:
      return message;
  }
}

function canonicalLevel([price, size]: LevelText): LevelText {
  return [canonicalText(price), canonicalText(size)];
}

/** Levels that are no decimals are found when they are written; till then they stand as they are. */
function canonicalText(text: string): string {
  return /^\d+(\.\d*)?$/.test(text) ? canonicalDecimal(text) : text;
}
