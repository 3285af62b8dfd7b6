import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Redactor } from '#core/redaction.ts';
import { processRedactor } from './log.ts';

export interface Alert {
  /** The same for a redelivered alert. */
  readonly id: string;
  readonly severity: 'info' | 'warning' | 'critical';
  readonly code: string;
  readonly text: string;
  /** Alerts of one key within the window are told once. */
  readonly dedupeKey: string;
  /** `<mode>/<account>/<venue>`. */
  readonly unit: string;
  /** When it arose, ms since 1970. */
  readonly time: number;
}

/** `suppressed`: one of its key was told a short while ago; it is counted, and the next one says how many. */
export type AlertOutcome = 'sent' | 'suppressed' | 'alreadySent';

export interface Alerts {
  /** Tells people, once for each id and once for each key in the window. Rejects when the topic or the table does: then it was not told. */
  publish(alert: Alert): Promise<AlertOutcome>;
}

export interface AlertsOptions {
  readonly sns: SNSClient;
  readonly topicArn: string;
  readonly client: DynamoDBDocumentClient;
  /** The control table. */
  readonly table: string;
  readonly environment: string;
  /** Wall clock, ms. */
  readonly nowMs: () => number;
  readonly windowMs?: number;
  readonly redactor?: Redactor;
}

/** SNS refuses longer subjects. */
const SUBJECT_LENGTH = 100;
const SEVERITY_MARK = { info: 'info', warning: 'WARNING', critical: 'CRITICAL' } as const;

/** Alerts to the topic, with de-duplication in the control table (T10), and without secrets (R6). */
export function createAlerts(options: AlertsOptions): Alerts {
  const { sns, topicArn, client, table, environment, nowMs, windowMs = 300_000 } = options;
  const { redactor = processRedactor } = options;
  const keyOf = (alert: Alert) => ({ pk: `ALERT#${alert.dedupeKey}`, sk: 'ALERT' });

  /** Claims the key for this alert. How many were suppressed since the last one, or why it is not told. */
  async function claim(alert: Alert): Promise<number | 'suppressed' | 'alreadySent'> {
    const now = nowMs();
    try {
      const answer = await client.send(
        new UpdateCommand({
          TableName: table,
          Key: keyOf(alert),
          UpdateExpression:
            'SET #alertId = :id, #until = :until, #expiresAt = :expiresAt, #sent = :no, #suppressed = :zero',
          // The item may outlive its time: the service deletes expired items when it pleases.
          ConditionExpression: 'attribute_not_exists(#until) OR #until <= :now OR (#alertId = :id AND #sent = :no)',
          ExpressionAttributeNames: {
            '#alertId': 'alertId',
            '#until': 'until',
            '#expiresAt': 'expiresAt',
            '#sent': 'sent',
            '#suppressed': 'suppressed',
          },
          ExpressionAttributeValues: {
            ':id': alert.id,
            ':until': now + windowMs,
            ':expiresAt': Math.ceil((now + windowMs) / 1000) + 86_400,
            ':no': false,
            ':zero': 0,
            ':now': now,
          },
          ReturnValues: 'ALL_OLD',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      const before = answer.Attributes?.suppressed;
      return typeof before === 'number' ? before : 0;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const stored = error.Item === undefined ? {} : unmarshall(error.Item);
      return stored.alertId === alert.id ? 'alreadySent' : 'suppressed';
    }
  }

  const change = (alert: Alert, update: string, name: string, value: number | boolean) =>
    client.send(
      new UpdateCommand({
        TableName: table,
        Key: keyOf(alert),
        UpdateExpression: update,
        ExpressionAttributeNames: { '#name': name },
        ExpressionAttributeValues: { ':value': value },
      }),
    );

  return {
    async publish(alert) {
      const claimed = await claim(alert);
      if (claimed === 'alreadySent') return claimed;
      if (claimed === 'suppressed') {
        await change(alert, 'ADD #name :value', 'suppressed', 1);
        return claimed;
      }
      await sns.send(
        new PublishCommand({
          TopicArn: topicArn,
          Subject: subjectOf(alert, environment),
          Message: redactor.text(messageOfAlert(alert, environment, claimed)),
          MessageAttributes: Object.fromEntries(
            Object.entries({
              severity: alert.severity,
              code: alert.code,
              dedupeKey: alert.dedupeKey,
              unit: alert.unit,
              environment,
            }).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
          ),
        }),
      );
      await change(alert, 'SET #name = :value', 'sent', true);
      return 'sent';
    },
  };
}

/** Printable ASCII without line breaks, as SNS asks of subjects. */
function subjectOf(alert: Alert, environment: string): string {
  const text = `Millrace ${environment} ${SEVERITY_MARK[alert.severity]}: ${alert.code} ${alert.unit}`;
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, SUBJECT_LENGTH);
}

function messageOfAlert(alert: Alert, environment: string, suppressed: number): string {
  const lines = [
    alert.text,
    '',
    `severity: ${alert.severity}`,
    `code: ${alert.code}`,
    `unit: ${alert.unit}`,
    `environment: ${environment}`,
    `time: ${new Date(alert.time).toISOString()}`,
  ];
  if (suppressed > 0) lines.push(`not told since the last one of this kind: ${suppressed}`);
  return lines.join('\n');
}
