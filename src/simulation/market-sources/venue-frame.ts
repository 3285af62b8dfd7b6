import type { LevelText, Side } from '#core/market/market-message.ts';
import type { SourceFrame } from './market-source.ts';

/** What a venue's frame says, as far as the exchange needs it; prices and sizes as the venue's decimal text. */
export type VenueFrame =
  | {
      readonly kind: 'frame';
      readonly symbol: string;
      readonly channel: SourceFrame['channel'];
      readonly stream: string;
      /** Null where it says nothing that moves the market: liquidations, candles. */
      readonly content: FrameContent | null;
      /** The venue's time of it, epoch ms; null where it has none. */
      readonly venueTimeMs: number | null;
    }
  /** A REST answer that holds a whole book (Binance). It does not say its symbol. */
  | {
      readonly kind: 'depthSnapshot';
      readonly sequence: number;
      readonly bids: readonly LevelText[];
      readonly asks: readonly LevelText[];
    }
  /** Acknowledgements, pongs, answers. */
  | { readonly kind: 'control' };

export type FrameContent =
  | {
      readonly kind: 'book';
      readonly isSnapshot: boolean;
      readonly bids: readonly LevelText[];
      readonly asks: readonly LevelText[];
      readonly first: number;
      readonly last: number;
      /** The last sequence of the frame before; null where the venue does not say. */
      readonly previous: number | null;
      /** Levels of the stream; infinite for diffs of the whole book. */
      readonly depth: number;
    }
  | { readonly kind: 'quote'; readonly bid: LevelText; readonly ask: LevelText; readonly sequence: number }
  | { readonly kind: 'trades'; readonly feed: 'single' | 'aggregated'; readonly trades: readonly TradeText[] }
  | {
      readonly kind: 'ticker';
      readonly lastPrice: string | null;
      readonly markPrice: string | null;
      readonly indexPrice: string | null;
      readonly fundingRate: string | null;
      /** Epoch ms. */
      readonly nextFundingTime: number | null;
      readonly openInterest: string | null;
    };

export interface TradeText {
  readonly id: string;
  readonly price: string;
  readonly size: string;
  /** Null where the venue does not tell: it is inferred from the quote in force. */
  readonly takerSide: Side | null;
}
