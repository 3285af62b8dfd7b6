import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { sendCommand } from '#aws/commands.ts';
import { createDesiredStates } from '#aws/desired-state.ts';
import { createLeaseTable } from '#aws/lease-table.ts';
import { unitId } from '#core/control/unit.ts';
import { openEnvironment } from '../deployed-environment.ts';
import { parseStopArguments, type StopArguments } from './arguments.ts';
import { wishUnits } from './wish-units.ts';

async function main(args: StopArguments): Promise<number> {
  const { settings, published, units: allUnits } = await openEnvironment(args.environment);
  const [table, queueUrl, units] = await Promise.all([
    published('control-table'),
    published('command-queue-url'),
    args.units ?? allUnits().then((found) => found.map(unitId)),
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
