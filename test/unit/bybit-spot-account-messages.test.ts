import { describe, expect, it } from 'vitest';
import type { Instrument } from '#core/market/instrument.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import {
  executionRow,
  orderRow,
  readExecution,
  readOrder,
  readWallet,
  walletRow,
} from '#venues/bybit/account-messages.ts';
import { feeCurrencyRule } from '#venues/bybit/fee-currency.ts';
import { SPOT } from '#venues/bybit-spot/category.ts';
import { holdingsOf } from '#venues/connection/holdings.ts';
import { hasSharedData, sharedRows } from '../support/shared-data.ts';

const AT = 1_700_034_722_104 as EpochMs;
const KNOWN: ReadonlyMap<string, Instrument> = new Map(
  builtInInstruments('bybit-spot').map((each) => [each.symbol, each]),
);
const feeCurrencyOf = feeCurrencyRule(SPOT, (symbol) => KNOWN.get(symbol));

const EXECUTION = {
  category: 'spot',
  symbol: 'BTCUSDT',
  execId: '2100000000032905730',
  orderId: '1321003749386327552',
  orderLinkId: 'c-1',
  side: 'Buy',
  execType: 'Trade',
  execPrice: '30000',
  execQty: '0.01',
  execFee: '0.00001',
  feeCurrency: 'BTC',
  isMaker: false,
  execTime: '1672282722429',
};

const ORDER = {
  category: 'spot',
  symbol: 'BTCUSDT',
  orderId: '1321003749386327552',
  orderLinkId: 'c-1',
  side: 'Sell',
  orderType: 'Limit',
  orderStatus: 'PartiallyFilledCanceled',
  price: '30000',
  qty: '0.02',
  cumExecQty: '0.01',
  rejectReason: 'EC_PerCancelRequest',
  cancelType: 'CancelByUser',
  createdTime: '1672282722000',
  updatedTime: '1672282722429',
};

describe('reports of Bybit spot', () => {
  it.each([
    ['the venue says it', { feeCurrency: 'USDT' }, 'USDT'],
    ['a buy that pays', { feeCurrency: '' }, 'BTC'],
    ['a sell that pays', { feeCurrency: '', side: 'Sell' }, 'USDT'],
    ['a buy that is paid a rebate', { feeCurrency: '', execFee: '-0.1', isMaker: true }, 'USDT'],
    ['a sell that is paid a rebate', { feeCurrency: '', side: 'Sell', execFee: '-0.1', isMaker: true }, 'BTC'],
  ])('a fee is in what is received, a rebate in what is given: %s', (_, change, currency) => {
    const fill = readExecution(executionRow.parse({ ...EXECUTION, ...change }), 'accountStream', feeCurrencyOf);
    expect(fill).toMatchObject({ kind: 'fill', feeCurrency: currency, cause: 'trade' });
  });

  it('a fee in no known currency is no report: guessing would make the holding wrong', () => {
    const row = executionRow.parse({ ...EXECUTION, symbol: 'XYZUSDT', feeCurrency: '' });
    expect(() => readExecution(row, 'query', feeCurrencyOf)).toThrow(
      expect.objectContaining({ class: 'validation', code: 'REPORT_INVALID' }),
    );
  });

  it.each([
    ['PartiallyFilledCanceled', 'canceled'],
    ['Deactivated', 'canceled'],
    ['Untriggered', 'accepted'],
    ['Triggered', 'accepted'],
    ['Rejected', 'canceled'],
  ])('M1: an order that is %s is %s, with what it filled', (orderStatus, status) => {
    expect(readOrder(orderRow.parse({ ...ORDER, orderStatus }), 'accountStream')).toMatchObject({
      status,
      side: 'sell',
      cumulativeSize: '0.01',
      reduceOnly: false,
    });
  });

  it('a market order that states quote currency is as large as what it filled, not as its value', () => {
    const row = { ...ORDER, orderType: 'Market', orderStatus: 'Filled', qty: '300', marketUnit: 'quoteCoin' };
    expect(readOrder(orderRow.parse(row), 'query')).toMatchObject({
      size: '0.01',
      cumulativeSize: '0.01',
      price: null,
    });
    expect(readOrder(orderRow.parse({ ...row, marketUnit: 'baseCoin' }), 'query')).toMatchObject({ size: '300' });
  });

  it('an order that waits for its trigger is known by the price at which it was made, where the venue tells that', () => {
    const stop = {
      ...ORDER,
      orderType: 'Market',
      orderStatus: 'Untriggered',
      marketUnit: 'baseCoin',
      triggerDirection: 0,
    };
    const of = (change: object) => readOrder(orderRow.parse({ ...stop, ...change }), 'query');
    expect(of({ side: 'Sell', triggerPrice: '90', basePrice: '100' })).toMatchObject({ orderType: 'stopMarket' });
    expect(of({ side: 'Sell', triggerPrice: '110', basePrice: '100' })).toMatchObject({
      orderType: 'takeProfitMarket',
    });
    expect(of({ side: 'Buy', triggerPrice: '110', basePrice: '100' })).toMatchObject({ orderType: 'stopMarket' });
    const untold = of({ side: 'Buy', triggerPrice: '110' });
    expect(untold).not.toHaveProperty('orderType');
    expect(untold).toMatchObject({ triggerPrice: '110' });
    expect(of({ triggerPrice: '' })).not.toHaveProperty('triggerPrice');
  });

  it('what is held is the balance of the base asset, told for each known symbol with it; other coins say nothing', () => {
    const row = walletRow.parse({
      coin: [
        { coin: 'BTC', walletBalance: '0.00102964', availableToWithdraw: '0.00102964' },
        { coin: 'USDT', walletBalance: '100.5', availableToWithdraw: '' },
        { coin: 'MNT', walletBalance: '7', availableToWithdraw: '' },
      ],
    });
    const balances = readWallet(row, AT);
    const inEuro = { ...KNOWN.get('BTCUSDT'), symbol: 'BTCEUR', quoteCurrency: 'EUR' } as Instrument;
    expect(holdingsOf(balances, [...KNOWN.values(), inEuro], 'accountStream')).toEqual(
      ['BTCUSDT', 'BTCEUR'].map((symbol) => ({
        kind: 'position',
        source: 'accountStream',
        symbol,
        size: '0.00102964',
        entryPrice: '0',
        venueTime: AT,
      })),
    );
    expect(balances.map((each) => each.currency)).toEqual(['BTC', 'USDT', 'MNT']);
  });

  const DOCS = 'bybit/fixtures/v5_docs_examples.jsonl';
  it.skipIf(!hasSharedData(DOCS))('the venue’s own example of a wallet is read', () => {
    const example = (sharedRows(DOCS) as { source: string; heading: string; body: { data: unknown[] } }[]).find(
      ({ source, heading }) => source.endsWith('private/wallet.mdx') && heading === 'Stream Example',
    );
    const [row] = example?.body.data ?? [];
    expect(holdingsOf(readWallet(walletRow.parse(row), AT), KNOWN.values(), 'accountStream')).toMatchObject([
      { symbol: 'BTCUSDT', size: '0.00102964' },
    ]);
  });
});
