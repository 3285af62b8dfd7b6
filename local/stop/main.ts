import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { sendCommand } from '#aws/commands.ts';
import { createDesiredStates } from '#aws/desired-state.ts';
import { createLeaseTable } from '#aws/lease-table.ts';
import { type UnitId, unitId } from '#core/control/unit.ts';
import { readCurrentConfiguration } from '#functions/current-configuration.ts';
import { type PublishedName, publishedParameter } from '#lib/constructs/published-names.ts';
import { configurationParameter } from '#lib/constructs/runtime-settings.ts';
import { environmentClientSettings } from '../environment-client-settings.ts';
import { parseStopArguments, type StopArguments } from './arguments.ts';
import { wishUnits } from './wish-units.ts';

async function main(args: StopArguments): Promise<number> {
  const settings = await environmentClientSettings(args.environment);
  const environment = { name: args.environment };
  const ssm = new SSMClient(settings);
  const name = async (of: PublishedName): Promise<string> => {
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: publishedParameter(environment, of) }));
    return Parameter?.Value ?? '';
  };
  const allUnits = async (): Promise<readonly UnitId[]> => {
    const { configuration } = await readCurrentConfiguration(ssm, `ssm:${configurationParameter(environment)}`);
    return [...new Set(configuration.lanes.map(unitId))];
  };
  const [table, queueUrl, units] = await Promise.all([
    name('control-table'),
    name('command-queue-url'),
    args.units ?? allUnits(),
  ]);
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(settings));
  const sqs = new SQSClient(settings);
  const outcomes = await wishUnits(
    {
      desired: createDesiredStates(client, table),
      leases: createLeaseTable(client, table),
      send: (command) => sendCommand(sqs, queueUrl, command, Date.now()),
      sleep: (ms) => sleep(ms),
      nowMs: Date.now,
    },
    units,
    {
      wish: args.wish,
      reason: args.reason,
      by: args.by ?? `${userInfo().username}@${hostname()}`,
      id: randomUUID(),
    },
  );
  for (const { unit, kind, text } of outcomes) process.stdout.write(`${args.wish} ${unit}: ${kind}: ${text}\n`);
  if (units.length === 0) process.stdout.write('no lanes are configured: there is nothing to stop\n');
  return outcomes.every(({ kind }) => kind === 'told' || kind === 'written') ? 0 : 1;
}

try {
  process.exitCode = await main(parseStopArguments(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof Error)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
