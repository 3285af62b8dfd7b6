import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { MillraceError, messageOf } from '#core/errors.ts';
import type { Clock } from '#core/time/clock.ts';
import type { VenueFaults } from './venue-faults.ts';
import { headersOf, rawQueryOf, readBody, refuseUpgrade, writeAnswer } from './venue-http.ts';
import {
  createMessageRateGuard,
  createVenueSession,
  type SessionCounters,
  type SessionHost,
  type SessionKind,
  type SessionProtocol,
  type VenueSession,
} from './venue-session.ts';
import type { VenueTraffic } from './venue-traffic.ts';

/** A REST request, read whole. */
export interface VenueRequest {
  readonly method: string;
  readonly path: string;
  /** Exactly as it stood after `?`: what signatures are made over. */
  readonly rawQuery: string;
  readonly query: URLSearchParams;
  readonly body: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly address: string;
}

export interface VenueAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  /** No answer is ever written. True: the connection is cut as well. `unanswered`: the request is left hanging. */
  readonly lost?: boolean | 'unanswered';
}

/** What a venue's protocol plugs into the shared server. */
export interface VenueProtocol {
  onRequest(request: VenueRequest): VenueAnswer | Promise<VenueAnswer>;
  /** Whether and as what a websocket at this path is taken in. A refusal is answered with its HTTP status. */
  accept(request: {
    readonly path: string;
    readonly query: URLSearchParams;
    readonly headers: Readonly<Record<string, string>>;
    readonly address: string;
  }):
    | { readonly kind: SessionKind; readonly protocol: SessionProtocol }
    | { readonly refuse: number; readonly body: string };
  /** After the session's own `onOpen`. */
  onOpen?(session: VenueSession): void;
}

export interface VenueServerOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly faults: VenueFaults;
  readonly protocol: VenueProtocol;
  /** The venue sends a ws ping so often and cuts who leaves three unanswered; null = it does not ping. */
  readonly pingIntervalMs: number | null;
  /** What maintenance answers to REST requests. */
  readonly maintenanceBody: string;
  /** By whose time a client's messages are counted. */
  readonly clock: Clock;
  readonly traffic?: VenueTraffic | undefined;
}

/** What the venue itself can say of its traffic: the `sent` side of every accounting. */
export interface VenueServerStats {
  /** Text frames handed to open market-data connections, answers to subscriptions included (they are frames that a client receives). */
  readonly framesSent: number;
  /** Of these, answers to subscriptions. */
  readonly answersSent: number;
  /** The same for each market-data connection ever opened. */
  readonly connections: readonly {
    readonly id: string;
    readonly path: string;
    readonly open: boolean;
    readonly framesSent: number;
    readonly answersSent: number;
  }[];
  readonly openSessions: number;
  readonly requests: number;
  /** Clients that were cut because they did not read. */
  readonly slowConsumers: number;
  /** Faults of the server's own code, newest last; empty in a healthy run. */
  readonly errors: readonly string[];
}

export interface VenueServer {
  readonly port: number;
  readonly sessions: ReadonlySet<VenueSession>;
  stats(): VenueServerStats;
  /** Closes every websocket with a handshake; the server goes on. */
  closeAll(code?: number, reason?: string): void;
  /** Cuts every websocket. */
  terminateAll(): void;
  close(): Promise<void>;
}

const MAX_MESSAGE_BYTES = 1024 * 1024;
const MAX_KEPT_ERRORS = 100;
const CLOSE_GRACE_MS = 500;

/**
 * HTTP and websockets of a simulated venue on one port. Throws `PORT_IN_USE` (class configuration) if the port is taken and
 * `LISTEN_FAILED` if it cannot be opened for another reason.
 */
export async function startVenueServer(options: VenueServerOptions): Promise<VenueServer> {
  const { faults, protocol, traffic } = options;
  const sessions = new Set<VenueSession>();
  const market: { session: VenueSession; counters: SessionCounters }[] = [];
  const errors: string[] = [];
  let requests = 0;
  let slowConsumers = 0;
  let opened = 0;

  const host: SessionHost = {
    halfOpen: () => faults.halfOpen,
    answerDelayMs: () => faults.answerDelayMs,
    onSlowConsumer: () => {
      slowConsumers += 1;
    },
  };

  function report(where: string, thrown: unknown): void {
    if (errors.length < MAX_KEPT_ERRORS) errors.push(`${where}: ${messageOf(thrown)}`);
  }

  const http = createServer((incoming, outgoing) => {
    requests += 1;
    answerHttp(incoming, outgoing).catch((error: unknown) => {
      // A client that went away in the middle of its request is no fault of ours.
      if (incoming.complete) report(`${incoming.method} ${incoming.url}`, error);
      if (!outgoing.headersSent) outgoing.writeHead(500, { 'content-type': 'application/json' });
      outgoing.end('{"code":-1000,"msg":"Internal error of the simulated venue."}');
    });
  });
  const webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    autoPong: false,
  });

  async function answerHttp(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await readBody(incoming);
    if (body === null) {
      writeAnswer(outgoing, { status: 413, headers: { connection: 'close' }, body: '{}' });
      return;
    }
    const url = new URL(incoming.url ?? '/', 'http://venue');
    const request: VenueRequest = {
      method: incoming.method ?? 'GET',
      path: url.pathname,
      rawQuery: rawQueryOf(incoming.url ?? ''),
      query: url.searchParams,
      body,
      headers: headersOf(incoming),
      address: incoming.socket.remoteAddress ?? '',
    };
    traffic?.onRequest(request);
    if (faults.maintenance) {
      writeAnswer(outgoing, { status: 503, body: options.maintenanceBody });
      return;
    }
    const answer = await protocol.onRequest(request);
    if (answer.lost === true) incoming.socket.destroy();
    if (answer.lost === true || answer.lost === 'unanswered') return;
    if (faults.answerDelayMs > 0) await new Promise((done) => setTimeout(done, faults.answerDelayMs));
    writeAnswer(outgoing, answer);
  }

  http.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    try {
      upgrade(incoming, socket, head);
    } catch (error) {
      report(`upgrade of ${incoming.url}`, error);
      refuseUpgrade(socket, 400, '{}');
    }
  });

  function upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void {
    const url = new URL(incoming.url ?? '/', 'http://venue');
    const address = incoming.socket.remoteAddress ?? '';
    if (faults.maintenance) {
      traffic?.onRefused(url.pathname);
      refuseUpgrade(socket, 503, options.maintenanceBody);
      return;
    }
    const decision = protocol.accept({
      path: url.pathname,
      query: url.searchParams,
      headers: headersOf(incoming),
      address,
    });
    if ('refuse' in decision) {
      traffic?.onRefused(url.pathname);
      refuseUpgrade(socket, decision.refuse, decision.body);
      return;
    }
    webSockets.handleUpgrade(incoming, socket, head, (webSocket) => {
      open(webSocket, url, address, decision.kind, decision.protocol);
    });
  }

  function open(webSocket: WebSocket, url: URL, address: string, kind: SessionKind, handler: SessionProtocol): void {
    opened += 1;
    const counters: SessionCounters = { framesSent: 0, answersSent: 0, framesReceived: 0 };
    const session = createVenueSession({
      id: `c${opened}`,
      kind,
      path: url.pathname,
      query: url.searchParams,
      address,
      webSocket,
      counters,
      host,
    });
    sessions.add(session);
    traffic?.onOpen(session);
    if (kind === 'market') market.push({ session, counters });
    const withinRate = createMessageRateGuard(handler.maxMessagesPerSecond);
    const nowMs = (): number => options.clock.monoNanos() / 1e6;
    const muted = (): boolean => faults.halfOpen === 'all' || faults.halfOpen === kind;
    let unanswered = 0;
    const pinger =
      options.pingIntervalMs === null
        ? null
        : setInterval(() => {
            if (muted()) return;
            unanswered += 1;
            if (unanswered > 3) webSocket.terminate();
            else webSocket.ping(String(Date.now()));
          }, options.pingIntervalMs);
    webSocket.on('pong', () => {
      unanswered = 0;
    });
    webSocket.on('ping', (payload: Buffer) => {
      if (muted()) return;
      if (withinRate(nowMs())) webSocket.pong(payload);
      else webSocket.close(1008, 'Too many requests');
    });
    webSocket.on('message', (data) => {
      counters.framesReceived += 1;
      const text = String(data);
      traffic?.onMessage(session, text);
      if (muted()) return;
      if (!withinRate(nowMs())) {
        webSocket.close(1008, 'Too many requests');
        return;
      }
      try {
        handler.onMessage(session, text);
      } catch (error) {
        report(`message on ${session.path}`, error);
      }
    });
    // What breaks the framing ends the connection; `close` follows.
    webSocket.on('error', () => webSocket.terminate());
    webSocket.on('close', (code) => {
      if (pinger !== null) clearInterval(pinger);
      sessions.delete(session);
      traffic?.onClose(session);
      handler.onClose(session, code);
    });
    handler.onOpen?.(session);
    protocol.onOpen?.(session);
  }

  const port = await listen();

  function listen(): Promise<number> {
    return new Promise((done, fail) => {
      http.once('error', (error: NodeJS.ErrnoException) => {
        const where = `host=${options.host} port=${options.port}`;
        fail(
          error.code === 'EADDRINUSE'
            ? new MillraceError(
                'configuration',
                'PORT_IN_USE',
                `${where} another program listens there; choose another port`,
              )
            : new MillraceError('configuration', 'LISTEN_FAILED', `${where} reason=${error.code ?? error.message}`),
        );
      });
      http.listen(options.port, options.host, () => done((http.address() as AddressInfo).port));
    });
  }

  return {
    port,
    sessions,
    stats() {
      const connections = market.map(({ session, counters }) => ({
        id: session.id,
        path: session.path,
        open: session.open,
        framesSent: counters.framesSent,
        answersSent: counters.answersSent,
      }));
      return {
        framesSent: connections.reduce((sum, each) => sum + each.framesSent, 0),
        answersSent: connections.reduce((sum, each) => sum + each.answersSent, 0),
        connections,
        openSessions: sessions.size,
        requests,
        slowConsumers,
        errors: [...errors],
      };
    },
    closeAll(code = 1001, reason = '') {
      for (const session of sessions) session.close(code, reason);
    },
    terminateAll() {
      for (const session of sessions) session.terminate();
    },
    async close() {
      const closed = new Promise<void>((done) => http.close(() => done()));
      for (const session of sessions) session.close(1001, 'venue shuts down');
      const grace = setTimeout(() => {
        for (const session of sessions) session.terminate();
      }, CLOSE_GRACE_MS);
      http.closeIdleConnections();
      const cut = setTimeout(() => http.closeAllConnections(), CLOSE_GRACE_MS);
      await closed;
      clearTimeout(grace);
      clearTimeout(cut);
      webSockets.close();
    },
  };
}
