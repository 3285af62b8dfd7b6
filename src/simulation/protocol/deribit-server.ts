import type { ApiKey } from './api-keys.ts';
import { createDeribitAuth } from './deribit-auth.ts';
import { createDeribitContext } from './deribit-context.ts';
import { createCredits, poolOf } from './deribit-credits.ts';
import { createDeribitHeartbeats } from './deribit-heartbeats.ts';
import { createDeribitOrders, type DeribitOrderOutcome } from './deribit-orders.ts';
import { createDeribitPrivateMethods } from './deribit-private-methods.ts';
import { createDeribitPublicChannels } from './deribit-public-channels.ts';
import { createDeribitPublicMethods, METHOD_UNKNOWN } from './deribit-public-methods.ts';
import {
  answerText,
  type Fields,
  invalidParameter,
  numberField,
  type RpcOutcome,
  type RpcRequest,
  readRequest,
  refuse,
  textField,
} from './deribit-rpc.ts';
import { createPublicTrades } from './deribit-trades.ts';
import { createDeribitUserChannels } from './deribit-user-channels.ts';
import type { SimulatedVenue, SimulatedVenueOptions } from './simulated-venue.ts';
import { createVenueFaults } from './venue-faults.ts';
import { startVenueServer, type VenueAnswer, type VenueRequest } from './venue-server.ts';
import type { SessionProtocol, VenueSession } from './venue-session.ts';

const PATH = '/ws/api/v2';
/** Connections from one address at a time. */
const MAX_CONNECTIONS = 32;
const MIN_HEARTBEAT_S = 10;
const UNAUTHORIZED = refuse(13009, 'unauthorized', { reason: 'invalid_token' });
const TOO_MANY = refuse(10028, 'too_many_requests');
const ORDER_METHOD =
  /^private\/(buy|sell|edit|edit_by_label|cancel|cancel_all|cancel_all_by_instrument|cancel_by_label)$/;

interface Connection {
  key: ApiKey | null;
  token: string | null;
  cancelOnDisconnect: boolean;
  readonly orderIds: Set<string>;
}

/**
 * A simulated Deribit, speaking the venue's own JSON-RPC by websocket and by REST on one port. Its market-data address has a path of its own, so that the venue
 * can account for market data; both take every method. Rejects with `PORT_IN_USE` or `LISTEN_FAILED` (class configuration).
 */
export async function createDeribitServer(options: SimulatedVenueOptions): Promise<SimulatedVenue> {
  const { exchange, keys, clock } = options;
  const connections = new Map<VenueSession, Connection>();
  const faults = createVenueFaults({
    onMaintenance(on) {
      publicChannels.announceMaintenance(on);
      if (on) server.closeAll(1001, 'maintenance');
    },
    onArmed(fault) {
      if (fault === 'privateStreamExpires' && faults.take(fault)) userChannels.expireAll();
      if (fault === 'tokenExpires' && faults.take(fault)) auth.expireAll();
      if (fault === 'serverShutdown' && faults.take(fault)) server.closeAll(1001, 'restarting');
    },
  });
  const context = createDeribitContext({ exchange, keys, faults, epochMs: () => clock.epochMs() });
  const auth = createDeribitAuth(keys);
  const credits = createCredits();
  const heartbeats = createDeribitHeartbeats();
  const publicChannels = createDeribitPublicChannels(context);
  const userChannels = createDeribitUserChannels(context);
  const orders = createDeribitOrders(context);
  const trades = createPublicTrades();
  const publicMethod = createDeribitPublicMethods(context, trades);
  const privateMethod = createDeribitPrivateMethods(context);

  /** A request by websocket. */
  function onRequest(session: VenueSession, connection: Connection, request: RpcRequest): void {
    const { id, method, params } = request;
    const answer = (outcome: RpcOutcome): void => {
      session.sendAnswer(answerText(id, outcome, context.now()));
    };
    const pool = poolOf(method);
    const holder = connection.key?.accountId ?? session.address;
    if (pool !== null && (faults.take('rateLimited') || !credits.take(holder, pool, context.now()))) {
      answer(TOO_MANY);
      session.close(1000, 'too many requests');
      return;
    }
    if (method.startsWith('private/')) {
      const key = auth.keyOf(textField(params, 'access_token') ?? connection.token, context.now());
      if (key === null) answer(connection.token === null ? refuse(10000, 'authorization_required') : UNAUTHORIZED);
      else onPrivate(session, connection, key, request, answer);
      return;
    }
    onPublic(session, connection, method, params, answer);
  }

  /** A token that has expired is none. */
  function isSignedIn({ token }: Connection): boolean {
    return auth.keyOf(token, context.now()) !== null;
  }

  function onPublic(
    session: VenueSession,
    connection: Connection,
    method: string,
    params: Fields,
    answer: (outcome: RpcOutcome) => void,
  ): void {
    switch (method) {
      case 'public/auth': {
        const { outcome, signIn } = auth.grant(params, context.now());
        if (signIn !== null) {
          connection.key = signIn.key;
          connection.token = signIn.token;
        }
        answer(outcome);
        return;
      }
      case 'public/set_heartbeat': {
        const interval = numberField(params, 'interval');
        if (interval === null || interval < MIN_HEARTBEAT_S) {
          answer(invalidParameter('interval', `at least ${MIN_HEARTBEAT_S}`));
          return;
        }
        heartbeats.set(session, options.pingIntervalMs ?? interval * 1_000);
        answer({ result: 'ok' });
        return;
      }
      case 'public/disable_heartbeat':
        heartbeats.disable(session);
        answer({ result: 'ok' });
        return;
      case 'public/subscribe': {
        const names = namesOf(params);
        const taken = names === null ? null : publicChannels.subscribe(session, names, isSignedIn(connection));
        if (names === null) answer(invalidParameter('channels'));
        else if (taken === null) answer(refuse(13778, 'raw_subscriptions_not_available_for_unauthorized'));
        else {
          answer({ result: taken });
          publicChannels.welcome(session, taken);
        }
        return;
      }
      case 'public/unsubscribe':
        if (faults.take('unsubscribeRefused')) answer(refuse(11051, 'system_maintenance'));
        else if (!faults.take('unsubscribeLost'))
          answer({ result: publicChannels.unsubscribe(session, namesOf(params) ?? []) });
        return;
      case 'public/unsubscribe_all':
        publicChannels.unsubscribe(session, null);
        answer({ result: 'ok' });
        return;
      default:
        if (method === 'public/test') heartbeats.answered(session);
        answer(publicMethod(method, params) ?? METHOD_UNKNOWN);
    }
  }

  function onPrivate(
    session: VenueSession,
    connection: Connection,
    key: ApiKey,
    { method, params }: RpcRequest,
    answer: (outcome: RpcOutcome) => void,
  ): void {
    if (ORDER_METHOD.test(method)) {
      onOrder(session, connection, key, method, params, answer);
      return;
    }
    switch (method) {
      case 'private/subscribe': {
        const names = namesOf(params) ?? [];
        const taken = userChannels.subscribe(
          session,
          key.accountId,
          names.filter((name) => name.startsWith('user.')),
        );
        const others = names.filter((name) => !name.startsWith('user.'));
        const shown = others.length === 0 ? [] : (publicChannels.subscribe(session, others, true) ?? []);
        answer({ result: [...taken, ...shown] });
        publicChannels.welcome(session, shown);
        return;
      }
      case 'private/unsubscribe':
        answer({ result: userChannels.unsubscribe(session, namesOf(params) ?? []) });
        return;
      case 'private/unsubscribe_all':
        userChannels.unsubscribe(session, null);
        answer({ result: 'ok' });
        return;
      case 'private/enable_cancel_on_disconnect':
      case 'private/disable_cancel_on_disconnect':
        connection.cancelOnDisconnect = method === 'private/enable_cancel_on_disconnect';
        answer({ result: 'ok' });
        return;
      case 'private/get_cancel_on_disconnect':
        answer({ result: { scope: 'connection', enabled: connection.cancelOnDisconnect } });
        return;
      case 'private/logout':
        // Whoever leaves in order keeps its orders.
        connection.cancelOnDisconnect = false;
        session.close(1000, 'logged out');
        return;
      default:
        answer(privateMethod(method, key.accountId, params) ?? METHOD_UNKNOWN);
    }
  }

  function onOrder(
    session: VenueSession,
    connection: Connection,
    key: ApiKey,
    method: string,
    params: Fields,
    answer: (outcome: RpcOutcome) => void,
  ): void {
    userChannels.hold();
    const done = orders.run(method, key, params);
    if (done.order !== null) connection.orderIds.add(done.order.orderId);
    const reportsFirst = faults.take('fillBeforeAck');
    if (reportsFirst) userChannels.release();
    if (done.delivery === 'cut') session.terminate();
    else if (done.delivery === 'answered') answer(done.outcome);
    tellRejection(done);
    if (!reportsFirst) userChannels.release();
  }

  function tellRejection({ rejectedLater }: DeribitOrderOutcome): void {
    if (rejectedLater !== null) userChannels.rejectedLater(rejectedLater);
  }

  /** A request by REST: `GET …?params`, or `POST` of a JSON-RPC request. */
  function onRest(request: VenueRequest): VenueAnswer {
    const call = restCall(request);
    if (call === null) return rest(null, METHOD_UNKNOWN);
    const { id, method, params } = call;
    const pool = poolOf(method);
    if (!method.startsWith('private/')) {
      if (pool !== null && !credits.take(request.address, pool, context.now())) return rest(id, TOO_MANY, 429);
      if (method === 'public/auth') return rest(id, auth.grant(params, context.now()).outcome);
      return rest(id, publicMethod(method, params) ?? METHOD_UNKNOWN);
    }
    const key = auth.keyOfRequest(request, context.now());
    if (key === null) return rest(id, UNAUTHORIZED, 401);
    if (pool !== null && (faults.take('rateLimited') || !credits.take(key.accountId, pool, context.now()))) {
      return rest(id, TOO_MANY, 429);
    }
    if (!ORDER_METHOD.test(method)) return rest(id, privateMethod(method, key.accountId, params) ?? METHOD_UNKNOWN);
    userChannels.hold();
    const done = orders.run(method, key, params);
    tellRejection(done);
    userChannels.release();
    const answer = rest(id, done.outcome);
    return done.delivery === 'answered' ? answer : { ...answer, lost: done.delivery === 'cut' ? true : 'unanswered' };
  }

  function rest(id: unknown, outcome: RpcOutcome, refusedStatus = 400): VenueAnswer {
    return { status: 'result' in outcome ? 200 : refusedStatus, body: answerText(id, outcome, context.now()) };
  }

  /** What a connection leaves behind: with the switch armed, none of its orders. */
  function forget(session: VenueSession): void {
    const connection = connections.get(session);
    connections.delete(session);
    heartbeats.forget(session);
    publicChannels.forget(session);
    userChannels.forget(session);
    if (connection?.cancelOnDisconnect !== true || connection.key === null) return;
    for (const orderId of connection.orderIds)
      exchange.cancel(connection.key.accountId, { orderId, clientOrderId: null });
  }

  const protocol: SessionProtocol = {
    maxMessagesPerSecond: null,
    onMessage(session, text) {
      const connection = connections.get(session);
      const request = readRequest(text);
      if (connection === undefined) return;
      if (request === null) session.sendAnswer(answerText(null, refuse(-32700, 'Parse error'), context.now()));
      else onRequest(session, connection, request);
    },
    onClose: forget,
  };

  const server = await startVenueServer({
    host: options.host,
    port: options.port,
    faults,
    // The venue asks for signs of life by messages of its own.
    pingIntervalMs: null,
    clock: options.clock,
    traffic: options.traffic,
    maintenanceBody: JSON.stringify({ jsonrpc: '2.0', error: { code: 11051, message: 'system_maintenance' } }),
    protocol: {
      onRequest: onRest,
      accept({ path, address }) {
        if (path !== PATH && path !== `/market${PATH}`) return { refuse: 404, body: '{}' };
        const open = [...connections.keys()].filter((session) => session.address === address).length;
        if (open >= MAX_CONNECTIONS) return { refuse: 429, body: '{}' };
        return { kind: path === PATH ? 'private' : 'market', protocol };
      },
      onOpen(session) {
        connections.set(session, { key: null, token: null, cancelOnDisconnect: false, orderIds: new Set() });
      },
    },
  });

  const stopListening = exchange.listen({
    onMarket(event) {
      if (event.kind === 'trade') trades.add(event);
      publicChannels.onMarket(event);
    },
    onAccount(event) {
      if (event.kind === 'fill' && event.fill.cause === 'liquidation') publicChannels.onLiquidation(event.fill);
      userChannels.onAccount(event);
    },
  });

  const base = `ws://${options.host}:${server.port}`;
  return {
    port: server.port,
    urls: { market: `${base}/market`, account: base, orders: base, rest: `http://${options.host}:${server.port}` },
    faults,
    stats: () => server.stats(),
    closeAll: () => server.closeAll(),
    async close() {
      stopListening();
      publicChannels.close();
      heartbeats.close();
      await server.close();
    },
  };
}

function namesOf(params: Fields): readonly string[] | null {
  const { channels } = params;
  return Array.isArray(channels) && channels.length > 0 && channels.every((each) => typeof each === 'string')
    ? channels
    : null;
}

function restCall(request: VenueRequest): RpcRequest | null {
  const method = /^\/api\/v2\/((?:public|private)\/\w+)$/.exec(request.path)?.[1];
  if (request.method === 'POST') {
    const posted = readRequest(request.body);
    return posted === null && method !== undefined ? { id: null, method, params: {} } : posted;
  }
  return method === undefined ? null : { id: null, method, params: Object.fromEntries(request.query) };
}
