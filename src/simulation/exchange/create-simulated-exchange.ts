import { MillraceError } from '#core/errors.ts';
import { parseExact } from '#core/ledger/exact-decimal.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { EpochMs } from '#core/time/clock.ts';
import type { MarketSource, SourceChange, SourceStep } from '../market-sources/market-source.ts';
import { addToWallet, createAccount, findOrder, walletOf } from './account.ts';
import { accountOf, balanceView, positionView } from './account-views.ts';
import {
  DEFAULT_FEES,
  DEFAULT_SETTINGS,
  EQUITY_FEES,
  type ExchangeFees,
  type ExchangeSettings,
  exactFees,
} from './exchange-settings.ts';
import { type ExchangeState, nextTradeId, tellMarket } from './exchange-state.ts';
import { tellBalance } from './fills.ts';
import { matchCrossing, matchTrade } from './matching.ts';
import { amendOrder, cancelOrder, executeWaiting, placeOrder } from './order-entry.ts';
import type { SimulatedExchange, SimulatedExchangeListener } from './simulated-exchange.ts';
import { SymbolMarket } from './symbol-market.ts';
import { liquidateBreaches, payFunding, triggerStops } from './upkeep.ts';
import { snapshotOf, type WorkingOrder } from './working-order.ts';

export interface SimulatedExchangeOptions {
  readonly instruments: readonly Instrument[];
  readonly source: MarketSource;
  /** Of every instrument. Default `DEFAULT_FEES`, and `EQUITY_FEES` for equities. */
  readonly fees?: ExchangeFees;
  /** Venue time at which the source begins. */
  readonly clockStart: EpochMs;
  /** What is not given stands as in `DEFAULT_SETTINGS`. */
  readonly settings?: Partial<ExchangeSettings>;
}

/** The exchange as made here, with what it can say of its own history. */
export interface MatchingExchange extends SimulatedExchange {
  /** How many finished orders and fills of the account are no longer kept (`historyLimit`). Throws `ACCOUNT_UNKNOWN`. */
  forgotten(accountId: string): { readonly orders: number; readonly fills: number };
}

/**
 * One matching engine with its accounts. Synchronous and deterministic: what happens is a function of the options, the source and the calls.
 * `docs/simulation.md` says what is modelled and what is not. Throws `INSTRUMENT_DUPLICATE` and `INSTRUMENT_KIND` for instruments it cannot serve.
 */
export function createSimulatedExchange(options: SimulatedExchangeOptions): MatchingExchange {
  const { source, clockStart } = options;
  const settings: ExchangeSettings = { ...DEFAULT_SETTINGS, ...options.settings };
  const firstFunding = (Math.floor(clockStart / settings.fundingIntervalMs) + 1) * settings.fundingIntervalMs;
  const markets = new Map<string, SymbolMarket>();
  for (const instrument of options.instruments) {
    requireServable(instrument, markets);
    const funded =
      (instrument.kind === 'linear' || instrument.kind === 'inverse') &&
      !settings.unfundedSymbols.includes(instrument.symbol);
    const funding = funded ? { rate: settings.fundingRate, nextTime: firstFunding as EpochMs } : null;
    const fees = exactFees(options.fees ?? (instrument.kind === 'equity' ? EQUITY_FEES : DEFAULT_FEES));
    markets.set(instrument.symbol, new SymbolMarket(instrument, source.origin, funding, fees));
  }
  const state: ExchangeState = {
    origin: source.origin,
    settings,
    maintenanceRate: parseExact(settings.maintenanceMarginRate),
    markets,
    accounts: new Map(),
    now: clockStart,
    orderCount: 0,
    fillCount: 0,
    tradeCount: 0,
    events: [],
    marketOpen: true,
    waiting: new Set(),
  };
  const listeners = new Set<SimulatedExchangeListener>();
  let advancing = false;

  /** Ends an operation: the published books follow, then listeners hear what happened. */
  function finish(): void {
    for (const market of markets.values()) {
      const change = market.publishChange(state.now);
      if (change !== null) tellMarket(state, change);
    }
    deliver();
  }

  function deliver(): void {
    for (let next = state.events.shift(); next !== undefined; next = state.events.shift()) {
      for (const listener of listeners) {
        if (next.to === 'market') listener.onMarket(next.event);
        else listener.onAccount(next.event);
      }
    }
  }

  function operate<Outcome>(symbol: string | null, run: () => Outcome): Outcome {
    const outcome = run();
    const market = symbol === null ? undefined : markets.get(symbol);
    if (market !== undefined) triggerStops(state, market);
    finish();
    return outcome;
  }

  function applyStep(step: SourceStep): void {
    if (step.frame !== null) tellMarket(state, { kind: 'raw', ...step.frame, time: state.now });
    const touched = new Set<SymbolMarket>();
    for (const change of step.changes) {
      if (change.kind === 'end') {
        tellMarket(state, { kind: 'end' });
        continue;
      }
      const market = markets.get(change.symbol);
      if (market === undefined) continue;
      touched.add(market);
      applyChange(market, change);
    }
    for (const market of touched) {
      triggerStops(state, market);
      const markPrice = market.markPrice();
      if (markPrice === market.checkedMark) continue;
      market.checkedMark = markPrice;
      liquidateBreaches(state, market);
    }
    finish();
  }

  function applyChange(market: SymbolMarket, change: Exclude<SourceChange, { kind: 'end' }>): void {
    switch (change.kind) {
      case 'book':
        market.applyBook(change);
        matchCrossing(state, market);
        return;
      case 'trade': {
        const { symbol, price, size, takerSide } = change;
        market.lastPrice = price;
        const tradeId = change.tradeId ?? nextTradeId(state);
        tellMarket(state, { kind: 'trade', symbol, tradeId, price, size, takerSide, time: state.now });
        matchTrade(state, market, takerSide, price, size);
        return;
      }
      case 'ticker':
        applyTicker(market, change);
        tellMarket(state, { kind: 'ticker', ticker: market.ticker(), time: state.now });
        return;
    }
  }

  function applyTicker(market: SymbolMarket, change: Extract<SourceChange, { kind: 'ticker' }>): void {
    market.lastPrice = change.lastPrice ?? market.lastPrice;
    market.statedMark = change.markPrice ?? market.statedMark;
    market.statedIndex = change.indexPrice ?? market.statedIndex;
    if (market.funded) market.fundingRate = change.fundingRate ?? market.fundingRate;
    market.openInterest = change.openInterest ?? market.openInterest;
    if (market.funded && change.nextFundingOffsetMs !== undefined) {
      const stated = clockStart + change.nextFundingOffsetMs;
      // A time that has passed says nothing of the next one.
      if (stated > state.now) market.nextFundingTime = stated as EpochMs;
    }
  }

  /** Funding that is due up to `time`, in the order of its times. */
  function payDueFunding(time: number): void {
    for (;;) {
      let due: SymbolMarket | null = null;
      for (const market of markets.values()) {
        if (
          market.funded &&
          market.nextFundingTime <= time &&
          (due === null || market.nextFundingTime < due.nextFundingTime)
        )
          due = market;
      }
      if (due === null) return;
      moveClock(due.nextFundingTime);
      payFunding(state, due);
      liquidateBreaches(state, due);
      finish();
    }
  }

  function moveClock(time: number): void {
    if (time > state.now) state.now = time as EpochMs;
  }

  return {
    origin: source.origin,
    instruments: options.instruments,
    openAccount(accountId, balances, leverage) {
      if (state.accounts.has(accountId)) {
        throw new MillraceError('configuration', 'ACCOUNT_EXISTS', `account=${accountId}`);
      }
      const account = createAccount(accountId, balances, leverage);
      state.accounts.set(accountId, account);
      for (const [currency, amount] of balances) tellBalance(state, account, currency, parseExact(amount), 'deposit');
      finish();
    },
    place: (accountId, order) => operate(order.symbol, () => placeOrder(state, accountId, order)),
    cancel: (accountId, target) => operate(null, () => cancelOrder(state, accountId, target)),
    amend(accountId, target, price, size) {
      const symbol = findOrder(accountOf(state, accountId), target)?.request.symbol ?? null;
      return operate(symbol, () => amendOrder(state, accountId, target, price, size));
    },
    order(accountId, target) {
      const order = findOrder(accountOf(state, accountId), target);
      return order === null ? null : snapshotOf(order);
    },
    openOrders: (accountId, symbol) => shown(accountOf(state, accountId).working.values(), symbol),
    orders: (accountId, symbol) => shown(accountOf(state, accountId).orders.values(), symbol),
    fills(accountId, symbol) {
      const fills = [...accountOf(state, accountId).fills.values()];
      return symbol === null ? fills : fills.filter((fill) => fill.symbol === symbol);
    },
    positions(accountId) {
      const account = accountOf(state, accountId);
      return [...account.positions.values()]
        .filter((position) => position.size !== 0)
        .map((position) => positionView(state, account, position));
    },
    balances(accountId) {
      const account = accountOf(state, accountId);
      return [...account.wallets.keys()].map((currency) => balanceView(state, account, currency));
    },
    book: (symbol, depth) => marketOf(symbol).book(depth),
    ticker: (symbol) => marketOf(symbol).ticker(),
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    advanceTo(now) {
      if (advancing) throw new MillraceError('fatal', 'EXCHANGE_REENTERED', 'advanceTo was called by a listener');
      advancing = true;
      try {
        for (let step = source.next(now - clockStart); step !== null; step = source.next(now - clockStart)) {
          const time = clockStart + step.offsetMs;
          payDueFunding(time);
          moveClock(time);
          applyStep(step);
        }
        payDueFunding(now);
        moveClock(now);
      } finally {
        advancing = false;
      }
    },
    marketOpen: () => state.marketOpen,
    setMarketOpen(open) {
      if (open === state.marketOpen) return;
      state.marketOpen = open;
      if (open) {
        executeWaiting(state);
        for (const market of markets.values()) {
          matchCrossing(state, market);
          triggerStops(state, market);
          liquidateBreaches(state, market);
        }
      }
      finish();
    },
    transfer(accountId, currency, amount) {
      const account = accountOf(state, accountId);
      const change = parseExact(amount);
      if (walletOf(account, currency) + change < 0n) {
        const detail = `account=${accountId} currency=${currency} amount=${amount}`;
        throw new MillraceError('validation', 'BALANCE_NEGATIVE', detail);
      }
      addToWallet(account, currency, change);
      tellBalance(state, account, currency, change, 'deposit');
      finish();
    },
    now: () => state.now,
    forgotten: (accountId) => ({ ...accountOf(state, accountId).forgotten }),
  };

  function marketOf(symbol: string): SymbolMarket {
    const market = markets.get(symbol);
    if (market === undefined) throw new MillraceError('validation', 'SYMBOL_UNKNOWN', `symbol=${symbol}`);
    return market;
  }
}

function shown(orders: Iterable<WorkingOrder>, symbol: string | null) {
  const chosen = [];
  for (const order of orders) if (symbol === null || order.request.symbol === symbol) chosen.push(snapshotOf(order));
  return chosen;
}

function requireServable(instrument: Instrument, markets: ReadonlyMap<string, SymbolMarket>): void {
  const { symbol, kind, multiplier } = instrument;
  if (markets.has(symbol)) throw new MillraceError('configuration', 'INSTRUMENT_DUPLICATE', `symbol=${symbol}`);
  if (kind !== 'option' && (!Number.isInteger(multiplier) || (kind === 'spot' && multiplier !== 1))) {
    const detail = `symbol=${symbol} kind=${kind} multiplier=${multiplier} only whole multipliers are simulated, of spot 1`;
    throw new MillraceError('configuration', 'INSTRUMENT_KIND', detail);
  }
}
