import { describe, expect, test } from 'vitest';
import { readAs } from '#venues/binance/private-messages.ts';
import { accountPosition, balanceUpdate, executionReport } from '#venues/binance-spot/account-messages.ts';
import {
  reportOfBalanceUpdate,
  reportsOfAccountPosition,
  reportsOfExecution,
} from '#venues/binance-spot/account-reports.ts';
import { binanceSpotErrors, ERROR_CLASSES } from '#venues/binance-spot/errors.ts';
import { hasSharedData, sharedRows } from '../support/shared-data.ts';

const EVENT = {
  e: 'executionReport',
  E: 2,
  s: 'BTCUSDT',
  c: 'mine',
  C: '',
  S: 'BUY',
  o: 'LIMIT',
  f: 'GTC',
  q: '1.00000000',
  p: '10.50000000',
  x: 'NEW',
  X: 'NEW',
  r: 'NONE',
  i: 7,
  l: '0.00000000',
  z: '0.00000000',
  L: '0.00000000',
  n: '0',
  N: null,
  T: 3,
  t: -1,
  m: false,
};
const reports = (parts: Record<string, unknown>) =>
  reportsOfExecution(readAs(executionReport, { ...EVENT, ...parts }, 'test'));

describe('reports of spot', () => {
  test.each([
    ['NEW', {}, 'accepted'],
    ['PENDING_NEW', { X: 'PENDING_NEW' }, 'accepted'],
    ['CANCELED', { x: 'CANCELED', X: 'CANCELED' }, 'canceled'],
    ['REJECTED', { x: 'REJECTED', X: 'REJECTED', r: 'INSUFFICIENT_BALANCES' }, 'rejected'],
    ['EXPIRED', { x: 'EXPIRED', X: 'EXPIRED' }, 'expired'],
    ['EXPIRED_IN_MATCH', { x: 'TRADE_PREVENTION', X: 'EXPIRED_IN_MATCH' }, 'expired'],
  ])('%s', (_name, parts, status) => {
    expect(reports(parts)).toMatchObject([{ kind: 'orderReport', status, clientOrderId: 'mine', price: '10.5' }]);
  });

  test('why an order ended is told where nobody cancelled it', () => {
    expect(reports({ x: 'REJECTED', X: 'REJECTED', r: 'INSUFFICIENT_BALANCES' })).toMatchObject([
      { reason: 'REJECTED timeInForce=GTC r=INSUFFICIENT_BALANCES' },
    ]);
  });

  test('a cancel and an amendment carry the order’s id as the original one, and only they do', () => {
    expect(reports({ x: 'CANCELED', X: 'CANCELED', c: 'cancel-1', C: 'mine' })).toMatchObject([
      { clientOrderId: 'mine' },
    ]);
    expect(reports({ x: 'REPLACED', c: 'other', C: 'mine' })).toMatchObject([{ clientOrderId: 'mine' }]);
    expect(reports({ c: 'mine', C: 'older' })).toMatchObject([{ clientOrderId: 'mine' }]);
  });

  test('a fill comes before the state that it makes; a prevented match is none', () => {
    const trade = { x: 'TRADE', X: 'PARTIALLY_FILLED', l: '0.25', z: '0.25', L: '10.4', n: '0.00025', N: 'BTC', t: 91 };
    expect(reports(trade)).toMatchObject([
      { kind: 'fill', fillId: '91', size: '0.25', price: '10.4', fee: '0.00025', feeCurrency: 'BTC', cause: 'trade' },
      { kind: 'orderReport', status: 'partiallyFilled', cumulativeSize: '0.25' },
    ]);
    expect(reports({ x: 'TRADE_PREVENTION', X: 'EXPIRED_IN_MATCH', l: '0.5', L: '10' })).toHaveLength(1);
  });

  test('an id beyond 2^53 keeps its digits', () => {
    expect(reports({ i: '9223372036854775807' })).toMatchObject([{ venueOrderId: '9223372036854775807' }]);
  });

  test('balances are what is free and what is locked, exactly', () => {
    const event = { e: 'outboundAccountPosition', E: 1, u: 5, B: [{ a: 'BTC', f: '0.10000000', l: '0.20000000' }] };
    expect(reportsOfAccountPosition(readAs(accountPosition, event, 'test'))).toEqual([
      { kind: 'balance', currency: 'BTC', walletBalance: '0.3', availableBalance: '0.1', venueTime: 5 },
    ]);
    const update = readAs(balanceUpdate, { e: 'balanceUpdate', E: 1, a: 'BTC', d: '-1.5', T: 4 }, 'test');
    expect(reportOfBalanceUpdate(update)).toMatchObject({ reason: 'transfer', amount: '-1.5', currency: 'BTC' });
  });

  const FIXTURES = 'binance/fixtures/nautilus.jsonl';
  test.skipIf(!hasSharedData(FIXTURES))('recorded shapes of others are read', () => {
    const rows = (sharedRows(FIXTURES) as { name: string; body: { data?: unknown } }[]).filter(({ name }) =>
      name.includes('execution_report'),
    );
    expect(rows.length).toBeGreaterThan(6);
    for (const { name, body } of rows) {
      const event = readAs(executionReport, body.data ?? body, name);
      const said = reportsOfExecution(event);
      expect(said.at(-1), name).toMatchObject({ kind: 'orderReport', symbol: event.s, venueOrderId: event.i });
      expect(said.length, name).toBe(event.x === 'TRADE' ? 2 : 1);
    }
  });
});

describe('errors of spot', () => {
  test('S3: no code has two classes', () => {
    const codes = Object.values(ERROR_CLASSES).flat();
    expect(new Set(codes).size).toBe(codes.length);
  });

  test.each([
    [-1003, '', 'retry'],
    [-1021, '', 'clock'],
    [-1007, '', 'unknown'],
    [-2010, 'Duplicate order sent.', 'alreadySo'],
    [-2010, 'Order would immediately match and take.', 'reject'],
    [-2011, 'Unknown order sent.', 'alreadySo'],
    [-2013, '', 'notFound'],
    [-2026, '', 'notFound'],
    [-2015, '', 'keys'],
    [-2038, '', 'reject'],
  ])('%i %s is %s', (code, text, expected) => {
    expect(binanceSpotErrors.classify(code, text, 400, 'order')).toBe(expected);
  });
});
