import { describe, expect, it } from 'vitest';
import { createLedger } from '#aws/ledger.ts';
import { createLedgerReader } from '#aws/ledger-reader.ts';
import { foldPosition } from '#core/ledger/position-fold.ts';
import { createFakeDynamoDb } from '../support/fake-dynamodb.ts';
import { buildEvent, fillBody, intendedBody, stateBody } from '../support/trading-event-builder.ts';

const account = { mode: 'paper', account: 'main' } as const;

function build() {
  const fake = createFakeDynamoDb();
  return { fake, ledger: createLedger(fake.client, 'ledger'), reader: createLedgerReader(fake.client, 'ledger') };
}

describe('ledger: orders', () => {
  it('T2: an order is its intent and its latest state, with the evidence', async () => {
    const { ledger, reader } = build();
    await ledger.apply(buildEvent('order.intended', intendedBody('o-1'), { sequence: 1 }));
    await ledger.apply(buildEvent('order.state', stateBody('o-1', 'Accepted'), { sequence: 2 }));
    await ledger.apply(buildEvent('order.state', stateBody('o-1', 'Filled'), { sequence: 3 }));

    const [order] = await reader.readOrders(account);

    expect(order?.intent?.price).toBe('100.5');
    expect(order?.state?.state).toBe('Filled');
    expect(order?.state?.evidence).toEqual([
      { kind: 'accountStream', venueOrderId: '4711', venueTime: 1_700_000_000_500 },
    ]);
    expect(await reader.readOrder(account, 'o-1')).toEqual(order);
    expect(await reader.readOrder(account, 'o-2')).toBeNull();
  });

  it('T4: an event that comes late does not undo a later one', async () => {
    const { ledger, reader } = build();
    const late = buildEvent('order.state', stateBody('o-1', 'Accepted'), { sequence: 2 });
    await ledger.apply(buildEvent('order.state', stateBody('o-1', 'PendingCancel'), { sequence: 3 }));

    expect(await ledger.apply(late)).toBe('superseded');
    expect((await reader.readOrder(account, 'o-1'))?.state?.state).toBe('PendingCancel');
  });

  it('M1: a late fill turns Canceled into Filled, and nothing said later undoes Filled', async () => {
    const { ledger, reader } = build();
    await ledger.apply(buildEvent('order.state', stateBody('o-1', 'Canceled'), { sequence: 3 }));
    await ledger.apply(buildEvent('order.state', stateBody('o-1', 'Unknown'), { epoch: 8, sequence: 1 }));
    expect((await reader.readOrder(account, 'o-1'))?.state?.state).toBe('Canceled');

    await ledger.apply(buildEvent('order.state', stateBody('o-1', 'Filled'), { sequence: 4 }));
    await ledger.apply(buildEvent('order.state', stateBody('o-1', 'Canceled'), { epoch: 9, sequence: 1 }));

    expect((await reader.readOrder(account, 'o-1'))?.state?.state).toBe('Filled');
  });

  it('M1: a contradicted Rejected gives way to Unknown', async () => {
    const { ledger, reader } = build();
    await ledger.apply(buildEvent('order.state', stateBody('o-1', 'Rejected'), { sequence: 3 }));
    await ledger.apply(buildEvent('order.state', stateBody('o-1', 'Unknown'), { sequence: 4 }));

    expect((await reader.readOrder(account, 'o-1'))?.state?.state).toBe('Unknown');
  });

  it('H12: a denied order is on record with its reason', async () => {
    const { ledger, reader } = build();
    const body = { clientOrderId: 'o-1', lane: 'scalper', symbol: 'BTCUSDT', code: 'SPREAD_WIDE', detail: 'bps=31' };
    await ledger.apply(buildEvent('order.denied', body));

    const order = await reader.readOrder(account, 'o-1');

    expect(order?.state).toMatchObject({ state: 'Denied', terminal: true, reason: 'SPREAD_WIDE: bps=31' });
  });

  it('T4: one order id for two intents is a contradiction, and the earlier intent stays', async () => {
    const { ledger, reader } = build();
    await ledger.apply(buildEvent('order.intended', intendedBody('o-1', { size: '0.05' }), { sequence: 9 }));
    const other = buildEvent('order.intended', intendedBody('o-1'), { sequence: 2 });

    await expect(ledger.apply(other)).rejects.toMatchObject({ code: 'LEDGER_CONTRADICTION', class: 'fatal' });
    expect((await reader.readOrder(account, 'o-1'))?.intent?.size).toBe('0.02');
  });

  it('G10: an intent that a successor tells anew, as the venue has the order by then, contradicts nothing, and the one that was decided stays', async () => {
    const { ledger, reader } = build();
    const retold = { size: '0.01', price: '59999', timeInForce: 'gtc', retold: true } as const;
    await ledger.apply(buildEvent('order.intended', intendedBody('o-1', retold), { sequence: 9 }));
    await ledger.apply(buildEvent('order.intended', intendedBody('o-1'), { sequence: 2 }));

    expect((await reader.readOrder(account, 'o-1'))?.intent?.size).toBe('0.02');
    const other = buildEvent('order.intended', intendedBody('o-1', { ...retold, side: 'sell' }), { sequence: 11 });
    await expect(ledger.apply(other)).rejects.toMatchObject({ code: 'LEDGER_CONTRADICTION' });
  });
});

describe('ledger: own retries and faults', () => {
  it('T4: an own write whose answer was lost is recognised by its write id', async () => {
    const { fake, ledger, reader } = build();
    const event = buildEvent('fill', fillBody('900'));
    fake.fault = () => 'lostAnswer';
    await expect(ledger.apply(event)).rejects.toThrow('connection reset');
    fake.fault = () => 'none';

    expect(await ledger.apply(event)).toBe('duplicate');
    expect(await reader.readFills(account)).toHaveLength(1);
  });

  it('T4: an own state that was written before its answer was lost is a duplicate, not a refusal', async () => {
    const { fake, ledger } = build();
    const event = buildEvent('order.state', stateBody('o-1', 'Filled'), { sequence: 3 });
    fake.fault = () => 'lostAnswer';
    await expect(ledger.apply(event)).rejects.toThrow('connection reset');
    fake.fault = () => 'none';

    expect(await ledger.apply(event)).toBe('duplicate');
  });

  it('S3: a throttled write is thrown on as it is', async () => {
    const { fake, ledger } = build();
    fake.fault = () => 'throttled';
    await expect(ledger.apply(buildEvent('fill', fillBody('900')))).rejects.toMatchObject({
      name: 'ProvisionedThroughputExceededException',
    });
  });

  it('T4: events that the ledger does not keep cost no request', async () => {
    const { fake, ledger } = build();
    const body = { symbol: 'BTCUSDT', engine: '0', venue: '0', agree: true };
    expect(await ledger.apply(buildEvent('position.checked', body))).toBe('notKept');
    expect(fake.requests).toEqual([]);
  });
});

describe('ledger: fills, positions, balances, lanes', () => {
  it('T4: a fill counts once, whatever event and epoch brings it', async () => {
    const { ledger, reader } = build();
    expect(await ledger.apply(buildEvent('fill', fillBody('900'), { epoch: 7, sequence: 5 }))).toBe('written');
    const again = fillBody('900', { size: '0.010', fee: '0.00041' });
    expect(await ledger.apply(buildEvent('fill', again, { epoch: 8, sequence: 1 }))).toBe('duplicate');

    expect((await reader.readPositions(account))[0]).toMatchObject({ size: '0.01', fills: 1 });
  });

  it('F7: positions are opening + fills + adjustments, over all pages, with exact profit and fees', async () => {
    const { fake, ledger, reader } = build();
    fake.pageSize = 2;
    const time = 1_700_000_000_000;
    await ledger.apply(
      buildEvent(
        'position.adjusted',
        {
          adjustmentId: 'open',
          symbol: 'BTCUSDT',
          delta: '0.1',
          reason: 'opening',
          evidence: 'query',
          price: '100',
        },
        { sequence: 1, time },
      ),
    );
    const fills = [
      { id: '1', side: 'buy', price: '101', size: '0.1' },
      { id: '2', side: 'sell', price: '103', size: '0.1' },
      { id: '3', side: 'sell', price: '102', size: '0.25' },
    ] as const;
    for (const [index, { id, ...fill }] of fills.entries()) {
      const body = fillBody(id, { ...fill, venueTime: time + 10 + index });
      await ledger.apply(buildEvent('fill', body, { sequence: 2 + index }));
    }

    expect(await reader.readPositions(account)).toEqual([
      {
        venue: 'binance-usdm',
        symbol: 'BTCUSDT',
        size: '-0.15',
        entryPrice: '102',
        costKnown: true,
        // (103 - 100.5) × 0.1 + (102 - 100.5) × 0.1
        realizedProfit: '0.4',
        paid: '-25.7',
        fees: { USDT: '0.0012' },
        fills: 3,
        adjustments: 1,
      },
    ]);
    expect(await reader.readPositions(account, { venue: 'bybit-linear', symbol: 'BTCUSDT' })).toEqual([]);
    expect(await reader.readPositions({ mode: 'paper', account: 'other' })).toEqual([]);
  });

  it('F7: a change without a stated price makes no profit and says that the cost is not known', () => {
    const adjustment = {
      adjustmentId: 'a',
      symbol: 'BTCUSDT',
      delta: '0.5',
      reason: 'adopted',
      evidence: 'query',
      price: null,
      venue: 'binance-usdm',
      epoch: 1,
      time: 5,
    } as const;
    expect(foldPosition('binance-usdm', 'BTCUSDT', [], [adjustment])).toMatchObject({
      size: '0.5',
      costKnown: false,
      realizedProfit: '0',
    });
  });

  it('T2: the latest balance is the one that the venue stated last', async () => {
    const { ledger, reader } = build();
    const body = { currency: 'USDT', availableBalance: null };
    await ledger.apply(buildEvent('balance', { ...body, walletBalance: '90', venueTime: 2000 }, { sequence: 4 }));
    await ledger.apply(buildEvent('balance', { ...body, walletBalance: '100', venueTime: 1000 }, { sequence: 5 }));

    expect(await reader.readBalances(account)).toMatchObject([{ currency: 'USDT', walletBalance: '90' }]);
  });

  it('H7: a lane keeps its state and whether its entries are paused, apart', async () => {
    const { ledger, reader } = build();
    const lane = { lane: 'scalper', symbol: 'BTCUSDT' };
    await ledger.apply(
      buildEvent('lane.state', { ...lane, from: 'Idle', to: 'OrderPending', reason: 'entry' }, { sequence: 1 }),
    );
    await ledger.apply(buildEvent('lane.entries', { ...lane, paused: true, reason: 'reduce' }, { sequence: 2 }));

    expect(await reader.readLanes(account)).toMatchObject([
      { lane: 'scalper', state: { state: 'OrderPending' }, entries: { paused: true } },
    ]);
  });

  it('S18: a lane keeps what it held and what the venue said when it last compared, whatever arrives late', async () => {
    const { ledger, reader } = build();
    const body = { lane: 'scalper', symbol: 'BTCUSDT', engine: '0.01', venue: '0.02', agree: false };
    const later = { ...body, engine: '0.02', agree: true };
    await ledger.apply(buildEvent('position.checked', later, { sequence: 9, time: 2_000 }));
    await ledger.apply(buildEvent('position.checked', body, { sequence: 8, time: 1_000 }));

    expect((await reader.readLanes(account))[0]?.checked).toMatchObject({
      ...{ symbol: 'BTCUSDT', engine: '0.02', venuePosition: '0.02', venue: 'binance-usdm', time: 2_000 },
    });
  });
});

describe('ledger: money that moved without a fill', () => {
  it('T2: funding is on record once, by its id, whatever is redelivered', async () => {
    const { ledger, reader } = build();
    const body = {
      adjustmentId: 'funding-1',
      reason: 'funding' as const,
      symbol: 'BTCUSDT',
      currency: 'USDT',
      amount: '-1.25',
      venueTime: 1_700_000_000_000,
    };
    await ledger.apply(buildEvent('cash.adjusted', body, { sequence: 1 }));
    await ledger.apply(buildEvent('cash.adjusted', body, { epoch: 9, sequence: 5 }));
    await ledger.apply(
      buildEvent('cash.adjusted', { ...body, adjustmentId: 'funding-2', amount: '0.5' }, { sequence: 2 }),
    );

    const cash = await reader.readCash(account);

    expect(cash.map((each) => [each.adjustmentId, each.amount])).toEqual([
      ['funding-1', '-1.25'],
      ['funding-2', '0.5'],
    ]);
  });
});
