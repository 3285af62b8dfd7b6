import { type AlpacaConnectionLimit, admit, parseMessage } from './alpaca-socket.ts';
import type { ApiKeyRing } from './api-keys.ts';
import type { SessionProtocol, VenueSession } from './venue-session.ts';

/** The lists that a client may subscribe to on each address. */
export const DATA_LISTS = ['trades', 'quotes', 'bars', 'statuses'] as const;
export const NEWS_LISTS = ['news'] as const;
export type DataList = (typeof DATA_LISTS)[number] | (typeof NEWS_LISTS)[number];

/** Who has subscribed to what, on the sockets of one address. */
export interface AlpacaDataSockets {
  readonly protocol: SessionProtocol;
  /** Sends a message, as a list of one, to all who have subscribed to the symbol or to all of them. True if somebody had. */
  broadcast(list: DataList, symbols: readonly string[], frame: string | Uint8Array, times?: number): boolean;
  hasSubscribers(list: DataList, symbol: string): boolean;
  /** Every socket is told that it reads too slowly, and cut. */
  cutSlow(): void;
  close(): void;
}

const ERRORS: Readonly<Record<number, string>> = {
  400: 'invalid syntax',
  401: 'not authenticated',
  402: 'auth failed',
  403: 'already authenticated',
  404: 'auth timeout',
  405: 'symbol limit exceeded',
  406: 'connection limit exceeded',
  407: 'slow client',
};

/** The login must come so soon. */
const AUTH_MS = 10_000;

/**
 * The protocol that prices and news share (Alpaca documentation, "Real-time data"): the venue greets, the client logs in and subscribes, each subscription is
 * answered with the whole list. `maxSymbols`: of trades and quotes, in the plan of the keys.
 */
export function createAlpacaDataSockets(options: {
  readonly lists: readonly DataList[];
  readonly keys: ApiKeyRing;
  readonly limit: AlpacaConnectionLimit;
  readonly maxSymbols: number;
}): AlpacaDataSockets {
  const { lists, keys, limit } = options;
  const subscriptions = new Map<VenueSession, Map<DataList, Set<string>>>();
  const timers = new Map<VenueSession, NodeJS.Timeout>();

  function fail(session: VenueSession, code: number): void {
    session.sendAnswer(JSON.stringify([{ T: 'error', code, msg: ERRORS[code] }]));
  }

  function login(session: VenueSession, key: unknown, secret: unknown): void {
    if (limit.keyOf(session) !== null) {
      fail(session, 403);
      return;
    }
    const known = admit(keys, key, secret);
    const refused = known === null ? 402 : limit.enter(session, known) ? null : 406;
    if (refused !== null) {
      fail(session, refused);
      session.close(1000, ERRORS[refused] ?? '');
      return;
    }
    clearTimeout(timers.get(session));
    session.sendAnswer(JSON.stringify([{ T: 'success', msg: 'authenticated' }]));
  }

  function change(session: VenueSession, message: Readonly<Record<string, unknown>>, adds: boolean): void {
    if (limit.keyOf(session) === null) {
      fail(session, 401);
      return;
    }
    const held = subscriptions.get(session) ?? new Map<DataList, Set<string>>();
    const next = new Map<DataList, Set<string>>(lists.map((list) => [list, new Set(held.get(list))]));
    for (const list of lists) {
      const symbols = message[list] ?? [];
      if (!Array.isArray(symbols) || !symbols.every((each) => typeof each === 'string')) {
        fail(session, 400);
        return;
      }
      for (const symbol of symbols) {
        if (adds) next.get(list)?.add(symbol);
        else next.get(list)?.delete(symbol);
      }
    }
    const counted = new Set([...(next.get('trades') ?? []), ...(next.get('quotes') ?? [])]);
    if (counted.size > options.maxSymbols) {
      fail(session, 405);
      return;
    }
    subscriptions.set(session, next);
    const whole = Object.fromEntries([...next].map(([list, symbols]) => [list, [...symbols]]));
    session.sendAnswer(JSON.stringify([{ T: 'subscription', ...whole }]));
  }

  function wants(session: VenueSession, list: DataList, symbols: readonly string[]): boolean {
    const wanted = subscriptions.get(session)?.get(list);
    if (wanted === undefined || wanted.size === 0) return false;
    return wanted.has('*') || symbols.some((symbol) => wanted.has(symbol));
  }

  return {
    protocol: {
      maxMessagesPerSecond: null,
      onOpen(session) {
        subscriptions.set(session, new Map());
        session.sendAnswer(JSON.stringify([{ T: 'success', msg: 'connected' }]));
        timers.set(
          session,
          setTimeout(() => {
            fail(session, 404);
            session.close(1000, 'auth timeout');
          }, AUTH_MS),
        );
      },
      onMessage(session, text) {
        const message = parseMessage(text);
        switch (message?.action) {
          case 'auth':
            login(session, message.key, message.secret);
            return;
          case 'subscribe':
          case 'unsubscribe':
            change(session, message, message.action === 'subscribe');
            return;
          default:
            fail(session, 400);
        }
      },
      onClose(session, code) {
        clearTimeout(timers.get(session));
        timers.delete(session);
        subscriptions.delete(session);
        limit.leave(session, code);
      },
    },
    broadcast(list, symbols, frame, times = 1) {
      let heard = false;
      for (const session of subscriptions.keys()) {
        if (!wants(session, list, symbols)) continue;
        heard = true;
        for (let time = 0; time < times; time += 1) session.sendData(frame);
      }
      return heard;
    },
    hasSubscribers(list, symbol) {
      for (const session of subscriptions.keys()) if (wants(session, list, [symbol])) return true;
      return false;
    },
    cutSlow() {
      for (const session of [...subscriptions.keys()]) {
        fail(session, 407);
        session.close(1000, 'slow client');
      }
    },
    close() {
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
