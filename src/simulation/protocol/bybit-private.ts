import { Decimal } from 'decimal.js';
import type {
  SimulatedAccountEvent,
  SimulatedFill,
  SimulatedOrder,
  SimulatedPosition,
} from '../exchange/simulated-exchange.ts';
import type { BybitContext } from './bybit-context.ts';
import { executionRow, fundingRow, positionRow, type Row } from './bybit-rows.ts';
import { logTransaction } from './bybit-transaction-log.ts';
import { createHeldReports } from './held-reports.ts';
import type { VenueSession } from './venue-session.ts';

type Kind = 'order' | 'execution' | 'position' | 'wallet';

const ALL_IN_ONE = ['order', 'execution', 'position', 'wallet'];

/** The private streams: who is signed in to what, and the reports that go out. */
export interface BybitPrivateHub {
  /** The reason why not, or null. */
  subscribe(session: VenueSession, accountId: string, topics: readonly string[]): string | null;
  unsubscribe(session: VenueSession, topics: readonly string[]): void;
  forget(session: VenueSession): void;
  onAccount(event: SimulatedAccountEvent): void;
  /** An order that was acknowledged and then refused. */
  rejectedLater(order: SimulatedOrder): void;
  /** Reports wait until the same number of `release`: an acknowledgement goes before what it caused. */
  hold(): void;
  release(): void;
  /** Ends every private session, as the venue does when a session expires. */
  expireAll(): void;
}

export function createBybitPrivateHub(context: BybitContext): BybitPrivateHub {
  const { exchange, faults, category } = context;
  const categorisedTopics = ['order', 'execution', 'position'].map((topic) => `${topic}.${category.name}`);
  const subscribers = new Map<VenueSession, { readonly accountId: string; readonly topics: Set<string> }>();
  const reports = createHeldReports();
  const suppressedOrders = new Set<string>();
  const suppressedFills = new Set<string>();
  const fundedSymbol = new Map<string, SimulatedPosition>();
  let frames = 0;

  function push(accountId: string, kind: Kind, rows: readonly Row[], times = 1): void {
    const send = (): void => {
      for (const [session, subscriber] of subscribers) {
        if (subscriber.accountId !== accountId) continue;
        for (const topic of [kind, `${kind}.${category.name}`]) {
          if (!subscriber.topics.has(topic)) continue;
          for (let time = 0; time < times; time += 1) session.sendData(frame(topic, rows));
        }
      }
    };
    reports.send(send);
  }

  function frame(topic: string, rows: readonly Row[]): string {
    frames += 1;
    return JSON.stringify({ id: `simulated-${frames}`, topic, creationTime: context.now(), data: rows });
  }

  /** A report that nobody listens for is not the one that a fault was meant for. */
  function isHeard(accountId: string, kind: Kind): boolean {
    for (const subscriber of subscribers.values()) {
      if (subscriber.accountId !== accountId) continue;
      if (subscriber.topics.has(kind) || subscriber.topics.has(`${kind}.${category.name}`)) return true;
    }
    return false;
  }

  function onOrder(order: SimulatedOrder, change: string): void {
    if (change === 'trade') {
      if (suppressedOrders.delete(order.orderId)) return;
      if (isHeard(order.accountId, 'execution') && faults.take('suppressNextFill')) {
        suppressedFills.add(order.orderId);
        return;
      }
    } else if (isHeard(order.accountId, 'order') && faults.take('suppressNextReport')) return;
    const row = context.orderRow(order);
    push(order.accountId, 'order', [row]);
    if (order.status === 'filled' && isHeard(order.accountId, 'order') && faults.take('filledTwice')) {
      const late = { cancelType: 'CancelByUser', rejectReason: 'EC_OrigClOrdIDDoesNotExist' };
      push(order.accountId, 'order', [{ ...row, ...late }]);
    }
    // The venue pushes the position with every order that comes, changes or goes, changed or not.
    if (change !== 'trade' && category.hasPositions) pushPosition(order.accountId, order.symbol);
  }

  function onFill(fill: SimulatedFill, order: SimulatedOrder): void {
    context.addFee(fill.orderId, fill.fee);
    if (suppressedFills.delete(fill.orderId)) return;
    const heard = isHeard(fill.accountId, 'execution');
    if (heard && faults.take('suppressNextFill')) {
      suppressedOrders.add(fill.orderId);
      return;
    }
    const instrument = context.instrument(fill.symbol);
    if (instrument === null) return;
    const times = heard && faults.take('duplicateNextFill') ? 2 : 1;
    push(fill.accountId, 'execution', [executionRow(fill, order, instrument)], times);
  }

  function pushPosition(accountId: string, symbol: string): void {
    const instrument = context.instrument(symbol);
    if (instrument === null) return;
    const position = exchange.positions(accountId).find((each) => each.symbol === symbol) ?? flat(symbol);
    push(accountId, 'position', [positionRow(position, instrument, context.now(), frames)]);
  }

  function flat(symbol: string): SimulatedPosition {
    return {
      symbol,
      size: 0,
      entryPrice: '0',
      markPrice: exchange.ticker(symbol).markPrice,
      unrealizedProfit: '0',
      liquidationPrice: null,
      leverage: 10,
    };
  }

  function onFunding(accountId: string, change: string, currency: string, time: number): void {
    const position = fundedSymbol.get(accountId) ?? exchange.positions(accountId).find((each) => each.size !== 0);
    const instrument = position === undefined ? null : context.instrument(position.symbol);
    if (position === undefined || instrument === null) return;
    fundedSymbol.delete(accountId);
    const history = context.funding.get(accountId) ?? [];
    context.funding.set(accountId, history);
    const row = fundingRow({
      id: `funding-${position.symbol}-${Math.floor(time)}-${history.length}`,
      position,
      instrument: { ...instrument, settlementCurrency: currency },
      paid: new Decimal(change).neg().toFixed(),
      time,
    });
    history.push(row);
    push(accountId, 'execution', [row]);
  }

  return {
    subscribe(session, accountId, topics) {
      const unknown = topics.find((topic) => !ALL_IN_ONE.includes(topic) && !categorisedTopics.includes(topic));
      if (unknown !== undefined) return `Invalid topic: ${unknown}`;
      const categorised = topics.some((topic) => categorisedTopics.includes(topic));
      if (categorised && topics.some((topic) => ALL_IN_ONE.includes(topic) && topic !== 'wallet')) {
        return 'all-in-one and categorised topics may not be mixed in one request';
      }
      const subscriber = subscribers.get(session) ?? { accountId, topics: new Set<string>() };
      for (const topic of topics) subscriber.topics.add(topic);
      subscribers.set(session, subscriber);
      return null;
    },
    unsubscribe(session, topics) {
      for (const topic of topics) subscribers.get(session)?.topics.delete(topic);
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
          onFill(event.fill, event.order);
          return;
        case 'position': {
          if (event.reason === 'funding') fundedSymbol.set(event.accountId, event.position);
          const instrument = context.instrument(event.position.symbol);
          if (instrument !== null) {
            push(event.accountId, 'position', [positionRow(event.position, instrument, event.time, frames)]);
          }
          return;
        }
        case 'balance':
          logTransaction(context, event, fundedSymbol.get(event.accountId)?.symbol ?? null);
          if (event.reason === 'funding') onFunding(event.accountId, event.change, event.balance.currency, event.time);
          // Spot tells the coin that changed, contracts the whole wallet.
          push(event.accountId, 'wallet', [
            context.walletRow(event.accountId, category.hasPositions ? null : event.balance.currency),
          ]);
          return;
      }
    },
    rejectedLater(order) {
      push(order.accountId, 'order', [context.orderRow(order)]);
    },
    hold: reports.hold,
    release: reports.release,
    expireAll() {
      for (const session of subscribers.keys()) session.close(1000, 'session expired');
    },
  };
}
