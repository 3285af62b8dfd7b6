import type { Channel, MarketMessage } from '#core/market/market-message.ts';
import type { OrderIntent } from '#core/orders/order.ts';
import type { RawFrame } from './messages.ts';

/**
 * Bybit V5 is one protocol for several categories of products. This is all in which they differ for a client; each category is a venue of its own,
 * since the same symbol means another thing in each.
 */
export interface BybitCategory {
  /** As the venue writes it in requests and rows. */
  readonly name: 'linear' | 'spot';
  readonly venue: 'bybit-linear' | 'bybit-spot';
  readonly publicPath: string;
  /** Topics of the public stream, by channel. */
  readonly topics: Readonly<Partial<Record<Channel, (symbol: string) => string>>>;
  /** Requests a second of each kind of order request (Bybit V5 documentation, "Rate limit rules"). */
  readonly ordersPerSecond: number;
  /** All-in-one topics of the private stream that say something of this category. */
  readonly privateTopics: readonly string[];
  /** What the venue calls this category in announcements of maintenance (Bybit V5 documentation, "Enums", `product`). */
  readonly product: number;
  /** `wallet`: what is held is a balance of the base asset, not a position. */
  readonly positions: 'venue' | 'wallet';
  /** Reads frames of topics that the others do not have; nothing for those that it does not know either. Throws `FRAME_INVALID`. */
  readonly readOther?: (frame: RawFrame) => readonly MarketMessage[];
  /** Orders that wait for a trigger are another kind of order to the venue: a cancel must say so (`orderFilter`). */
  readonly stopsHaveFilter: boolean;
  /** Adds to an order's fields those that only this category has. `triggerPrice`: of an order that waits for it. */
  completeOrder(order: Record<string, unknown>, intent: OrderIntent, triggerPrice: string | null): void;
}
