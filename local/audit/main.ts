import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createLedgerIndexReader } from '#aws/ledger-checkpoints.ts';
import { createLedgerReader } from '#aws/ledger-reader.ts';
import { openEnvironment } from '../deployed-environment.ts';
import { type AuditArguments, parseAuditArguments } from './arguments.ts';
import { auditUnits, confirmationsOf } from './audit-units.ts';

async function main(args: AuditArguments): Promise<number> {
  const { settings, published, units: allUnits } = await openEnvironment(args.environment);
  const [table, machineArn, units] = await Promise.all([
    published('ledger-table'),
    published('confirmation-machine-arn'),
    args.units ?? allUnits(),
  ]);
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(settings));
  const { from, to, order } = args;
  const counts = await auditUnits(
    {
      ledger: createLedgerReader(client, table),
      index: createLedgerIndexReader(client, table),
      confirmations: args.confirmations
        ? () => confirmationsOf(new SFNClient(settings), machineArn, { since: from ?? 0 })
        : null,
      print: (line) => process.stdout.write(`${line}\n`),
      nowMs: Date.now,
    },
    units,
    { from, to, clientOrderId: order },
  );
  return counts.unproven === 0 && counts.faults === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(parseAuditArguments(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof Error)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
