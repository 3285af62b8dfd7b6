import { z } from 'zod';
import { createDynamoDbClient, createStepFunctionsClient } from '#aws/clients.ts';
import { createConfirmationWaits } from '#aws/confirmation-waits.ts';
import { createLedgerIndexReader } from '#aws/ledger-checkpoints.ts';
import { createLedgerReader } from '#aws/ledger-reader.ts';
import { createLog } from '#aws/log.ts';
import { MillraceError } from '#core/errors.ts';
import { alertsOf } from '../alerts-of-settings.ts';
import { readEnvironment } from '../environment.ts';
import { venuesOf } from '../venues-of-settings.ts';
import { carryOutStep, STEP_REQUEST, type StepAnswer, type StepParts } from './confirmation-step.ts';

const settings = readEnvironment(
  [
    'MILLRACE_ENVIRONMENT',
    'MILLRACE_BUILD',
    'MILLRACE_LEDGER_TABLE',
    'MILLRACE_CONTROL_TABLE',
    'MILLRACE_ALERT_TOPIC',
    'MILLRACE_SECRETS',
    'MILLRACE_VENUE_ENDPOINTS',
  ],
  process.env,
);
const client = createDynamoDbClient();
const log = createLog({
  service: 'confirm-step',
  fields: { environment: settings.MILLRACE_ENVIRONMENT, build: settings.MILLRACE_BUILD },
});
const parts: StepParts = {
  waits: createConfirmationWaits({
    client,
    table: settings.MILLRACE_CONTROL_TABLE,
    stepFunctions: createStepFunctionsClient(),
    machineArn: null,
    nowMs: Date.now,
  }),
  ledger: createLedgerReader(client, settings.MILLRACE_LEDGER_TABLE),
  index: createLedgerIndexReader(client, settings.MILLRACE_LEDGER_TABLE),
  venue: venuesOf(settings, log),
  alerts: alertsOf(settings, client),
  log,
  nowMs: Date.now,
};

/** One action of the confirmation of an order. */
export async function handler(event: unknown): Promise<StepAnswer> {
  const request = STEP_REQUEST.safeParse(event);
  if (!request.success) {
    throw new MillraceError('validation', 'CONFIRMATION_STEP_INVALID', z.prettifyError(request.error));
  }
  return carryOutStep(request.data, parts);
}
