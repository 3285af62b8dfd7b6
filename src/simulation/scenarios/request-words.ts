import type { VenueId } from '#core/market/instrument.ts';
import type { Asked, BotRequest } from './bot-act.ts';

type Rule = readonly [pattern: RegExp, asked: Asked];

/** `METHOD path` of REST requests, then names of websocket operations; the first that fits holds. */
const BINANCE: readonly Rule[] = [
  [/^POST .*\/(order|algoOrder)$|^(order|algoOrder)\.place$/, 'place'],
  [/^DELETE .*\/(order|algoOrder|allOpenOrders|openOrders)$|^(order|algoOrder)\.cancel$/, 'cancel'],
  [/^PUT .*\/order|\/order\/(cancelReplace|amend\/\w+)$|^order\.(modify|cancelReplace|amend\.\w+)$/, 'amend'],
  [/^GET .*\/(order|openOrder|algoOrder)$|^order\.status$/, 'order'],
  [/^GET .*\/(openOrders|allOrders|openAlgoOrders|allAlgoOrders)$|^(openOrders\.\w+|allOrders)$/, 'orders'],
  [/^GET .*\/(userTrades|myTrades)$|^myTrades$/, 'fills'],
  [/^GET .*\/(positionRisk)$|^(v2\/)?account\.position$/, 'positions'],
  [/^GET .*\/(account|balance)$|^(v2\/)?account\.(status|balance)$/, 'balances'],
  [/^GET .*\/depth$|^depth$/, 'book'],
  [/^POST .*\/listenKey$|^userDataStream\.(start|subscribe.*)$/, 'subscribeAccount'],
];
const BYBIT: readonly Rule[] = [
  [/^POST \/v5\/order\/create$|^order\.create$/, 'place'],
  [/^POST \/v5\/order\/cancel(-all)?$|^order\.cancel$/, 'cancel'],
  [/^POST \/v5\/order\/amend$|^order\.amend$/, 'amend'],
  [/^GET \/v5\/order\/(realtime|history)$/, 'orders'],
  [/^GET \/v5\/execution\/list$/, 'fills'],
  [/^GET \/v5\/position\/list$/, 'positions'],
  [/^GET \/v5\/account\/wallet-balance$/, 'balances'],
  [/^GET \/v5\/market\/orderbook$/, 'book'],
];
const DERIBIT: readonly Rule[] = [
  [/private\/(buy|sell)$/, 'place'],
  [/private\/cancel/, 'cancel'],
  [/private\/edit/, 'amend'],
  [/private\/get_order_state/, 'order'],
  [/private\/get_(open_orders|order_history)/, 'orders'],
  [/private\/get_user_trades/, 'fills'],
  [/private\/get_positions?$/, 'positions'],
  [/private\/get_account_summar/, 'balances'],
  [/public\/get_order_book$/, 'book'],
];
const ALPACA: readonly Rule[] = [
  [/^POST \/v2\/orders$/, 'place'],
  [/^DELETE \/v2\/orders/, 'cancel'],
  [/^PATCH \/v2\/orders\//, 'amend'],
  [/^GET \/v2\/orders(\/.+|:by_client_order_id)$/, 'order'],
  [/^GET \/v2\/orders$/, 'orders'],
  [/^GET \/v2\/account\/activities/, 'fills'],
  [/^GET \/v2\/positions/, 'positions'],
  [/^GET \/v2\/account$/, 'balances'],
];
const RULES: Readonly<Record<VenueId, readonly Rule[]>> = {
  'binance-usdm': BINANCE,
  'binance-spot': BINANCE,
  'bybit-linear': BYBIT,
  'bybit-spot': BYBIT,
  deribit: DERIBIT,
  alpaca: ALPACA,
};

/** Names under which the venues let a request carry the id of an order. */
const ID_NAMES = [
  'orderLinkId',
  'newClientOrderId',
  'origClientOrderId',
  'clientOrderId',
  'clientAlgoId',
  'client_order_id',
  'label',
  'orderId',
  'order_id',
];

/** A request by REST in the words of no venue. */
export function requestByRest(
  venue: VenueId,
  method: string,
  path: string,
  query: URLSearchParams,
  body: string,
): BotRequest {
  const json = parse(body);
  const fields = {
    ...Object.fromEntries(query),
    ...Object.fromEntries(new URLSearchParams(json === null ? body : '')),
  };
  const inPath = /^\/v2\/orders\/(.+)$/.exec(path)?.[1];
  const request = read(venue, `${method} ${path}`, json === null ? [fields] : [fields, json]);
  return inPath === undefined ? request : { ...request, ids: [...request.ids, decodeURIComponent(inPath)] };
}

/** A message on a websocket in the words of no venue; `path` is the one at which it was opened. */
export function requestByMessage(venue: VenueId, path: string, text: string): BotRequest {
  const message = parse(text);
  if (message === null) return read(venue, '', []);
  const name = String(message.method ?? message.op ?? message.action ?? '');
  const subscribed = subscriptionOf(path, name, text);
  const parts = [message, message.params, ...(Array.isArray(message.args) ? message.args : [])];
  const request = read(venue, name, parts.filter(isRecord));
  return subscribed === null ? request : { ...request, asked: subscribed };
}

function subscriptionOf(path: string, name: string, text: string): Asked | null {
  if (name === 'listen' || name === 'private/subscribe') return 'subscribeAccount';
  if (!/^(public\/)?subscribe$/i.test(name)) return null;
  if (path.startsWith('/v5/private') || /"user\./.test(text)) return 'subscribeAccount';
  return /"(orderbook|book)\.|@depth|"quotes"/.test(text) ? 'subscribeBook' : 'other';
}

function read(venue: VenueId, name: string, parts: readonly Readonly<Record<string, unknown>>[]): BotRequest {
  const asked = RULES[venue].find(([pattern]) => pattern.test(name))?.[1] ?? 'other';
  const values = (names: readonly string[]): string[] =>
    parts.flatMap((part) => names.flatMap((each) => (part[each] === undefined ? [] : [String(part[each])])));
  const ids = values(ID_NAMES).filter((id) => id !== '');
  return {
    kind: 'request',
    // Bybit asks for one order and for many by the same path.
    asked: asked === 'orders' && ids.length > 0 ? 'order' : asked,
    ids,
    symbols: values(['symbol', 'instrument_name']),
    reduceOnly: values(['reduceOnly', 'reduce_only']).includes('true'),
  };
}

function parse(text: string): Readonly<Record<string, unknown>> | null {
  if (!text.startsWith('{')) return null;
  try {
    const parsed: unknown = JSON.parse(text);
    return isRecord(parsed) ? parsed : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
