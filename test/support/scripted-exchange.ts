import type { Instrument } from '#core/market/instrument.ts';
import type { Side } from '#core/market/market-message.ts';
import { formatScaled, type Price, type Size } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';
import type {
  RefusalReason,
  SimulatedAccountEvent,
  SimulatedExchange,
  SimulatedExchangeListener,
  SimulatedFill,
  SimulatedMarketEvent,
  SimulatedOrder,
  SimulatedPosition,
  SimulatedTarget,
} from '#simulation/exchange/simulated-exchange.ts';

export const LINEAR_BTC: Instrument = {
  venue: 'bybit-linear',
  symbol: 'BTCUSDT',
  kind: 'linear',
  baseCurrency: 'BTC',
  quoteCurrency: 'USDT',
  settlementCurrency: 'USDT',
  priceScale: 2,
  sizeScale: 3,
  tickSize: 10 as Price,
  lotSize: 1 as Size,
  minSize: 1 as Size,
  maxSize: 1_000_000 as Size,
  minNotional: 5,
  multiplier: 1,
  tradable: true,
};

export interface ScriptedExchange extends SimulatedExchange {
  /** The next placement is refused for this reason. */
  refuseNext(reason: RefusalReason): void;
  /** Orders that are placed end at once for this reason (post-only that would take). */
  endNext(reason: string): void;
  /** Fills so much of a working order, at its price. */
  fill(clientOrderId: string, size: number, cause?: SimulatedFill['cause']): void;
  setBook(bids: readonly (readonly [number, number])[], asks: readonly (readonly [number, number])[]): void;
  tell(event: SimulatedMarketEvent): void;
  tellAccount(event: SimulatedAccountEvent): void;
}

/**
 * An exchange in which nothing is matched: the test says what fills. For tests of the protocol around it, where each frame must have one known cause.
 */
export function createScriptedExchange(now: () => number, instrument: Instrument = LINEAR_BTC): ScriptedExchange {
  const listeners = new Set<SimulatedExchangeListener>();
  const orders: SimulatedOrder[] = [];
  const fills: SimulatedFill[] = [];
  const sizes = new Map<string, number>();
  let book: { bids: readonly (readonly [Price, Size])[]; asks: readonly (readonly [Price, Size])[]; sequence: number } =
    {
      bids: [],
      asks: [],
      sequence: 0,
    };
  let refuse: RefusalReason | null = null;
  let endAs: string | null = null;
  let ids = 1_000;

  const time = (): EpochMs => now() as EpochMs;
  const account = (event: SimulatedAccountEvent): void => {
    for (const listener of listeners) listener.onAccount(event);
  };
  const find = (accountId: string, target: SimulatedTarget): SimulatedOrder | null =>
    orders.find(
      (order) =>
        order.accountId === accountId &&
        (target.orderId === null ? order.clientOrderId === target.clientOrderId : order.orderId === target.orderId),
    ) ?? null;
  const isOpen = (order: SimulatedOrder): boolean => order.status === 'open' || order.status === 'partiallyFilled';
  const replace = (order: SimulatedOrder, change: Partial<SimulatedOrder>): SimulatedOrder => {
    const changed = { ...order, ...change, updatedAt: time() };
    orders[orders.indexOf(order)] = changed;
    return changed;
  };
  const position = (accountId: string): SimulatedPosition => ({
    symbol: instrument.symbol,
    size: sizes.get(accountId) ?? 0,
    entryPrice: sizes.get(accountId) ? '100' : '0',
    markPrice: 10_000 as Price,
    unrealizedProfit: '0',
    liquidationPrice: null,
    leverage: 10,
  });

  const exchange: ScriptedExchange = {
    origin: 'generated',
    instruments: [instrument],
    openAccount: () => undefined,
    place(accountId, request) {
      if (refuse !== null) {
        const reason = refuse;
        refuse = null;
        return { kind: 'refused', reason };
      }
      if (request.clientOrderId !== null && find(accountId, { orderId: null, clientOrderId: request.clientOrderId })) {
        return { kind: 'refused', reason: 'duplicateClientOrderId' };
      }
      ids += 1;
      const order: SimulatedOrder = {
        ...request,
        orderId: String(ids),
        accountId,
        status: 'open',
        endReason: '',
        cumulativeSize: 0 as Size,
        cumulativeCost: 0n,
        createdAt: time(),
        updatedAt: time(),
      };
      orders.push(order);
      account({ kind: 'order', order, change: 'new', time: time() });
      if (endAs === null) return { kind: 'accepted', order };
      const ended = replace(order, { status: 'canceled', endReason: endAs });
      endAs = null;
      account({ kind: 'order', order: ended, change: 'canceled', time: time() });
      return { kind: 'accepted', order: ended };
    },
    cancel(accountId, target) {
      const order = find(accountId, target);
      if (order === null) return { kind: 'refused', reason: 'unknownOrder' };
      if (!isOpen(order)) return { kind: 'refused', reason: 'orderNotOpen' };
      const canceled = replace(order, { status: 'canceled', endReason: 'user' });
      account({ kind: 'order', order: canceled, change: 'canceled', time: time() });
      return { kind: 'canceled', order: canceled };
    },
    amend(accountId, target, price, size) {
      const order = find(accountId, target);
      if (order === null) return { kind: 'refused', reason: 'unknownOrder' };
      if (!isOpen(order)) return { kind: 'refused', reason: 'orderNotOpen' };
      const amended = replace(order, { price: price ?? order.price, size: size ?? order.size });
      account({ kind: 'order', order: amended, change: 'amended', time: time() });
      return { kind: 'amended', order: amended };
    },
    order: find,
    openOrders: (accountId) => orders.filter((order) => order.accountId === accountId && isOpen(order)),
    orders: (accountId) => orders.filter((order) => order.accountId === accountId),
    fills: (accountId) => fills.filter((fill) => fill.accountId === accountId),
    positions: (accountId) => (sizes.has(accountId) ? [position(accountId)] : []),
    balances: () => [{ currency: 'USDT', walletBalance: '1000', availableBalance: '900' }],
    book: (_symbol, depth) => ({
      symbol: instrument.symbol,
      bids: book.bids.slice(0, depth),
      asks: book.asks.slice(0, depth),
      sequence: book.sequence,
    }),
    ticker: (symbol) => ({
      symbol,
      lastPrice: 10_000 as Price,
      markPrice: 10_010 as Price,
      indexPrice: 10_005 as Price,
      fundingRate: '0.0001',
      nextFundingTime: 1_700_006_400_000 as EpochMs,
      openInterest: '123.456',
    }),
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    marketOpen: () => true,
    setMarketOpen: () => undefined,
    transfer: () => undefined,
    advanceTo: () => undefined,
    now: time,
    refuseNext(reason) {
      refuse = reason;
    },
    endNext(reason) {
      endAs = reason;
    },
    fill(clientOrderId, size, cause = 'trade') {
      const order = orders.find((each) => each.clientOrderId === clientOrderId);
      if (order === undefined) throw new Error(`no order ${clientOrderId}`);
      ids += 1;
      const price = order.price ?? (10_000 as Price);
      const cumulative = (order.cumulativeSize + size) as Size;
      const filled = replace(order, {
        status: cumulative === order.size ? 'filled' : 'partiallyFilled',
        cumulativeSize: cumulative,
        cumulativeCost: order.cumulativeCost + BigInt(price) * BigInt(size),
      });
      const fill: SimulatedFill = {
        fillId: String(ids),
        orderId: order.orderId,
        clientOrderId,
        accountId: order.accountId,
        symbol: order.symbol,
        side: order.side as Side,
        price,
        size: size as Size,
        fee: formatScaled(size, 6),
        feeCurrency: 'USDT',
        liquidity: 'maker',
        cause,
        realizedProfit: '0',
        time: time(),
      };
      fills.push(fill);
      sizes.set(order.accountId, (sizes.get(order.accountId) ?? 0) + (order.side === 'buy' ? size : -size));
      account({ kind: 'order', order: filled, change: 'trade', time: time() });
      account({ kind: 'fill', fill, order: filled, time: time() });
      account({
        kind: 'position',
        accountId: order.accountId,
        position: position(order.accountId),
        reason: 'order',
        time: time(),
      });
      account({
        kind: 'balance',
        accountId: order.accountId,
        balance: { currency: 'USDT', walletBalance: '999', availableBalance: '899' },
        change: '-1',
        reason: 'order',
        time: time(),
      });
    },
    setBook(bids, asks) {
      book = {
        bids: bids.map(([price, size]) => [price as Price, size as Size]),
        asks: asks.map(([price, size]) => [price as Price, size as Size]),
        sequence: book.sequence + 1,
      };
      exchange.tell({
        kind: 'bookChange',
        symbol: instrument.symbol,
        bids: book.bids,
        asks: book.asks,
        sequence: book.sequence,
        time: time(),
      });
    },
    tell(event) {
      for (const listener of listeners) listener.onMarket(event);
    },
    tellAccount: account,
  };
  return exchange;
}
