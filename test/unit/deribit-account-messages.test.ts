import { describe, expect, it } from 'vitest';
import type { EpochMs } from '#core/time/clock.ts';
import {
  orderRow,
  portfolioRow,
  positionRow,
  readOrder,
  readPortfolio,
  readPosition,
  readTrade,
  tradeRow,
  withoutTriggered,
} from '#venues/deribit/account-messages.ts';
import { parseNumbersAsText } from '#venues/deribit/json-numbers.ts';
import { logRow, readLogRow } from '#venues/deribit/log-messages.ts';
import { hasSharedData, sharedText } from '../support/shared-data.ts';

const FIXTURES = ['deribit/fixtures/openapi_examples.jsonl', 'deribit/fixtures/nautilus.jsonl'];
const AT = 1_700_000_000_000 as EpochMs;

type Node = Readonly<Record<string, unknown>>;

/** Every object anywhere in the fixtures, numbers as the client reads them. */
function everyObject(): Node[] {
  const found: Node[] = [];
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(walk);
    else if (typeof value === 'object' && value !== null) {
      found.push(value as Node);
      Object.values(value).forEach(walk);
    }
  };
  for (const file of FIXTURES) {
    for (const line of sharedText(file).split('\n')) if (line !== '') walk(parseNumbersAsText(line));
  }
  return found;
}

const order = {
  instrument_name: 'BTC-PERPETUAL',
  order_id: '1',
  label: 'a-1',
  direction: 'buy',
  order_type: 'limit',
  order_state: 'open',
  price: '100.5',
  amount: '30',
  filled_amount: '0',
  creation_timestamp: '1700000000000',
  last_update_timestamp: '1700000000001',
} as const;

describe('Deribit account messages', () => {
  it.skipIf(!FIXTURES.every(hasSharedData))(
    'reads every order, trade, position, portfolio and log row of the published examples',
    () => {
      const counts = { orders: 0, trades: 0, positions: 0, portfolios: 0, logs: 0 };
      for (const node of everyObject()) {
        if ('order_state' in node) {
          const report = readOrder(orderRow.parse(node), 'query');
          expect(report.size).toMatch(/^\d/);
          counts.orders += 1;
        } else if ('trade_id' in node && 'fee_currency' in node) {
          expect(readTrade(tradeRow.parse(node), 'query').fillId).toBe(node.trade_id);
          counts.trades += 1;
        } else if ('floating_profit_loss' in node && 'size' in node) {
          expect(readPosition(positionRow.parse(node), 'query', AT).symbol).toBe(node.instrument_name);
          counts.positions += 1;
        } else if ('available_funds' in node && 'currency' in node) {
          expect(readPortfolio(portfolioRow.parse(node), AT).currency).toBe(node.currency);
          counts.portfolios += 1;
        } else if ('user_seq' in node) {
          readLogRow(logRow.parse(node));
          counts.logs += 1;
        }
      }
      for (const [what, count] of Object.entries(counts)) expect([what, count > 0]).toEqual([what, true]);
    },
  );

  it.each([
    [{}, 'accepted', '100.5'],
    [{ filled_amount: '10' }, 'partiallyFilled', '100.5'],
    [{ order_state: 'filled', filled_amount: '30' }, 'filled', '100.5'],
    [{ order_state: 'cancelled', cancel_reason: 'user_request' }, 'canceled', '100.5'],
    [
      { order_state: 'untriggered', order_type: 'stop_market', price: 'market_price', filled_amount: undefined },
      'accepted',
      null,
    ],
    [{ order_state: 'rejected' }, 'rejected', '100.5'],
  ])('H3: %j is %s', (change, status, price) => {
    expect(readOrder(orderRow.parse({ ...order, ...change }), 'accountStream')).toMatchObject({ status, price });
  });

  it('H3: a state that is not documented is refused, never guessed', () => {
    expect(() => readOrder(orderRow.parse({ ...order, order_state: 'archived' }), 'query')).toThrow(/REPORT_INVALID/);
  });

  it('an order that nobody here placed has no client id; a short position is negative', () => {
    expect(readOrder(orderRow.parse({ ...order, label: '' }), 'query').clientOrderId).toBeNull();
    const row = { instrument_name: 'A', direction: 'sell', size: '-50', average_price: '7440.18' } as const;
    expect(readPosition(positionRow.parse(row), 'query', AT)).toMatchObject({ size: '-50', entryPrice: '7440.18' });
    expect(readPosition(positionRow.parse({ ...row, direction: 'zero', size: '0' }), 'query', AT).size).toBe('0');
  });

  it('F25: a trade marked as liquidation of the other side is an ordinary one of ours', () => {
    const trade = {
      instrument_name: 'A',
      trade_id: 't',
      order_id: 'o',
      direction: 'sell',
      price: '1',
      amount: '1',
      fee: '-0.00000021',
      fee_currency: 'BTC',
      liquidity: 'M',
      timestamp: '1700000000000',
    } as const;
    expect(readTrade(tradeRow.parse({ ...trade, liquidation: 'T' }), 'query')).toMatchObject({
      cause: 'trade',
      fee: '-0.00000021',
    });
    expect(readTrade(tradeRow.parse({ ...trade, liquidation: 'M' }), 'query').cause).toBe('liquidation');
    expect(readTrade(tradeRow.parse({ ...trade, liquidation: 'MT' }), 'query').cause).toBe('liquidation');
  });

  it('H2: a delivery ends a position by a fill that the venue made; trades of the log are no adjustments', () => {
    const row = {
      id: '9',
      type: 'delivery',
      timestamp: '1700000000000',
      currency: 'BTC',
      instrument_name: 'BTC-27JUN25',
    };
    expect(readLogRow(logRow.parse({ ...row, amount: '-50', price: '7000.5', side: 'close sell' }))).toMatchObject({
      kind: 'fill',
      cause: 'settlement',
      side: 'sell',
      size: '50',
      fillId: 'delivery-9',
    });
    expect(readLogRow(logRow.parse({ ...row, type: 'trade', amount: '50' }))).toBeNull();
  });

  it('H3: a delivery that names no side or no price is refused, never guessed', () => {
    const row = {
      id: '9',
      type: 'delivery',
      timestamp: '1',
      currency: 'BTC',
      instrument_name: 'BTC-27JUN25',
      amount: '50',
    };
    for (const change of [{ price: '7000', side: '-' }, { price: '7000' }, { side: 'close sell', price: null }]) {
      expect(() => readLogRow(logRow.parse({ ...row, ...change }))).toThrow(/REPORT_INVALID/);
    }
  });

  it('money that moved for a reason that is not documented is told all the same', () => {
    const row = { id: '7', type: 'correction', timestamp: '1', currency: 'BTC', change: '-0.25' };
    expect(readLogRow(logRow.parse(row))).toMatchObject({ reason: 'transfer', id: 'correction-7', amount: '-0.25' });
    expect(readLogRow(logRow.parse({ ...row, change: '0' }))).toBeNull();
  });

  it('F24: a stop that waits is told as a stop with its trigger, so that nobody takes it for a market order', () => {
    const stop = { ...order, order_state: 'untriggered', order_type: 'stop_market', price: 'market_price' };
    expect(readOrder(orderRow.parse({ ...stop, trigger_price: '99.50' }), 'query')).toMatchObject({
      status: 'accepted',
      orderType: 'stopMarket',
      triggerPrice: '99.5',
    });
  });

  it('F3: of a stop and the order that it has become, the latter is the order', () => {
    const stop = orderRow.parse({ ...order, order_id: 'SLMB-1', order_state: 'triggered', order_type: 'stop_market' });
    const child = orderRow.parse({ ...order, order_id: '77', order_state: 'filled', trigger_order_id: 'SLMB-1' });
    expect(withoutTriggered([stop, child]).map((row) => row.order_id)).toEqual(['77']);
    expect(withoutTriggered([stop]).map((row) => row.order_id)).toEqual(['SLMB-1']);
  });
});
