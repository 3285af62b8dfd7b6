import type { AuditedOrder, OrderVerdict } from '#core/audit/audit-order.ts';
import type { PlaceVerdict } from '#core/audit/audit-positions.ts';
import type { LedgerFill, LedgerOrder } from '#core/ledger/ledger-entry.ts';

type Evidence = NonNullable<LedgerOrder['state']>['evidence'][number];

/** The life of one order, with its evidence. Each line without its end. */
export function orderLines({ order, fills, confirmation }: AuditedOrder, verdict: OrderVerdict): string[] {
  const { clientOrderId, intent, state } = order;
  const lines = [`${verdict.verdict.padEnd(8)} ${clientOrderId} ${summaryOf(order)}`];
  if (intent !== null) {
    const price = intent.price === null ? 'at the market' : `at ${intent.price}`;
    lines.push(
      `  intended  ${stamp(intent.time)} lane ${intent.lane}, epoch ${intent.epoch}: ${intent.purpose}, ${intent.orderType} ${price}, signal ${intent.signalPrice}`,
    );
  }
  for (const fill of fills) lines.push(`  executed  ${stamp(fill.venueTime)} ${fillText(fill)}`);
  if (state !== null) {
    const of = state.size === undefined ? '' : ` of ${state.size}`;
    lines.push(
      `  ${state.terminal ? 'ended' : 'is   '}     ${stamp(state.time)} ${state.state}, ${state.cumulativeSize}${of}, venue's id ${state.venueOrderId ?? 'none'}${state.reason === '' ? '' : `: ${state.reason}`}`,
    );
    for (const each of state.evidence) lines.push(`  evidence  ${evidenceText(each)}`);
  }
  if (confirmation?.kind === 'ended')
    lines.push(
      `  confirmed ${confirmation.state} by ${confirmation.by}${confirmation.reason === '' ? '' : `: ${confirmation.reason}`}`,
    );
  const told = confirmation?.kind === 'ended' ? `confirmed by ${confirmation.by}` : null;
  for (const note of verdict.notes) if (note !== told) lines.push(`  note      ${note}`);
  for (const fault of verdict.faults) lines.push(`  FAULT     ${fault}`);
  return lines;
}

/** A position as people read it, its faults below it. */
export function placeLines({ venue, symbol, position, fills, adjustments, faults }: PlaceVerdict): string[] {
  return [
    `position ${venue} ${symbol} ${position} = ${fills} fills + ${adjustments} adjustments`,
    ...faults.map((fault) => `  FAULT     ${fault}`),
  ];
}

function summaryOf({ intent, state }: LedgerOrder): string {
  const side = intent?.side ?? state?.foreign?.side ?? '';
  const size = intent?.size ?? state?.size ?? '';
  const symbol = intent?.symbol ?? state?.symbol ?? '';
  return [side, size, symbol, intent?.reduceOnly === true ? 'reduce-only' : '', state?.state ?? 'intended']
    .filter((word) => word !== '')
    .join(' ');
}

function fillText({ fillId, side, size, price, fee, feeCurrency, liquidity, cause }: LedgerFill): string {
  const how = cause === 'trade' ? liquidity : cause;
  return `${fillId}: ${side} ${size} at ${price}, fee ${fee} ${feeCurrency}, ${how}`;
}

function evidenceText(evidence: Evidence): string {
  switch (evidence.kind) {
    case 'accountStream':
      return `the account stream's report of order ${evidence.venueOrderId}, venue's time ${stamp(evidence.venueTime)}`;
    case 'query':
      return `the venue's answer about order ${evidence.venueOrderId}, venue's time ${stamp(evidence.venueTime)}`;
    case 'answer':
      return `the venue's answer to the request: ${evidence.code} ${evidence.text}`;
    case 'fills':
      return `executions ${evidence.fillIds.join(', ')}`;
    case 'agreedAbsence':
      return `order, executions (since ${stamp(evidence.windowFrom)}) and position ${evidence.position} agree that it never was, asked ${stamp(evidence.queriedAt)}`;
    case 'notSent':
      return `it never left: ${evidence.reason}`;
    case 'person':
      return `${evidence.who} says: ${evidence.note}`;
  }
}

function stamp(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
