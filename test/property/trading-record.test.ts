import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAlerts } from '#aws/alerts.ts';
import { createLedger } from '#aws/ledger.ts';
import { createTradingProcessor } from '#aws/ordered-stream-processor.ts';
import { encodeTradingEvent, type TradingEvent } from '#core/events/trading-event.ts';
import { joinTradingEvents, parseTradingRecord } from '#core/events/trading-record.ts';
import { alertOf } from '#functions/alert/alert-of-event.ts';
import { createFakeDynamoDb } from '../support/fake-dynamodb.ts';
import { buildKinesisEvent } from '../support/kinesis-event-builder.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { createMemoryQuarantine } from '../support/memory-quarantine.ts';
import { buildEvent, fillBody, stateBody } from '../support/trading-event-builder.ts';

const texts = fc.string({ unit: fc.constantFrom('a', '\n', '\r', '\u2028', '"', '\\', 'é', '😀') });

/** What a unit says: fills, states of orders, alerts. */
type Plan = readonly (
  | { readonly kind: 'fill'; readonly id: number }
  | { readonly kind: 'state'; readonly id: number; readonly to: 'Submitted' | 'Accepted' | 'PartiallyFilled' }
  | { readonly kind: 'alert'; readonly id: number; readonly text: string }
)[];
const plans: fc.Arbitrary<Plan> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('fill' as const), id: fc.integer({ min: 0, max: 9 }) }),
    fc.record({
      kind: fc.constant('state' as const),
      id: fc.integer({ min: 0, max: 2 }),
      to: fc.constantFrom('Submitted' as const, 'Accepted' as const, 'PartiallyFilled' as const),
    }),
    fc.record({ kind: fc.constant('alert' as const), id: fc.integer({ min: 0, max: 3 }), text: texts }),
  ),
  { minLength: 1, maxLength: 25 },
);

function eventsOf(plan: Plan): TradingEvent[] {
  return plan.map((each, index) => {
    const place = { sequence: index + 1 };
    if (each.kind === 'fill') return buildEvent('fill', fillBody(`f${each.id}`), place);
    if (each.kind === 'state') return buildEvent('order.state', stateBody(`o-${each.id}`, each.to), place);
    const [text, dedupeKey] = [`${index} ${each.text}`, `k${each.id}`];
    return buildEvent('alert', { severity: 'warning', code: 'TEST', text, dedupeKey }, place);
  });
}

/** Events as records of up to `size`. */
function recordsOf(events: readonly TradingEvent[], size: number): Uint8Array[] {
  const records: Uint8Array[] = [];
  for (let first = 0; first < events.length; first += size)
    records.push(joinTradingEvents(events.slice(first, first + size).map(encodeTradingEvent)));
  return records;
}

/** Delivers records as a mapping does, from the reported one on, until all are through. `isDown`: asked before each request of an effect. */
async function deliverAll(records: readonly Uint8Array[], batchSize: number, isDown: () => boolean) {
  const dynamoDb = createFakeDynamoDb();
  dynamoDb.fault = () => (isDown() ? 'throttled' : 'none');
  const sns = mockClient(SNSClient);
  const told: string[] = [];
  sns.on(PublishCommand).callsFake((input: { Message: string }) => told.push(input.Message));
  const ledger = createLedger(dynamoDb.client, 'table', createManualClock().clock);
  const alerts = createAlerts({
    sns: new SNSClient({ region: 'eu-west-1' }),
    topicArn: 'arn:topic',
    client: dynamoDb.client,
    table: 'table',
    environment: 'local',
    nowMs: () => 1_700_000_000_000,
  });
  const written: string[] = [];
  const handled = new Set<string>();
  const quarantine = createMemoryQuarantine();
  const processor = createTradingProcessor({
    consumer: 'test',
    quarantine,
    log: () => undefined,
    async handle(event) {
      const alert = alertOf(event);
      const outcome = alert === null ? await ledger.apply(event) : await alerts.publish(alert);
      if (outcome === 'written') written.push(event.id);
      if (outcome === 'written' || outcome === 'duplicate') handled.add(event.id);
    },
  });
  for (let next = 0, tries = 0; next < records.length; tries += 1) {
    if (tries > 1_000) throw new Error('it never ends');
    const batch = records
      .slice(next, next + batchSize)
      .map((data, index) => ({ data, sequenceNumber: String(next + index) }));
    const { batchItemFailures } = await processor(buildKinesisEvent(batch));
    next = batchItemFailures[0] === undefined ? next + batch.length : Number(batchItemFailures[0].itemIdentifier);
  }
  sns.restore();
  return { items: dynamoDb.items(), told, written, handled: [...handled], quarantined: quarantine.records };
}

describe('records of several trading events', () => {
  test('T4: what is joined is read back, each event its own, whatever characters it has', () => {
    fc.assert(
      fc.property(plans, fc.integer({ min: 1, max: 40 }), (plan, size) => {
        const events = eventsOf(plan);
        const read = recordsOf(events, size).flatMap((record) => parseTradingRecord(record));
        expect(read.map(({ parsed }) => (parsed.kind === 'event' ? parsed.event : parsed))).toEqual(events);
      }),
      { numRuns: 100 },
    );
  });

  test('T4: a failure inside a record brings the events before it again, and none is applied or told twice', async () => {
    await fc.assert(
      fc.asyncProperty(
        plans,
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.boolean(), { maxLength: 60 }),
        async (plan, size, batchSize, downs) => {
          const events = eventsOf(plan);
          const smooth = await deliverAll(recordsOf(events, 1), 1, () => false);
          let request = 0;
          const rough = await deliverAll(recordsOf(events, size), batchSize, () => downs[request++] === true);
          // One whose place in the index failed after its item was written is found written when it comes again.
          expect(rough.handled).toEqual(smooth.handled);
          expect(new Set(rough.written).size).toBe(rough.written.length);
          expect(smooth.written).toEqual(expect.arrayContaining(rough.written));
          // One whose own mark failed after it was told is told again at once: the topic knows no identities. No other is.
          expect(rough.told.filter((text, place) => text !== rough.told[place - 1])).toEqual(smooth.told);
          expect(ledgerItems(rough.items)).toEqual(ledgerItems(smooth.items));
          expect(rough.quarantined.map((each) => Buffer.from(each.data))).toEqual(
            smooth.quarantined.map((each) => Buffer.from(each.data)),
          );
        },
      ),
      { numRuns: 100 },
    );
  });
});

/** Without the marks of alerts, which count how often a suppressed one was tried. */
function ledgerItems<Item extends Readonly<Record<string, { readonly S?: string }>>>(items: readonly Item[]): Item[] {
  return items.filter((item) => item.sk?.S !== 'ALERT');
}
