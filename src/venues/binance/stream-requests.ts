import { MillraceError } from '#core/errors.ts';
import type { VenueId } from '#core/market/instrument.ts';
import type { Channel, Subscription } from '#core/market/market-message.ts';
import type { MarketDataLimits, SocketPlan, VenueRequest } from '../venue.ts';

/** A stream as it is named in requests. One that is of all symbols ignores the one it is given. */
export interface Stream<Group extends string> {
  /** `symbol` in lower case. */
  readonly name: (symbol: string) => string;
  /** The address that serves it. */
  readonly group: Group;
  /** It carries all symbols, so that leaving one of them does not end it. */
  readonly ofAllSymbols?: boolean;
}

/** The streams of each channel; a channel without any is not supported. */
export type StreamsByChannel<Group extends string> = Readonly<Record<Channel, readonly Stream<Group>[]>>;

/** Streams of one request; the venue reads at most 5 messages a second from a connection, so requests are few and long. */
const MAX_STREAMS_A_REQUEST = 200;
const MAX_STREAMS_A_CONNECTION = 1_024;
/** Request ids are whole numbers: the caller's, then which part of it. */
const MAX_PARTS = 1_000;

/** What Binance allows of market-data connections ("Websocket Limits", the same on all markets). */
export const STREAM_LIMITS: MarketDataLimits = {
  messagesPerSecond: 5,
  subscriptionsPerRequest: MAX_STREAMS_A_REQUEST,
  subscriptionsPerConnection: MAX_STREAMS_A_CONNECTION,
  connections: { count: 300, windowMs: 300_000 },
  connectionLifeMs: 86_400_000,
  overlap: true,
};

/** Throws `CHANNEL_UNSUPPORTED` (class configuration) for a channel that the market has no stream of. */
export function requireSupported<Group extends string>(
  venue: VenueId,
  streams: StreamsByChannel<Group>,
  subscriptions: readonly Subscription[],
): void {
  const lacking = subscriptions.find(({ channel }) => streams[channel].length === 0);
  if (lacking === undefined) return;
  throw new MillraceError('configuration', 'CHANNEL_UNSUPPORTED', `venue=${venue} channel=${lacking.channel}`);
}

/** As many sockets of one address as the limit of streams asks for. */
export function planSockets<Group extends string>(
  streams: StreamsByChannel<Group>,
  name: string,
  url: string,
  subscriptions: readonly Subscription[],
): SocketPlan[] {
  const plans: { name: string; url: string; subscriptions: Subscription[] }[] = [];
  let open = Number.POSITIVE_INFINITY;
  for (const subscription of subscriptions) {
    const count = streams[subscription.channel].length;
    if (open + count > MAX_STREAMS_A_CONNECTION) {
      plans.push({ name: plans.length === 0 ? name : `${name}-${plans.length + 1}`, url, subscriptions: [] });
      open = 0;
    }
    open += count;
    plans.at(-1)?.subscriptions.push(subscription);
  }
  return plans;
}

/** Request texts for these subscriptions. Leaving one symbol of a stream of all symbols asks for nothing that changes anything. */
export function streamRequests<Group extends string>(
  streams: StreamsByChannel<Group>,
  method: 'SUBSCRIBE' | 'UNSUBSCRIBE',
  requestId: string,
  subscriptions: readonly Subscription[],
): readonly VenueRequest[] {
  const names = new Set<string>();
  for (const { channel, symbol } of subscriptions) {
    for (const { name, ofAllSymbols } of streams[channel]) {
      if (method === 'SUBSCRIBE' || ofAllSymbols !== true) names.add(name(symbol.toLowerCase()));
    }
  }
  if (names.size === 0 && subscriptions.length > 0) {
    const id = partId(requestId, 0);
    return [{ requestId: String(id), text: JSON.stringify({ method: 'LIST_SUBSCRIPTIONS', id }) }];
  }
  const all = [...names];
  const parts = Math.ceil(all.length / MAX_STREAMS_A_REQUEST);
  return Array.from({ length: parts }, (_, part) => {
    const id = partId(requestId, part);
    const params = all.slice(part * MAX_STREAMS_A_REQUEST, (part + 1) * MAX_STREAMS_A_REQUEST);
    return { requestId: String(id), text: JSON.stringify({ method, params, id }) };
  });
}

/** The venue takes whole numbers and short texts as ids, and answers with what it got. */
function partId(requestId: string, part: number): number | string {
  const number = Number(requestId) * MAX_PARTS + part;
  return /^\d+$/.test(requestId) && Number.isSafeInteger(number) ? number : `${requestId}-${part}`;
}

/** `btcusdt@depth`, `btcusdt@depth@100ms`, but neither `btcusdt@depth20` nor `btcusdt@rpiDepth`. */
export function isDiffStream(stream: string): boolean {
  const at = stream.indexOf('@depth');
  return at > 0 && (at + 6 === stream.length || stream.charCodeAt(at + 6) === 64);
}
