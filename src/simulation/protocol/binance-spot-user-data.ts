import type { SimulatedAccountEvent, SimulatedFill, SimulatedOrder } from '../exchange/simulated-exchange.ts';
import type { BinanceContext } from './binance-context.ts';
import { BinanceRefusal } from './binance-errors.ts';
import { idNumber, SIDE, statusOf } from './binance-rows.ts';
import type { RequestNames } from './binance-spot-orders.ts';
import { balanceParts, eight, eightOf, quoteOf, timeInForceOf, typeOf } from './binance-spot-rows.ts';
import type { VenueSession } from './venue-session.ts';

type Event = Record<string, unknown>;
type OrderChange = Extract<SimulatedAccountEvent, { kind: 'order' }>['change'];

/** User data over the websocket API: events in their wrapping, to every session that has subscribed to the account. */
export interface SpotUserData {
  /** Throws -2035 where the session has subscribed to this account already. */
  subscribe(session: VenueSession, accountId: string): { readonly subscriptionId: number };
  /** Ends one subscription of the session, or all. Throws -2036 for one that it has not. */
  unsubscribe(session: VenueSession, subscriptionId: number | null): Record<string, never>;
  subscriptions(session: VenueSession): readonly { readonly subscriptionId: number }[];
  onClose(session: VenueSession): void;
  onAccount(event: SimulatedAccountEvent): void;
  /** Sends what has been kept back. */
  flush(): void;
  /** Ends every stream while `privateStreamExpires` is armed. */
  expire(): void;
}

export function createSpotUserData(context: BinanceContext, names: RequestNames, isHeld: () => boolean): SpotUserData {
  const { exchange, faults } = context;
  const sessions = new Map<VenueSession, Map<number, string>>();
  let outbox: { accountId: string; event: Event; kind: 'fill' | 'report' | 'other' }[] = [];
  /** Currencies whose balance may have changed, told as they stand when the events before them are sent. */
  const changed = new Map<string, Set<string>>();
  let lastId = -1;
  let executions = 0;

  function deliver(accountId: string, event: Event): void {
    for (const [session, subscriptions] of sessions) {
      for (const [subscriptionId, subscribed] of subscriptions) {
        if (subscribed === accountId) session.sendData(JSON.stringify({ subscriptionId, event }));
      }
    }
  }

  function isHeard(accountId: string): boolean {
    for (const [session, subscriptions] of sessions) {
      if (session.open && [...subscriptions.values()].includes(accountId)) return true;
    }
    return false;
  }

  function touch(accountId: string, symbol: string): void {
    const { baseCurrency, quoteCurrency } = context.instrument(symbol);
    const currencies = changed.get(accountId) ?? new Set();
    changed.set(accountId, currencies.add(baseCurrency).add(quoteCurrency));
  }

  function accountPosition(accountId: string, currencies: ReadonlySet<string>): Event {
    const balances = exchange.balances(accountId).filter((each) => currencies.has(each.currency));
    const rows = balances.map((each) => {
      const { free, locked } = balanceParts(each);
      return { a: each.currency, f: free, l: locked };
    });
    return { e: 'outboundAccountPosition', E: context.now(), u: Math.floor(exchange.now()), B: rows };
  }

  function flush(): void {
    const due = outbox;
    outbox = [];
    const balances = [...changed];
    changed.clear();
    for (const { accountId, event, kind } of due) {
      // Nobody hears it: nothing is sent, and no fault is spent on it.
      if (!isHeard(accountId)) continue;
      if (kind === 'fill' && faults.take('suppressNextFill')) continue;
      if (kind === 'report' && faults.take('suppressNextReport')) continue;
      deliver(accountId, event);
      if (kind === 'fill' && faults.take('duplicateNextFill')) deliver(accountId, event);
    }
    for (const [accountId, currencies] of balances) {
      if (isHeard(accountId)) deliver(accountId, accountPosition(accountId, currencies));
    }
  }

  function onAccount(event: SimulatedAccountEvent): void {
    switch (event.kind) {
      case 'fill':
        touch(event.fill.accountId, event.fill.symbol);
        outbox.push({
          accountId: event.fill.accountId,
          event: executionReport(event.order, 'TRADE', event.time, event.fill),
          kind: 'fill',
        });
        break;
      case 'order':
        // A trade is told by its fill.
        if (event.change === 'trade') return;
        touch(event.order.accountId, event.order.symbol);
        outbox.push({
          accountId: event.order.accountId,
          event: executionReport(event.order, executionType(event.order, event.change), event.time, null),
          kind: 'report',
        });
        break;
      case 'balance': {
        const currencies = changed.get(event.accountId) ?? new Set();
        changed.set(event.accountId, currencies.add(event.balance.currency));
        if (event.reason !== 'deposit') break;
        const { currency: a } = event.balance;
        const told = { e: 'balanceUpdate', E: context.now(), a, d: event.change, T: Math.floor(event.time) };
        outbox.push({ accountId: event.accountId, event: told, kind: 'other' });
        break;
      }
      default:
        // Spot has no positions.
        return;
    }
    if (!isHeld()) queueMicrotask(() => !isHeld() && flush());
  }

  function executionType(order: SimulatedOrder, change: Exclude<OrderChange, 'trade'>): string {
    if (change === 'amended') return 'REPLACED';
    if (change === 'new' || change === 'triggered') return 'NEW';
    if (context.rejectedByEngine.has(order.orderId)) return 'REJECTED';
    const status = statusOf(order);
    return status === 'EXPIRED_IN_MATCH' ? 'TRADE_PREVENTION' : status;
  }

  function executionReport(order: SimulatedOrder, execution: string, time: number, fill: SimulatedFill | null): Event {
    const instrument = context.instrument(order.symbol);
    const { priceScale, sizeScale } = instrument;
    const shown = context.clientIdOf(order);
    const cancel = execution === 'CANCELED' ? names.ofCancel.get(order.orderId) : undefined;
    if (cancel !== undefined) names.ofCancel.delete(order.orderId);
    const original = order.clientOrderId ?? shown;
    executions += 1;
    return {
      e: 'executionReport',
      E: context.now(),
      s: order.symbol,
      c: cancel ?? shown,
      S: SIDE[order.side],
      o: typeOf(order),
      f: timeInForceOf(order),
      q: eight(order.size, sizeScale),
      p: eight(order.price ?? 0, priceScale),
      P: eight(order.triggerPrice ?? 0, priceScale),
      F: '0.00000000',
      g: -1,
      C: cancel !== undefined ? shown : execution === 'REPLACED' ? original : '',
      x: execution,
      X: statusShown(order, execution, fill),
      r: 'NONE',
      i: idNumber(order.orderId),
      l: eight(fill?.size ?? 0, sizeScale),
      z: eight(order.cumulativeSize, sizeScale),
      L: eight(fill?.price ?? 0, priceScale),
      n: fill?.fee ?? '0',
      N: fill?.feeCurrency ?? null,
      T: Math.floor(time),
      t: fill === null ? -1 : idNumber(fill.fillId),
      I: executions,
      w: order.status === 'open' || order.status === 'partiallyFilled',
      m: fill?.liquidity === 'maker',
      M: false,
      O: Math.floor(order.createdAt),
      Z: quoteOf(order, instrument),
      Y: fill === null ? '0.00000000' : eightOf(BigInt(fill.price) * BigInt(fill.size), priceScale + sizeScale),
      Q: '0.00000000',
      W: Math.floor(order.createdAt),
      V: 'NONE',
    };
  }

  function statusShown(order: SimulatedOrder, execution: string, fill: SimulatedFill | null): string {
    if (fill !== null) return order.cumulativeSize === order.size ? 'FILLED' : 'PARTIALLY_FILLED';
    if (execution === 'NEW' || execution === 'REJECTED') return execution;
    return statusOf(order);
  }

  return {
    subscribe(session, accountId) {
      const subscriptions = sessions.get(session) ?? new Map<number, string>();
      if ([...subscriptions.values()].includes(accountId)) {
        throw new BinanceRefusal(400, -2035, 'User Data Stream subscription already active.');
      }
      lastId += 1;
      sessions.set(session, subscriptions.set(lastId, accountId));
      return { subscriptionId: lastId };
    },
    unsubscribe(session, subscriptionId) {
      const subscriptions = sessions.get(session);
      if (subscriptionId === null) {
        sessions.delete(session);
        return {};
      }
      if (subscriptions?.delete(subscriptionId) === true) return {};
      throw new BinanceRefusal(400, -2036, 'User Data Stream subscription not active.');
    },
    subscriptions: (session) =>
      [...(sessions.get(session)?.keys() ?? [])].map((subscriptionId) => ({ subscriptionId })),
    onClose: (session) => {
      sessions.delete(session);
    },
    onAccount,
    flush,
    expire() {
      if (sessions.size === 0 || !faults.take('privateStreamExpires')) return;
      for (const [session, subscriptions] of sessions) {
        const event = { e: 'eventStreamTerminated', E: context.now() };
        for (const subscriptionId of subscriptions.keys()) session.sendData(JSON.stringify({ subscriptionId, event }));
      }
      sessions.clear();
    },
  };
}
