import type { ApiKey } from './api-keys.ts';
import type { BybitServerCategory } from './bybit-category.ts';
import { createBybitContext } from './bybit-context.ts';
import { admitSession, CONNECTIONS_PER_ADDRESS, createAddressGate, createRateGate } from './bybit-gate.ts';
import { createBybitOrders, isRecord } from './bybit-orders.ts';
import { createBybitPrivateHub } from './bybit-private.ts';
import { createBybitPublicHub } from './bybit-public.ts';
import { createBybitRest } from './bybit-rest.ts';
import { createBybitTradeSocket, requestIdOf } from './bybit-trade-socket.ts';
import { createRecentTrades } from './bybit-trades.ts';
import type { SimulatedVenue, SimulatedVenueOptions } from './simulated-venue.ts';
import { createVenueFaults } from './venue-faults.ts';
import { startVenueServer } from './venue-server.ts';
import type { SessionKind, SessionProtocol, VenueSession } from './venue-session.ts';

/** Per account and second (Bybit V5 documentation, "Rate limit rules"). */
const QUERIES_PER_SECOND = 50;
/** A connection that neither pings nor asks for so long is cut. */
const IDLE_MS = 600_000;

/**
 * A simulated Bybit V5 for one category, speaking the venue's own protocol: `/v5/public/<category>`, `/v5/private`, `/v5/trade` and REST on one
 * port. Rejects with `PORT_IN_USE` or `LISTEN_FAILED` (class configuration).
 */
export async function createBybitServer(
  category: BybitServerCategory,
  options: SimulatedVenueOptions,
): Promise<SimulatedVenue> {
  const { exchange, keys, clock } = options;
  const signedIn = new Map<VenueSession, ApiKey>();
  const idle = new Map<VenueSession, NodeJS.Timeout>();
  const faults = createVenueFaults({
    onMaintenance: (on) => {
      if (on) server.closeAll(1001, 'maintenance');
    },
    onArmed: (fault) => {
      if (fault === 'privateStreamExpires' && faults.take(fault)) hub.expireAll();
      if (fault === 'serverShutdown' && faults.take(fault)) restart();
    },
  });
  const context = createBybitContext({ category, exchange, keys, faults, epochMs: () => clock.epochMs() });
  const hub = createBybitPrivateHub(context);
  const publicHub = createBybitPublicHub(context);
  const orders = createBybitOrders(context);
  const trades = createRecentTrades(context.instrument);
  const rates = createRateGate(faults, (operation) =>
    operation.startsWith('/') ? QUERIES_PER_SECOND : category.ordersPerSecond,
  );
  const tradeSocket = createBybitTradeSocket({ context, orders, hub, rates });
  const answerRest = createBybitRest({ context, orders, hub, rates, trades });

  /** The trade service says so beforehand, the others just close. */
  function restart(): void {
    tradeSocket.announceRestart();
    server.closeAll(1001, 'restarting');
  }

  function touch(session: VenueSession): void {
    clearTimeout(idle.get(session));
    idle.set(
      session,
      setTimeout(() => session.close(1000, 'idle'), IDLE_MS),
    );
  }

  function forget(session: VenueSession): void {
    clearTimeout(idle.get(session));
    idle.delete(session);
    signedIn.delete(session);
    tradeSocket.forget(session);
    hub.forget(session);
    publicHub.forget(session);
  }

  function protocolOf(
    handle: (session: VenueSession, message: Readonly<Record<string, unknown>>) => void,
  ): SessionProtocol {
    return {
      maxMessagesPerSecond: null,
      onMessage(session, text) {
        touch(session);
        const message = parse(text);
        if (message === null) {
          session.sendAnswer(
            JSON.stringify({
              success: false,
              ret_msg: 'Request Param format error!',
              conn_id: context.connectionId(session.id),
              op: '',
            }),
          );
          return;
        }
        handle(session, message);
      },
      onClose: forget,
    };
  }

  /** Answers in the words of the public and private streams. */
  function reply(
    session: VenueSession,
    message: Readonly<Record<string, unknown>>,
    refusal: string | null,
    text = '',
  ): void {
    session.sendAnswer(
      JSON.stringify({
        success: refusal === null,
        ret_msg: refusal ?? text,
        conn_id: context.connectionId(session.id),
        req_id: requestIdOf(message),
        op: message.op,
      }),
    );
  }

  /** Streams differ in how they answer a ping: public ones by the text of an answer, private ones (and public options) by an operation of its own. */
  function pong(session: VenueSession, message: Readonly<Record<string, unknown>>, shape: 'text' | 'op'): void {
    if (shape === 'text') {
      reply(session, message, null, 'pong');
      return;
    }
    const [req_id, conn_id] = [requestIdOf(message), context.connectionId(session.id)];
    session.sendAnswer(JSON.stringify({ req_id, op: 'pong', args: [String(context.now())], conn_id }));
  }

  function tooMany(topics: readonly string[]): string | null {
    const most = category.maxArguments;
    return most !== null && topics.length > most ? `args size >${most}` : null;
  }

  function onPublic(session: VenueSession, message: Readonly<Record<string, unknown>>): void {
    const topics = topicsOf(message.args);
    if (message.op === 'ping') pong(session, message, faults.take('otherPong') ? 'op' : 'text');
    else if (message.op === 'subscribe' && topics !== null) {
      const refusal = tooMany(topics) ?? publicHub.subscribe(session, topics);
      const early = refusal === null && faults.take('dataBeforeAck');
      if (early) publicHub.welcome(session, topics);
      reply(session, message, refusal, category.subscribedText);
      if (refusal === null && !early) publicHub.welcome(session, topics);
    } else if (message.op === 'unsubscribe' && topics !== null) {
      if (faults.take('unsubscribeRefused')) reply(session, message, 'Service temporarily unavailable');
      else if (!faults.take('unsubscribeLost')) reply(session, message, publicHub.unsubscribe(session, topics));
    } else reply(session, message, 'Request Param format error!');
  }

  function onPrivate(session: VenueSession, message: Readonly<Record<string, unknown>>): void {
    const connId = context.connectionId(session.id);
    if (message.op === 'ping') {
      pong(session, message, faults.take('otherPong') ? 'text' : 'op');
      return;
    }
    if (message.op === 'auth') {
      const decision = admitSession(message.args, keys, context.now());
      if (decision.kind === 'open') {
        signedIn.set(session, decision.key);
        reply(session, message, null);
        return;
      }
      const { retCode, retMsg } = decision;
      session.sendAnswer(JSON.stringify({ op: 'auth', success: false, retCode, retMsg, connId }));
      session.close(1000, 'not authorised');
      return;
    }
    const key = signedIn.get(session);
    const topics = topicsOf(message.args);
    if (key === undefined) reply(session, message, 'Request not authorized');
    else if (message.op === 'subscribe' && topics !== null) {
      reply(session, message, hub.subscribe(session, key.accountId, topics));
    } else if (message.op === 'unsubscribe' && topics !== null) {
      hub.unsubscribe(session, topics);
      reply(session, message, null);
    } else reply(session, message, 'Request Param format error!');
  }

  const mayConnect = createAddressGate(CONNECTIONS_PER_ADDRESS);
  const paths: Readonly<Record<string, { readonly kind: SessionKind; readonly protocol: SessionProtocol }>> = {
    [category.publicPath]: { kind: 'market', protocol: protocolOf(onPublic) },
    '/v5/private': { kind: 'private', protocol: protocolOf(onPrivate) },
    '/v5/trade': { kind: 'private', protocol: protocolOf(tradeSocket.onMessage) },
  };

  const server = await startVenueServer({
    host: options.host,
    port: options.port,
    faults,
    // Keep-alive is the client's business here.
    pingIntervalMs: null,
    clock: options.clock,
    traffic: options.traffic,
    maintenanceBody: '<html><body>503 Service Temporarily Unavailable</body></html>',
    protocol: {
      onRequest: answerRest,
      accept({ path, address }) {
        if (!mayConnect(address, performance.now())) return { refuse: 403, body: 'access too frequent' };
        return paths[path] ?? { refuse: 404, body: '{"retCode":10404,"retMsg":"no such path"}' };
      },
      onOpen(session) {
        if (session.path === '/v5/trade') tradeSocket.open(session);
        touch(session);
      },
    },
  });

  const stopListening = exchange.listen({
    onMarket(event) {
      if (event.kind === 'trade') trades.add(event);
      publicHub.onMarket(event);
    },
    onAccount(event) {
      if (event.kind === 'fill' && event.fill.cause === 'liquidation') publicHub.onLiquidation(event.fill);
      hub.onAccount(event);
    },
  });

  const base = `ws://${options.host}:${server.port}`;
  return {
    port: server.port,
    urls: { market: base, account: base, orders: base, rest: `http://${options.host}:${server.port}` },
    faults,
    stats: () => server.stats(),
    closeAll: () => server.closeAll(),
    async close() {
      stopListening();
      publicHub.close();
      await server.close();
      for (const timer of idle.values()) clearTimeout(timer);
    },
  };
}

function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const message: unknown = JSON.parse(text);
    return isRecord(message) ? message : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function topicsOf(args: unknown): readonly string[] | null {
  return Array.isArray(args) && args.length > 0 && args.every((each) => typeof each === 'string') ? args : null;
}
