import type { Side } from '#core/market/market-message.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { ScannedBook, ScannedQuote, ScannedTrade } from '#core/market/scanned-message.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { LevelArrays } from './byte-scanner.ts';

/** What scanners write into and hand over, again and again. */

export class ReusedBook implements ScannedBook {
  readonly type = 'scannedBook';
  symbol = '';
  isSnapshot = false;
  priceScale = 0;
  sizeScale = 0;
  readonly bids = new LevelArrays();
  readonly asks = new LevelArrays();
  firstSequence = 0;
  lastSequence = 0;
  previousSequence: number | null = null;
  exchangeTime = 0 as EpochMs;
}

export class ReusedQuote implements ScannedQuote {
  readonly type = 'scannedQuote';
  symbol = '';
  bidPrice = 0 as Price;
  bidSize = 0 as Size;
  askPrice = 0 as Price;
  askSize = 0 as Size;
  sequence: number | null = null;
  exchangeTime = 0 as EpochMs;
}

export class ReusedTrade implements ScannedTrade {
  readonly type = 'scannedTrade';
  symbol = '';
  id = '';
  price = 0 as Price;
  size = 0 as Size;
  side: Side = 'buy';
  exchangeTime = 0 as EpochMs;
}
