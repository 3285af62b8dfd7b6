import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { expect, vi } from 'vitest';
import { createLeaseTable } from '#aws/lease-table.ts';
import { createLeaseKeeper } from '#aws/leases.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { emulatedClientSettings } from '#local/aws-environment.ts';
import type { Deployment } from '#local/deploy.ts';
import { ROOT } from '#local/paths.ts';

const UNIT = 'paper/main/binance-usdm';

/** `npm run stop` as people run it, against a deployment whose configuration has one unit, while an engine's leases are kept as an engine keeps them. */
export async function drillStop(endpoint: string, deployment: Deployment): Promise<void> {
  const settings = emulatedClientSettings(endpoint);
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(settings));
  const sqs = new SQSClient(settings);
  const keeper = createLeaseKeeper({
    table: createLeaseTable(client, deployment.output('ControlTable')),
    holder: 'engine-1',
    names: [UNIT],
    leaseMs: 4_000,
    renewMs: 200,
    marginMs: 500,
    clock: systemClock,
    timers: systemTimers,
    onEvent: () => undefined,
  });
  const stop = (...args: string[]) =>
    promisify(execFile)(process.execPath, [path.join(ROOT, 'local/stop/main.ts'), ...args], {
      env: { ...process.env, AWS_ENDPOINT_URL: endpoint },
      timeout: 20_000,
    });
  try {
    keeper.start();
    await vi.waitFor(() => expect(keeper.held()).toHaveLength(1), { timeout: 10_000, interval: 50 });
    const { stdout } = await stop('--reason', 'drill', '--by', 'ops');
    expect(stdout).toBe(`stop ${UNIT}: told: engine engine-1 has it\n`);
    expect(keeper.held()[0]?.desired).toMatchObject({ wish: 'stop', reason: 'drill', by: 'ops' });
    const QueueUrl = deployment.output('CommandQueueUrl');
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
    expect(JSON.parse(Messages?.[0]?.Body ?? 'null')).toMatchObject({ unit: UNIT, wish: 'stop', reason: 'drill' });

    expect((await stop('--flatten')).stdout).toBe(`flatten ${UNIT}: told: engine engine-1 has it\n`);
    await stop('--resume', '--unit', UNIT);
    expect(keeper.held()[0]?.desired.wish).toBe('run');
    await drillAlarm(settings, deployment, sqs);
    await keeper.stop({ release: true });
    expect((await stop('--unit', UNIT)).stdout).toBe(`stop ${UNIT}: written: no engine holds it\n`);
    await expect(stop('--unit', 'main')).rejects.toMatchObject({ code: 2 });
  } finally {
    await keeper.stop({ release: false });
    client.destroy();
    sqs.destroy();
  }
}

/** Whatever is published to the stop topic becomes a command for each unit. */
async function drillAlarm(
  settings: ReturnType<typeof emulatedClientSettings>,
  deployment: Deployment,
  sqs: SQSClient,
): Promise<void> {
  const sns = new SNSClient(settings);
  const QueueUrl = deployment.output('CommandQueueUrl');
  const bodies: unknown[] = [];
  try {
    await sns.send(new PublishCommand({ TopicArn: deployment.output('StopTopicArn'), Message: 'the loss of the day' }));
    await vi.waitFor(
      async () => {
        const { Messages } = await sqs.send(
          new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
        );
        bodies.push(...(Messages ?? []).map(({ Body }) => JSON.parse(Body ?? 'null')));
        expect(bodies).toContainEqual(
          expect.objectContaining({ source: 'alarm', unit: UNIT, wish: 'stop', reason: 'the loss of the day' }),
        );
      },
      { timeout: 20_000, interval: 100 },
    );
  } finally {
    sns.destroy();
  }
}
