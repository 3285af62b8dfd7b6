import { describe, expect, test } from 'vitest';
import type { EpochMs } from '#core/time/clock.ts';
import {
  accountRow,
  fillIdOf,
  fillRow,
  orderRow,
  positionRow,
  readAccount,
  readFill,
  readOrder,
  readPosition,
  readTradeUpdate,
  tradeUpdate,
} from '#venues/alpaca/account-messages.ts';
import { classOfStatus } from '#venues/alpaca/errors.ts';
import { hasSharedData, sharedRows } from '../support/shared-data.ts';

const ORDER = {
  id: '904837e3-3b76-47ec-b432-046db621571b',
  client_order_id: 'p-1',
  created_at: '2021-03-16T18:38:01.942282Z',
  updated_at: '2021-03-16T18:38:01.942282Z',
  submitted_at: '2021-03-16T18:38:01.937734Z',
  replaced_by: null,
  symbol: 'AAPL',
  qty: '10',
  filled_qty: '0',
  limit_price: '225.10',
  type: 'limit',
  side: 'buy',
  status: 'new',
};
const order = (change: object = {}) => orderRow.parse({ ...ORDER, ...change });
const update = (event: string, change: object = {}, extra: object = {}) =>
  tradeUpdate.parse({ event, timestamp: '2021-03-16T18:38:02.5Z', order: { ...ORDER, ...change }, ...extra });

describe('orders of Alpaca', () => {
  test.each([
    ['accepted', 'accepted'],
    ['pending_new', 'accepted'],
    ['new', 'accepted'],
    ['held', 'accepted'],
    ['stopped', 'accepted'],
    ['suspended', 'accepted'],
    ['calculated', 'accepted'],
    ['pending_cancel', 'accepted'],
    ['pending_replace', 'accepted'],
    ['filled', 'filled'],
    ['canceled', 'canceled'],
    ['replaced', 'canceled'],
    ['rejected', 'rejected'],
    ['expired', 'expired'],
  ])('status %s is %s', (status, expected) => {
    expect(readOrder(order({ status }), 'query').status).toBe(expected);
  });

  test('done for the day is no end: the order goes on, as filled as it is', () => {
    expect(readOrder(order({ status: 'done_for_day' }), 'query').status).toBe('accepted');
    expect(readOrder(order({ status: 'done_for_day', filled_qty: '3' }), 'query').status).toBe('partiallyFilled');
  });

  test('what is being cancelled and is filled in part says so', () => {
    expect(readOrder(order({ status: 'pending_cancel', filled_qty: '2.50' }), 'query')).toMatchObject({
      status: 'partiallyFilled',
      cumulativeSize: '2.5',
      price: '225.1',
    });
  });

  test.each([
    [{ type: 'stop', limit_price: null, stop_price: '200.50' }, 'stopMarket', '200.5'],
    [{ type: 'trailing_stop', limit_price: null, stop_price: '190' }, 'stopMarket', '190'],
    [{ type: undefined, order_type: 'stop', limit_price: null, stop_price: '200' }, 'stopMarket', '200'],
    [{ type: 'stop_limit', limit_price: '199', stop_price: '200' }, undefined, '200'],
    [{ type: 'market', limit_price: null }, undefined, undefined],
  ])('F24: an order that waits for its trigger is no market order: %o', (change, orderType, triggerPrice) => {
    const report = readOrder(order(change), 'query');
    expect([report.orderType, report.triggerPrice]).toEqual([orderType, triggerPrice]);
  });

  test('a status that is not documented is refused: guessing could lose an order', () => {
    expect(() => readOrder(order({ status: 'odd' }), 'query')).toThrow('REPORT_INVALID');
  });

  test('a replaced order names the one that replaced it', () => {
    expect(readOrder(order({ status: 'replaced', replaced_by: 'other' }), 'query').reason).toBe('replaced by other');
  });
});

describe('trade updates of Alpaca', () => {
  test('a partial fill is the order, the execution and the position after it', () => {
    const said = readTradeUpdate(
      update(
        'partial_fill',
        { status: 'partially_filled', filled_qty: '7' },
        { execution_id: 'e-1', price: '225.05', qty: '3.0', position_qty: '-7' },
      ),
    );
    expect(said).toMatchObject([
      { kind: 'orderReport', status: 'partiallyFilled', cumulativeSize: '7' },
      { kind: 'fill', fillId: `${ORDER.id}:7`, price: '225.05', size: '3', fee: '0', clientOrderId: 'p-1' },
      { kind: 'position', size: '-7' },
    ]);
    expect(said[1]).toMatchObject({ venueTime: Date.UTC(2021, 2, 16, 18, 38, 2, 500) });
  });

  test.each([
    'new',
    'canceled',
    'expired',
    'done_for_day',
    'rejected',
    'pending_cancel',
    'order_cancel_rejected',
    'accepted',
  ])('%s is a report about the order alone', (event) => {
    expect(readTradeUpdate(update(event)).map(({ kind }) => kind)).toEqual(['orderReport']);
  });

  test('a fill without its price is refused', () => {
    expect(() => readTradeUpdate(update('fill', { status: 'filled', filled_qty: '10' }))).toThrow('REPORT_INVALID');
  });

  test('stream and query name a fill alike', () => {
    const row = fillRow.parse({
      activity_type: 'FILL',
      id: '20190524113406977::8efc7b9a-8b2b-4000-9955-d36e7db0df74',
      transaction_time: '2019-05-24T15:34:06.977Z',
      price: '1.63',
      qty: '3',
      cum_qty: '7.000',
      side: 'sell_short',
      symbol: 'AAPL',
      order_id: ORDER.id,
    });
    expect(readFill(row, 'p-1')).toMatchObject({ fillId: fillIdOf(ORDER.id, '7'), side: 'sell', clientOrderId: 'p-1' });
  });
});

const DOCS = 'alpaca/fixtures/docs_examples.jsonl';
const SDK = 'alpaca/fixtures/sdk_tests.jsonl';

describe.skipIf(!hasSharedData(DOCS) || !hasSharedData(SDK))('documented bodies of Alpaca', () => {
  const bodies = [...sharedRows(DOCS), ...sharedRows(SDK)]
    .map((row) => (row as { readonly body: unknown }).body)
    .flatMap((body) => (Array.isArray(body) ? body : [body]))
    .filter((body): body is object => typeof body === 'object' && body !== null);

  test('every order, trade update, fill, position and account is read', () => {
    const orders = bodies.filter((body) => 'client_order_id' in body && 'status' in body && 'filled_qty' in body);
    for (const body of orders) readOrder(orderRow.parse(body), 'query');
    expect(orders.length).toBeGreaterThan(3);

    const updates = bodies.filter((body) => 'stream' in body && body.stream === 'trade_updates');
    for (const body of updates) if ('data' in body) readTradeUpdate(tradeUpdate.parse(body.data));
    expect(updates.length).toBeGreaterThan(0);

    const fills = bodies.filter((body) => 'activity_type' in body && body.activity_type === 'FILL');
    for (const body of fills) readFill(fillRow.parse(body), null);
    expect(fills.length).toBeGreaterThan(0);

    const positions = bodies.filter((body) => 'avg_entry_price' in body);
    for (const body of positions) {
      expect(readPosition(positionRow.parse(body), 0 as EpochMs)).toMatchObject({ symbol: 'AAPL', size: '5' });
    }
    expect(positions.length).toBeGreaterThan(0);

    const accounts = bodies.filter((body) => 'buying_power' in body && 'cash' in body);
    for (const body of accounts) expect(readAccount(accountRow.parse(body), 0 as EpochMs).currency).toBe('USD');
    expect(accounts.length).toBeGreaterThan(0);
  });
});

describe('errors of Alpaca', () => {
  test.each([
    [401, 'request is not authorized', 'create', 'keys'],
    [403, 'insufficient buying power', 'create', 'reject'],
    [403, 'forbidden.', 'create', 'keys'],
    [403, 'account is restricted to liquidation only', 'create', 'keys'],
    [403, 'anything', 'query', 'keys'],
    [404, 'order not found', 'cancel', 'notFound'],
    [404, 'order not found', 'query', 'notFound'],
    [422, 'client_order_id must be unique', 'create', 'alreadySo'],
    [422, 'invalid limit_price 290.123. sub-penny increment', 'create', 'reject'],
    [422, 'order is already in "filled" state', 'cancel', 'alreadySo'],
    [422, 'something else', 'cancel', 'reject'],
    [429, 'rate limit exceeded', 'create', 'retry'],
    [504, 'gateway timeout', 'create', 'unknown'],
    [504, 'gateway timeout', 'query', 'retry'],
    [500, 'internal', 'cancel', 'unknown'],
  ] as const)('%i "%s" of a %s is %s', (status, text, operation, expected) => {
    expect(classOfStatus(status, text, operation)).toBe(expected);
  });
});
