import { MillraceError } from '#core/errors.ts';
import type { Subscription } from '#core/market/market-message.ts';
import type { MarketDataProtocol, SocketPlan, VenueRequest } from '../venue.ts';
import type { BybitCategory } from './category.ts';
import { createBybitDecoder } from './market-decoder.ts';

/** Spot's limit (Bybit V5 documentation, "Connect"); elsewhere a habit that costs nothing. */
const MAX_TOPICS_A_REQUEST = 10;
/** Characters of all topics of one connection, their quotes and commas counted. */
const MAX_TOPIC_CHARACTERS = 21_000;
const HEARTBEAT_MS = 20_000;
const PING = '{"op":"ping"}';

/**
 * Silence of a channel by its pace, ms: the best quotes are repeated after 3 s without a change, tickers and the book come with each change. Trades and
 * liquidations may be absent for as long as they like.
 */
const SILENCE_MS: Readonly<Partial<Record<Subscription['channel'], number>>> = {
  book: 30_000,
  quotes: 15_000,
  trades: Number.POSITIVE_INFINITY,
  ticker: 60_000,
  liquidations: Number.POSITIVE_INFINITY,
  // Pushed every minute at the least.
  candles: 90_000,
};

/** Market data of one category: one socket for all topics, more where their names would be too long for one. */
export function createBybitMarketData(category: BybitCategory): MarketDataProtocol {
  function topicOf({ channel, symbol }: Subscription): string {
    const topic = category.topics[channel];
    if (topic === undefined) {
      throw new MillraceError('configuration', 'CHANNEL_UNSUPPORTED', `venue=${category.venue} channel=${channel}`);
    }
    return topic(symbol);
  }

  function requests(
    op: 'subscribe' | 'unsubscribe',
    requestId: string,
    subscriptions: readonly Subscription[],
  ): readonly VenueRequest[] {
    const topics = subscriptions.map(topicOf);
    return Array.from({ length: Math.ceil(topics.length / MAX_TOPICS_A_REQUEST) }, (_, part) => {
      const id = `${requestId}-${part}`;
      const args = topics.slice(part * MAX_TOPICS_A_REQUEST, (part + 1) * MAX_TOPICS_A_REQUEST);
      return { requestId: id, text: JSON.stringify({ req_id: id, op, args }) };
    });
  }

  return {
    plan(endpoints, subscriptions) {
      const url = `${endpoints.market}${category.publicPath}`;
      const plans: { name: string; url: string; subscriptions: Subscription[] }[] = [];
      let characters = Number.POSITIVE_INFINITY;
      for (const subscription of subscriptions) {
        const length = topicOf(subscription).length + 3;
        if (characters + length > MAX_TOPIC_CHARACTERS) {
          plans.push({ name: plans.length === 0 ? 'public' : `public-${plans.length + 1}`, url, subscriptions: [] });
          characters = 0;
        }
        characters += length;
        plans.at(-1)?.subscriptions.push(subscription);
      }
      return plans satisfies SocketPlan[];
    },
    subscribe: (requestId, subscriptions) => requests('subscribe', requestId, subscriptions),
    unsubscribe: (requestId, subscriptions) => requests('unsubscribe', requestId, subscriptions),
    heartbeat: { intervalMs: HEARTBEAT_MS, message: () => PING },
    silenceMs: ({ channel }) => SILENCE_MS[channel] ?? Number.POSITIVE_INFINITY,
    limits: {
      messagesPerSecond: null,
      subscriptionsPerRequest: MAX_TOPICS_A_REQUEST,
      subscriptionsPerConnection: null,
      connections: { count: 500, windowMs: 300_000 },
      connectionLifeMs: null,
      overlap: true,
    },
    createDecoder: (scans) => createBybitDecoder(category, scans),
    // Each subscription begins with a whole book.
    fetchBook: null,
  };
}
