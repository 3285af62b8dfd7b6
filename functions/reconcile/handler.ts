import { setTimeout as sleep } from 'node:timers/promises';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { z } from 'zod';
import { createDynamoDbClient, createParameterClient, createS3Client } from '#aws/clients.ts';
import { createDesiredStates } from '#aws/desired-state.ts';
import { createLedger } from '#aws/ledger.ts';
import { createLedgerIndexReader } from '#aws/ledger-checkpoints.ts';
import { createLedgerReader } from '#aws/ledger-reader.ts';
import { createLog } from '#aws/log.ts';
import { ALL_UNITS } from '#core/control/stop-request.ts';
import { MillraceError } from '#core/errors.ts';
import { type BudgetFinding, budgetLine } from '#core/reconciliation/audit-budgets.ts';
import { alertsOf } from '../alerts-of-settings.ts';
import { readCurrentConfiguration } from '../current-configuration.ts';
import { readEnvironment } from '../environment.ts';
import { venuesOf } from '../venues-of-settings.ts';
import { auditUnits } from './audit-units.ts';
import { withInstruments } from './cached-instruments.ts';
import { reconcileEach } from './reconcile-each.ts';
import { type ReconcileParts, reconcileUnit } from './reconcile-unit.ts';
import { reconciledUnits } from './reconciled-units.ts';
import { createReconciliationReports, type UnitReport } from './reconciliation-report.ts';

const settings = readEnvironment(
  [
    'MILLRACE_ENVIRONMENT',
    'MILLRACE_BUILD',
    'MILLRACE_LEDGER_TABLE',
    'MILLRACE_CONTROL_TABLE',
    'MILLRACE_ARCHIVE_BUCKET',
    'MILLRACE_ALERT_TOPIC',
    'MILLRACE_CONFIGURATION',
    'MILLRACE_SECRETS',
    'MILLRACE_VENUE_ENDPOINTS',
  ],
  process.env,
);
const UNPROVEN_AFTER_MS = 20 * 60_000;
/** Beyond this the alarm of the ledger's writer has long rung. */
const WRITERS_BEHIND_MS = 5 * 60_000;
/** Instruments hardly change, and asking for them is dear. */
const INSTRUMENTS_FRESH_MS = 3_600_000;
/** What stands unchanged is told again after this. */
const TOLD_AGAIN_MS = 6 * 3_600_000;
const DAY_MS = 86_400_000;

const REQUEST = z.strictObject({
  /** `daily`: besides, the report of the day before (UTC) is written. */
  action: z.enum(['run', 'daily']).default('run'),
  /** `<mode>/<account>/<venue>`; absent: every unit that has lanes. */
  units: z.array(z.string()).min(1).optional(),
  /** Between the two looks at what differs, and the age from which an execution is no longer on its way. */
  settleMs: z.number().int().min(1_000).max(60_000).default(15_000),
});

const client = createDynamoDbClient();
const log = createLog({
  service: 'reconcile',
  fields: { environment: settings.MILLRACE_ENVIRONMENT, build: settings.MILLRACE_BUILD },
});
const metrics = new Metrics({
  namespace: 'Millrace',
  serviceName: 'reconcile',
  defaultDimensions: { environment: settings.MILLRACE_ENVIRONMENT },
});
const reports = createReconciliationReports(createS3Client(), settings.MILLRACE_ARCHIVE_BUCKET);
const parameters = createParameterClient();
const parts: Omit<ReconcileParts, 'origin' | 'rules'> = {
  venue: withInstruments(INSTRUMENTS_FRESH_MS, Date.now, venuesOf(settings, log)),
  ledger: createLedgerReader(client, settings.MILLRACE_LEDGER_TABLE),
  index: createLedgerIndexReader(client, settings.MILLRACE_LEDGER_TABLE),
  writer: createLedger(client, settings.MILLRACE_LEDGER_TABLE),
  desired: createDesiredStates(client, settings.MILLRACE_CONTROL_TABLE),
  alerts: alertsOf(settings, client, TOLD_AGAIN_MS),
  log,
  sleep: (ms) => sleep(ms),
  nowMs: Date.now,
};

/** Venue, ledger and engine compared for all units or for some, on a schedule or when somebody asks. Answers with what it found. */
export async function handler(event: unknown): Promise<{ readonly units: readonly UnitReport[] }> {
  const request = REQUEST.safeParse(event ?? {});
  if (!request.success) {
    throw new MillraceError('validation', 'RECONCILE_REQUEST_INVALID', z.prettifyError(request.error));
  }
  const { action, units: asked, settleMs } = request.data;
  const rules = { settleMs, unprovenAfterMs: UNPROVEN_AFTER_MS, writersBehindMs: WRITERS_BEHIND_MS };
  const { configuration, hash } = await readCurrentConfiguration(parameters, settings.MILLRACE_CONFIGURATION);
  const origin = { configurationHash: hash, build: settings.MILLRACE_BUILD };
  const due = reconciledUnits(configuration, asked ?? null);
  const at = Date.now();
  const units = await reconcileEach(due, (unit) => reconcileUnit({ ...parts, origin, rules }, unit));
  // Of some units alone nobody could say what all hold together.
  const findings = asked === undefined ? auditUnits(configuration, units, at) : [];
  await tellBudgets(findings, at);
  const lines = findings.map(budgetLine);
  const kept = await reports.keepFindings(at, units, lines);
  if (action === 'daily') await reports.writeDaily(new Date(at - DAY_MS).toISOString().slice(0, 10), at, units, lines);
  count(units);
  log('info', 'reconciled', { units: units.length, failed: units.filter((each) => each.failed !== null).length, kept });
  return { units };
}

async function tellBudgets(findings: readonly BudgetFinding[], time: number): Promise<void> {
  for (const finding of findings) {
    const severity = finding.kind === 'unvalued' ? 'warning' : 'critical';
    const code = finding.kind === 'unvalued' ? 'BUDGET_UNVALUED' : 'BUDGET_EXCEEDED';
    const place = 'unit' in finding ? `/${finding.unit}` : '';
    const dedupeKey = `${code}#${finding.budget}/${finding.kind}${place}`;
    const text = budgetLine(finding);
    const unit = 'unit' in finding ? finding.unit : ALL_UNITS;
    await parts.alerts.publish({ id: `${dedupeKey}/${time}`, severity, code, text, dedupeKey, unit, time });
  }
}

function count(units: readonly UnitReport[]): void {
  const symbols = units.flatMap((unit) => unit.symbols);
  const sum = (of: (symbol: UnitReport['symbols'][number]) => number) =>
    symbols.reduce((total, each) => total + of(each), 0);
  metrics.addMetric('UnitsReconciled', MetricUnit.Count, units.filter((unit) => unit.failed === null).length);
  metrics.addMetric('UnitsNotReconciled', MetricUnit.Count, units.filter((unit) => unit.failed !== null).length);
  metrics.addMetric(
    'Differences',
    MetricUnit.Count,
    sum((each) => each.differences.length),
  );
  metrics.addMetric(
    'Corrections',
    MetricUnit.Count,
    sum((each) => each.corrections.length),
  );
  metrics.addMetric(
    'SymbolsFrozen',
    MetricUnit.Count,
    sum((each) => (each.frozen === null ? 0 : 1)),
  );
  metrics.addMetric(
    'SymbolsUnsettled',
    MetricUnit.Count,
    sum((each) => (each.unsettled === null ? 0 : 1)),
  );
  metrics.publishStoredMetrics();
}
