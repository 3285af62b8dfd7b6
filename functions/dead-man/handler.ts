import { setTimeout as sleep } from 'node:timers/promises';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { z } from 'zod';
import { createDynamoDbClient, createParameterClient, createStepFunctionsClient } from '#aws/clients.ts';
import { createDeadManExecutions } from '#aws/dead-man-executions.ts';
import { createDeadManRecords } from '#aws/dead-man-records.ts';
import { createLeaseTable } from '#aws/lease-table.ts';
import { createLog } from '#aws/log.ts';
import { parseUnitId, unitId } from '#core/control/unit.ts';
import { MillraceError } from '#core/errors.ts';
import { readCurrentConfiguration } from '../current-configuration.ts';
import { readEnvironment } from '../environment.ts';
import { type WatchReport, watchUnits } from './watch-units.ts';

const settings = readEnvironment(
  [
    'MILLRACE_ENVIRONMENT',
    'MILLRACE_BUILD',
    'MILLRACE_CONTROL_TABLE',
    'MILLRACE_CONFIGURATION',
    'MILLRACE_DEAD_MAN_MACHINE',
  ],
  process.env,
);

const REQUEST = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('watch'),
    /** How long a lease may stand still: longer than any takeover takes. */
    standstillSeconds: z.number().min(1).max(60).default(15),
    lookSeconds: z.number().min(0.1).max(10).default(2),
    /** Longer than from one watch to the next, by more than a standstill: so none falls between two. */
    forSeconds: z.number().min(0).max(110).default(80),
  }),
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
  begin: createDeadManExecutions(createStepFunctionsClient(), settings.MILLRACE_DEAD_MAN_MACHINE),
  log,
  sleep: (ms: number) => sleep(ms),
  monoMs: () => performance.now(),
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
  const { standstillSeconds, lookSeconds, forSeconds } = request.data;
  const { configuration } = await readCurrentConfiguration(parameters, settings.MILLRACE_CONFIGURATION);
  const units = await watchUnits(parts, configuration.lanes, {
    standstillMs: standstillSeconds * 1_000,
    lookMs: lookSeconds * 1_000,
    forMs: forSeconds * 1_000,
  });
  metrics.addMetric('UnitsWatched', MetricUnit.Count, units.length);
  metrics.addMetric('DeadManFound', MetricUnit.Count, units.filter((each) => each.verdict === 'standstill').length);
  metrics.publishStoredMetrics();
  return { units };
}
