import type { TradingEvent } from '../events/trading-event.ts';
import { formatExact, parseExact } from '../ledger/exact-decimal.ts';
import { type CorrectionOrigin, correctionWriter } from './correction-events.ts';
import { compareSymbol, type Difference, deltaOfFill, type Patience } from './differences.ts';
import { proofOf } from './ledger-proof.ts';
import { whyUnsettled } from './settled.ts';
import type { SymbolLook } from './symbol-look.ts';

export interface ReconciliationRules extends Patience {
  /** An order that the venue does not know is a matter for people after this, ms: before, engine and confirmation are at it. */
  readonly unprovenAfterMs: number;
}

/** What is to be told to people of one difference. */
export interface Finding {
  readonly difference: Difference;
  readonly severity: 'info' | 'warning' | 'critical';
  /** One line. */
  readonly text: string;
}

/** What a reconciliation does about one symbol. */
export interface SymbolPlan {
  readonly findings: readonly Finding[];
  /** Why nothing is corrected yet, or null. */
  readonly unsettled: string | null;
  /** To be written to the ledger, in this order: after a crash between any two, the next run goes on from there. */
  readonly corrections: readonly TradingEvent[];
  /** Why the symbol is to take no entries until people have looked, or null. */
  readonly freeze: string | null;
}

/**
 * What to do about a symbol after two looks at it. Executions that the ledger lacks are written as the venue reports them; what they do not explain is written as a `correction` without a
 * price, and the symbol is frozen; what cannot be corrected is frozen. The position is corrected only where the difference is proven to be the ledger's alone: else the engine's own correction may be on its way,
 * and counts twice with another one; the symbol is frozen then, and nothing is written. Doing it again changes nothing.
 */
export function planSymbol(
  first: SymbolLook,
  second: SymbolLook,
  rules: ReconciliationRules,
  origin: CorrectionOrigin,
): SymbolPlan {
  const before = new Set(compareSymbol(first, rules).map(identityOf));
  const standing = compareSymbol(second, rules).filter((each) => before.has(identityOf(each)));
  const due = standing.filter(
    (each) => each.kind !== 'unprovenOrder' || each.since <= second.at - rules.unprovenAfterMs,
  );
  const proof = due.some(isOfPosition) ? proofOf(first, second) : PROVEN;
  const moving = due.length === 0 ? null : whyUnsettled(first, second, rules.settleMs);
  const unsettled = moving ?? (proof.kind === 'engineIsAtIt' ? proof.reason : null);
  const findings = due.map((difference) => ({ difference, ...judge(difference) }));
  if (unsettled !== null) return { findings, unsettled, corrections: [], freeze: null };
  const proven = proof.kind === 'proven';
  const told = proven ? findings : findings.map((each) => unprovenFinding(each, proof.reason));
  const freezing = told.filter((each) => each.freezes).map((each) => each.text);
  return {
    findings: told,
    unsettled,
    corrections: correctionsOf(second, proven ? due : due.filter((each) => !isOfPosition(each)), origin),
    freeze: freezing.length === 0 ? null : freezing.join('; '),
  };
}

const PROVEN = { kind: 'proven', reason: '' } as const;

/** What is corrected by moving the ledger's position. */
function isOfPosition({ kind }: Difference): boolean {
  return kind === 'missingFill' || kind === 'position';
}

function unprovenFinding(finding: Finding & Judgement, reason: string): Finding & Judgement {
  if (!isOfPosition(finding.difference)) return finding;
  return { ...finding, severity: 'critical', text: `${finding.text}; not corrected: ${reason}`, freezes: true };
}

/** The same for the same difference in two looks. */
function identityOf(difference: Difference): string {
  switch (difference.kind) {
    case 'missingFill':
      return `fill ${difference.fill.fillId}`;
    case 'missedEnd':
      return `end ${difference.order.clientOrderId}`;
    case 'unprovenOrder':
      return `unproven ${difference.clientOrderId}`;
    case 'unknownOrder':
    case 'foreignOrder':
      return `${difference.kind} ${difference.report.venueOrderId}`;
    case 'position':
      return `position ${difference.ledger} ${difference.venue} ${difference.missing}`;
    case 'engine':
      return `engine ${difference.lane} ${difference.state}`;
  }
}

interface Judgement {
  readonly severity: Finding['severity'];
  readonly text: string;
  /** Whether people must look before entries go on. */
  readonly freezes: boolean;
}

/** How grave a difference is: one row a kind. */
function judge(difference: Difference): Judgement {
  switch (difference.kind) {
    case 'missingFill': {
      const { fill, ours } = difference;
      const what = `${fill.cause === 'trade' ? 'execution' : fill.cause} ${fill.fillId}: ${fill.side} ${fill.size} at ${fill.price} of order ${fill.venueOrderId}`;
      if (ours && fill.cause === 'trade')
        return { severity: 'warning', text: `the ledger lacked ${what}`, freezes: false };
      const whose = fill.cause === 'trade' ? ', which was not placed here' : ', which the venue did by itself';
      return { severity: 'critical', text: `the ledger lacked ${what}${whose}`, freezes: true };
    }
    case 'missedEnd': {
      const { order, report } = difference;
      const text = `the ledger lacked the end of order ${order.clientOrderId}: ${report.status}, ${report.cumulativeSize} of ${report.size}`;
      return { severity: 'warning', text, freezes: false };
    }
    case 'unprovenOrder':
      return {
        severity: 'critical',
        text: `order ${difference.clientOrderId} has no end in the ledger, and the venue does not know it`,
        freezes: true,
      };
    case 'unknownOrder': {
      const { report, ledgerState } = difference;
      const ledger = ledgerState === null ? 'never heard of it' : `has it as ${ledgerState}`;
      const text = `order ${report.clientOrderId} (${report.venueOrderId}) is open at the venue, and the ledger ${ledger}`;
      return { severity: 'critical', text, freezes: true };
    }
    case 'foreignOrder': {
      const { report } = difference;
      const text = `order ${report.venueOrderId} (${report.side} ${report.size}) is open at the venue and was not placed here`;
      return { severity: 'warning', text, freezes: false };
    }
    case 'position': {
      const { ledger, venue, rest, replaces } = difference;
      const held = `position: ledger ${ledger}, venue ${venue}`;
      if (parseExact(rest) === 0n)
        return { severity: 'warning', text: `${held}; the missing executions explain it`, freezes: false };
      if (replaces.length > 0)
        return {
          severity: 'warning',
          text: `${held}; the missing executions take the place of ${replaces.join(', ')}`,
          freezes: false,
        };
      return { severity: 'critical', text: `${held}; nothing explains ${rest}`, freezes: true };
    }
    case 'engine': {
      const { lane, state, position } = difference;
      return { severity: 'critical', text: `lane ${lane} says ${state}, held is ${position}`, freezes: true };
    }
  }
}

function correctionsOf(look: SymbolLook, due: readonly Difference[], origin: CorrectionOrigin): TradingEvent[] {
  const write = correctionWriter(look, origin);
  const fills = due.flatMap((each) => (each.kind === 'missingFill' ? [each.fill] : []));
  const events: TradingEvent[] = [];
  for (const each of due) {
    if (each.kind !== 'position' || parseExact(each.rest) === 0n) continue;
    const { position } = look.venue;
    // First, so that it cannot be made without the executions and be taken for unexplained after a crash.
    for (const fill of each.instead) {
      const instead = `execution ${fill.fillId} takes the place of ${each.replaces.join(', ')}`;
      events.push(write.inPlaceOf(fill, formatExact(-deltaOfFill(look, fill)), instead));
    }
    if (each.replaces.length > 0) continue;
    const because = `the venue's position query says ${position.size} (its time ${position.venueTime})${fills.length > 0 ? ` after executions ${fills.map((fill) => fill.fillId).join(', ')}` : ''}; nothing else explains the difference`;
    events.push(write.adjustment(formatExact(parseExact(each.rest)), because));
  }
  events.push(...fills.map(write.fill));
  for (const each of due) if (each.kind === 'missedEnd') events.push(write.end(each.order, each.report));
  return events;
}
