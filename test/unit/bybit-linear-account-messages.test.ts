import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { AccountReport } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';
import {
  executionRow,
  orderRow,
  positionRow,
  readExecution,
  readOrder,
  readPosition,
  readWallet,
  walletRow,
} from '#venues/bybit/account-messages.ts';
import { feeCurrencyRule } from '#venues/bybit/fee-currency.ts';
import { LINEAR } from '#venues/bybit-linear/category.ts';
import { hasSharedData, sharedRows } from '../support/shared-data.ts';

const inContracts = feeCurrencyRule(LINEAR, () => undefined);
const DOCS = 'bybit/fixtures/v5_docs_examples.jsonl';
const NAUTILUS = 'bybit/fixtures/nautilus.jsonl';
const fixture = z.object({
  source: z.string(),
  heading: z.string().optional(),
  name: z.string().optional(),
  body: z.unknown(),
});
const envelope = z.object({ topic: z.string().optional(), data: z.array(z.unknown()) });
const listed = z.object({ result: z.object({ list: z.array(z.unknown()) }) });

function rows(file: string, source: string, heading?: string): unknown[] {
  const found = sharedRows(file)
    .map((row) => fixture.parse(row))
    .find((row) => row.source.endsWith(source) && (heading === undefined || row.heading === heading));
  if (found === undefined) throw new Error(`no fixture ${source}`);
  const stream = envelope.safeParse(found.body);
  return stream.success ? stream.data.data : listed.parse(found.body).result.list;
}

describe.skipIf(!hasSharedData(DOCS) || !hasSharedData(NAUTILUS))(
  'reports in the documented shapes of Bybit V5',
  () => {
    it('an order of the private stream that was cancelled by its owner', () => {
      const [row] = rows(NAUTILUS, 'ws_account_order.json');
      expect(readOrder(orderRow.parse(row), 'accountStream')).toEqual({
        kind: 'orderReport',
        source: 'accountStream',
        symbol: 'BTCUSDT',
        clientOrderId: 'client-1',
        venueOrderId: 'abcdef123456',
        status: 'canceled',
        side: 'buy',
        price: '30000',
        size: '0.01',
        cumulativeSize: '0',
        reduceOnly: false,
        reason: 'CancelByUser',
        venueTime: 1_700_000_005_000,
      });
    });

    it('orders by query: open ones, and one that post-only had cancelled after its acceptance', () => {
      const open = rows(NAUTILUS, 'http_get_orders_realtime.json').map((row) =>
        readOrder(orderRow.parse(row), 'query'),
      );
      expect(open.map((report) => [report.venueOrderId, report.status, report.price])).toEqual([
        ['open-order-1', 'accepted', '3930.41'],
        ['open-order-2', 'accepted', '3940.42'],
      ]);
      const [row] = rows(DOCS, 'order/order-list.mdx');
      const postOnly = orderRow.parse({ ...z.looseObject({}).parse(row), positionIdx: 0 });
      expect(readOrder(postOnly, 'query')).toMatchObject({
        status: 'canceled',
        reason: 'EC_PostOnlyWillTakeLiquidity',
      });
    });

    it.each([
      ['ws_account_order_stop_market.json', 'stopMarket', '45000'],
      ['ws_account_order_stop_loss.json', 'stopMarket', '48000'],
      ['ws_account_order_take_profit.json', 'takeProfitMarket', '55000'],
      ['ws_account_order_market_if_touched.json', 'takeProfitMarket', '55000'],
      ['ws_account_order_sell_market_if_touched.json', 'takeProfitMarket', '55000'],
    ])(
      'F24: an order that waits for its trigger says so, and is no market order: %s',
      (file, orderType, triggerPrice) => {
        const [row] = rows(NAUTILUS, file);
        expect(readOrder(orderRow.parse(row), 'query')).toMatchObject({ orderType, triggerPrice, price: null });
      },
    );

    it('F23: an order that was refused after a part of it had filled ends as cancelled with what it filled', () => {
      const [row] = rows(NAUTILUS, 'http_get_order_partially_filled_rejected.json');
      expect(readOrder(orderRow.parse(row), 'query')).toMatchObject({
        status: 'canceled',
        cumulativeSize: '0.005',
        reason: 'INSUFFICIENT_MARGIN',
      });
    });

    it('an account in hedge mode is refused by its orders and by its positions', () => {
      const [order] = rows(DOCS, 'order/open-order.mdx');
      const [position] = rows(DOCS, 'websocket/private/position.mdx', 'Stream Example');
      expect(() => readOrder(orderRow.parse(order), 'query')).toThrow(/^HEDGE_MODE: symbol=ETHUSDT positionIdx=1/);
      expect(() => readPosition(positionRow.parse(position), 'accountStream', 0 as EpochMs)).toThrow(/one-way mode/);
    });

    it('an execution, and one that the venue made by auto-deleveraging', () => {
      const [trade] = rows(DOCS, 'websocket/private/execution.mdx', 'Stream Example');
      expect(readExecution(executionRow.parse(trade), 'accountStream', inContracts)).toEqual({
        kind: 'fill',
        source: 'accountStream',
        symbol: 'BTCUSDT',
        fillId: '0ab1bdf7-4219-438b-b30a-32ec863018f7',
        clientOrderId: null,
        venueOrderId: '9aac161b-8ed6-450d-9cab-c5cc67c21784',
        side: 'sell',
        price: '95900.1',
        size: '0.5',
        fee: '26.3725275',
        feeCurrency: 'USDT',
        liquidity: 'taker',
        cause: 'trade',
        venueTime: 1_746_270_400_353,
      });
      const [adl] = rows(NAUTILUS, 'ws_account_execution_adl.json');
      expect(readExecution(executionRow.parse(adl), 'accountStream', inContracts)).toMatchObject({
        cause: 'adl',
        feeCurrency: 'USDT',
      });
    });

    it('a short position is negative, by stream and by query', () => {
      const [stream] = rows(NAUTILUS, 'ws_account_position.json');
      expect(readPosition(positionRow.parse(stream), 'accountStream', 0 as EpochMs)).toMatchObject({
        symbol: 'ETHUSDT',
        size: '-0.01',
        entryPrice: '3641.075',
        venueTime: 1_762_199_125_472,
      });
      const [query] = rows(DOCS, 'position/position.mdx');
      expect(readPosition(positionRow.parse(query), 'query', 0 as EpochMs)).toMatchObject({
        size: '-300',
        entryPrice: '27464.50441675',
      });
    });

    it('wallets, with an unknown available balance where the venue states none', () => {
      const [wallet] = rows(NAUTILUS, 'ws_account_wallet_small_order.json');
      expect(readWallet(walletRow.parse(wallet), 7 as EpochMs)).toEqual([
        {
          kind: 'balance',
          currency: 'USDT',
          walletBalance: '51333.82543837',
          availableBalance: '0',
          venueTime: 7,
        },
      ]);
      const [query] = rows(NAUTILUS, 'http_get_wallet_balance.json');
      expect(readWallet(walletRow.parse(query), 7 as EpochMs).map((each) => each.currency)).toEqual([
        'BTC',
        'USDT',
        'ETH',
      ]);
    });
  },
);

describe('rules of execution types', () => {
  const base = {
    symbol: 'BTCUSDT',
    execId: 'e1',
    orderId: 'o1',
    side: 'Buy',
    execPrice: '100',
    execQty: '2',
    execFee: '0.25',
    execTime: '1700000000000',
  };
  const readAs = (execType: string): AccountReport =>
    readExecution(executionRow.parse({ ...base, execType }), 'query', inContracts);

  it('funding has a quantity and changes no position: it is an adjustment of the balance', () => {
    expect(readAs('Funding')).toEqual({
      kind: 'adjustment',
      reason: 'funding',
      id: 'e1',
      symbol: 'BTCUSDT',
      currency: 'USDT',
      amount: '-0.25',
      venueTime: 1_700_000_000_000,
    });
  });

  it.each([
    ['Trade', 'trade'],
    ['AdlTrade', 'adl'],
    ['BustTrade', 'liquidation'],
    ['Settle', 'settlement'],
    ['Delivery', 'settlement'],
  ])('%s is a fill with cause %s', (execType, cause) => {
    expect(readAs(execType)).toMatchObject({ kind: 'fill', cause });
  });

  it('F8: a split of the shares behind a contract is told, and its size left to the position that the venue states', () => {
    expect(readAs('CorporateAction')).toMatchObject({ kind: 'adjustment', reason: 'settlement', amount: '-0.25' });
  });

  it('a type that is not documented is refused, never guessed', () => {
    expect(() => readAs('Novelty')).toThrow(/^REPORT_INVALID: execType=Novelty/);
  });

  it('a cancel that raced a fill sends Filled twice: both read the same', () => {
    const filled = {
      symbol: 'BTCUSDT',
      orderId: 'o1',
      side: 'Buy',
      orderType: 'Limit',
      orderStatus: 'Filled',
      price: '100',
      qty: '2',
      cumExecQty: '2',
      createdTime: '1700000000000',
      updatedTime: '1700000000001',
    };
    const first = readOrder(orderRow.parse({ ...filled, rejectReason: 'EC_NoError' }), 'accountStream');
    const second = readOrder(
      orderRow.parse({ ...filled, rejectReason: 'EC_OrigClOrdIDDoesNotExist', cancelType: 'CancelByUser' }),
      'accountStream',
    );
    expect(second).toEqual(first);
  });
});
