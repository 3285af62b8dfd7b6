import type { Instrument } from '#core/market/instrument.ts';
import type { Side } from '#core/market/market-message.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { createSimulatedExchange, type MatchingExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import type { ExchangeFees, ExchangeSettings } from '#simulation/exchange/exchange-settings.ts';
import type {
  PlaceOutcome,
  SimulatedAccountEvent,
  SimulatedMarketEvent,
  SimulatedOrder,
  SimulatedOrderRequest,
} from '#simulation/exchange/simulated-exchange.ts';
import type { MarketSource, SourceChange, SourceLevel, SourceStep } from '#simulation/market-sources/market-source.ts';

/** 2026-01-01T00:00:00Z: a whole number of funding intervals. */
export const CLOCK_START = 1_767_225_600_000 as EpochMs;

/** Prices with one decimal, sizes with two. */
export const COIN: Instrument = {
  venue: 'binance-usdm',
  symbol: 'COINUSDT',
  kind: 'linear',
  baseCurrency: 'COIN',
  quoteCurrency: 'USDT',
  settlementCurrency: 'USDT',
  priceScale: 1,
  sizeScale: 2,
  tickSize: 5 as Price,
  lotSize: 10 as Size,
  minSize: 10 as Size,
  maxSize: 1_000_000 as Size,
  minNotional: 5,
  multiplier: 1,
  tradable: true,
};

export type Level = readonly [price: number, size: number];

/** A source that does what the test says, when it says it. */
export interface ScriptedMarket {
  readonly source: MarketSource;
  add(change: SourceChange): void;
}

export function createScriptedMarket(origin: 'generated' | 'recorded' = 'generated'): ScriptedMarket {
  const steps: SourceStep[] = [];
  let offsetMs = 0;
  return {
    source: {
      origin,
      next(untilMs) {
        offsetMs = untilMs;
        return steps.shift() ?? null;
      },
      nextDueMs: () => steps[0]?.offsetMs ?? null,
    },
    add: (change) => steps.push({ offsetMs, frame: null, changes: [change] }),
  };
}

/** An exchange with one account `me`, another `other`, and a market that the test plays. */
export interface ExchangeBench {
  readonly exchange: MatchingExchange;
  readonly market: SimulatedMarketEvent[];
  readonly account: SimulatedAccountEvent[];
  /** Moves venue time to so many ms after the start. */
  at(ms: number): void;
  book(change: { bids?: readonly Level[]; asks?: readonly Level[]; isSnapshot?: boolean }): void;
  trade(takerSide: Side, price: number, size: number): void;
  ticker(change: { mark?: number; last?: number; fundingRate?: string }): void;
  place(request: Partial<SimulatedOrderRequest>, accountId?: string): PlaceOutcome;
  /** Places, expects acceptance, and returns the order. */
  accept(request: Partial<SimulatedOrderRequest>, accountId?: string): SimulatedOrder;
  order(orderId: string, accountId?: string): SimulatedOrder;
}

export function createExchangeBench(
  options: {
    readonly settings?: Partial<ExchangeSettings>;
    readonly fees?: ExchangeFees;
    readonly deposit?: string;
    /** Of both accounts, instead of a deposit of USDT. */
    readonly balances?: Readonly<Record<string, string>>;
    readonly leverage?: number;
    readonly origin?: 'generated' | 'recorded';
    readonly instrument?: Instrument;
  } = {},
): ExchangeBench {
  const instrument = options.instrument ?? COIN;
  const scripted = createScriptedMarket(options.origin);
  const exchange = createSimulatedExchange({
    instruments: [instrument],
    source: scripted.source,
    clockStart: CLOCK_START,
    ...(options.fees === undefined ? {} : { fees: options.fees }),
    settings: { priceBand: 0.5, ...options.settings },
  });
  const market: SimulatedMarketEvent[] = [];
  const account: SimulatedAccountEvent[] = [];
  exchange.listen({ onMarket: (event) => market.push(event), onAccount: (event) => account.push(event) });
  for (const name of ['me', 'other']) {
    const balances = options.balances ?? { USDT: options.deposit ?? '1000000' };
    exchange.openAccount(name, new Map(Object.entries(balances)), options.leverage ?? 10);
  }
  const { symbol } = instrument;
  const levels = (side: readonly Level[] = []): SourceLevel[] =>
    side.map(([price, size]) => [price as Price, size as Size]);
  function play(change: SourceChange): void {
    scripted.add(change);
    exchange.advanceTo(exchange.now());
  }
  const place: ExchangeBench['place'] = (request, accountId = 'me') =>
    exchange.place(accountId, {
      clientOrderId: null,
      symbol,
      side: 'buy',
      type: 'limit',
      timeInForce: 'gtc',
      price: null,
      triggerPrice: null,
      size: 100 as Size,
      reduceOnly: false,
      ...request,
    });
  return {
    exchange,
    market,
    account,
    at: (ms) => exchange.advanceTo((CLOCK_START + ms) as EpochMs),
    book: ({ bids, asks, isSnapshot = false }) =>
      play({ kind: 'book', symbol, isSnapshot, bids: levels(bids), asks: levels(asks), sequence: null }),
    trade: (takerSide, price, size) =>
      play({ kind: 'trade', symbol, tradeId: null, price: price as Price, size: size as Size, takerSide }),
    ticker: ({ mark, last, fundingRate }) =>
      play({
        kind: 'ticker',
        symbol,
        ...(mark === undefined ? {} : { markPrice: mark as Price }),
        ...(last === undefined ? {} : { lastPrice: last as Price }),
        ...(fundingRate === undefined ? {} : { fundingRate }),
      }),
    place,
    accept(request, accountId = 'me') {
      const outcome = place(request, accountId);
      if (outcome.kind !== 'accepted') throw new Error(`refused: ${outcome.reason}`);
      return outcome.order;
    },
    order(orderId, accountId = 'me') {
      const order = exchange.order(accountId, { orderId, clientOrderId: null });
      if (order === null) throw new Error(`no order ${orderId}`);
      return order;
    },
  };
}

export const price = (value: number): Price => value as Price;
export const size = (value: number): Size => value as Size;
