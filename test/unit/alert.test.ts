import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Alert, createAlerts } from '#aws/alerts.ts';
import { alertOf } from '#functions/alert/alert-of-event.ts';
import { createFakeDynamoDb } from '../support/fake-dynamodb.ts';
import { buildEvent, fillBody } from '../support/trading-event-builder.ts';

const START = 1_700_000_000_000;
const client = new SNSClient({ region: 'eu-west-1' });
const sns = mockClient(client);
beforeEach(() => {
  sns.reset();
  sns.on(PublishCommand).resolves({});
});

function build() {
  const fake = createFakeDynamoDb();
  const time = { now: START };
  const alerts = createAlerts({
    sns: client,
    topicArn: 'arn:topic',
    client: fake.client,
    table: 'control',
    environment: 'dev',
    nowMs: () => time.now,
  });
  return { fake, time, alerts };
}

const alert = (id: string, change: Partial<Alert> = {}): Alert => ({
  id,
  severity: 'critical',
  code: 'POSITION_MISMATCH',
  text: 'the venue holds 0.02, the engine 0.01',
  dedupeKey: 'paper/main/binance-usdm#mismatch',
  unit: 'paper/main/binance-usdm',
  time: START,
  ...change,
});
const sent = () => sns.commandCalls(PublishCommand).map((call) => call.args[0].input);

describe('alerts', () => {
  it('T10: an alert tells severity, code, unit and key, with a subject that SNS takes', async () => {
    const { alerts } = build();
    await alerts.publish(alert('e1', { code: `LONG_${'X'.repeat(120)}`, unit: 'paper/münchen\n/x' }));

    const [message] = sent();
    expect(message?.Subject).toMatch(/^Millrace dev CRITICAL: LONG_X+$/);
    expect(message?.Subject?.length).toBeLessThanOrEqual(100);
    expect(message?.Message).toContain('the venue holds 0.02');
    expect(message?.Message).toContain('time: 2023-11-14T22:13:20.000Z');
    expect(message?.MessageAttributes).toMatchObject({
      severity: { StringValue: 'critical' },
      dedupeKey: { StringValue: 'paper/main/binance-usdm#mismatch' },
    });
  });

  it('T10: one of a key is told within the window, the next one says how many were not', async () => {
    const { alerts, time } = build();
    expect(await alerts.publish(alert('e1'))).toBe('sent');
    expect(await alerts.publish(alert('e2'))).toBe('suppressed');
    expect(await alerts.publish(alert('e3'))).toBe('suppressed');
    expect(await alerts.publish(alert('e4', { dedupeKey: 'other' }))).toBe('sent');

    // The item has expired and is still there: the service deletes when it pleases.
    time.now += 300_000;
    expect(await alerts.publish(alert('e5'))).toBe('sent');
    expect(sent().at(-1)?.Message).toContain('not told since the last one of this kind: 2');
    expect(sent()).toHaveLength(3);
  });

  it('T4: a redelivered alert is not told twice; one whose telling failed is told', async () => {
    const { alerts } = build();
    sns.on(PublishCommand).rejectsOnce(new Error('topic down')).resolves({});
    await expect(alerts.publish(alert('e1'))).rejects.toThrow('topic down');

    expect(await alerts.publish(alert('e1'))).toBe('sent');
    expect(await alerts.publish(alert('e1'))).toBe('alreadySent');
    expect(sent()).toHaveLength(2);
  });

  it('T4: a table that is down tells nobody, and the caller hears of it', async () => {
    const { alerts, fake } = build();
    fake.fault = () => 'throttled';
    await expect(alerts.publish(alert('e1'))).rejects.toThrow('throttled');
    expect(sent()).toEqual([]);
    fake.fault = () => 'none';
    expect(await alerts.publish(alert('e1'))).toBe('sent');
  });

  it('R6: no secret reaches the topic', async () => {
    const { alerts } = build();
    await alerts.publish(alert('e1', { text: 'GET /fapi/v1/order?signature=abcdef0123 answered 401' }));
    expect(sent()[0]?.Message).toContain('signature=[redacted] answered 401');
  });

  it('T10: only alert events are alerts, and their key counts within the unit', () => {
    expect(alertOf(buildEvent('fill', fillBody('1')))).toBeNull();
    const body = { severity: 'warning', code: 'C', text: 't', dedupeKey: 'k' } as const;
    expect(alertOf(buildEvent('alert', body))).toMatchObject({
      id: 'paper/main/binance-usdm/7/1',
      dedupeKey: 'paper/main/binance-usdm#k',
      severity: 'warning',
    });
  });
});
