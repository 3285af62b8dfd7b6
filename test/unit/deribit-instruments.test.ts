import { describe, expect, it } from 'vitest';
import { readInstruments } from '#venues/deribit/instruments.ts';
import { parseNumbersAsText } from '#venues/deribit/json-numbers.ts';
import { hasSharedData, sharedRows, sharedText } from '../support/shared-data.ts';

const REST = 'deribit/rest/get_instruments_btc.jsonl.gz';
const NAUTILUS = 'deribit/fixtures/nautilus.jsonl';

function resultOf(text: string): unknown {
  return (parseNumbersAsText(text) as { readonly result: unknown }).result;
}

describe('Deribit instruments', () => {
  it.skipIf(!hasSharedData(REST))('reads every row of a recorded answer: futures are inverse, options are data', () => {
    const [row] = sharedRows(REST) as { readonly raw: string }[];
    const rows = resultOf(row?.raw ?? '') as readonly { readonly kind: string }[];
    const { instruments, refused, others } = readInstruments(rows);
    expect(refused).toEqual([]);
    expect(instruments.length + others).toBe(rows.length);
    expect(instruments.find((each) => each.symbol === 'BTC-PERPETUAL')).toMatchObject({
      kind: 'inverse',
      baseCurrency: 'BTC',
      quoteCurrency: 'USD',
      settlementCurrency: 'BTC',
      priceScale: 1,
      tickSize: 5,
      sizeScale: 0,
      lotSize: 10,
      minSize: 10,
      tradable: true,
    });
    expect(instruments.find((each) => each.symbol === 'BTC-24SEP21-40000-P')).toMatchObject({
      kind: 'option',
      priceScale: 4,
      tickSize: 5,
      sizeScale: 1,
      lotSize: 1,
      tradable: false,
    });
  });

  it.skipIf(!hasSharedData(NAUTILUS))('reads published answers; combinations are counted, not carried', () => {
    const bodies = sharedText(NAUTILUS)
      .split('\n')
      .filter((line) => line.includes('"name":"http_get_instruments"'));
    const body = (parseNumbersAsText(bodies[0] ?? '{}') as { readonly body: { readonly result: unknown } }).body;
    const { instruments, refused, others } = readInstruments(body.result);
    expect(instruments.map((each) => [each.symbol, each.kind])).toEqual([
      ['BTC-PERPETUAL', 'inverse'],
      ['BTC-27DEC24', 'inverse'],
      ['BTC-27DEC24-100000-C', 'option'],
    ]);
    expect([refused, others]).toEqual([[], 1]);
  });

  const linear = {
    instrument_name: 'BTC_USDC-PERPETUAL',
    kind: 'future',
    is_active: true,
    base_currency: 'BTC',
    quote_currency: 'USDC',
    settlement_currency: 'USDC',
    instrument_type: 'linear',
    tick_size: '1',
    tick_size_steps: [{ above_price: '100', tick_size: '2.5' }],
    min_trade_amount: '0.001',
    contract_size: '0.0001',
  };

  it('a linear perpetual is counted in coins, by whole contracts; the price scale holds the finest of its ticks', () => {
    const { instruments } = readInstruments([linear]);
    expect(instruments).toMatchObject([
      {
        kind: 'linear',
        settlementCurrency: 'USDC',
        priceScale: 1,
        tickSize: 10,
        sizeScale: 4,
        lotSize: 1,
        minSize: 10,
        multiplier: 1,
      },
    ]);
  });

  it('a row that cannot be read is left out with its reason; an answer without a list is refused', () => {
    const { instruments, refused } = readInstruments([
      { ...linear, tick_size: '0' },
      { ...linear, base_currency: 7 },
      linear,
    ]);
    expect(instruments).toHaveLength(1);
    expect(refused.map((each) => each.symbol)).toEqual(['BTC_USDC-PERPETUAL', 'result[1]']);
    expect(() => readInstruments({})).toThrow(/ANSWER_INVALID|get_instruments has no list/);
  });
});
