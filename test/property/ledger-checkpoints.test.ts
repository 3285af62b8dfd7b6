import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createLedger } from '#aws/ledger.ts';
import { createLedgerCheckpoints, createLedgerIndexReader } from '#aws/ledger-checkpoints.ts';
import { createLedgerReader } from '#aws/ledger-reader.ts';
import type { UnitRef } from '#core/control/unit.ts';
import type { Clock, EpochMs, MonoNanos } from '#core/time/clock.ts';
import { createLedgerView } from '#engine/ledger-view.ts';
import { createFakeDynamoDb } from '../support/fake-dynamodb.ts';
import { buildEvent, fillBody, intendedBody, stateBody } from '../support/trading-event-builder.ts';

const UNIT: UnitRef = { mode: 'paper', account: 'main', venue: 'binance-usdm' };
const HOUR_MS = 3_600_000;
const START = 20_000 * 24 * HOUR_MS;

const step = fc.record({
  /** Time that passes before it. */
  hours: fc.integer({ min: 0, max: 9 }),
  /** Filled, or left open. */
  ends: fc.boolean(),
  side: fc.constantFrom('buy' as const, 'sell' as const),
  size: fc.integer({ min: 1, max: 50 }),
  price: fc.integer({ min: 50_000, max: 60_000 }),
  /** How late the ledger's writer was. */
  lateMs: fc.integer({ min: 0, max: 200_000 }),
  again: fc.boolean(),
});

it('S4, R8: what a recovery reads from a checkpoint and what came after it is what the whole ledger says', async () => {
  let recent = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async (steps) => {
      const fake = createFakeDynamoDb();
      let now = START;
      const clock: Clock = { monoNanos: () => (now * 1e6) as MonoNanos, epochMs: () => now as EpochMs };
      const ledger = createLedger(fake.client, 'ledger', clock);
      const checkpoints = createLedgerCheckpoints(fake.client, 'ledger', clock);
      const reader = createLedgerReader(fake.client, 'ledger');
      const index = createLedgerIndexReader(fake.client, 'ledger');
      let sequence = 0;
      for (const [number, each] of steps.entries()) {
        now += each.hours * HOUR_MS;
        const id = `o-${number}`;
        const venueTime = now;
        const place = () => {
          sequence += 1;
          return { sequence, time: venueTime };
        };
        const events = [
          buildEvent('order.intended', intendedBody(id), place()),
          ...(each.ends
            ? [
                buildEvent(
                  'fill',
                  fillBody(String(number), {
                    side: each.side,
                    size: `0.${String(each.size).padStart(3, '0')}`,
                    price: String(each.price),
                    clientOrderId: id,
                    venueTime,
                  }),
                  place(),
                ),
                buildEvent('order.state', stateBody(id, 'Filled'), place()),
              ]
            : []),
        ];
        now += each.lateMs;
        for (const event of each.again ? [...events, ...events] : events) {
          await ledger.apply(event);
          if (event.type === 'fill') await checkpoints.consider(event, event.body.symbol);
        }
      }
      const checkpoint = await index.checkpoint(UNIT, 'binance-usdm#BTCUSDT');
      const whole = await createLedgerView(reader, clock)(UNIT, 'BTCUSDT');
      const requestsBefore = fake.requests.length;
      const view = await createLedgerView(reader, clock, index)(UNIT, 'BTCUSDT');
      if (checkpoint?.fold !== undefined && checkpoint.fold !== null && fake.requests.length > requestsBefore)
        recent += 1;

      expect(Number(view.positionSize)).toBe(Number(whole.positionSize));
      expect(Number(view.entryPrice)).toBeCloseTo(Number(whole.entryPrice), 6);
      expect(view.realizedToday).toBeCloseTo(whole.realizedToday, 6);
      expect(view.lastKnownAt).toBe(whole.lastKnownAt);
      expect(view.hasHistory).toBe(whole.hasHistory);
      const byId = (orders: typeof view.pendingOrders) =>
        orders.toSorted((left, right) => (left.clientOrderId < right.clientOrderId ? -1 : 1));
      expect(byId(view.pendingOrders)).toEqual(byId(whole.pendingOrders));
      // It knows each fill and each end of the time that the venue will be asked about, and none that there was not.
      const from =
        Math.min(now, whole.lastKnownAt ?? now, ...whole.pendingOrders.map((order) => order.placedAt)) - 600_000;
      for (const id of view.fillIds) expect(whole.fillIds.has(id)).toBe(true);
      for (const id of view.endedOrderIds) expect(whole.endedOrderIds.has(id)).toBe(true);
      let clockThen = START;
      for (const [number, each] of steps.entries()) {
        clockThen += each.hours * HOUR_MS;
        if (each.ends && clockThen >= from) {
          expect(view.fillIds.has(String(number)), `fill ${number}`).toBe(true);
          expect(view.endedOrderIds.has(`o-${number}`), `order ${number}`).toBe(true);
        }
        clockThen += each.lateMs;
      }
    }),
    { numRuns: 30 },
  );
  // Some of them did read from a checkpoint.
  expect(recent).toBeGreaterThan(5);
});
