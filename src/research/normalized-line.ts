import type { LevelText, MarketDataMessage } from '#core/market/market-message.ts';
import { canonicalDecimal } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';

/** One message as a line of normalized output: decimals as text without trailing zeros, times ISO-8601 UTC, no newline. */
export function normalizedLine(message: MarketDataMessage): string {
  switch (message.type) {
    case 'trade':
    case 'liquidation': {
      const { type, symbol, id, price, size, side, exchangeTime } = message;
      return JSON.stringify({
        type,
        symbol,
        id,
        price: canonicalDecimal(price),
        size: canonicalDecimal(size),
        side,
        exchangeTime: iso(exchangeTime),
      });
    }
    case 'book': {
      const { type, symbol, isSnapshot, bids, asks, exchangeTime } = message;
      return JSON.stringify({
        type,
        symbol,
        isSnapshot,
        bids: bids.map(level),
        asks: asks.map(level),
        exchangeTime: iso(exchangeTime),
      });
    }
    case 'quote': {
      const { type, symbol, bidPrice, bidSize, askPrice, askSize, exchangeTime } = message;
      return JSON.stringify({
        type,
        symbol,
        bidPrice: canonicalDecimal(bidPrice),
        bidSize: canonicalDecimal(bidSize),
        askPrice: canonicalDecimal(askPrice),
        askSize: canonicalDecimal(askSize),
        exchangeTime: iso(exchangeTime),
      });
    }
    case 'ticker': {
      const { type, symbol, lastPrice, markPrice, indexPrice, fundingRate, nextFundingTime, openInterest } = message;
      return JSON.stringify({
        type,
        symbol,
        lastPrice: decimal(lastPrice),
        markPrice: decimal(markPrice),
        indexPrice: decimal(indexPrice),
        fundingRate: decimal(fundingRate),
        nextFundingTime: nextFundingTime === null ? null : iso(nextFundingTime),
        openInterest: decimal(openInterest),
        exchangeTime: iso(message.exchangeTime),
      });
    }
    case 'candle': {
      const { open, high, low, close, volume, openTime, exchangeTime } = message;
      return JSON.stringify({
        ...message,
        openTime: iso(openTime),
        open: canonicalDecimal(open),
        high: canonicalDecimal(high),
        low: canonicalDecimal(low),
        close: canonicalDecimal(close),
        volume: canonicalDecimal(volume),
        exchangeTime: iso(exchangeTime),
      });
    }
    case 'news':
      return JSON.stringify({
        ...message,
        updatedAt: iso(message.updatedAt),
        exchangeTime: iso(message.exchangeTime),
      });
    case 'tradingStatus':
      return JSON.stringify({ ...message, exchangeTime: iso(message.exchangeTime) });
  }
}

function level([price, size]: LevelText): LevelText {
  return [canonicalDecimal(price), canonicalDecimal(size)];
}

function decimal(text: string | null): string | null {
  return text === null ? null : canonicalDecimal(text);
}

function iso(time: EpochMs): string {
  return new Date(time).toISOString();
}
