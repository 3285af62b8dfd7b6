import { z } from 'zod';
import type { Alerts } from '#aws/alerts.ts';
import type { ConfirmationWaits } from '#aws/confirmation-waits.ts';
import type { LedgerIndexReader } from '#aws/ledger-checkpoints.ts';
import type { LedgerReader } from '#aws/ledger-reader.ts';
import type { Log } from '#aws/log.ts';
import {
  CONFIRMATION_RECORD,
  CONFIRMATION_SETTINGS,
  type ConfirmationRecord,
} from '#core/confirmation/confirmation-record.ts';
import {
  afterDecision,
  type ConfirmationDecision,
  decideConfirmation,
  noteCancel,
  noteQuery,
} from '#core/confirmation/decide-confirmation.ts';
import { type UnitRef, unitId } from '#core/control/unit.ts';
import type { VenueQueries } from '#core/orders/venue-ports.ts';
import { askVenue, cancelAtVenue } from './ask-venue.ts';

const shared = { settings: CONFIRMATION_SETTINGS, record: CONFIRMATION_RECORD };
const asked = CONFIRMATION_RECORD.extend({
  decision: z.object({ kind: z.enum(['person', 'unknown']), reason: z.string() }),
});

/** What the state machine asks of the function; `lib/constructs/order-confirmation.ts` writes it. */
export const STEP_REQUEST = z.discriminatedUnion('action', [
  z.object({ action: z.literal('await'), token: z.string().min(1), ...shared }),
  z.object({ action: z.literal('query'), ...shared }),
  z.object({ action: z.literal('decide'), ...shared }),
  z.object({ action: z.literal('cancel'), ...shared }),
  z.object({ action: z.literal('notifyPerson'), token: z.string().min(1), ...shared, record: asked }),
]);
export type StepRequest = z.infer<typeof STEP_REQUEST>;

export interface StepParts {
  readonly waits: ConfirmationWaits;
  readonly ledger: LedgerReader;
  /** Of the same ledger: what lets a question cost the same however long it is. Absent: the whole of the symbol's is read. */
  readonly index?: LedgerIndexReader;
  readonly venue: (unit: UnitRef) => Promise<VenueQueries>;
  readonly alerts: Alerts;
  readonly log: Log;
  /** Wall clock, ms. */
  readonly nowMs: () => number;
}

/** The record that the machine carries on, with the decision where one was made. Null: a wait, which answers through its token instead. */
export type StepAnswer = (ConfirmationRecord & { readonly decision?: ConfirmationDecision }) | null;

/** Carries out one action of the state machine. Only `cancel` changes anything at the venue, and nothing here writes the ledger. */
export async function carryOutStep(request: StepRequest, parts: StepParts): Promise<StepAnswer> {
  const { record } = request;
  const { clientOrderId } = record.order;
  const venue = () => parts.venue(record.order);
  switch (request.action) {
    case 'await': {
      const outcome = await parts.waits.awaitCallback(clientOrderId, request.token);
      parts.log('debug', 'awaiting the callback', { clientOrderId, outcome });
      return null;
    }
    case 'query': {
      const query = await askVenue(venue, parts.ledger, record, parts.nowMs(), parts.index);
      if (query.kind === 'failed')
        parts.log('warn', 'the venue could not be asked', { clientOrderId, reason: query.reason });
      return noteQuery(record, query);
    }
    case 'decide': {
      const decision = decideConfirmation(record, request.settings, parts.nowMs());
      parts.log('info', 'decided', {
        clientOrderId,
        round: record.rounds,
        kind: decision.kind,
        reason: decision.reason,
      });
      // People are asked by the next state; what ends by itself and was not as the engine said is told here.
      if (decision.kind === 'done' && decision.alert !== null) {
        await tell(parts, record, 'warning', 'CONFIRMATION_DISAGREES', decision.alert);
      }
      return { ...afterDecision(record), decision };
    }
    case 'cancel': {
      const { answer, text } = await cancelAtVenue(venue, record);
      parts.log('warn', 'cancelled at the deadline', { clientOrderId, answer, text });
      return noteCancel(record, parts.nowMs(), answer, text);
    }
    case 'notifyPerson': {
      const { decision } = request.record;
      const code = decision.kind === 'unknown' ? 'ORDER_UNKNOWN' : 'CONFIRMATION_DISAGREES';
      const outcome = await parts.waits.awaitPerson(record, request.token);
      if (outcome === 'waiting') await tell(parts, record, 'critical', code, questionFor(record, decision.reason));
      return null;
    }
  }
}

function questionFor(record: ConfirmationRecord, reason: string): string {
  const { clientOrderId, symbol, lane } = record.order;
  return [
    `Order ${clientOrderId} (${symbol}, lane ${lane}): its end could not be proven: ${reason}.`,
    'Look the order up at the venue and put your answer on the command queue:',
    JSON.stringify({
      kind: 'confirmationDecision',
      clientOrderId,
      outcome: 'Filled | Canceled | Rejected | Expired',
      who: 'your name',
      note: 'how you know',
    }),
  ].join('\n');
}

async function tell(
  parts: StepParts,
  record: ConfirmationRecord,
  severity: 'warning' | 'critical',
  code: string,
  text: string,
): Promise<void> {
  const { order, rounds } = record;
  await parts.alerts.publish({
    // The same for a repeated step.
    id: `confirmation/${order.clientOrderId}/${rounds}`,
    severity,
    code,
    text,
    dedupeKey: `${code}#${order.clientOrderId}`,
    unit: unitId(order),
    time: parts.nowMs(),
  });
}
