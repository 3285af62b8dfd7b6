import { Decimal } from 'decimal.js';
import type { Instrument } from '#core/market/instrument.ts';
import { canonicalDecimal, formatScaled } from '#core/market/scaled-decimal.ts';
import type { SimulatedTicker } from '../exchange/simulated-exchange.ts';
import type { Row } from './bybit-rows.ts';

/** One row of `/v5/market/instruments-info`. */
export function instrumentRow(instrument: Instrument): Row {
  return instrument.kind === 'spot' ? spotRow(instrument) : linearRow(instrument);
}

function spotRow(instrument: Instrument): Row {
  const size = (value: number): string => canonicalDecimal(formatScaled(value, instrument.sizeScale));
  const largest = size(instrument.maxSize);
  return {
    symbol: instrument.symbol,
    baseCoin: instrument.baseCurrency,
    quoteCoin: instrument.quoteCurrency,
    innovation: '0',
    status: instrument.tradable ? 'Trading' : 'PreLaunch',
    marginTrading: 'utaOnly',
    stTag: '0',
    lotSizeFilter: {
      basePrecision: size(instrument.lotSize),
      quotePrecision: '0.0000001',
      minOrderQty: size(instrument.minSize),
      maxOrderQty: largest,
      minOrderAmt: String(instrument.minNotional),
      maxOrderAmt: '8000000',
      maxLimitOrderQty: largest,
      maxMarketOrderQty: largest,
      postOnlyMaxLimitOrderSize: largest,
    },
    priceFilter: { tickSize: formatScaled(instrument.tickSize, instrument.priceScale) },
    riskParameters: { priceLimitRatioX: '0.05', priceLimitRatioY: '0.05' },
    symbolType: '',
  };
}

function linearRow(instrument: Instrument): Row {
  const price = (value: number): string => formatScaled(value, instrument.priceScale);
  const size = (value: number): string => formatScaled(value, instrument.sizeScale);
  return {
    symbol: instrument.symbol,
    contractType: 'LinearPerpetual',
    status: instrument.tradable ? 'Trading' : 'Closed',
    baseCoin: instrument.baseCurrency,
    quoteCoin: instrument.quoteCurrency,
    settleCoin: instrument.settlementCurrency,
    launchTime: '1585526400000',
    deliveryTime: '0',
    deliveryFeeRate: '',
    priceScale: String(instrument.priceScale),
    leverageFilter: { minLeverage: '1', maxLeverage: '100.00', leverageStep: '0.01' },
    priceFilter: {
      minPrice: price(instrument.tickSize),
      maxPrice: price(instrument.tickSize * 1_999_999),
      tickSize: price(instrument.tickSize),
    },
    lotSizeFilter: {
      maxOrderQty: size(instrument.maxSize),
      minOrderQty: size(instrument.minSize),
      qtyStep: size(instrument.lotSize),
      postOnlyMaxOrderQty: size(instrument.maxSize),
      maxMktOrderQty: size(instrument.maxSize),
      minNotionalValue: String(instrument.minNotional),
    },
    unifiedMarginTrade: true,
    fundingInterval: 480,
    copyTrading: 'none',
    upperFundingRate: '0.00375',
    lowerFundingRate: '-0.00375',
    isPreListing: false,
    preListingInfo: null,
  };
}

/** The fields of a `tickers` message of spot: no mark, no funding; `usdIndexPrice` is in USD whatever the quote. */
export function spotTickerFields(ticker: SimulatedTicker, instrument: Instrument): Readonly<Record<string, string>> {
  const last = formatScaled(ticker.lastPrice, instrument.priceScale);
  return {
    symbol: ticker.symbol,
    lastPrice: last,
    highPrice24h: last,
    lowPrice24h: last,
    prevPrice24h: last,
    volume24h: '0',
    turnover24h: '0',
    price24hPcnt: '0',
    usdIndexPrice: formatScaled(ticker.indexPrice, instrument.priceScale),
  };
}

/** The fields of a `tickers` message of contracts; a delta carries those that changed. */
export function tickerFields(
  ticker: SimulatedTicker,
  instrument: Instrument,
  best: { readonly bid: readonly [string, string]; readonly ask: readonly [string, string] },
): Readonly<Record<string, string>> {
  const price = (value: number): string => formatScaled(value, instrument.priceScale);
  return {
    symbol: ticker.symbol,
    tickDirection: 'ZeroPlusTick',
    price24hPcnt: '0',
    lastPrice: price(ticker.lastPrice),
    prevPrice24h: price(ticker.lastPrice),
    highPrice24h: price(ticker.lastPrice),
    lowPrice24h: price(ticker.lastPrice),
    prevPrice1h: price(ticker.lastPrice),
    markPrice: price(ticker.markPrice),
    indexPrice: price(ticker.indexPrice),
    openInterest: ticker.openInterest,
    openInterestValue: new Decimal(ticker.openInterest).mul(price(ticker.markPrice)).toFixed(),
    turnover24h: '0',
    volume24h: '0',
    nextFundingTime: String(Math.floor(ticker.nextFundingTime)),
    fundingRate: ticker.fundingRate,
    bid1Price: best.bid[0],
    bid1Size: best.bid[1],
    ask1Price: best.ask[0],
    ask1Size: best.ask[1],
    fundingIntervalHour: '8',
  };
}
