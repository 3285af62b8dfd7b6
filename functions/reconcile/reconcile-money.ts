import { createHash } from 'node:crypto';
import type { UnitRef } from '#core/control/unit.ts';
import type { TradingEvent } from '#core/events/trading-event.ts';
import { formatExact, parseExact } from '#core/ledger/exact-decimal.ts';
import type { Instrument, VenueId } from '#core/market/instrument.ts';
import { type CashDifference, compareCash, standingCash, WALLETS } from '#core/reconciliation/compare-cash.ts';
import { type CorrectionOrigin, cashEvent, paymentEvent } from '#core/reconciliation/correction-events.ts';
import type { SymbolLook } from '#core/reconciliation/symbol-look.ts';
import type { Parties } from './ask-parties.ts';
import { lookAtMoney, type MoneyLook, missingPayments, openedAt } from './look-at-money.ts';

/** How long is waited before something counts as missing, ms: between two looks, and until writers that are behind are no excuse. */
export interface MoneyRules {
  readonly settleMs: number;
  readonly writersBehindMs: number;
}

/** What is to be done about the wallets of a unit. */
export interface MoneyPlan {
  /** To be told: what stands in two looks while all executions are in the ledger. */
  readonly differences: readonly CashDifference[];
  /** Payments of the venue's books that the ledger lacked, openings and corrections. */
  readonly events: readonly TradingEvent[];
}

const NOTHING: MoneyPlan = { differences: [], events: [] };

/**
 * Compares a unit's wallets with what the ledger's payments, profits and fees make of them. The first time it opens the ledger's account with what was there before; later, payments that the ledger
 * lacks are written as the venue's books tell them, and what then still differs is told, and booked as a `correction`, with both sums for evidence. `looks`: asked when something differs; only while every
 * execution is in the ledger and none is young does a difference mean anything, and only where the ledger has heard of the unit since is it booked.
 */
export async function planMoney(
  parties: Parties & { readonly sleep: (ms: number) => Promise<void> },
  unit: UnitRef,
  configured: readonly string[],
  instruments: (venue: VenueId) => Promise<ReadonlyMap<string, Instrument>>,
  looks: () => Promise<readonly SymbolLook[]>,
  rules: MoneyRules,
  origin: CorrectionOrigin,
): Promise<MoneyPlan> {
  if (WALLETS[unit.venue].books === 'atSettlement') return NOTHING;
  const first = await lookAtMoney(parties, unit, configured, instruments);
  if (first === null) return NOTHING;
  const missing = missingPayments(first, first.at - rules.writersBehindMs);
  // With the next run the ledger has them, and only then the sums say anything.
  if (missing.length > 0)
    return { differences: [], events: missing.map((each) => paymentEvent(unit, first.at, each, origin)) };
  // What the books name and the ledger lacks, be it young, may be on its way: the sums say nothing without it.
  if (lacksPayments(first)) return NOTHING;
  const before = compareCash(unit.venue, first.stands, first.balances);
  const unopened = [...first.stands.keys()].filter((currency) => openedAt(first, currency) === null);
  if (before.length === 0 && unopened.length === 0) return NOTHING;
  await parties.sleep(rules.settleMs);
  const second = await lookAtMoney(parties, unit, configured, instruments);
  if (second === null || lacksPayments(second)) return NOTHING;
  const seen = await looks();
  if (!seen.every((look) => isWhole(look, rules.settleMs))) return NOTHING;
  const standing = standingCash(before, compareCash(unit.venue, second.stands, second.balances));
  const differences = standing.filter((each) => !unopened.includes(each.currency));
  // A unit's events come in their order: until the ledger has heard of it from after the first look, what tells of the money may be on its way.
  if (!seen.some(({ ledger }) => ledger.heardThrough >= first.at)) return { differences, events: [] };
  const events: TradingEvent[] = [];
  for (const currency of unopened) {
    if (!sameStand(first, second, currency)) continue;
    const { venue, ledger } = sumsOf(second, currency);
    const amount = formatExact(parseExact(venue) - parseExact(ledger));
    const evidence = `the venue's wallet holds ${venue}, the ledger accounts for ${ledger}`;
    events.push(
      cashEvent(unit, second.at, { id: `opening-${currency}`, reason: 'opening', currency, amount, evidence }, origin),
    );
  }
  for (const { currency, ledger, venue, rest } of differences) {
    const digest = createHash('sha256')
      .update(JSON.stringify([currency, ledger, venue]))
      .digest('hex')
      .slice(0, 16);
    const evidence = `the venue's wallet holds ${venue}, the ledger accounts for ${ledger}; every execution of the day is in it`;
    const id = `reconciled-${digest}`;
    events.push(cashEvent(unit, second.at, { id, reason: 'correction', currency, amount: rest, evidence }, origin));
  }
  return { differences, events };
}

function lacksPayments(look: MoneyLook): boolean {
  return missingPayments(look, Number.POSITIVE_INFINITY).length > 0;
}

/** Every execution is in the ledger, and none is so young that its wallet may lag behind. */
function isWhole({ venue, ledger, at, comparedFrom }: SymbolLook, settleMs: number): boolean {
  const known = new Set(ledger.fills.map((fill) => fill.fillId));
  const recent = venue.fills.filter((fill) => fill.venueTime >= comparedFrom);
  return venue.quiet && recent.every((fill) => known.has(fill.fillId) && fill.venueTime <= at - settleMs);
}

function sumsOf(
  { stands, balances }: MoneyLook,
  currency: string,
): { readonly venue: string; readonly ledger: string } {
  const venue = balances.find((each) => each.currency === currency)?.walletBalance ?? '0';
  return { venue, ledger: formatExact(stands.get(currency)?.total ?? 0n) };
}

function sameStand(first: MoneyLook, second: MoneyLook, currency: string): boolean {
  const [one, other] = [sumsOf(first, currency), sumsOf(second, currency)];
  return one.venue === other.venue && one.ledger === other.ledger;
}
