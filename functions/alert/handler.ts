import { createDynamoDbClient } from '#aws/clients.ts';
import { createTradingProcessor } from '#aws/ordered-stream-processor.ts';
import { alertsOf } from '../alerts-of-settings.ts';
import { CONSUMER_VARIABLES, consumerParts } from '../consumer.ts';
import { readEnvironment } from '../environment.ts';
import { alertOf } from './alert-of-event.ts';

const settings = readEnvironment(
  [...CONSUMER_VARIABLES, 'MILLRACE_CONTROL_TABLE', 'MILLRACE_ALERT_TOPIC'],
  process.env,
);
const parts = consumerParts('alert', settings);
const alerts = alertsOf(settings, createDynamoDbClient());

/** Alerts of the trading stream to people, once each. */
export const handler = createTradingProcessor({
  ...parts,
  async handle(event) {
    const alert = alertOf(event);
    parts.count(alert === null ? 'noAlert' : await alerts.publish(alert));
  },
});
