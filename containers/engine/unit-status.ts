import type { UnitId } from '#core/control/unit.ts';
import type { Lane } from '#core/lanes/lane.ts';
import type { ConnectionStatus } from '#core/orders/venue-ports.ts';
import type { LaneSwitchStatus } from './lane-switch.ts';

/** Health of a unit, as `/health` and the live view show it. */
export interface UnitStatus {
  readonly unit: UnitId;
  readonly epoch: number;
  readonly accountStream: ConnectionStatus;
  readonly orderEntry: string;
  readonly reconciled: boolean;
  readonly closed: string | null;
  readonly fence: string | null;
  readonly lanes: readonly LaneStatus[];
  /** Of lanes whose symbols scanners pick. */
  readonly switches: readonly LaneSwitchStatus[];
}

export interface LaneStatus {
  readonly lane: string;
  readonly symbol: string;
  readonly state: string;
  readonly entriesPaused: string | null;
  readonly position: string;
  readonly entryPrice: string;
  readonly openOrders: number;
  readonly dailyProfit: number;
  /** What the profit is counted in. */
  readonly profitCurrency: string;
  /** Fees of other currencies that the profit carries a bound for, since no price of their time was known. */
  readonly unpricedFees: number;
  readonly denials: Readonly<Record<string, number>>;
}

/** A lane as it stands; sizes and prices as decimal text. */
export function laneStatus(lane: Lane): LaneStatus {
  const { instrument, position } = lane;
  return {
    lane: lane.name,
    symbol: lane.symbol,
    state: lane.state,
    entriesPaused: lane.entriesPaused,
    position: position.text,
    entryPrice: (position.entryPrice / 10 ** instrument.priceScale).toFixed(instrument.priceScale),
    openOrders: lane.orders.working().count,
    dailyProfit: lane.dailyProfit(),
    profitCurrency: instrument.settlementCurrency,
    unpricedFees: lane.unpricedFees,
    denials: Object.fromEntries(lane.denials),
  };
}
