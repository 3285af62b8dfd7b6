import type { SimulatedAccountEvent, SimulatedOrder, SimulatedPosition } from '../exchange/simulated-exchange.ts';
import type { DeribitContext } from './deribit-context.ts';
import { orderRowOf } from './deribit-orders.ts';
import { isCovered } from './deribit-public-channels.ts';
import { portfolioRow, positionRow, type Row, userTradeRow } from './deribit-rows.ts';
import { notificationText } from './deribit-rpc.ts';
import { logBalance, logDelivery } from './deribit-transaction-log.ts';
import type { VenueSession } from './venue-session.ts';

/** The channels of an account: who listens to what, and the reports that go out. */
export interface DeribitUserChannels {
  /** Takes the channels that there are, and says which. */
  subscribe(session: VenueSession, accountId: string, names: readonly string[]): readonly string[];
  unsubscribe(session: VenueSession, names: readonly string[] | null): readonly string[];
  forget(session: VenueSession): void;
  onAccount(event: SimulatedAccountEvent): void;
  /** An order that was acknowledged and then refused. */
  rejectedLater(order: SimulatedOrder): void;
  /** Reports wait until the same number of `release`: an answer goes before what it caused. */
  hold(): void;
  release(): void;
  /** Ends every session that listens, as the venue does when it restarts. */
  expireAll(): void;
}

/** What one moment has changed of one instrument: told together, as the venue does. */
interface Change {
  readonly trades: Row[];
  readonly orders: Row[];
  readonly positions: Row[];
}

export function createDeribitUserChannels(context: DeribitContext): DeribitUserChannels {
  const { exchange, faults } = context;
  const subscribers = new Map<VenueSession, { readonly accountId: string; readonly names: Set<string> }>();
  const suppressedFills = new Set<string>();
  const suppressedOrders = new Set<string>();
  const fundedSymbol = new Map<string, SimulatedPosition>();
  /** By account, then by symbol. */
  const changes = new Map<string, Map<string, Change>>();
  const portfolios = new Map<string, Set<string>>();
  let held = 0;
  let scheduled = false;

  function changeOf(accountId: string, symbol: string): Change {
    const bySymbol = changes.get(accountId) ?? new Map<string, Change>();
    changes.set(accountId, bySymbol);
    const change = bySymbol.get(symbol) ?? { trades: [], orders: [], positions: [] };
    bySymbol.set(symbol, change);
    schedule();
    return change;
  }

  /** What one event after another has changed goes out at the end of the turn, or with `release`. */
  function schedule(): void {
    if (scheduled || held > 0) return;
    scheduled = true;
    queueMicrotask(() => {
      scheduled = false;
      if (held === 0) flush();
    });
  }

  function flush(): void {
    const due = [...changes];
    changes.clear();
    for (const [accountId, bySymbol] of due) {
      for (const [symbol, change] of bySymbol) sendChange(accountId, symbol, change);
    }
    const balances = [...portfolios];
    portfolios.clear();
    for (const [accountId, currencies] of balances)
      for (const currency of currencies) sendPortfolio(accountId, currency);
  }

  function sendChange(accountId: string, symbol: string, change: Change): void {
    for (const [session, subscriber] of subscribers) {
      if (subscriber.accountId !== accountId) continue;
      for (const name of subscriber.names) {
        const channel = covers(name, symbol);
        if (channel === 'changes') session.sendData(notificationText(name, { instrument_name: symbol, ...change }));
        if (channel === 'trades' && change.trades.length > 0) session.sendData(notificationText(name, change.trades));
        if (channel === 'orders') {
          // Raw: one by one; else together.
          if (name.endsWith('.raw')) for (const order of change.orders) session.sendData(notificationText(name, order));
          else if (change.orders.length > 0) session.sendData(notificationText(name, change.orders));
        }
      }
    }
  }

  function sendPortfolio(accountId: string, currency: string): void {
    const balance = exchange.balances(accountId).find((each) => each.currency === currency);
    if (balance === undefined) return;
    for (const [session, subscriber] of subscribers) {
      if (subscriber.accountId !== accountId) continue;
      for (const name of subscriber.names) {
        const [, kind, of] = name.split('.');
        if (kind !== 'portfolio' || (of !== 'any' && of !== currency.toLowerCase())) continue;
        session.sendData(notificationText(name, portfolioRow(balance)));
      }
    }
  }

  /** `changes`, `orders` or `trades`, if the channel covers the instrument; else ''. */
  function covers(name: string, symbol: string): string {
    const [, channel = '', second = '', third = '', interval] = name.split('.');
    if (interval === undefined) return second === symbol ? channel : '';
    return isCovered(second, third, context.requireInstrument(symbol)) ? channel : '';
  }

  /** A report that nobody listens for is not the one that a fault was meant for. */
  function isHeard(accountId: string): boolean {
    for (const subscriber of subscribers.values()) if (subscriber.accountId === accountId) return true;
    return false;
  }

  function onOrder(order: SimulatedOrder, change: string): void {
    if (change === 'trade') {
      if (suppressedOrders.delete(order.orderId)) return;
      if (isHeard(order.accountId) && faults.take('suppressNextFill')) {
        suppressedFills.add(order.orderId);
        return;
      }
    } else if (isHeard(order.accountId) && faults.take('suppressNextReport')) return;
    const { orders } = changeOf(order.accountId, order.symbol);
    const row = orderRowOf(context, order);
    // Of one moment the last state is told.
    const known = orders.findIndex((each) => each.order_id === row.order_id);
    if (known < 0) orders.push(row);
    else orders[known] = row;
  }

  function onFill(event: Extract<SimulatedAccountEvent, { kind: 'fill' }>): void {
    const { fill, order } = event;
    if (fill.cause === 'settlement') {
      logDelivery(context, event);
      return;
    }
    if (suppressedFills.delete(fill.orderId)) return;
    const heard = isHeard(fill.accountId);
    if (heard && faults.take('suppressNextFill')) {
      suppressedOrders.add(fill.orderId);
      return;
    }
    const ticker = exchange.ticker(fill.symbol);
    const row = userTradeRow(fill, order, context.requireInstrument(fill.symbol), context.labelOf(order), ticker);
    const { trades } = changeOf(fill.accountId, fill.symbol);
    trades.push(row);
    if (heard && faults.take('duplicateNextFill')) trades.push(row);
  }

  function onPosition(accountId: string, position: SimulatedPosition): void {
    const instrument = context.requireInstrument(position.symbol);
    const { positions } = changeOf(accountId, position.symbol);
    positions.splice(0, positions.length, positionRow(position, instrument, exchange.ticker(position.symbol)));
  }

  function onBalance(event: Extract<SimulatedAccountEvent, { kind: 'balance' }>): void {
    const { accountId, balance, reason } = event;
    const currencies = portfolios.get(accountId) ?? new Set<string>();
    portfolios.set(accountId, currencies);
    currencies.add(balance.currency);
    schedule();
    if (reason !== 'funding' && reason !== 'deposit') return;
    logBalance(context, event, reason === 'funding' ? (fundedSymbol.get(accountId) ?? null) : null);
    fundedSymbol.delete(accountId);
  }

  function isChannel(name: string): boolean {
    const [user, kind = '', second = '', third = '', fourth, ...rest] = name.split('.');
    if (user !== 'user' || rest.length > 0) return false;
    if (kind === 'portfolio') return second !== '' && third === '';
    if (!['changes', 'orders', 'trades'].includes(kind)) return false;
    return (
      ['raw', '100ms', 'agg2'].includes(fourth ?? third) &&
      (fourth !== undefined || context.instrument(second) !== null)
    );
  }

  return {
    subscribe(session, accountId, names) {
      const subscriber = subscribers.get(session) ?? { accountId, names: new Set<string>() };
      const taken = names.filter(isChannel);
      if (taken.length > 0 && faults.take('missingChannel')) taken.pop();
      for (const name of taken) subscriber.names.add(name);
      subscribers.set(session, subscriber);
      // The state of each currency is told at once.
      if (taken.some((name) => name.startsWith('user.portfolio.'))) {
        portfolios.set(accountId, new Set(exchange.balances(accountId).map((each) => each.currency)));
        schedule();
      }
      return taken;
    },
    unsubscribe(session, names) {
      const known = subscribers.get(session)?.names ?? new Set<string>();
      return (names ?? [...known]).filter((name) => known.delete(name));
    },
    forget(session) {
      subscribers.delete(session);
    },
    onAccount(event) {
      switch (event.kind) {
        case 'order':
          onOrder(event.order, event.change);
          return;
        case 'fill':
          onFill(event);
          return;
        case 'position':
          if (event.reason === 'funding') fundedSymbol.set(event.accountId, event.position);
          onPosition(event.accountId, event.position);
          return;
        case 'balance':
          onBalance(event);
          return;
      }
    },
    rejectedLater(order) {
      changeOf(order.accountId, order.symbol).orders.push(orderRowOf(context, order));
    },
    hold() {
      held += 1;
    },
    release() {
      held -= 1;
      if (held === 0) flush();
    },
    expireAll() {
      for (const session of subscribers.keys()) session.close(1000, 'session expired');
    },
  };
}
