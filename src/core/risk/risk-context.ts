import type { LaneLimits } from '../config/runtime-configuration.ts';
import type { Instrument } from '../market/instrument.ts';
import type { OrderIntent } from '../orders/order.ts';
import type { UnitAllotment } from './allotment.ts';
import type { BreakerKind } from './breaker.ts';

/** What risk knows when it is asked; one object per lane, kept up to date by it. Sizes and prices are integers at the instrument's scales. */
export interface RiskContext {
  readonly instrument: Instrument;
  readonly limits: LaneLimits;
  readonly maxOrderSize: number;
  readonly maxPositionSize: number;
  bookValid: boolean;
  bidPrice: number;
  askPrice: number;
  dataAgeMs: number;
  /** Signed. */
  positionSize: number;
  /** Size of working and Unknown orders that would add to the position on the buy and on the sell side (F6). */
  workingBuySize: number;
  workingSellSize: number;
  openOrders: number;
  /** Reduce-only orders that can still change the position. */
  exitsAtWork: number;
  unknownOrders: number;
  /** Realised and unrealised since 00:00 UTC, fees included, in settlement currency. */
  dailyProfit: number;
  /** Orders that may be sent now under the rate limit. */
  orderTokens: number;
  /** Why entries are paused, or null. */
  entriesPaused: string | null;
  frozen: boolean;
  /** Why the lease, the desired state or the trading stream forbids entries, or null. */
  fence: string | null;
  /** Why no order at all can leave (no lease), or null. */
  closed: string | null;
  /** Why the market's hours take no entry, or null. */
  marketClosed: string | null;
  /** Why the lane's learned filter declines the entry in question; null or absent: it does not. */
  entryFilter?: string | null;
  /** Why each breaker takes no entry, or null. */
  readonly breakers: Record<BreakerKind, string | null>;
  /** Of the lane, from its highest profit of the day, in settlement currency; at least 0. */
  drawdown: number;
  /** What the unit's lanes do together; null: nothing limits them together. */
  unit: UnitFigures | null;
}

/** What risk knows of the unit when it is asked about one intent; amounts in the reporting currency. */
export interface UnitFigures {
  /** The unit's parts of all budgets. */
  allotment: UnitAllotment;
  /** Largest part of its exposure that one symbol may take. */
  maxConcentration: number;
  reportingCurrency: string;
  /** Lanes that cannot be valued, this intent included. */
  unpriced: number;
  /** Exposure of all lanes, and of this lane, once the intent is at work. */
  exposureAfter: number;
  laneExposureAfter: number;
  profit: number;
  drawdown: number;
  openOrders: number;
  orderTokens: number;
  /** Free in the settlement currency, and what of it the intent needs, both in that currency; null: not known. */
  available: number | null;
  marginNeeded: number | null;
}

/** A named check: what it refuses stands in `explains`, the detail names the figures. */
export interface RiskCheck {
  readonly code: string;
  /** `entry`: exits that only reduce pass it. */
  readonly scope: 'entry' | 'all';
  readonly explains: string;
  /** Null: passes. Else the figures. */
  readonly check: (context: RiskContext, intent: OrderIntent) => string | null;
}
