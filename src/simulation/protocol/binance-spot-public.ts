import type { Instrument } from '#core/market/instrument.ts';
import type { RequestParams } from './binance-auth.ts';
import type { BinanceContext } from './binance-context.ts';
import { BinanceRefusal } from './binance-errors.ts';
import { required } from './binance-params.ts';
import { eight } from './binance-spot-rows.ts';

type Row = Record<string, unknown>;

const MAX_DEPTH = 5_000;
const LARGEST_PRICE = 1_000_000;

/** Weight of `depth` by its limit. */
export function depthWeight(params: RequestParams): number {
  const limit = Number(params.get('limit') ?? 100);
  if (limit <= 100) return 5;
  return limit <= 500 ? 25 : limit <= 1_000 ? 50 : 250;
}

/** `exchangeInfo`, of one symbol where it is named. */
export function exchangeInfo(context: BinanceContext, params: RequestParams): Row {
  const symbol = params.get('symbol');
  const listed = symbol === undefined ? context.exchange.instruments : [context.instrument(symbol)];
  return {
    timezone: 'UTC',
    serverTime: context.now(),
    rateLimits: [
      { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: context.limits.weightPerMinute },
      ...context.limits.orders.map((window) => ({ rateLimitType: 'ORDERS', ...window })),
    ],
    exchangeFilters: [],
    symbols: listed.map(symbolRow),
  };
}

function symbolRow(instrument: Instrument): Row {
  const { priceScale, sizeScale } = instrument;
  const size = (value: number): string => eight(value, sizeScale);
  return {
    symbol: instrument.symbol,
    status: instrument.tradable ? 'TRADING' : 'BREAK',
    baseAsset: instrument.baseCurrency,
    baseAssetPrecision: sizeScale,
    quoteAsset: instrument.quoteCurrency,
    quotePrecision: priceScale,
    quoteAssetPrecision: 8,
    baseCommissionPrecision: 8,
    quoteCommissionPrecision: 8,
    orderTypes: ['LIMIT', 'LIMIT_MAKER', 'MARKET', 'STOP_LOSS', 'TAKE_PROFIT'],
    icebergAllowed: false,
    ocoAllowed: false,
    otoAllowed: false,
    quoteOrderQtyMarketAllowed: false,
    allowTrailingStop: false,
    cancelReplaceAllowed: false,
    amendAllowed: true,
    isSpotTradingAllowed: true,
    isMarginTradingAllowed: false,
    filters: [
      {
        filterType: 'PRICE_FILTER',
        minPrice: eight(instrument.tickSize, priceScale),
        maxPrice: eight(LARGEST_PRICE * 10 ** priceScale, priceScale),
        tickSize: eight(instrument.tickSize, priceScale),
      },
      {
        filterType: 'LOT_SIZE',
        minQty: size(instrument.minSize),
        maxQty: size(instrument.maxSize),
        stepSize: size(instrument.lotSize),
      },
      // A zero says nothing: orders at the market have the limits of the others.
      { filterType: 'MARKET_LOT_SIZE', minQty: size(0), maxQty: size(instrument.maxSize), stepSize: size(0) },
      {
        filterType: 'NOTIONAL',
        minNotional: instrument.minNotional.toFixed(8),
        applyMinToMarket: true,
        maxNotional: '9000000.00000000',
        applyMaxToMarket: false,
        avgPriceMins: 5,
      },
      { filterType: 'MAX_NUM_ORDERS', maxNumOrders: 200 },
      { filterType: 'MAX_NUM_ALGO_ORDERS', maxNumAlgoOrders: 5 },
    ],
    permissions: [],
    permissionSets: [['SPOT']],
    defaultSelfTradePreventionMode: 'NONE',
    allowedSelfTradePreventionModes: ['NONE'],
  };
}

/** The book as it stands now, with the sequence number that joins it to the diffs. It does not say its time. */
export function depth(context: BinanceContext, params: RequestParams): Row {
  const instrument = context.instrument(required(params, 'symbol'));
  const limit = Number(params.get('limit') ?? 100);
  if (!Number.isInteger(limit) || limit < 1)
    throw new BinanceRefusal(400, -1130, "Data sent for parameter 'limit' is not valid.");
  const book = context.exchange.book(instrument.symbol, Math.min(limit, MAX_DEPTH));
  const text = ([price, size]: readonly [number, number]): [string, string] => [
    eight(price, instrument.priceScale),
    eight(size, instrument.sizeScale),
  ];
  return {
    lastUpdateId: context.faults.take('snapshotBehindStream') ? 1 : book.sequence,
    bids: book.bids.map(text),
    asks: book.asks.map(text),
  };
}

export function tickerPrice(context: BinanceContext, instrument: Instrument): Row {
  const { lastPrice } = context.exchange.ticker(instrument.symbol);
  return { symbol: instrument.symbol, price: eight(lastPrice, instrument.priceScale) };
}

export function bookTicker(context: BinanceContext, instrument: Instrument): Row {
  const { priceScale, sizeScale, symbol } = instrument;
  const { bids, asks } = context.exchange.book(symbol, 1);
  return {
    symbol,
    bidPrice: eight(bids[0]?.[0] ?? 0, priceScale),
    bidQty: eight(bids[0]?.[1] ?? 0, sizeScale),
    askPrice: eight(asks[0]?.[0] ?? 0, priceScale),
    askQty: eight(asks[0]?.[1] ?? 0, sizeScale),
  };
}
