import type { Policy } from '../config/policy.ts';
import type { EpochMs } from '../time/clock.ts';

const HOUR_MS = 3_600_000;

/**
 * What one unit of a currency counts for in the reporting currency; undefined: nobody says, or what the policy states of it is older than it may be. The reporting currency itself is always worth
 * what the policy says.
 */
export function worthOf(policy: Policy, currency: string, now: EpochMs): number | undefined {
  const stated = policy.worth[currency];
  if (stated === undefined || currency === policy.reportingCurrency || policy.worthAsOf === undefined) return stated;
  const ageMs = now - Date.parse(policy.worthAsOf);
  return ageMs > policy.maxWorthAgeHours * HOUR_MS ? undefined : stated;
}
