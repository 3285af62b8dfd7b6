import { createHash } from 'node:crypto';
import type { Alert, Alerts } from '#aws/alerts.ts';
import type { DesiredStates } from '#aws/desired-state.ts';
import type { Ledger } from '#aws/ledger.ts';
import type { Log } from '#aws/log.ts';
import { type UnitRef, unitId } from '#core/control/unit.ts';
import { messageOf } from '#core/errors.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { type BalanceDifference, compareBalances, standingBalances } from '#core/reconciliation/compare-balances.ts';
import { balanceEvent, type CorrectionOrigin } from '#core/reconciliation/correction-events.ts';
import { compareSymbol } from '#core/reconciliation/differences.ts';
import { planSymbol, type ReconciliationRules, type SymbolPlan } from '#core/reconciliation/plan-reconciliation.ts';
import type { SymbolLook } from '#core/reconciliation/symbol-look.ts';
import { lookAt, type Parties, type ReconciledSymbol } from './ask-parties.ts';
import { type MoneyPlan, planMoney } from './reconcile-money.ts';
import type { SymbolReport, UnitReport } from './reconciliation-report.ts';

export interface ReconcileParts extends Omit<Parties, 'queries'> {
  readonly venue: (unit: UnitRef) => Promise<Parties['queries']>;
  readonly writer: Ledger;
  readonly desired: DesiredStates;
  readonly alerts: Alerts;
  readonly log: Log;
  readonly rules: ReconciliationRules;
  readonly origin: CorrectionOrigin;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Of one alert. */
const MOST_LINES = 20;

/** A unit with what is configured of it; `symbols` by name, so that the venue's instruments are asked for once. */
export interface ReconciledUnit {
  readonly unit: UnitRef;
  readonly symbols: readonly { readonly symbol: string; readonly reservedSize: string; readonly lane: string | null }[];
}

/**
 * Compares one unit and corrects its ledger. Only what stands in two looks, `settleMs` apart, is acted upon; symbols are frozen before the ledger is corrected, so that no entry falls between.
 * A venue that cannot be asked is a report that says so;
 * rejects only where people cannot be told.
 */
export async function reconcileUnit(parts: ReconcileParts, { unit, symbols }: ReconciledUnit): Promise<UnitReport> {
  const startedAt = parts.nowMs();
  try {
    const queries = await parts.venue(unit);
    const parties = { ...parts, queries };
    const instruments = new Map((await queries.instruments()).map((each) => [each.symbol, each]));
    const known = symbols.flatMap(({ symbol, ...rest }): ReconciledSymbol[] => {
      const instrument = instruments.get(symbol);
      return instrument === undefined ? [] : [{ unit, instrument, ...rest }];
    });
    const balances = () => balanceDifferences(parties, unit);
    const first = await looksAt(parties, known);
    const firstBalances = await balances();
    const doubtful = known.filter((_, index) => {
      const look = first[index];
      return look !== undefined && compareSymbol(look, parts.rules).length > 0;
    });
    if (doubtful.length > 0 || firstBalances.length > 0) await parts.sleep(parts.rules.settleMs);
    const second = await looksAt(parties, doubtful);
    const standing = standingBalances(firstBalances, firstBalances.length === 0 ? [] : await balances());

    const reports: SymbolReport[] = [];
    for (const look of first) {
      const again = second.find((each) => each.instrument.symbol === look.instrument.symbol);
      if (again === undefined) reports.push(reportOf(look, null, []));
      else {
        const plan = planSymbol(look, again, parts.rules, parts.origin);
        reports.push(reportOf(again, plan, await carryOut(parts, again, plan)));
      }
    }
    const unknown = symbols.filter((each) => !instruments.has(each.symbol)).map((each) => each.symbol);
    if (unknown.length > 0) throw new Error(`the venue has no instrument ${unknown.join(', ')}`);
    await correctBalances(parts, unit, standing);
    const ofVenue = async (venue: UnitRef['venue']) =>
      venue === unit.venue
        ? instruments
        : new Map((await (await parts.venue({ ...unit, venue })).instruments()).map((each) => [each.symbol, each]));
    const money = () =>
      planMoney(
        parties,
        unit,
        known.map((each) => each.instrument.symbol),
        ofVenue,
        () => looksAt(parties, known),
        parts.rules,
        parts.origin,
      );
    const cash = await compareMoney(parts, unit, money);
    const balanceLines = standing.map(balanceLine);
    const valued: SymbolReport[] = [];
    for (const report of reports) valued.push(await withValue(queries, report, instruments.get(report.symbol)));
    return { unit: unitId(unit), at: startedAt, failed: null, symbols: valued, balances: balanceLines, cash };
  } catch (error) {
    const failed = messageOf(error);
    parts.log('error', 'a unit could not be reconciled', { unit: unitId(unit), reason: failed });
    await tell(
      parts,
      unit,
      'warning',
      'RECONCILIATION_FAILED',
      unitId(unit),
      `${unitId(unit)} could not be reconciled: ${failed}`,
    );
    return { unit: unitId(unit), at: startedAt, failed, symbols: [], balances: [], cash: [] };
  }
}

async function looksAt(parties: Parties, symbols: readonly ReconciledSymbol[]): Promise<readonly SymbolLook[]> {
  const looks: SymbolLook[] = [];
  for (const symbol of symbols) looks.push(await lookAt(parties, symbol));
  return looks;
}

async function balanceDifferences(parties: Parties, unit: UnitRef): Promise<readonly BalanceDifference[]> {
  const ledger = (await parties.ledger.readBalances(unit)).filter((each) => each.venue === unit.venue);
  return compareBalances(ledger, await parties.queries.balances());
}

/** Freezes, corrects, tells. What each correction came to, in their order. */
async function carryOut(parts: ReconcileParts, look: SymbolLook, plan: SymbolPlan): Promise<readonly string[]> {
  const { symbol } = look.instrument;
  const unit = unitId(look.unit);
  if (plan.unsettled !== null) {
    parts.log('info', 'not settled, nothing is corrected', { unit, symbol, reason: plan.unsettled });
    return [];
  }
  if (plan.freeze !== null) {
    const { frozenSymbols } = await parts.desired.read(unit);
    const reason = `reconciliation of ${symbol}: ${plan.freeze}`.slice(0, 500);
    if (!frozenSymbols.includes(symbol))
      await parts.desired.freeze(unit, { id: `reconcile/${symbol}/${look.at}`, symbols: [symbol], reason }, look.at);
  }
  const outcomes: string[] = [];
  for (const event of plan.corrections) outcomes.push(`${event.type} ${event.id}: ${await parts.writer.apply(event)}`);
  const text = plan.findings.map((each) => each.text).join('\n');
  if (text === '') return outcomes;
  const critical = plan.findings.some((each) => each.severity === 'critical');
  const severity = critical ? 'critical' : 'warning';
  const done = [
    plan.corrections.length > 0 ? `The ledger was corrected (${plan.corrections.length} entries).` : '',
    plan.freeze === null ? '' : `${symbol} takes no entries until people lift it (docs/runbook.md, "Reconciliation").`,
  ];
  const lines = plan.findings.map((each) => each.text);
  const more = lines.length > MOST_LINES ? `and ${lines.length - MOST_LINES} more, in the report` : '';
  const told = [`${unit} ${symbol}:`, ...lines.slice(0, MOST_LINES), more, ...done]
    .filter((line) => line !== '')
    .join('\n');
  // What stands unchanged is not told at every look.
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16);
  await tell(parts, look.unit, severity, 'RECONCILIATION_DIFFERENCE', `${unit}#${symbol}#${digest}`, told);
  parts.log('warn', 'differences', { unit, symbol, text, corrections: outcomes.length, frozen: plan.freeze !== null });
  return outcomes;
}

async function correctBalances(
  parts: ReconcileParts,
  unit: UnitRef,
  standing: readonly BalanceDifference[],
): Promise<void> {
  for (const { report } of standing) {
    if (report !== null) await parts.writer.apply(balanceEvent(unit, parts.nowMs(), report, parts.origin));
  }
}

/** Positions stand as they were compared, whether or not the money can be. */
async function compareMoney(
  parts: ReconcileParts,
  unit: UnitRef,
  plan: () => Promise<MoneyPlan>,
): Promise<UnitReport['cash']> {
  try {
    return await bookMoney(parts, unit, await plan());
  } catch (error) {
    const id = unitId(unit);
    const text = `the wallets of ${id} could not be compared: ${messageOf(error)}`;
    parts.log('error', 'wallets not compared', { unit: id, reason: messageOf(error) });
    await tell(parts, unit, 'warning', 'RECONCILIATION_FAILED', `${id}#money`, text);
    return [];
  }
}

/** Writes what the plan says, and tells what differs. */
async function bookMoney(
  parts: ReconcileParts,
  unit: UnitRef,
  { events, differences }: MoneyPlan,
): Promise<UnitReport['cash']> {
  for (const event of events) parts.log('info', `${event.type} ${event.id}: ${await parts.writer.apply(event)}`, {});
  const id = unitId(unit);
  if (differences.length > 0) {
    const lines = differences.map(
      ({ currency, ledger, venue, rest }) => `${currency}: ledger ${ledger}, venue ${venue}; nothing explains ${rest}`,
    );
    const digest = createHash('sha256').update(lines.join()).digest('hex').slice(0, 16);
    const booked = events.length > 0 ? [] : ['Not booked: the ledger has not heard of the unit since.'];
    const head = `${id}: the wallet is not what payments, profits and fees make of it.`;
    const text = [head, ...lines, ...booked].join('\n');
    await tell(parts, unit, 'warning', 'CASH_DIFFERENCE', `${id}#${digest}`, text);
  }
  return differences.map(({ currency, ledger, venue, rest }) => ({ currency, ledger, venue, rest }));
}

function balanceLine({ currency, ledger, venue }: BalanceDifference): UnitReport['balances'][number] {
  return { currency, ledger, venue };
}

/** What is held is worth at the venue's price; a venue that states none is not asked. */
async function withValue(
  queries: Parties['queries'],
  report: SymbolReport,
  instrument: Instrument | undefined,
): Promise<SymbolReport> {
  if (instrument === undefined) return report;
  const { kind, multiplier, quoteCurrency: currency } = instrument;
  const size = Math.abs(Number(report.venue));
  if (size === 0) return { ...report, held: { value: 0, currency } };
  if (kind === 'inverse') return { ...report, held: { value: size * multiplier, currency } };
  const quote = await queries.price?.(report.symbol).catch(() => null);
  const price = quote?.price ?? report.entryPrice;
  const value = price === undefined || Number(price) === 0 ? null : size * Number(price) * multiplier;
  return { ...report, held: { value, currency } };
}

function reportOf(look: SymbolLook, plan: SymbolPlan | null, outcomes: readonly string[]): SymbolReport {
  return {
    symbol: look.instrument.symbol,
    ledger: look.ledger.positionSize,
    venue: look.venue.position.size,
    entryPrice: look.venue.position.entryPrice,
    lane: look.lane?.state ?? null,
    differences:
      plan?.findings.map(({ severity, text, difference }) => ({ kind: difference.kind, severity, text })) ?? [],
    unsettled: plan?.unsettled ?? null,
    corrections: outcomes,
    frozen: plan?.freeze ?? null,
  };
}

async function tell(
  parts: ReconcileParts,
  unit: UnitRef,
  severity: Alert['severity'],
  code: string,
  key: string,
  text: string,
): Promise<void> {
  const time = parts.nowMs();
  const dedupeKey = `${code}#${key}`;
  await parts.alerts.publish({ id: `${dedupeKey}/${time}`, severity, code, text, dedupeKey, unit: unitId(unit), time });
}
