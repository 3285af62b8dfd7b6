import { createAlerts } from '#aws/alerts.ts';
import { createDynamoDbClient, createSnsClient } from '#aws/clients.ts';
import { createTradingProcessor } from '#aws/ordered-stream-processor.ts';
import { CONSUMER_VARIABLES, consumerParts } from '../consumer.ts';
import { readEnvironment } from '../environment.ts';
import { alertOf } from './alert-of-event.ts';

const settings = readEnvironment(
  [...CONSUMER_VARIABLES, 'MILLRACE_CONTROL_TABLE', 'MILLRACE_ALERT_TOPIC'],
  process.env,
);
const parts = consumerParts('alert', settings);
const alerts = createAlerts({
  sns: createSnsClient(),
  topicArn: settings.MILLRACE_ALERT_TOPIC,
  client: createDynamoDbClient(),
  table: settings.MILLRACE_CONTROL_TABLE,
  environment: settings.MILLRACE_ENVIRONMENT,
  nowMs: Date.now,
});

/** Alerts of the trading stream to people, once each. */
export const handler = createTradingProcessor({
  ...parts,
  async handle(event) {
    const alert = alertOf(event);
    parts.count(alert === null ? 'noAlert' : await alerts.publish(alert));
  },
});
