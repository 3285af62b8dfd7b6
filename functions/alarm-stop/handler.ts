import type { SNSEvent, SNSMessageAttributes } from 'aws-lambda';
import { createParameterClient, createSqsClient } from '#aws/clients.ts';
import { sendCommand } from '#aws/commands.ts';
import { createLog } from '#aws/log.ts';
import { readCurrentConfiguration } from '../current-configuration.ts';
import { readEnvironment } from '../environment.ts';
import { stopUnits } from './stop-units.ts';

const settings = readEnvironment(
  [
    'MILLRACE_ENVIRONMENT',
    'MILLRACE_BUILD',
    'MILLRACE_COMMAND_QUEUE',
    'MILLRACE_CONFIGURATION',
    'MILLRACE_STOP_TOPIC',
    'MILLRACE_STOP_RULES',
  ],
  process.env,
);
const parameters = createParameterClient();
const sqs = createSqsClient();
const log = createLog({
  service: 'alarm-stop',
  fields: { environment: settings.MILLRACE_ENVIRONMENT, build: settings.MILLRACE_BUILD },
});
const parts = {
  rules: settings.MILLRACE_STOP_RULES,
  units: async () => (await readCurrentConfiguration(parameters, settings.MILLRACE_CONFIGURATION)).configuration.lanes,
  send: (command: Parameters<typeof sendCommand>[2]) =>
    sendCommand(sqs, settings.MILLRACE_COMMAND_QUEUE, command, Date.now()),
  log,
};

/** Alarms and alerts that stop trading, each to the command queue. */
export async function handler(event: SNSEvent): Promise<{ readonly stopped: number }> {
  let stopped = 0;
  for (const { Sns } of event.Records) {
    // SNS sends an empty object where there are none, and others that speak for it nothing at all.
    const given: SNSMessageAttributes | undefined = Sns.MessageAttributes;
    const attributes = Object.fromEntries(
      Object.entries(given ?? {}).map(([name, { Value }]) => [name, String(Value)]),
    );
    stopped += await stopUnits(
      {
        messageId: Sns.MessageId,
        timestamp: Sns.Timestamp,
        message: Sns.Message,
        attributes,
        byStopTopic: Sns.TopicArn === settings.MILLRACE_STOP_TOPIC,
      },
      parts,
    );
  }
  return { stopped };
}
