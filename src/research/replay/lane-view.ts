import type { OrderBook } from '#core/market/order-book.ts';
import type { ReplayedLane, ReplayedUnit } from './replayed-unit.ts';

/** A lane, its book and what its unit shares, as people look at them. */
export function laneView({ lane, gate }: ReplayedLane, unit: ReplayedUnit, book: OrderBook | null): unknown {
  const { position, orders, configuration } = lane;
  const risk = unit.book;
  return {
    lane: lane.name,
    symbol: lane.symbol,
    state: lane.state,
    position: position.text,
    entryPrice: position.entryPrice,
    dailyProfit: lane.dailyProfit(),
    entriesPaused: lane.entriesPaused,
    gate,
    activity: lane.activity,
    orders: orders.pending().map(({ intent, state, venueOrderId, filledSize, reportedSize, size }) => ({
      ...intent,
      state,
      venueOrderId,
      filledSize,
      reportedSize,
      sizeInForce: size,
    })),
    denials: Object.fromEntries(lane.denials),
    book:
      book === null
        ? null
        : {
            valid: book.valid,
            sequence: book.sequence,
            bids: book.levels('buy', 3),
            asks: book.levels('sell', 3),
          },
    unit:
      risk === null
        ? null
        : {
            policy: risk.policy.version,
            exposure: risk.exposure,
            profit: risk.profit,
            drawdown: risk.drawdown,
            openOrders: risk.openOrders,
            unpriced: risk.unpriced,
          },
    strategy: configuration.strategy,
    limits: configuration.limits,
  };
}
