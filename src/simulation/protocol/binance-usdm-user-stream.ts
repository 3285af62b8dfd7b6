import { randomBytes } from 'node:crypto';
import type { SimulatedAccountEvent, SimulatedFill, SimulatedOrder } from '../exchange/simulated-exchange.ts';
import type { BinanceContext } from './binance-context.ts';
import { BinanceRefusal } from './binance-errors.ts';
import { fixed, idNumber, SIDE, statusOf } from './binance-rows.ts';
import { algoEvent, isConditional, isWaiting } from './binance-usdm-algo.ts';
import { averagePrice, timeInForceOf, typeOf } from './binance-usdm-rows.ts';
import type { SessionProtocol, VenueSession } from './venue-session.ts';

const VALIDITY_MS = 60 * 60_000;

/** Listen keys by account: one at a time, good for an hour after its last renewal. */
export interface ListenKeys {
  /** The account's key, a new one if it has none; its hour starts over. */
  open(accountId: string): string;
  /** Throws -1125 if there is none. */
  renew(accountId: string): string;
  close(accountId: string): void;
}

export interface UserStreams {
  readonly listenKeys: ListenKeys;
  /** The protocol of a private connection, or null for a key that is not valid. `wrapped`: events come as `{stream, data}`. */
  accept(listenKey: string, wrapped: boolean): SessionProtocol | null;
  onAccount(event: SimulatedAccountEvent): void;
  /** Sends what has been kept back. */
  flush(): void;
  /** Ends keys whose hour is over, and all of them while `privateStreamExpires` is armed. */
  expire(): void;
}

interface Entry {
  readonly key: string;
  validUntil: number;
}

/** Changes of positions and balances of one transaction, told in one event. */
interface PendingUpdate {
  readonly accountId: string;
  readonly reason: string;
  readonly time: number;
  readonly balances: { a: string; wb: string; cw: string; bc: string }[];
  readonly positions: Record<string, unknown>[];
}

/** The user data streams: events of the exchange in the venue's words, in order, to every connection of the account's key. */
export function createUserStreams(context: BinanceContext, isHeld: () => boolean): UserStreams {
  const { faults } = context;
  const entries = new Map<string, Entry>();
  const sessions = new Map<VenueSession, { readonly key: string; readonly wrapped: boolean }>();
  let outbox: { accountId: string; event: Record<string, unknown>; kind: 'fill' | 'report' | 'other' }[] = [];
  let update: PendingUpdate | null = null;

  const listenKeys: ListenKeys = {
    open(accountId) {
      const known = entries.get(accountId);
      const entry = known ?? { key: randomBytes(32).toString('hex'), validUntil: 0 };
      entry.validUntil = context.now() + VALIDITY_MS;
      entries.set(accountId, entry);
      return entry.key;
    },
    renew(accountId) {
      const entry = entries.get(accountId);
      if (entry === undefined) throw new BinanceRefusal(400, -1125, 'This listenKey does not exist.');
      entry.validUntil = context.now() + VALIDITY_MS;
      return entry.key;
    },
    close(accountId) {
      const key = entries.get(accountId)?.key;
      entries.delete(accountId);
      for (const [session, stream] of sessions) if (stream.key === key) session.close(1000, 'listen key closed');
    },
  };

  function accountOf(listenKey: string): string | null {
    for (const [accountId, entry] of entries) if (entry.key === listenKey) return accountId;
    return null;
  }

  function deliver(accountId: string, event: Record<string, unknown>): void {
    const key = entries.get(accountId)?.key;
    if (key === undefined) return;
    send(key, event);
  }

  function send(key: string, event: Record<string, unknown>): void {
    const raw = JSON.stringify(event);
    for (const [session, stream] of sessions) {
      if (stream.key === key) session.sendData(stream.wrapped ? `{"stream":"${key}","data":${raw}}` : raw);
    }
  }

  function isHeard(accountId: string): boolean {
    const key = entries.get(accountId)?.key;
    for (const [session, stream] of sessions) if (stream.key === key && session.open) return true;
    return false;
  }

  function closeUpdate(): void {
    if (update === null) return;
    const { accountId, reason, time, balances, positions } = update;
    const event = { e: 'ACCOUNT_UPDATE', E: context.now(), T: time, a: { m: reason, B: balances, P: positions } };
    outbox.push({ accountId, event, kind: 'other' });
    update = null;
  }

  function updateOf(accountId: string, reason: string, time: number): PendingUpdate {
    if (update !== null && update.accountId === accountId && update.reason === reason && update.time === time)
      return update;
    closeUpdate();
    update = { accountId, reason, time, balances: [], positions: [] };
    return update;
  }

  function flush(): void {
    closeUpdate();
    const due = outbox;
    outbox = [];
    for (const { accountId, event, kind } of due) {
      // Nobody hears it: nothing is sent, and no fault is spent on it.
      if (!isHeard(accountId)) continue;
      if (kind === 'fill' && faults.take('suppressNextFill')) continue;
      if (kind === 'report' && faults.take('suppressNextReport')) continue;
      if (kind === 'fill') deliver(accountId, tradeLite(event));
      deliver(accountId, event);
      if (kind === 'fill' && faults.take('duplicateNextFill')) deliver(accountId, event);
    }
  }

  function onAccount(event: SimulatedAccountEvent): void {
    switch (event.kind) {
      case 'fill':
        if (event.fill.cause !== 'trade') context.nameOwnOrder(event.order.orderId, ownOrderId(event.fill));
        closeUpdate();
        outbox.push({
          accountId: event.fill.accountId,
          event: orderEvent(context, event.order, 'TRADE', event.time, event.fill),
          kind: 'fill',
        });
        break;
      case 'order': {
        // A trade is told by its fill.
        if (event.change === 'trade') return;
        closeUpdate();
        if (event.change === 'triggered') context.triggered.add(event.order.orderId);
        if (isConditional(event.order)) {
          outbox.push({
            accountId: event.order.accountId,
            event: algoEvent(context, event.order, event.time),
            kind: 'report',
          });
          if (isWaiting(context, event.order)) break;
        }
        const execution = executionType(context, event.order, event.change);
        outbox.push({
          accountId: event.order.accountId,
          event: orderEvent(context, event.order, execution, event.time, null),
          kind: 'report',
        });
        break;
      }
      case 'position': {
        const { position } = event;
        updateOf(event.accountId, REASON[event.reason], Math.floor(event.time)).positions.push({
          s: position.symbol,
          pa: fixed(position.size, context.instrument(position.symbol).sizeScale),
          ep: position.entryPrice,
          bep: position.entryPrice,
          cr: '0',
          up: position.unrealizedProfit,
          mt: 'cross',
          iw: '0',
          ps: 'BOTH',
        });
        break;
      }
      case 'balance':
        updateOf(event.accountId, REASON[event.reason], Math.floor(event.time)).balances.push({
          a: event.balance.currency,
          wb: event.balance.walletBalance,
          cw: event.balance.walletBalance,
          // What trading itself changed is in the fills.
          bc: event.reason === 'funding' || event.reason === 'deposit' ? event.change : '0',
        });
    }
    if (!isHeld()) queueMicrotask(() => !isHeld() && flush());
  }

  function endKey(accountId: string, key: string): void {
    entries.delete(accountId);
    send(key, { e: 'listenKeyExpired', E: context.now(), listenKey: key });
  }

  return {
    listenKeys,
    accept(listenKey, wrapped) {
      if (accountOf(listenKey) === null) return null;
      return {
        maxMessagesPerSecond: 10,
        onMessage(session, text) {
          session.sendAnswer(answerOf(text, listenKey));
        },
        onClose: (session) => {
          sessions.delete(session);
        },
        onOpen: (session) => {
          sessions.set(session, { key: listenKey, wrapped });
        },
      };
    },
    onAccount,
    flush,
    expire() {
      const now = context.now();
      const forced = entries.size > 0 && faults.take('privateStreamExpires');
      for (const [accountId, entry] of [...entries])
        if (forced || entry.validUntil <= now) endKey(accountId, entry.key);
    },
  };
}

const REASON = { order: 'ORDER', funding: 'FUNDING_FEE', liquidation: 'ORDER', deposit: 'DEPOSIT' } as const;

/** The only request that makes sense on a private connection. */
function answerOf(text: string, listenKey: string): string {
  try {
    const request: unknown = JSON.parse(text);
    if (typeof request === 'object' && request !== null && 'method' in request && 'id' in request) {
      const result = request.method === 'LIST_SUBSCRIPTIONS' ? [listenKey] : null;
      return JSON.stringify({ result, id: request.id });
    }
    return '{"error":{"code":2,"msg":"Invalid request"},"id":null}';
  } catch {
    // Not JSON: the venue says so and keeps the connection.
    return '{"error":{"code":3,"msg":"Invalid JSON"},"id":null}';
  }
}

/** The client id of orders that the venue places by itself says what they are. */
function ownOrderId(fill: SimulatedFill): string {
  if (fill.cause === 'adl') return 'adl_autoclose';
  return fill.cause === 'settlement' ? `settlement_autoclose-${fill.orderId}` : `autoclose-${fill.orderId}`;
}

function executionType(
  context: BinanceContext,
  order: SimulatedOrder,
  change: 'new' | 'canceled' | 'expired' | 'amended' | 'triggered',
): string {
  if (change === 'amended') return 'AMENDMENT';
  if (change === 'new' || change === 'triggered') return 'NEW';
  return context.rejectedByEngine.has(order.orderId) ? 'REJECTED' : statusOf(order);
}

function orderEvent(
  context: BinanceContext,
  order: SimulatedOrder,
  execution: string,
  time: number,
  fill: SimulatedFill | null,
): Record<string, unknown> {
  const instrument = context.instrument(order.symbol);
  const { priceScale, sizeScale } = instrument;
  const ownClosing = fill !== null && fill.cause !== 'trade';
  const status =
    execution === 'NEW' ? 'NEW' : context.rejectedByEngine.has(order.orderId) ? 'REJECTED' : statusOf(order);
  return {
    e: 'ORDER_TRADE_UPDATE',
    E: context.now(),
    T: Math.floor(time),
    o: {
      s: order.symbol,
      c: context.clientIdOf(order),
      S: SIDE[order.side],
      o: isConditional(order) ? 'MARKET' : typeOf(order),
      f: timeInForceOf(order),
      q: fixed(order.size, sizeScale),
      p: fixed(order.price ?? 0, priceScale),
      ap: averagePrice(order, instrument),
      sp: fixed(order.triggerPrice ?? 0, priceScale),
      x: ownClosing ? 'CALCULATED' : execution,
      X: fill === null ? status : order.cumulativeSize === order.size ? 'FILLED' : 'PARTIALLY_FILLED',
      i: idNumber(order.orderId),
      l: fixed(fill?.size ?? 0, sizeScale),
      z: fixed(order.cumulativeSize, sizeScale),
      L: fixed(fill?.price ?? 0, priceScale),
      ...(fill === null ? {} : { N: fill.feeCurrency, n: fill.fee }),
      T: Math.floor(time),
      t: fill === null ? 0 : idNumber(fill.fillId),
      b: '0',
      a: '0',
      m: fill?.liquidity === 'maker',
      R: order.reduceOnly,
      wt: 'CONTRACT_PRICE',
      ot: typeOf(order),
      ps: 'BOTH',
      cp: false,
      rp: fill?.realizedProfit ?? '0',
      pP: false,
      si: 0,
      ss: 0,
      V: 'NONE',
      pm: 'NONE',
      gtd: 0,
    },
  };
}

/** The short form of a fill that the venue sends besides, first. */
function tradeLite(event: Record<string, unknown>): Record<string, unknown> {
  const { s, q, p, m, c, S, L, l, t, i } = event.o as Record<string, unknown>;
  return { e: 'TRADE_LITE', E: event.E, T: event.T, s, q, p, m, c, S, L, l, t, i };
}
