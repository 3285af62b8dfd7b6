import type { MarketMessage, TradeMessage } from '../market/market-message.ts';
import type { BookChange, ScannedMessage, ScannedTrade } from '../market/scanned-message.ts';

/** What of a frame reaches lanes: each such message is a part of its frame, and what is left out of two sockets' is told to the input log. */
export type FramePart = BookChange | TradeMessage | ScannedTrade;

/** Hot. */
export function isFramePart(message: MarketMessage | ScannedMessage): message is FramePart {
  const { type } = message;
  return type === 'scannedBook' || type === 'book' || type === 'scannedTrade' || type === 'trade';
}
