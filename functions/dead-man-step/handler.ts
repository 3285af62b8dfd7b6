import { z } from 'zod';
import { createDynamoDbClient, createParameterClient } from '#aws/clients.ts';
import { createDeadManRecords } from '#aws/dead-man-records.ts';
import { createLeaseTable } from '#aws/lease-table.ts';
import { createLog } from '#aws/log.ts';
import { MillraceError } from '#core/errors.ts';
import { alertsOf } from '../alerts-of-settings.ts';
import { readCurrentConfiguration } from '../current-configuration.ts';
import { readEnvironment } from '../environment.ts';
import { venuesOf } from '../venues-of-settings.ts';
import { CANCEL_REQUEST, type CancelAnswer, cancelStep, symbolsOf } from './cancel-step.ts';

const settings = readEnvironment(
  [
    'MILLRACE_ENVIRONMENT',
    'MILLRACE_BUILD',
    'MILLRACE_CONTROL_TABLE',
    'MILLRACE_ALERT_TOPIC',
    'MILLRACE_CONFIGURATION',
    'MILLRACE_SECRETS',
    'MILLRACE_VENUE_ENDPOINTS',
  ],
  process.env,
);
const client = createDynamoDbClient();
const parameters = createParameterClient();
const log = createLog({
  service: 'dead-man-step',
  fields: { environment: settings.MILLRACE_ENVIRONMENT, build: settings.MILLRACE_BUILD },
});
const parts = {
  leases: createLeaseTable(client, settings.MILLRACE_CONTROL_TABLE),
  records: createDeadManRecords(client, settings.MILLRACE_CONTROL_TABLE),
  venue: venuesOf(settings, log),
  symbols: async (unit: Parameters<typeof symbolsOf>[1]) =>
    symbolsOf((await readCurrentConfiguration(parameters, settings.MILLRACE_CONFIGURATION)).configuration, unit),
  alerts: alertsOf(settings, client),
  log,
  nowMs: Date.now,
};

/** One look of an execution of the dead-man switch. */
export async function handler(event: unknown): Promise<CancelAnswer> {
  const request = CANCEL_REQUEST.safeParse(event);
  if (!request.success)
    throw new MillraceError('validation', 'DEAD_MAN_REQUEST_INVALID', z.prettifyError(request.error));
  return cancelStep(request.data.record, parts);
}
