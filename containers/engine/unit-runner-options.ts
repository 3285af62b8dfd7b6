import type { AccountConfiguration, LaneConfiguration } from '#core/config/runtime-configuration.ts';
import type { UnitRef } from '#core/control/unit.ts';
import type { Publisher } from '#core/events/publisher-port.ts';
import type { InputLog } from '#core/input-log/input-log.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import type { ComparisonPlan } from '#core/reconciliation/comparison-budget.ts';
import type { Clock, Timers } from '#core/time/clock.ts';
import type { AccountRuntime, Venue } from '#venues/venue.ts';
import type { EngineMetrics } from './engine-metrics.ts';
import type { EventOrigin } from './unit-events.ts';
import type { ReadLedger } from './unit-recovery.ts';
import type { RiskTerms } from './unit-risk.ts';
import type { UnitScanning } from './unit-scanning.ts';

/** What a unit's runner has of its engine and its feed. */
export interface UnitRunnerOptions {
  readonly unit: UnitRef;
  readonly account: AccountConfiguration;
  readonly lanes: readonly LaneConfiguration[];
  /** Those whose symbols scanners pick; absent: there are none. */
  readonly scanning?: UnitScanning;
  /** How they are compared beside all that share the venue's request budget; absent: as if there were no others. */
  readonly comparisons?: () => ComparisonPlan;
  /** What limits them together; absent: nothing. */
  readonly risk?: RiskTerms;
  readonly venue: Venue;
  readonly runtime: AccountRuntime;
  readonly publisher: Publisher;
  readonly inputLog: InputLog;
  readonly metrics: EngineMetrics;
  readonly origin: EventOrigin;
  readonly readLedger: ReadLedger;
  readonly instruments: ReadonlyMap<string, Instrument>;
  /** Name of the feed whose books its lanes are given; absent: there is one. */
  readonly feed?: string;
  /** The book of a symbol, or null while there is none. */
  readonly book: (symbol: string) => OrderBook | null;
  readonly clock: Clock;
  readonly timers: Timers;
  /** The venue cannot be reached, while something of the unit may be executed there. */
  readonly onCutOff?: (reason: string) => void;
}
