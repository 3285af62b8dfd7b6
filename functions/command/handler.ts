import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { createDynamoDbClient, createStepFunctionsClient } from '#aws/clients.ts';
import { parseCommand } from '#aws/commands.ts';
import { createConfirmationWaits } from '#aws/confirmation-waits.ts';
import { createDesiredStates } from '#aws/desired-state.ts';
import { createLog } from '#aws/log.ts';
import { decisionFor, type PersonDecision } from '#core/confirmation/person-decision.ts';
import { parseUnitId, type UnitId, unitId } from '#core/control/unit.ts';
import { MillraceError, messageOf } from '#core/errors.ts';
import { readEnvironment } from '../environment.ts';

const settings = readEnvironment(['MILLRACE_ENVIRONMENT', 'MILLRACE_BUILD', 'MILLRACE_CONTROL_TABLE'], process.env);
const log = createLog({
  service: 'command',
  fields: { environment: settings.MILLRACE_ENVIRONMENT, build: settings.MILLRACE_BUILD },
});
const client = createDynamoDbClient();
const desiredStates = createDesiredStates(client, settings.MILLRACE_CONTROL_TABLE);
const waits = createConfirmationWaits({
  client,
  table: settings.MILLRACE_CONTROL_TABLE,
  stepFunctions: createStepFunctionsClient(),
  machineArn: null,
  nowMs: Date.now,
});
const processor = new BatchProcessor(EventType.SQS);

/** A person's word on an order: to the engine that follows it, and to the confirmation that asked. Throws where neither is there: nobody would hear it. */
async function decide(decision: PersonDecision, issuedAt: number): Promise<void> {
  const { clientOrderId, outcome, who } = decision;
  const unit = await unitOf(decision);
  const engine = unit === null ? 'noUnit' : await desiredStates.decide(unit, decisionFor(decision, issuedAt));
  const confirmation = await waits.decide(decision);
  log('info', 'a person decided on an order', { clientOrderId, outcome, who, unit, engine, confirmation });
  if (unit === null && confirmation === 'notAsked') {
    const detail = `clientOrderId=${clientOrderId}: no confirmation follows it; say whose it is by "unit"`;
    throw new MillraceError('validation', 'DECISION_WITHOUT_ORDER', detail);
  }
}

async function unitOf(decision: PersonDecision): Promise<UnitId | null> {
  const stated = decision.unit === undefined ? null : parseUnitId(decision.unit);
  const owner = stated ?? (await waits.orderOf(decision.clientOrderId));
  return owner === null ? null : unitId(owner);
}

/** One command: to its effect, or thrown, so that the queue gives it again and at last to its dead letters. */
async function carryOut(record: SQSRecord): Promise<void> {
  try {
    const command = parseCommand(record.body);
    const sentAt = Number(record.attributes.SentTimestamp);
    if (command.kind === 'confirmationDecision') return await decide(command, sentAt);
    // Nothing is wished after the queue has it: a sender whose clock is ahead must not hold off what others wish later.
    const issuedAt = Math.min(command.issuedAt ?? sentAt, sentAt);
    const { id, unit, wish, by } = command;
    log('info', 'command', { id, unit, wish, by, effect: await desiredStates.apply(command, issuedAt) });
  } catch (error) {
    log('error', 'command failed', { messageId: record.messageId, reason: messageOf(error) });
    throw error;
  }
}

/** Commands of the queue, one after the other: to desired states, and people's decisions to the engines and confirmations that wait for them. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  return processPartialResponse(event, carryOut, processor, {
    context,
    processInParallel: false,
    throwOnFullBatchFailure: false,
  });
}
