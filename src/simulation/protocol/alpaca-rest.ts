import type { SimulatedOrder } from '../exchange/simulated-exchange.ts';
import type { AlpacaContext } from './alpaca-context.ts';
import type { AlpacaNews } from './alpaca-news.ts';
import { type AlpacaOrders, answerJson, refuse } from './alpaca-orders.ts';
import {
  accountRow,
  activityRow,
  assetRow,
  isWorkingOrder,
  positionRow,
  type Row,
  timestampOf,
} from './alpaca-rows.ts';
import { admit, parseMessage } from './alpaca-socket.ts';
import type { ApiKey } from './api-keys.ts';
import { decimalIdOf } from './id-as-uuid.ts';
import type { VenueAnswer, VenueRequest } from './venue-server.ts';

/** Requests a minute for each key. */
const PER_MINUTE = 200;
const MINUTE_MS = 60_000;
const NOT_FOUND = refuse(404, 40410000, 'order not found');

/** The trading API (Alpaca documentation, "Trading API"), its history and its clock. */
export function createAlpacaRest(options: {
  readonly context: AlpacaContext;
  readonly orders: AlpacaOrders;
  readonly news: AlpacaNews;
}): (request: VenueRequest) => VenueAnswer {
  const { context, orders, news } = options;
  const { exchange, faults } = context;
  const calls = new Map<string, number[]>();

  /** Headers that say what is left, and whether the call is within the limit. */
  function rateOf(key: string): { readonly ok: boolean; readonly headers: Readonly<Record<string, string>> } {
    const now = performance.now();
    const recent = calls.get(key) ?? [];
    calls.set(key, recent);
    while (recent[0] !== undefined && recent[0] <= now - MINUTE_MS) recent.shift();
    const ok = recent.length < PER_MINUTE && !faults.take('rateLimited');
    if (ok) recent.push(now);
    const waitMs = ok ? 0 : 1_000;
    return {
      ok,
      headers: {
        'x-ratelimit-limit': String(PER_MINUTE),
        'x-ratelimit-remaining': String(PER_MINUTE - recent.length),
        'x-ratelimit-reset': String(Math.ceil((context.now() + waitMs) / 1_000)),
      },
    };
  }

  function clock(): VenueAnswer {
    const now = context.now();
    const { open } = context.session;
    // The session changes by command: what is stated is the next whole hour.
    const next = timestampOf(Math.ceil((now + 1) / 3_600_000) * 3_600_000);
    const later = timestampOf(Math.ceil((now + 1) / 3_600_000) * 3_600_000 + 23_400_000);
    return answerJson({
      timestamp: timestampOf(now),
      is_open: open,
      next_open: open ? later : next,
      next_close: open ? next : later,
    });
  }

  function listOrders(accountId: string, query: URLSearchParams): VenueAnswer {
    const status = query.get('status') ?? 'open';
    const symbols = (query.get('symbols') ?? '').split(',').filter((each) => each !== '');
    const limit = Math.min(500, Number(query.get('limit') ?? 50));
    const after = timeOf(query.get('after')) ?? Number.NEGATIVE_INFINITY;
    const until = timeOf(query.get('until')) ?? Number.POSITIVE_INFINITY;
    const isWanted = (order: SimulatedOrder): boolean => {
      const working = isWorkingOrder(order) && !context.rejected.has(order.orderId);
      if (status === 'open' ? !working : status === 'closed' && working) return false;
      if (symbols.length > 0 && !symbols.includes(order.symbol)) return false;
      return order.createdAt > after && order.createdAt < until;
    };
    const found = allOrders(accountId).filter(isWanted);
    found.sort((a, b) => a.createdAt - b.createdAt);
    if (query.get('direction') !== 'asc') found.reverse();
    return answerJson(found.slice(0, limit).map((order) => context.orderRow(order)));
  }

  function allOrders(accountId: string): SimulatedOrder[] {
    const rejected = [...context.rejected.values()].filter((order) => order.accountId === accountId);
    return [...exchange.orders(accountId, null), ...rejected];
  }

  function orderAt(accountId: string, id: string): SimulatedOrder | null {
    const orderId = decimalIdOf(id);
    return orderId === null ? null : orders.find(accountId, { orderId, clientOrderId: null });
  }

  function one(order: SimulatedOrder | null): VenueAnswer {
    if (order === null || faults.take('queryNotFound')) return NOT_FOUND;
    return answerJson(context.orderRow(order));
  }

  function activities(accountId: string, query: URLSearchParams): VenueAnswer {
    const after = timeOf(query.get('after')) ?? Number.NEGATIVE_INFINITY;
    const size = Math.min(100, Number(query.get('page_size') ?? 100));
    const cumulative = new Map<string, number>();
    const rows: Row[] = [];
    for (const fill of exchange.fills(accountId, null)) {
      const filled = (cumulative.get(fill.orderId) ?? 0) + fill.size;
      cumulative.set(fill.orderId, filled);
      if (fill.time <= after) continue;
      const orderSize = exchange.order(accountId, { orderId: fill.orderId, clientOrderId: null })?.size ?? filled;
      rows.push(activityRow(fill, context.requireInstrument(fill.symbol), filled, orderSize));
    }
    if (query.get('direction') !== 'asc') rows.reverse();
    const token = query.get('page_token');
    const from = token === null ? 0 : rows.findIndex((row) => row.id === token) + 1;
    return answerJson(rows.slice(from, from + size));
  }

  function positions(accountId: string, symbol: string | null): VenueAnswer {
    const held = exchange.positions(accountId).filter((each) => symbol === null || each.symbol === symbol);
    const rows = held.map((position) => positionRow(position, context.requireInstrument(position.symbol)));
    if (symbol === null) return answerJson(rows);
    return rows[0] === undefined ? refuse(404, 40410000, 'position does not exist') : answerJson(rows[0]);
  }

  function asset(symbol: string): VenueAnswer {
    const instrument = context.instrument(symbol);
    return instrument === null
      ? refuse(404, 40410000, `asset not found for ${symbol.slice(0, 20)}`)
      : answerJson(assetRow(instrument));
  }

  function get(key: ApiKey, path: string, query: URLSearchParams): VenueAnswer {
    const { accountId } = key;
    const [, id] = /^\/v2\/(?:orders|positions|assets)\/([^/]+)$/.exec(path) ?? [];
    if (path === '/v2/clock') return clock();
    if (path === '/v2/account') {
      return answerJson(accountRow(accountId, exchange.balances(accountId), exchange.positions(accountId)));
    }
    if (path === '/v2/assets') return answerJson(exchange.instruments.map(assetRow));
    if (path === '/v2/positions') return positions(accountId, null);
    if (path === '/v2/orders') return listOrders(accountId, query);
    if (path === '/v2/orders:by_client_order_id') {
      return one(orders.find(accountId, { orderId: null, clientOrderId: query.get('client_order_id') ?? '' }));
    }
    if (path === '/v2/account/activities' && query.get('category') === 'non_trade_activity')
      return answerJson(context.cash.rows(accountId, query));
    if (path === '/v2/account/activities/FILL' || path === '/v2/account/activities')
      return activities(accountId, query);
    if (path === '/v1beta1/news') {
      return answerJson({ news: news.recent(Number(query.get('limit') ?? 10)), next_page_token: null });
    }
    if (id !== undefined && path.startsWith('/v2/orders/')) return one(orderAt(accountId, id));
    if (id !== undefined && path.startsWith('/v2/positions/')) return positions(accountId, decodeURIComponent(id));
    if (id !== undefined && path.startsWith('/v2/assets/')) return asset(decodeURIComponent(id));
    return refuse(404, 40410000, 'endpoint not found');
  }

  function change(key: ApiKey, { method, path, body }: VenueRequest): VenueAnswer {
    if (key.readOnly === true) return refuse(403, 40310000, 'account is not allowed to trade');
    const { accountId } = key;
    if (path === '/v2/orders' && method === 'DELETE') return orders.cancelAll(accountId);
    if (path === '/v2/orders' && method === 'POST') {
      const fields = parseMessage(body);
      return fields === null
        ? refuse(400, 40010000, 'request body format is invalid')
        : orders.create(accountId, fields);
    }
    const [, id] = /^\/v2\/orders\/([^/]+)$/.exec(path) ?? [];
    if (id === undefined) return refuse(404, 40410000, 'endpoint not found');
    const orderId = decimalIdOf(id);
    if (orderId === null) return refuse(422, 40010001, 'invalid order id');
    if (method === 'DELETE') return orders.cancel(accountId, orderId);
    const fields = parseMessage(body);
    if (method === 'PATCH' && fields !== null) return orders.replace(accountId, orderId, fields);
    return refuse(400, 40010000, 'request body format is invalid');
  }

  return (request) => {
    const key = admit(context.keys, request.headers['apca-api-key-id'], request.headers['apca-api-secret-key']);
    if (key === null) return refuse(401, 40110000, 'request is not authorized');
    const { ok, headers } = rateOf(key.key);
    if (!ok) return { ...refuse(429, 42910000, 'rate limit exceeded'), headers };
    const answer = request.method === 'GET' ? get(key, request.path, request.query) : change(key, request);
    return { ...answer, headers };
  };
}

function timeOf(text: string | null): number | null {
  if (text === null) return null;
  const time = Date.parse(text);
  return Number.isFinite(time) ? time : null;
}
