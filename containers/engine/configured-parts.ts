import { NO_POLICY } from '#core/config/policy.ts';
import type { LaneConfiguration, RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import { lanesBySymbol, type ScannedLane, scannerOf } from '#core/config/scanner-configuration.ts';
import type { UnitRef } from '#core/control/unit.ts';
import { policyChange } from '#core/risk/policy-change.ts';
import type { EngineOptions } from './engine.ts';
import type { RiskTerms } from './unit-risk.ts';

/** A venue that takes one connection at a time has one feed: two engines would take it from one another for ever. */
export function feedFault({ feeds }: RuntimeConfiguration, venues: EngineOptions['venues']): string | null {
  const twice = feeds.find(
    (feed, index) =>
      !venues[feed.venue].marketData.limits.overlap && feeds.findIndex((each) => each.venue === feed.venue) < index,
  );
  return twice === undefined ? null : `${twice.venue} takes one connection at a time: it can have one feed only`;
}

/** Budgets are divided over every symbol that a lane may trade. */
export function termsOf(configuration: RuntimeConfiguration): RiskTerms {
  return { policy: configuration.policy ?? NO_POLICY, lanes: lanesBySymbol(configuration) };
}

/** A policy that differs and says to be no newer: nobody could tell which one held. */
export function policyFault(before: RuntimeConfiguration, after: RuntimeConfiguration): string | null {
  const change = policyChange(termsOf(before).policy, termsOf(after).policy);
  return change.kind === 'refused' ? change.reason : null;
}

/** Lanes of a unit with symbols of their own. */
export function fixedLanesOf({ lanes }: RuntimeConfiguration, unit: UnitRef): readonly LaneConfiguration[] {
  return lanes.filter((lane) => isOf(lane, unit) && lane.symbolFrom === undefined);
}

/** Lanes of a unit whose symbols scanners pick. */
export function scannedLanesOf(configuration: RuntimeConfiguration, unit: UnitRef): readonly ScannedLane[] {
  return configuration.lanes.flatMap((lane) => {
    const scanner = isOf(lane, unit) ? scannerOf(configuration, lane) : null;
    return scanner === null ? [] : [{ lane, scanner }];
  });
}

function isOf(lane: LaneConfiguration, unit: UnitRef): boolean {
  return lane.account === unit.account && lane.mode === unit.mode && lane.venue === unit.venue;
}
