import { describe, expect, test } from 'vitest';
import { readExchangeInfo } from '#venues/binance-usdm/instruments.ts';
import { hasSharedData, sharedRows } from '../support/shared-data.ts';

describe('Binance USD-M instruments', () => {
  test('instruments: the scales are the venue’s precisions, sizes are what limit and market orders both allow', () => {
    const row = {
      symbol: 'BTCUSDT',
      status: 'TRADING',
      baseAsset: 'BTC',
      quoteAsset: 'USDT',
      marginAsset: 'USDT',
      pricePrecision: 2,
      quantityPrecision: 3,
      filters: [
        { filterType: 'PRICE_FILTER', tickSize: '0.10' },
        { filterType: 'LOT_SIZE', stepSize: '0.001', minQty: '0.001', maxQty: '1000' },
        { filterType: 'MARKET_LOT_SIZE', stepSize: '0.001', minQty: '0.002', maxQty: '120' },
        { filterType: 'MIN_NOTIONAL', notional: '100' },
      ],
    };
    const { instruments, refused } = readExchangeInfo({
      symbols: [
        row,
        { ...row, symbol: 'ODD', filters: [] },
        { symbol: 7 },
        { ...row, symbol: 'OLD', status: 'SETTLING' },
      ],
    });

    expect(instruments).toEqual([
      {
        venue: 'binance-usdm',
        symbol: 'BTCUSDT',
        kind: 'linear',
        baseCurrency: 'BTC',
        quoteCurrency: 'USDT',
        settlementCurrency: 'USDT',
        priceScale: 2,
        sizeScale: 3,
        tickSize: 10,
        lotSize: 1,
        minSize: 2,
        maxSize: 120_000,
        minNotional: 100,
        multiplier: 1,
        tradable: true,
      },
      expect.objectContaining({ symbol: 'OLD', tradable: false }),
    ]);
    expect(refused).toEqual([
      { symbol: 'ODD', reason: expect.stringContaining('PRICE_FILTER.tickSize is missing') },
      { symbol: 'symbols[2]', reason: expect.any(String) },
    ]);
    expect(() => readExchangeInfo({ code: -1 })).toThrow(expect.objectContaining({ venueClass: 'retry' }));
  });

  const INFO = 'binance/rest/exchangeInfo_usdm.jsonl.gz';
  test.skipIf(!hasSharedData(INFO))('the recorded exchangeInfo is read whole', () => {
    const [row] = sharedRows(INFO) as [{ raw: string }];
    const { instruments, refused } = readExchangeInfo(JSON.parse(row.raw));

    expect(refused).toEqual([]);
    expect(instruments.length).toBeGreaterThan(100);
    expect(instruments.find(({ symbol }) => symbol === 'BTCUSDT')).toMatchObject({
      priceScale: 2,
      tickSize: 1,
      sizeScale: 3,
      lotSize: 1,
      maxSize: 1_000_000,
      minNotional: 5,
    });
    for (const { tickSize, lotSize, minSize, maxSize } of instruments) {
      expect(Math.min(tickSize, lotSize, minSize, maxSize)).toBeGreaterThan(0);
    }
  });
});
