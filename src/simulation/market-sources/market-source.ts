import type { Side } from '#core/market/market-message.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { SimulatedMarketEvent } from '../exchange/simulated-exchange.ts';

/** Total size at a price; size 0 deletes the level. */
export type SourceLevel = readonly [price: Price, size: Size];

/** The other market participants, as they act. Prices and sizes are integers at the instrument's scales. */
export type SourceChange =
  | {
      readonly kind: 'book';
      readonly symbol: string;
      /** The levels given are the whole book: what stood before is gone. */
      readonly isSnapshot: boolean;
      readonly bids: readonly SourceLevel[];
      readonly asks: readonly SourceLevel[];
      /** The venue's own sequence number after this change (Binance `u`, Bybit `u`); null where the exchange numbers by itself. */
      readonly sequence: number | null;
    }
  | {
      readonly kind: 'trade';
      readonly symbol: string;
      /** As the venue gave it; null where the exchange numbers by itself. */
      readonly tradeId: string | null;
      readonly price: Price;
      readonly size: Size;
      readonly takerSide: Side;
    }
  | {
      readonly kind: 'ticker';
      readonly symbol: string;
      /** What is absent has not changed. */
      readonly lastPrice?: Price;
      readonly markPrice?: Price;
      readonly indexPrice?: Price;
      /** Decimal text, per funding interval. */
      readonly fundingRate?: string;
      /** In milliseconds since the source began. */
      readonly nextFundingOffsetMs?: number;
      readonly openInterest?: string;
    }
  /** The source has no more: told once, as the last change. */
  | { readonly kind: 'end' };

/** A recorded or live frame, to be passed on as the bytes that they are. */
export type SourceFrame = Omit<Extract<SimulatedMarketEvent, { kind: 'raw' }>, 'kind' | 'time'>;

/** What happens at one moment. `frame`: the frame that said so, where there is one; `changes` may be empty then. */
export interface SourceStep {
  /** Milliseconds since the source began; never less than that of the step before. */
  readonly offsetMs: number;
  readonly frame: SourceFrame | null;
  readonly changes: readonly SourceChange[];
}

/**
 * Where the simulated exchange has its market from. A source knows nothing of accounts: equal sources give equal markets whatever is traded.
 */
export interface MarketSource {
  /**
   * `generated`: the exchange publishes a book of its own making, account orders included. `recorded`: clients get the source's frames as they are,
   * so the published book is the source's alone, under the venue's own sequence numbers.
   */
  readonly origin: 'generated' | 'recorded';
  /** The next step due at `untilMs` (milliseconds since the source began) or before; null if none is due. */
  next(untilMs: number): SourceStep | null;
  /** When the next step is due, if the source knows it: null while nothing more is known to come. */
  nextDueMs(): number | null;
}
