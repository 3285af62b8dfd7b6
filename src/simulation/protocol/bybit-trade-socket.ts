import type { ApiKey } from './api-keys.ts';
import type { BybitContext } from './bybit-context.ts';
import { admitSession, type RateGate, timestampFault } from './bybit-gate.ts';
import { type BybitOrderOperation, type BybitOrders, isRecord } from './bybit-orders.ts';
import type { BybitPrivateHub } from './bybit-private.ts';
import type { VenueSession } from './venue-session.ts';

const OPERATIONS: ReadonlyMap<unknown, BybitOrderOperation> = new Map([
  ['order.create', 'create'],
  ['order.amend', 'amend'],
  ['order.cancel', 'cancel'],
]);
const RESTARTING = { retCode: 10019, retMsg: 'websocket trade service is restarting' } as const;
/** Request ids that are remembered for each connection. */
const MAX_REQUEST_IDS = 10_000;

type Message = Readonly<Record<string, unknown>>;

/** `/v5/trade`: orders by websocket. */
export interface BybitTradeSocket {
  open(session: VenueSession): void;
  onMessage(session: VenueSession, message: Message): void;
  forget(session: VenueSession): void;
  /** Tells every connection that the service restarts. */
  announceRestart(): void;
}

interface TradeSession {
  key: ApiKey | null;
  readonly requestIds: Set<string>;
}

export function createBybitTradeSocket(options: {
  readonly context: BybitContext;
  readonly orders: BybitOrders;
  readonly hub: BybitPrivateHub;
  readonly rates: RateGate;
}): BybitTradeSocket {
  const { context, orders, hub, rates } = options;
  const sessions = new Map<VenueSession, TradeSession>();

  function answer(session: VenueSession, fields: Message): void {
    session.sendAnswer(JSON.stringify({ ...fields, connId: context.connectionId(session.id) }));
  }

  function signIn(session: VenueSession, state: TradeSession, args: unknown): void {
    const decision = admitSession(args, context.keys, context.now());
    if (decision.kind === 'open') state.key = decision.key;
    const { retCode, retMsg } = decision.kind === 'open' ? { retCode: 0, retMsg: 'OK' } : decision;
    answer(session, { retCode, retMsg, op: 'auth' });
  }

  /** Why a request is not taken up, or what to carry out. */
  function read(
    state: TradeSession,
    message: Message,
  ):
    | { readonly retCode: number; readonly retMsg: string; readonly header?: Readonly<Record<string, string>> }
    | {
        readonly operation: BybitOrderOperation;
        readonly key: ApiKey;
        readonly order: unknown;
        readonly header: Readonly<Record<string, string>>;
      } {
    const reqId = requestIdOf(message);
    if (state.key === null) return { retCode: 10003, retMsg: 'the connection is not signed in' };
    if (reqId.length > 36) return { retCode: 10001, retMsg: 'reqId is too long' };
    if (reqId !== '' && state.requestIds.has(reqId)) return { retCode: 20006, retMsg: 'reqId is duplicated' };
    remember(state.requestIds, reqId);
    const operation = OPERATIONS.get(message.op);
    if (operation === undefined) return { retCode: 10404, retMsg: 'op type is not found' };
    const args = message.args;
    if (!Array.isArray(args) || args.length !== 1) return { retCode: 10001, retMsg: 'args must hold one object' };
    if (context.faults.take('orderServiceRestarts')) return RESTARTING;
    const header = isRecord(message.header) ? message.header : {};
    const fault = timestampFault(
      textOf(header['X-BAPI-TIMESTAMP']),
      textOf(header['X-BAPI-RECV-WINDOW']),
      context.now(),
    );
    if (fault !== null) return fault;
    const rate = rates.take(state.key.accountId, operation, context.now());
    if (!rate.ok) {
      return { retCode: 10006, retMsg: 'Too many visits. Exceeded the API Rate Limit.', header: rate.headers };
    }
    return { operation, key: state.key, order: args[0] as unknown, header: rate.headers };
  }

  function onOrder(session: VenueSession, state: TradeSession, message: Message): void {
    const request = read(state, message);
    const common = { reqId: requestIdOf(message), op: message.op, retExtInfo: {} };
    const stamped = { ...request.header, Traceid: `simulated${session.id}`, Timenow: String(context.now()) };
    if ('retCode' in request) {
      answer(session, { ...common, retCode: request.retCode, retMsg: request.retMsg, data: {}, header: stamped });
      return;
    }
    hub.hold();
    const outcome = orders.run(request.operation, request.key, request.order);
    if (outcome.rejectedLater !== null) hub.rejectedLater(outcome.rejectedLater);
    const reportsFirst = context.faults.take('fillBeforeAck');
    if (reportsFirst) hub.release();
    if (outcome.delivery === 'cut') session.terminate();
    else if (outcome.delivery === 'answered') {
      const { retCode, retMsg, data } = outcome;
      answer(session, { ...common, retCode, retMsg, data, header: stamped });
    }
    if (!reportsFirst) hub.release();
  }

  return {
    open(session) {
      sessions.set(session, { key: null, requestIds: new Set() });
    },
    onMessage(session, message) {
      const state = sessions.get(session);
      if (state === undefined) return;
      if (message.op === 'ping') {
        answer(session, { retCode: 0, retMsg: 'OK', op: 'pong', data: [String(context.now())] });
      } else if (message.op === 'auth') signIn(session, state, message.args);
      else onOrder(session, state, message);
    },
    forget(session) {
      sessions.delete(session);
    },
    announceRestart() {
      for (const session of sessions.keys()) {
        answer(session, { reqId: '', ...RESTARTING, op: '' });
      }
    },
  };
}

/** The request id as either kind of stream calls it; '' if there is none. */
export function requestIdOf(message: Message): string {
  const id = message.reqId ?? message.req_id;
  return typeof id === 'string' ? id : '';
}

function remember(ids: Set<string>, id: string): void {
  ids.add(id);
  if (ids.size <= MAX_REQUEST_IDS) return;
  for (const oldest of ids) {
    ids.delete(oldest);
    return;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
