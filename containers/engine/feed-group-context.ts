import type { AccountConfiguration, FeedConfiguration, LaneConfiguration } from '#core/config/runtime-configuration.ts';
import type { ScannedLane } from '#core/config/scanner-configuration.ts';
import type { UnitRef } from '#core/control/unit.ts';
import type { InputLog } from '#core/input-log/input-log.ts';
import type { ComparisonPlan } from '#core/reconciliation/comparison-budget.ts';
import type { Venue } from '#venues/venue.ts';
import type { EngineOptions } from './engine.ts';
import type { EngineMetrics } from './engine-metrics.ts';
import type { FeedScanning } from './feed-scanner.ts';
import type { EventOrigin } from './unit-events.ts';
import type { RiskTerms } from './unit-risk.ts';

/** What a group has of its engine. */
export interface FeedGroupContext {
  readonly options: EngineOptions;
  readonly inputLog: InputLog;
  readonly metrics: EngineMetrics;
  readonly origin: EventOrigin;
  /** Of the configuration in force. */
  readonly account: (unit: UnitRef) => AccountConfiguration | undefined;
  /** Those with symbols of their own. */
  readonly lanes: (unit: UnitRef) => readonly LaneConfiguration[];
  /** Those whose symbols scanners pick. */
  readonly scanned: (unit: UnitRef) => readonly ScannedLane[];
  /** What scanners of a feed hear, and the symbols of which nothing else is carried. */
  readonly scanners: (feed: FeedConfiguration) => FeedScanning;
  readonly risk: () => RiskTerms;
  /** How the lanes of a unit are compared with the venue beside those that share its request budget. */
  readonly comparisons: (unit: UnitRef) => ComparisonPlan;
  /** Market data comes from where the venue's accounts trade. */
  readonly marketAccount: (venue: Venue) => UnitRef;
  readonly stopping: () => boolean;
}
