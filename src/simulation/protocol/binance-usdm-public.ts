import type { Instrument } from '#core/market/instrument.ts';
import { DEFAULT_SETTINGS } from '../exchange/exchange-settings.ts';
import type { SimulatedTicker } from '../exchange/simulated-exchange.ts';
import type { RequestParams } from './binance-auth.ts';
import type { BinanceContext } from './binance-context.ts';
import { BinanceRefusal } from './binance-errors.ts';
import { required } from './binance-params.ts';
import { fixed } from './binance-rows.ts';

type Row = Record<string, unknown>;

const DEPTHS = [5, 10, 20, 50, 100, 500, 1_000];

/** Weight of `depth` by its limit. */
export function depthWeight(params: RequestParams): number {
  const limit = Number(params.get('limit') ?? 500);
  if (limit <= 50) return 2;
  return limit <= 100 ? 5 : limit <= 500 ? 10 : 20;
}

export function exchangeInfo(context: BinanceContext): Row {
  const assets = [...new Set(context.exchange.instruments.map((each) => each.settlementCurrency))];
  return {
    timezone: 'UTC',
    serverTime: context.now(),
    futuresType: 'U_MARGINED',
    rateLimits: [
      { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: context.limits.weightPerMinute },
      ...context.limits.orders.map((window) => ({ rateLimitType: 'ORDERS', ...window })),
    ],
    exchangeFilters: [],
    assets: assets.map((asset) => ({ asset, marginAvailable: true, autoAssetExchange: '-100' })),
    symbols: context.exchange.instruments.map(symbolRow),
  };
}

function symbolRow(instrument: Instrument): Row {
  const { priceScale, sizeScale } = instrument;
  const step = {
    stepSize: fixed(instrument.lotSize, sizeScale),
    minQty: fixed(instrument.minSize, sizeScale),
    maxQty: fixed(instrument.maxSize, sizeScale),
  };
  return {
    symbol: instrument.symbol,
    pair: instrument.symbol,
    contractType: 'PERPETUAL',
    deliveryDate: 4_133_404_800_000,
    onboardDate: 1_569_398_400_000,
    status: instrument.tradable ? 'TRADING' : 'SETTLING',
    maintMarginPercent: '2.5000',
    requiredMarginPercent: '5.0000',
    baseAsset: instrument.baseCurrency,
    quoteAsset: instrument.quoteCurrency,
    marginAsset: instrument.settlementCurrency,
    pricePrecision: priceScale,
    quantityPrecision: sizeScale,
    baseAssetPrecision: 8,
    quotePrecision: 8,
    underlyingType: 'COIN',
    underlyingSubType: [],
    triggerProtect: '0.0500',
    liquidationFee: '0.012500',
    marketTakeBound: '0.05',
    filters: [
      {
        filterType: 'PRICE_FILTER',
        tickSize: fixed(instrument.tickSize, priceScale),
        minPrice: fixed(instrument.tickSize, priceScale),
        maxPrice: fixed(instrument.tickSize * 100_000_000, priceScale),
      },
      { filterType: 'LOT_SIZE', ...step },
      { filterType: 'MARKET_LOT_SIZE', ...step },
      { filterType: 'MAX_NUM_ORDERS', limit: 200 },
      { filterType: 'MAX_NUM_ALGO_ORDERS', limit: 10 },
      { filterType: 'MIN_NOTIONAL', notional: String(instrument.minNotional) },
      { filterType: 'PERCENT_PRICE', multiplierUp: '1.0500', multiplierDown: '0.9500', multiplierDecimal: '4' },
    ],
    orderTypes: ['LIMIT', 'MARKET'],
    timeInForce: ['GTC', 'IOC', 'FOK', 'GTX'],
  };
}

/** The book as it stands now, with the sequence number that joins it to the diffs. */
export function depth(context: BinanceContext, params: RequestParams): Row {
  const instrument = context.instrument(required(params, 'symbol'));
  const limit = Number(params.get('limit') ?? 500);
  if (!DEPTHS.includes(limit)) throw new BinanceRefusal(400, -4021, `${params.get('limit')} is not valid depth limit.`);
  const book = context.exchange.book(instrument.symbol, limit);
  const text = ([price, size]: readonly [number, number]): [string, string] => [
    fixed(price, instrument.priceScale),
    fixed(size, instrument.sizeScale),
  ];
  return {
    lastUpdateId: context.faults.take('snapshotBehindStream') ? 1 : book.sequence,
    E: context.now(),
    T: context.now(),
    bids: book.bids.map(text),
    asks: book.asks.map(text),
  };
}

/** One bracket without an end: the simulated exchange knows one maintenance rate for every notional (see `exchangeInfo` for the leverage). */
export function leverageBracket(_context: BinanceContext, instrument: Instrument): Row {
  const maintMarginRatio = Number(DEFAULT_SETTINGS.maintenanceMarginRate);
  const bracket = { bracket: 1, initialLeverage: 20, notionalCap: 1e12, notionalFloor: 0, maintMarginRatio, cum: 0 };
  return { symbol: instrument.symbol, brackets: [bracket] };
}

export function tickerPrice(context: BinanceContext, instrument: Instrument): Row {
  const { lastPrice } = context.exchange.ticker(instrument.symbol);
  return { symbol: instrument.symbol, price: fixed(lastPrice, instrument.priceScale), time: context.now() };
}

export function bookTicker(context: BinanceContext, instrument: Instrument): Row {
  const { priceScale, sizeScale, symbol } = instrument;
  const book = context.exchange.book(symbol, 1);
  return {
    symbol,
    bidPrice: fixed(book.bids[0]?.[0] ?? 0, priceScale),
    bidQty: fixed(book.bids[0]?.[1] ?? 0, sizeScale),
    askPrice: fixed(book.asks[0]?.[0] ?? 0, priceScale),
    askQty: fixed(book.asks[0]?.[1] ?? 0, sizeScale),
    lastUpdateId: book.sequence,
    time: context.now(),
  };
}

export function premiumIndex(context: BinanceContext, instrument: Instrument): Row {
  const ticker: SimulatedTicker = context.exchange.ticker(instrument.symbol);
  return {
    symbol: instrument.symbol,
    markPrice: fixed(ticker.markPrice, instrument.priceScale),
    indexPrice: fixed(ticker.indexPrice, instrument.priceScale),
    estimatedSettlePrice: fixed(ticker.indexPrice, instrument.priceScale),
    lastFundingRate: ticker.fundingRate,
    interestRate: '0.00010000',
    nextFundingTime: Math.floor(ticker.nextFundingTime),
    time: context.now(),
  };
}

export function openInterest(context: BinanceContext, instrument: Instrument): Row {
  const ticker = context.exchange.ticker(instrument.symbol);
  return { symbol: instrument.symbol, openInterest: ticker.openInterest, time: context.now() };
}
