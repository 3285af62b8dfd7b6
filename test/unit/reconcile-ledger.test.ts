import { describe, expect, it } from 'vitest';
import { createLedger } from '#aws/ledger.ts';
import { createLedgerCheckpoints, createLedgerIndexReader, type LedgerIndexReader } from '#aws/ledger-checkpoints.ts';
import { createLedgerReader } from '#aws/ledger-reader.ts';
import type { FillReport, PositionReport } from '#core/orders/order.ts';
import { compareSymbol } from '#core/reconciliation/differences.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { lookAt, type ReadOnlyQueries } from '#functions/reconcile/ask-parties.ts';
import { createFakeDynamoDb } from '../support/fake-dynamodb.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { RECONCILED_INSTRUMENT, RECONCILED_UNIT } from '../support/reconciliation-model.ts';
import { buildEvent, fillBody, intendedBody } from '../support/trading-event-builder.ts';

const HOUR_MS = 3_600_000;
const PATIENCE = { settleMs: 10_000, writersBehindMs: 300_000 };
const SYMBOL = 'BTCUSDT';

/** A ledger that fills for days, a fill of 0.01 every six hours, with its checkpoints, and the venue's own list of them. */
async function tradedFor(days: number) {
  const table = createFakeDynamoDb();
  const time = createManualClock(20_000 * 24 * HOUR_MS);
  const now = () => time.clock.epochMs();
  const ledger = createLedger(table.client, 'ledger', time.clock);
  const checkpoints = createLedgerCheckpoints(table.client, 'ledger', time.clock);
  const fills: FillReport[] = [];
  for (let count = 1; count <= days * 4; count += 1) {
    const body = fillBody(String(count), { venueTime: now() - 50, clientOrderId: 'somebody' });
    fills.push({ ...body, kind: 'fill', source: 'query', venueTime: body.venueTime as EpochMs });
    await ledger.apply(buildEvent('fill', body, { sequence: count, time: now() }));
    await checkpoints.consider(RECONCILED_UNIT, SYMBOL);
    time.advance(6 * HOUR_MS);
  }
  const queries: ReadOnlyQueries = {
    serverTime: async () => now(),
    instruments: async () => [RECONCILED_INSTRUMENT],
    openOrders: async () => [],
    ordersSince: async () => [],
    orderByClientId: async () => ({ kind: 'notFound' }),
    fillsSince: async (_symbol, from) => fills.filter((fill) => fill.venueTime >= from),
    positions: async (): Promise<readonly PositionReport[]> => [
      {
        ...{ kind: 'position', source: 'query', symbol: SYMBOL, entryPrice: '100', venueTime: now() },
        size: (fills.length / 100).toString(),
      },
    ],
    balances: async () => [],
  };
  const reader = createLedgerReader(table.client, 'ledger');
  const index = createLedgerIndexReader(table.client, 'ledger');
  const look = (by: LedgerIndexReader) =>
    lookAt(
      { queries, ledger: reader, index: by, nowMs: now },
      { unit: RECONCILED_UNIT, instrument: RECONCILED_INSTRUMENT, reservedSize: '0', lane: null },
    );
  const whole: LedgerIndexReader = { ...index, checkpoint: async () => null };
  return { table, ledger, time, fills, look, index, whole };
}

describe('what the reconciler reads of the ledger', () => {
  it('is the same by the index as by all of it, and much less', async () => {
    const { table, look, index, whole } = await tradedFor(8);
    const all = await look(whole);
    const readOfAll = table.itemsRead;
    const recent = await look(index);
    expect(recent.ledger.positionSize).toBe(all.ledger.positionSize);
    expect(recent.ledger.positionSize).toBe('0.32');
    expect(recent.comparedFrom).toBe(all.comparedFrom);
    expect(table.itemsRead - readOfAll).toBeLessThan(readOfAll / 2);
    for (const each of [all, recent]) expect(compareSymbol(each, PATIENCE)).toEqual([]);
  });

  it('F12: a lost execution of the last day is found by either', async () => {
    const { fills, time, look, index, whole } = await tradedFor(8);
    const lost = { ...fillBody('lost'), kind: 'fill', source: 'query' } as const;
    fills.push({ ...lost, venueTime: (time.clock.epochMs() - 20 * HOUR_MS) as EpochMs });
    for (const each of [await look(index), await look(whole)])
      expect(compareSymbol(each, PATIENCE).map((difference) => difference.kind)).toEqual(['missingFill', 'position']);
  });

  it('works where nothing was traded for days, so that the checkpoint lies before the window', async () => {
    const { time, look, index, whole } = await tradedFor(4);
    time.advance(72 * HOUR_MS);
    for (const each of [await look(index), await look(whole)]) {
      expect(each.ledger.positionSize).toBe('0.16');
      expect(compareSymbol(each, PATIENCE)).toEqual([]);
    }
  });

  it('G10: an order that was intended and never heard of again is asked about by its id', async () => {
    const { ledger, time, look, index } = await tradedFor(8);
    const body = intendedBody('p0000001-a-9');
    await ledger.apply(buildEvent('order.intended', body, { sequence: 99, time: time.clock.epochMs() - HOUR_MS }));
    expect(compareSymbol(await look(index), PATIENCE)).toMatchObject([
      { kind: 'unprovenOrder', clientOrderId: 'p0000001-a-9' },
    ]);
  });
});
