import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type Alerts, createAlerts } from '#aws/alerts.ts';
import { createSnsClient } from '#aws/clients.ts';
import type { Settings } from './environment.ts';

/** Alerts to people by the environment's topic. `windowMs`: for how long one key is told once; absent: as alerts have it. */
export function alertsOf(
  settings: Settings<'MILLRACE_ENVIRONMENT' | 'MILLRACE_ALERT_TOPIC' | 'MILLRACE_CONTROL_TABLE'>,
  client: DynamoDBDocumentClient,
  windowMs?: number,
): Alerts {
  return createAlerts({
    sns: createSnsClient(),
    topicArn: settings.MILLRACE_ALERT_TOPIC,
    client,
    table: settings.MILLRACE_CONTROL_TABLE,
    environment: settings.MILLRACE_ENVIRONMENT,
    nowMs: Date.now,
    ...(windowMs === undefined ? {} : { windowMs }),
  });
}
