import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { createDynamoDbClient, createStepFunctionsClient } from '#aws/clients.ts';
import { parseCommand } from '#aws/commands.ts';
import { createConfirmationWaits } from '#aws/confirmation-waits.ts';
import { createDesiredStates } from '#aws/desired-state.ts';
import { createLog } from '#aws/log.ts';
import { messageOf } from '#core/errors.ts';
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

/** One command: to its effect, or thrown, so that the queue gives it again and at last to its dead letters. */
async function carryOut(record: SQSRecord): Promise<void> {
  try {
    const command = parseCommand(record.body);
    if (command.kind === 'confirmationDecision') {
      const { clientOrderId, outcome, who } = command;
      log('info', 'a person decided on an order', { clientOrderId, outcome, who, effect: await waits.decide(command) });
      return;
    }
    const issuedAt = command.issuedAt ?? Number(record.attributes.SentTimestamp);
    const { id, unit, wish, by } = command;
    log('info', 'command', { id, unit, wish, by, effect: await desiredStates.apply(command, issuedAt) });
  } catch (error) {
    log('error', 'command failed', { messageId: record.messageId, reason: messageOf(error) });
    throw error;
  }
}

/** Commands of the queue, one after the other: to desired states, and people's decisions to the confirmations that wait for them. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  return processPartialResponse(event, carryOut, processor, {
    context,
    processInParallel: false,
    throwOnFullBatchFailure: false,
  });
}
