import { describe, expect, test } from 'vitest';
import { parsePrivate, readAs } from '#venues/binance/private-messages.ts';
import { accountUpdate, orderTradeUpdate, restOrder, userTrade } from '#venues/binance-usdm/account-messages.ts';
import {
  reportOfOrder,
  reportOfTrade,
  reportsOfAccountUpdate,
  reportsOfOrderUpdate,
} from '#venues/binance-usdm/account-reports.ts';
import { hasSharedData, sharedRows } from '../support/shared-data.ts';

const FIXTURES = 'binance/fixtures/nautilus.jsonl';

/** An ORDER_TRADE_UPDATE with the given parts of `o`. */
function orderUpdate(parts: Record<string, unknown>): string {
  const o = {
    s: 'BTCUSDT',
    c: 'p1abc-1-1',
    S: 'BUY',
    o: 'LIMIT',
    f: 'GTC',
    q: '0.200',
    p: '60000.10',
    ap: '0',
    sp: '0',
    x: 'NEW',
    X: 'NEW',
    i: 8886774,
    l: '0',
    z: '0',
    L: '0',
    T: 1568879465650,
    t: 0,
    m: false,
    R: false,
    ps: 'BOTH',
    rp: '0',
    ...parts,
  };
  return JSON.stringify({ e: 'ORDER_TRADE_UPDATE', E: 1568879465651, T: 1568879465650, o });
}

const reports = (text: string) => reportsOfOrderUpdate(readAs(orderTradeUpdate, parsePrivate(text), 'test'));
const updates = (a: unknown) =>
  reportsOfAccountUpdate(readAs(accountUpdate, { e: 'ACCOUNT_UPDATE', E: 2, T: 1, a }, 'test'));

describe('order updates', () => {
  test('H3: a fill is told before the state that it makes, decimals without needless zeros', () => {
    const text = orderUpdate({
      x: 'TRADE',
      X: 'PARTIALLY_FILLED',
      l: '0.050',
      z: '0.150',
      L: '60000.10',
      N: 'USDT',
      n: '0.60000000',
      t: 77,
      m: true,
    });
    expect(reports(text)).toEqual([
      {
        kind: 'fill',
        source: 'accountStream',
        symbol: 'BTCUSDT',
        fillId: '77',
        clientOrderId: 'p1abc-1-1',
        venueOrderId: '8886774',
        side: 'buy',
        price: '60000.1',
        size: '0.05',
        fee: '0.6',
        feeCurrency: 'USDT',
        liquidity: 'maker',
        cause: 'trade',
        venueTime: 1568879465650,
      },
      {
        kind: 'orderReport',
        source: 'accountStream',
        symbol: 'BTCUSDT',
        clientOrderId: 'p1abc-1-1',
        venueOrderId: '8886774',
        status: 'partiallyFilled',
        side: 'buy',
        price: '60000.1',
        size: '0.2',
        cumulativeSize: '0.15',
        reduceOnly: false,
        reason: '',
        venueTime: 1568879465650,
      },
    ]);
  });

  test.each([
    ['NEW', 'NEW', 'accepted'],
    ['AMENDMENT', 'NEW', 'accepted'],
    ['CANCELED', 'CANCELED', 'canceled'],
    ['EXPIRED', 'EXPIRED', 'expired'],
    ['EXPIRED', 'EXPIRED_IN_MATCH', 'expired'],
    ['REJECTED', 'REJECTED', 'rejected'],
  ])('%s %s is %s, with no fill', (x, X, status) => {
    expect(reports(orderUpdate({ x, X }))).toMatchObject([{ kind: 'orderReport', status }]);
  });

  test('why an order expired is kept', () => {
    expect(reports(orderUpdate({ x: 'EXPIRED', X: 'EXPIRED', f: 'GTX' }))).toMatchObject([
      { reason: 'EXPIRED timeInForce=GTX' },
    ]);
  });

  test('M1: ids beyond 2^53 keep all their digits', () => {
    const text = orderUpdate({ x: 'TRADE', X: 'FILLED', l: '0.2', z: '0.2', L: '1', N: 'USDT', n: '0', t: 1 }).replace(
      '8886774',
      '8389765739703626123',
    );
    expect(reports(text).map((each) => each.venueOrderId)).toEqual(['8389765739703626123', '8389765739703626123']);
  });

  test('a closing by the venue without a trade id still has an id of its own', () => {
    const [fill] = reports(
      orderUpdate({ c: 'autoclose-1', x: 'CALCULATED', X: 'FILLED', l: '0.2', z: '0.2', L: '1', t: 0 }),
    );
    expect(fill).toMatchObject({ kind: 'fill', fillId: '8886774-0.2', cause: 'liquidation', fee: '0' });
  });

  test('hedge mode is refused by name', () => {
    expect(() => reports(orderUpdate({ ps: 'LONG' }))).toThrow(/HEDGE_MODE: symbol=BTCUSDT side=LONG/);
    expect(() => updates({ m: 'ORDER', B: [], P: [{ s: 'BTCUSDT', pa: '1', ep: '1', ps: 'SHORT' }] })).toThrow(
      /HEDGE_MODE/,
    );
  });

  test.each(['{"e":"ORDER_TRADE_UPDATE"}', '{"e":', orderUpdate({ q: 'much' }), orderUpdate({ X: 'SOMETHING' })])(
    'what cannot be read is one typed error: %s',
    (text) => {
      expect(() => reports(text)).toThrow(/^FRAME_INVALID/);
    },
  );
});

describe('account updates', () => {
  test('positions are signed, balances absolute, trading makes no adjustment', () => {
    expect(
      updates({
        m: 'ORDER',
        B: [{ a: 'USDT', wb: '99.50', cw: '99.5', bc: '0' }],
        P: [{ s: 'BTCUSDT', pa: '-0.200', ep: '60000.0', ps: 'BOTH' }],
      }),
    ).toEqual([
      { kind: 'position', source: 'accountStream', symbol: 'BTCUSDT', size: '-0.2', entryPrice: '60000', venueTime: 1 },
      { kind: 'balance', currency: 'USDT', walletBalance: '99.5', availableBalance: null, venueTime: 1 },
    ]);
  });

  test('funding is an adjustment with an id that a repetition shares, none of the venue’s', () => {
    const funding = { m: 'FUNDING_FEE', B: [{ a: 'USDT', wb: '98', cw: '98', bc: '-1.50' }], P: [] };
    expect(updates(funding)).toContainEqual({
      kind: 'adjustment',
      reason: 'funding',
      id: 'FUNDING_FEE-1-USDT--1.5-98',
      symbol: null,
      currency: 'USDT',
      amount: '-1.5',
      unnamed: true,
      venueTime: 1,
    });
    expect(updates(funding)).toEqual(updates(funding));
  });

  test('funding of two cross positions at one instant is two adjustments, though no symbol is told', () => {
    const charged = (wb: string) => updates({ m: 'FUNDING_FEE', B: [{ a: 'USDT', wb, cw: wb, bc: '-1.5' }], P: [] });
    const ids = [...charged('98.5'), ...charged('97')].flatMap((each) => (each.kind === 'adjustment' ? [each.id] : []));
    expect(new Set(ids).size).toBe(2);
  });

  test.each(['OPTIONS_PREMIUM_FEE', 'OPTIONS_SETTLE_PROFIT', 'A_REASON_OF_TOMORROW'])(
    'money moved for %s is told, whatever the reason is called',
    (m) => {
      const moved = updates({ m, B: [{ a: 'USDT', wb: '90', cw: '90', bc: '-10' }], P: [] });
      expect(moved).toContainEqual(expect.objectContaining({ kind: 'adjustment', reason: 'transfer', amount: '-10' }));
    },
  );
});

describe('recorded messages (skipped where the shared data is not there)', () => {
  const rows = hasSharedData(FIXTURES)
    ? (sharedRows(FIXTURES) as { name: string; body: Record<string, unknown> }[])
    : [];
  /** The fixtures are of hedge-mode accounts; the position's side is set to one-way, all else is as recorded. */
  const oneWay = (name: string) => {
    const body = rows.find((row) => row.name === name)?.body ?? {};
    const event = (body.data ?? body) as { o: Record<string, unknown> };
    return reportsOfOrderUpdate(readAs(orderTradeUpdate, { ...event, o: { ...event.o, ps: 'BOTH' } }, name));
  };

  test.skipIf(rows.length === 0).each([
    ['order_update_trade_partial', 'trade', 'partiallyFilled'],
    ['order_update_calculated', 'liquidation', 'filled'],
    ['order_update_insurance', 'liquidation', 'filled'],
    ['order_update_settlement', 'settlement', 'filled'],
    ['ws_futures_order_update_adl', 'adl', 'filled'],
    ['ws_futures_order_update_adl_filled', 'adl', 'filled'],
    ['ws_futures_order_update_settlement', 'settlement', 'filled'],
    ['ws_futures_order_update_trade_reduce_only_qty', 'trade', 'filled'],
  ])('H2: %s has cause %s and leaves the order %s', (name, cause, status) => {
    expect(oneWay(name)).toMatchObject([
      { kind: 'fill', cause },
      { kind: 'orderReport', status },
    ]);
  });

  test.skipIf(rows.length === 0)('orders that only opened have no fill', () => {
    expect(oneWay('ws_futures_order_update_new_price_match')).toMatchObject([
      { kind: 'orderReport', status: 'accepted', price: '2495.5' },
    ]);
  });
});

describe('rows of queries', () => {
  const order = {
    symbol: 'BTCUSDT',
    orderId: 5,
    clientOrderId: 'p1-1-1',
    side: 'SELL',
    type: 'MARKET',
    timeInForce: 'GTC',
    status: 'FILLED',
    price: '0',
    origQty: '0.20',
    executedQty: '0.20',
    reduceOnly: true,
    positionSide: 'BOTH',
    time: 1,
    updateTime: 2,
    somethingNew: { x: 1 },
  };

  test('an order, with fields that are not known', () => {
    expect(reportOfOrder(readAs(restOrder, order, 'test'))).toMatchObject({
      source: 'query',
      venueOrderId: '5',
      status: 'filled',
      price: null,
      size: '0.2',
      cumulativeSize: '0.2',
      side: 'sell',
      reduceOnly: true,
      venueTime: 2,
    });
  });

  test('a trade of a hedge-mode account is refused', () => {
    const row = {
      symbol: 'BTCUSDT',
      id: 1,
      orderId: 2,
      side: 'BUY',
      price: '1',
      qty: '1',
      commission: '0',
      commissionAsset: 'USDT',
      maker: true,
      positionSide: 'LONG',
      time: 3,
    };
    expect(() => reportOfTrade(readAs(userTrade, row, 'test'))).toThrow(/HEDGE_MODE/);
    expect(reportOfTrade(readAs(userTrade, { ...row, positionSide: 'BOTH' }, 'test'))).toMatchObject({
      fillId: '1',
      liquidity: 'maker',
      clientOrderId: null,
    });
  });
});
