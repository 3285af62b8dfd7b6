import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SFNClient } from '@aws-sdk/client-sfn';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createLedgerIndexReader } from '#aws/ledger-checkpoints.ts';
import { createLedgerReader } from '#aws/ledger-reader.ts';
import { type UnitRef, unitId } from '#core/control/unit.ts';
import { readCurrentConfiguration } from '#functions/current-configuration.ts';
import { type PublishedName, publishedParameter } from '#lib/constructs/published-names.ts';
import { configurationParameter } from '#lib/constructs/runtime-settings.ts';
import { environmentClientSettings } from '../environment-client-settings.ts';
import { type AuditArguments, parseAuditArguments } from './arguments.ts';
import { auditUnits, confirmationsOf } from './audit-units.ts';

async function main(args: AuditArguments): Promise<number> {
  const settings = await environmentClientSettings(args.environment);
  const environment = { name: args.environment };
  const ssm = new SSMClient(settings);
  const name = async (of: PublishedName): Promise<string> => {
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: publishedParameter(environment, of) }));
    return Parameter?.Value ?? '';
  };
  const allUnits = async (): Promise<readonly UnitRef[]> => {
    const { configuration } = await readCurrentConfiguration(ssm, `ssm:${configurationParameter(environment)}`);
    return [...new Map(configuration.lanes.map((lane) => [unitId(lane), lane])).values()];
  };
  const [table, machineArn, units] = await Promise.all([
    name('ledger-table'),
    name('confirmation-machine-arn'),
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
