import { sharedRows } from './shared-data.ts';

/** One row of the known answers that tardis-dev's mappers give for a raw frame; rows are in order, since mappers remember. */
export interface TardisRow {
  readonly index: number;
  readonly raw: unknown;
  readonly expected: readonly TardisMessage[];
}

export interface TardisMessage {
  readonly type: string;
  readonly symbol: string;
  readonly timestamp: string;
  readonly [field: string]: unknown;
}

export function tardisRows(path: string): readonly TardisRow[] {
  return sharedRows(path) as TardisRow[];
}

/** A line of normalized output in tardis's words: numbers for decimals, its names of types and fields. */
export function inTardisWords(line: string): Record<string, unknown> {
  const message: Record<string, unknown> = JSON.parse(line);
  const number = (value: unknown) => (value === null ? null : Number(value));
  const levels = (value: unknown) =>
    (value as [string, string][]).map(([price, amount]) => ({ price: Number(price), amount: Number(amount) }));
  const { symbol, exchangeTime: timestamp } = message;
  switch (message.type) {
    case 'trade':
    case 'liquidation':
      return {
        type: message.type,
        symbol,
        id: message.id,
        price: number(message.price),
        amount: number(message.size),
        side: message.side,
        timestamp,
      };
    case 'book':
      return {
        type: 'book_change',
        symbol,
        isSnapshot: message.isSnapshot,
        bids: levels(message.bids),
        asks: levels(message.asks),
        timestamp,
      };
    case 'quote':
      return {
        type: 'book_ticker',
        symbol,
        askAmount: number(message.askSize),
        askPrice: number(message.askPrice),
        bidPrice: number(message.bidPrice),
        bidAmount: number(message.bidSize),
        timestamp,
      };
    case 'ticker':
      return {
        type: 'derivative_ticker',
        symbol,
        lastPrice: number(message.lastPrice),
        openInterest: number(message.openInterest),
        fundingRate: number(message.fundingRate),
        fundingTimestamp: message.nextFundingTime,
        // Neither venue states it.
        predictedFundingRate: null,
        indexPrice: number(message.indexPrice),
        markPrice: number(message.markPrice),
        timestamp,
      };
    default:
      throw new Error(`no word for ${String(message.type)}`);
  }
}

/** What of a known answer is compared: all but the names of exchange and receipt. */
export function compared({ exchange: _exchange, localTimestamp: _received, ...rest }: TardisMessage) {
  return rest;
}
