import type { TradeMessage } from '../market/market-message.ts';
import type { ScannedTrade } from '../market/scanned-message.ts';
import type { MonoNanos } from '../time/clock.ts';
import type { Lane } from './lane.ts';

/**
 * Hot: gives a lane an execution of its symbol, read from text or scanned; the same for the engine and for a replay. Both ways give the same double: the nearest to the decimal value in the instrument's
 * units of size.
 */
export function giveTrade(lane: Lane, message: TradeMessage | ScannedTrade, receivedAt: MonoNanos): void {
  if (!lane.looksAtTrades) return;
  const size =
    message.type === 'scannedTrade' ? message.size : Math.round(Number(message.size) * 10 ** lane.instrument.sizeScale);
  lane.onTrade(message.side, size, receivedAt);
}
