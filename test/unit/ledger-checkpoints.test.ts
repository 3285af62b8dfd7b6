import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { createLedger } from '#aws/ledger.ts';
import { createLedgerCheckpoints, createLedgerIndexReader } from '#aws/ledger-checkpoints.ts';
import { createLedgerReader } from '#aws/ledger-reader.ts';
import type { UnitRef } from '#core/control/unit.ts';
import { ledgerWriteOf } from '#core/ledger/ledger-write.ts';
import type { Clock, EpochMs, MonoNanos } from '#core/time/clock.ts';
import { createLedgerView } from '#engine/ledger-view.ts';
import { askVenue } from '#functions/confirm-step/ask-venue.ts';
import type { AttributeMap } from '../support/dynamodb-expression.ts';
import { createFakeDynamoDb } from '../support/fake-dynamodb.ts';
import { scriptedQueries } from '../support/scripted-queries.ts';
import { buildEvent, fillBody, intendedBody, stateBody } from '../support/trading-event-builder.ts';

const UNIT: UnitRef = { mode: 'paper', account: 'main', venue: 'binance-usdm' };
const SYMBOL = 'BTCUSDT';
const OLD_ORDERS = 50_000;
const HOUR_MS = 3_600_000;
const START = 20_000 * 24 * HOUR_MS;

/** Plain values as the table holds them. */
function stored(values: Readonly<Record<string, unknown>>): AttributeMap {
  const item = marshall(values, { removeUndefinedValues: true });
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, { ...value }]));
}

/** Items as writers left them before there was an index: orders that are over, one fill each, flat in the end. */
function oldItems(): AttributeMap[] {
  const part = (event: ReturnType<typeof buildEvent>): { readonly name: string; readonly value: AttributeMap } => {
    const write = ledgerWriteOf(event);
    if (write === null) throw new Error('not kept');
    const { precedence, writeId, content } = write;
    return {
      name: write.part,
      value: stored({ part: { precedence, writeId, content } }),
    };
  };
  const intent = part(buildEvent('order.intended', intendedBody('old')));
  const state = part(buildEvent('order.state', stateBody('old', 'Filled')));
  const sides = (['buy', 'sell'] as const).map((side) =>
    part(buildEvent('fill', fillBody('f', { side, venueTime: 1_000 }))),
  );
  const pk = { S: 'ACCOUNT#paper#main' };
  const items: AttributeMap[] = [];
  for (let number = 0; number < OLD_ORDERS; number += 1) {
    const name = String(number).padStart(6, '0');
    items.push({ pk, sk: { S: `ORDER#old-${name}` }, intent: intent.value.part ?? {}, state: state.value.part ?? {} });
    const fill = sides[number % 2]?.value.part ?? {};
    if (number < 2_000)
      items.push({ pk, sk: { S: `FILL#binance-usdm#${SYMBOL}#${name}` }, fill: withFillId(fill, name) });
  }
  return items;
}

function withFillId(fill: Readonly<Record<string, unknown>>, fillId: string): Readonly<Record<string, unknown>> {
  const copy = structuredClone(fill) as { M: { content: { M: Record<string, unknown> } } };
  copy.M.content.M.fillId = { S: fillId };
  return copy;
}

describe('a recovery from a long ledger', () => {
  it('R8: with 50,000 old orders it reads what is open and what came since the checkpoint, and says the same', async () => {
    const fake = createFakeDynamoDb();
    let now = START + 20 * HOUR_MS;
    const clock: Clock = { monoNanos: () => (now * 1e6) as MonoNanos, epochMs: () => now as EpochMs };
    const ledger = createLedger(fake.client, 'ledger', clock);
    const checkpoints = createLedgerCheckpoints(fake.client, 'ledger', clock);
    const index = createLedgerIndexReader(fake.client, 'ledger');
    const reader = createLedgerReader(fake.client, 'ledger');
    const readLedger = createLedgerView(reader, clock, index);
    fake.seed(oldItems());
    fake.pageSize = 100_000;
    let sequence = 0;
    const trade = async (id: string, side: 'buy' | 'sell') => {
      const at = () => {
        sequence += 1;
        return { sequence, time: now };
      };
      await ledger.apply(buildEvent('order.intended', intendedBody(id), at()));
      const fill = buildEvent('fill', fillBody(`f-${id}`, { side, venueTime: now, clientOrderId: id }), at());
      await ledger.apply(fill);
      await checkpoints.consider(UNIT, SYMBOL);
      await ledger.apply(buildEvent('order.state', stateBody(id, 'Filled'), at()));
    };

    // The first day of the index: there is no checkpoint yet.
    await trade('new-1', 'buy');

    // The day after, the first fill makes the checkpoint.
    now = START + 30 * HOUR_MS;
    await trade('new-2', 'buy');
    expect((await index.checkpoint(UNIT, `binance-usdm#${SYMBOL}`))?.fold).toBeDefined();
    now += HOUR_MS;
    sequence += 1;
    await ledger.apply(buildEvent('order.intended', intendedBody('working'), { sequence, time: now }));
    await trade('new-3', 'buy');
    const size = (await reader.readPositions(UNIT, { venue: UNIT.venue, symbol: SYMBOL }))[0]?.size;

    fake.itemsRead = 0;
    fake.requests.length = 0;
    const view = await readLedger(UNIT, SYMBOL);
    expect(fake.itemsRead).toBeLessThan(10);
    expect(fake.requests.length).toBeLessThan(10);
    expect(view).toMatchObject({
      positionSize: size,
      lastKnownAt: now,
      hasHistory: true,
    });
    expect(Number(view.positionSize)).toBeCloseTo(0.03, 9);
    expect(view.pendingOrders.map((order) => order.clientOrderId)).toEqual(['working']);
    expect(view.fillIds.has('f-new-3')).toBe(true);
    expect(view.endedOrderIds.has('new-3')).toBe(true);
  }, 30_000);

  it('F9: an order that was open before there was an index is found through the first checkpoint', async () => {
    const fake = createFakeDynamoDb();
    let now = START + 20 * HOUR_MS;
    const clock: Clock = { monoNanos: () => (now * 1e6) as MonoNanos, epochMs: () => now as EpochMs };
    const ledger = createLedger(fake.client, 'ledger', clock);
    const checkpoints = createLedgerCheckpoints(fake.client, 'ledger', clock);
    const index = createLedgerIndexReader(fake.client, 'ledger');
    await checkpoints.consider(UNIT, SYMBOL);
    const write = ledgerWriteOf(buildEvent('order.intended', intendedBody('old-open'), { time: START + 29 * HOUR_MS }));
    if (write === null) throw new Error('not kept');
    const { precedence, writeId, content } = write;
    fake.seed([stored({ pk: write.partition, sk: write.sort, intent: { precedence, writeId, content } })]);
    now = START + 30 * HOUR_MS;
    await ledger.apply(buildEvent('fill', fillBody('f-1', { venueTime: now, clientOrderId: null }), { sequence: 9 }));
    expect(await checkpoints.consider(UNIT, SYMBOL)).toBe(true);
    const view = await createLedgerView(createLedgerReader(fake.client, 'ledger'), clock, index)(UNIT, SYMBOL);
    expect(view.pendingOrders.map((order) => order.clientOrderId)).toEqual(['old-open']);
  });
});

describe('the confirmation of an order beside a long ledger', () => {
  it('R8, M1: reads of 2,000 old fills none once there is a checkpoint, and finds the same position before and after', async () => {
    const fake = createFakeDynamoDb();
    let now = START + 20 * HOUR_MS;
    const clock: Clock = { monoNanos: () => (now * 1e6) as MonoNanos, epochMs: () => now as EpochMs };
    const ledger = createLedger(fake.client, 'ledger', clock);
    const checkpoints = createLedgerCheckpoints(fake.client, 'ledger', clock);
    const reader = createLedgerReader(fake.client, 'ledger');
    const index = createLedgerIndexReader(fake.client, 'ledger');
    fake.seed(oldItems().filter((item) => item.fill !== undefined));
    fake.pageSize = 100_000;
    let sequence = 0;
    const tell = async (...[type, body]: Parameters<typeof buildEvent>) => {
      sequence += 1;
      await ledger.apply(buildEvent(type, body, { sequence, time: now }));
      await checkpoints.consider(UNIT, SYMBOL);
    };
    const record = {
      order: { ...UNIT, clientOrderId: 'asked', lane: 'scalper', symbol: SYMBOL, intendedAt: now, windowFrom: now },
      rounds: 0,
      callback: null,
      query: null,
      everFound: false,
      absentRounds: 0,
      apartSince: null,
      cancel: null,
    };
    const ask = async () => {
      fake.itemsRead = 0;
      const query = await askVenue(async () => scriptedQueries(record.order, () => null), reader, record, now, index);
      return { position: query.kind === 'answered' ? query.ledger.position : query.reason, itemsRead: fake.itemsRead };
    };
    const [whole] = await reader.readPositions(UNIT, { venue: UNIT.venue, symbol: SYMBOL });
    expect(await ask()).toMatchObject({ position: whole?.size });

    await tell('fill', fillBody('f-1', { side: 'buy', venueTime: now, clientOrderId: null }));
    now = START + 30 * HOUR_MS;
    await tell('fill', fillBody('f-2', { side: 'buy', venueTime: now, clientOrderId: null }));
    await tell('position.adjusted', {
      adjustmentId: 'a-1',
      symbol: SYMBOL,
      delta: '0.5',
      reason: 'adopted',
      evidence: 'the venue says so',
      price: null,
    });
    const [size] = await reader.readPositions(UNIT, { venue: UNIT.venue, symbol: SYMBOL });
    const asked = await ask();
    expect(asked.position).toBe(size?.size);
    expect(Number(asked.position)).toBeCloseTo(0.52, 9);
    expect(asked.itemsRead).toBeLessThan(10);
  }, 30_000);
});
