import { setTimeout as sleep } from 'node:timers/promises';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { z } from 'zod';
import { createAlerts } from '#aws/alerts.ts';
import { createDynamoDbClient, createParameterClient, createSecretsClient, createSnsClient } from '#aws/clients.ts';
import { createDeadManRecords } from '#aws/dead-man-records.ts';
import { createLeaseTable } from '#aws/lease-table.ts';
import { createLog } from '#aws/log.ts';
import { parseUnitId, unitId } from '#core/control/unit.ts';
import { MillraceError } from '#core/errors.ts';
import { readCurrentConfiguration } from '../current-configuration.ts';
import { readEnvironment } from '../environment.ts';
import { reconciledUnits } from '../reconcile/reconciled-units.ts';
import { createVenueAccess } from '../venue-access.ts';
import { type WatchReport, watchUnits } from './watch-units.ts';

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

const REQUEST = z.discriminatedUnion('action', [
  /** `standstillSeconds`: how long a lease may stand still; longer than any takeover takes. */
  z.strictObject({ action: z.literal('watch'), standstillSeconds: z.number().int().min(1).max(50).default(30) }),
  /** Off for so long, for one unit; 0: on again. */
  z.strictObject({
    action: z.literal('disarm'),
    unit: z.string(),
    minutes: z.number().int().min(0).max(1440),
    by: z.string().min(1).max(200),
    reason: z.string().min(1).max(500),
  }),
]);

const client = createDynamoDbClient();
const log = createLog({
  service: 'dead-man',
  fields: { environment: settings.MILLRACE_ENVIRONMENT, build: settings.MILLRACE_BUILD },
});
const metrics = new Metrics({
  namespace: 'Millrace',
  serviceName: 'dead-man',
  defaultDimensions: { environment: settings.MILLRACE_ENVIRONMENT },
});
const parameters = createParameterClient();
const records = createDeadManRecords(client, settings.MILLRACE_CONTROL_TABLE);
const parts = {
  leases: createLeaseTable(client, settings.MILLRACE_CONTROL_TABLE),
  records,
  venue: createVenueAccess({
    secrets: createSecretsClient(),
    prefix: settings.MILLRACE_SECRETS,
    environment: process.env,
    endpoints: settings.MILLRACE_VENUE_ENDPOINTS,
    insecureAllowed: settings.MILLRACE_ENVIRONMENT === 'local',
    log,
  }),
  alerts: createAlerts({
    sns: createSnsClient(),
    topicArn: settings.MILLRACE_ALERT_TOPIC,
    client,
    table: settings.MILLRACE_CONTROL_TABLE,
    environment: settings.MILLRACE_ENVIRONMENT,
    nowMs: Date.now,
  }),
  log,
  sleep: (ms: number) => sleep(ms),
  nowMs: Date.now,
};

/** Watches every unit with lanes for a while, or switches the watch of one off for a time. */
export async function handler(event: unknown): Promise<{ readonly units: readonly WatchReport[] }> {
  const request = REQUEST.safeParse(event);
  if (!request.success)
    throw new MillraceError('validation', 'DEAD_MAN_REQUEST_INVALID', z.prettifyError(request.error));
  if (request.data.action === 'disarm') {
    const { unit, minutes, by, reason } = request.data;
    const known = parseUnitId(unit);
    if (known === null)
      throw new MillraceError(
        'validation',
        'DEAD_MAN_REQUEST_INVALID',
        `unit=${unit} must read <mode>/<account>/<venue>`,
      );
    await records.disarm(unitId(known), { until: Date.now() + minutes * 60_000, by, reason });
    log('warn', 'disarmed', { unit, minutes, by, reason });
    return { units: [] };
  }
  const { configuration } = await readCurrentConfiguration(parameters, settings.MILLRACE_CONFIGURATION);
  const watched = reconciledUnits(configuration, null).map(({ unit, symbols }) => ({
    unit,
    symbols: symbols.map((each) => each.symbol),
  }));
  const units = await watchUnits(parts, watched, request.data.standstillSeconds * 1_000);
  const ended = (verdict: WatchReport['verdict']) => units.filter((each) => each.verdict === verdict).length;
  metrics.addMetric('UnitsWatched', MetricUnit.Count, units.length);
  metrics.addMetric('DeadManActed', MetricUnit.Count, ended('standstill'));
  metrics.addMetric('DeadManFailed', MetricUnit.Count, ended('failed'));
  metrics.publishStoredMetrics();
  return { units };
}
