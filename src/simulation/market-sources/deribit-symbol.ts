import type { Instrument } from '#core/market/instrument.ts';

/** What Deribit's names say of an instrument: `BTC-PERPETUAL` and `BTC-27JUN25` are inverse, `BTC_USDC-PERPETUAL` is linear, `BTC-27JUN25-100000-C` is an option, which is data. */
export function termsOfDeribitSymbol(
  symbol: string,
): Pick<Instrument, 'kind' | 'baseCurrency' | 'quoteCurrency' | 'settlementCurrency' | 'tradable'> {
  const [base = '', quote] = (symbol.split('-')[0] ?? '').split('_');
  if (/-[CP]$/.test(symbol)) {
    const currency = quote ?? base;
    return {
      kind: 'option',
      baseCurrency: base,
      quoteCurrency: currency,
      settlementCurrency: currency,
      tradable: false,
    };
  }
  if (quote === undefined) {
    return { kind: 'inverse', baseCurrency: base, quoteCurrency: 'USD', settlementCurrency: base, tradable: true };
  }
  return { kind: 'linear', baseCurrency: base, quoteCurrency: quote, settlementCurrency: quote, tradable: true };
}
