import { DAY_MS } from '#core/calendar/civil-date.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { SimulatedMarketEvent } from '../exchange/simulated-exchange.ts';
import type { RequestParams } from './binance-auth.ts';
import { BinanceRefusal } from './binance-errors.ts';
import { fixed, idNumber } from './binance-rows.ts';

type Row = Record<string, unknown>;
type Trade = Extract<SimulatedMarketEvent, { kind: 'trade' }>;

/** The last trades of each symbol, as the public REST endpoints tell them (Binance USD-M documentation, "Market Data Endpoints"). */
export interface PublicTrades {
  add(trade: Trade): void;
  /** `GET /fapi/v1/trades`: oldest first. */
  recent(instrument: Instrument, params: RequestParams): readonly Row[];
  /** `GET /fapi/v1/aggTrades`: each trade is an aggregate of itself. */
  aggregated(instrument: Instrument, params: RequestParams): readonly Row[];
  /** `GET /fapi/v1/ticker/24hr`, from the trades still known; before the first trade from `lastPrice`. */
  day(instrument: Instrument, lastPrice: number, now: number): Row;
}

const KEPT = 10_000;

export function createPublicTrades(): PublicTrades {
  const bySymbol = new Map<string, Trade[]>();
  const of = (instrument: Instrument): readonly Trade[] => bySymbol.get(instrument.symbol) ?? [];
  return {
    add(trade) {
      const trades = bySymbol.get(trade.symbol) ?? [];
      bySymbol.set(trade.symbol, trades);
      trades.push(trade);
      if (trades.length > KEPT * 2) trades.splice(0, trades.length - KEPT);
    },
    recent: (instrument, params) => last(of(instrument), params).map((trade) => tradeRow(instrument, trade)),
    aggregated(instrument, params) {
      const from = Number(params.get('startTime') ?? 0);
      const to = Number(params.get('endTime') ?? Number.POSITIVE_INFINITY);
      const within = of(instrument).filter((trade) => trade.time >= from && trade.time <= to);
      return last(within, params).map((trade) => aggregateRow(instrument, trade));
    },
    day(instrument, lastPrice, now) {
      const trades = of(instrument).filter((trade) => trade.time > now - DAY_MS);
      return dayRow(instrument, trades, lastPrice, now);
    },
  };
}

function last(trades: readonly Trade[], params: RequestParams): readonly Trade[] {
  const limit = Number(params.get('limit') ?? 500);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) {
    throw new BinanceRefusal(400, -1130, "Data sent for parameter 'limit' is not valid.");
  }
  return trades.slice(-limit);
}

function tradeRow({ priceScale, sizeScale }: Instrument, trade: Trade): Row {
  return {
    id: idNumber(trade.tradeId),
    price: fixed(trade.price, priceScale),
    qty: fixed(trade.size, sizeScale),
    quoteQty: fixed(BigInt(trade.price) * BigInt(trade.size), priceScale + sizeScale),
    time: Math.floor(trade.time),
    isBuyerMaker: trade.takerSide === 'sell',
  };
}

function aggregateRow({ priceScale, sizeScale }: Instrument, trade: Trade): Row {
  const id = idNumber(trade.tradeId);
  return {
    a: id,
    p: fixed(trade.price, priceScale),
    q: fixed(trade.size, sizeScale),
    f: id,
    l: id,
    T: Math.floor(trade.time),
    m: trade.takerSide === 'sell',
  };
}

function dayRow(instrument: Instrument, trades: readonly Trade[], lastPrice: number, now: number): Row {
  const { symbol, priceScale, sizeScale } = instrument;
  const price = (value: number | bigint): string => fixed(value, priceScale);
  const first = trades[0];
  const latest = trades.at(-1);
  const open = first?.price ?? lastPrice;
  const close = latest?.price ?? lastPrice;
  let high = close;
  let low = close;
  let volume = 0n;
  let turnover = 0n;
  for (const trade of trades) {
    high = Math.max(high, trade.price);
    low = Math.min(low, trade.price);
    volume += BigInt(trade.size);
    turnover += BigInt(trade.price) * BigInt(trade.size);
  }
  return {
    symbol,
    priceChange: price(close - open),
    priceChangePercent: open === 0 ? '0.000' : (((close - open) / open) * 100).toFixed(3),
    weightedAvgPrice: price(volume === 0n ? close : turnover / volume),
    lastPrice: price(close),
    lastQty: fixed(latest?.size ?? 0, sizeScale),
    openPrice: price(open),
    highPrice: price(high),
    lowPrice: price(low),
    volume: fixed(volume, sizeScale),
    quoteVolume: fixed(turnover, priceScale + sizeScale),
    openTime: Math.floor(first?.time ?? now),
    closeTime: Math.floor(now),
    firstId: first === undefined ? -1 : idNumber(first.tradeId),
    lastId: latest === undefined ? -1 : idNumber(latest.tradeId),
    count: trades.length,
  };
}
