import { BinanceRefusal } from './binance-usdm-errors.ts';

/** What the venue allows; the defaults are its documented ones. */
export interface BinanceUsdmLimits {
  /** IP weight in a minute. */
  readonly weightPerMinute: number;
  readonly ordersPer10Seconds: number;
  readonly ordersPerMinute: number;
}

export const DOCUMENTED_LIMITS: BinanceUsdmLimits = {
  weightPerMinute: 2_400,
  ordersPer10Seconds: 300,
  ordersPerMinute: 1_200,
};

/** Requests after a 429 that get the address banned, and for how long. */
const PATIENCE = 20;
const BAN_MS = 120_000;

interface Counter {
  windowStart: number;
  count: number;
}

/** Counts in the venue's fixed intervals: the count starts over with each of them. */
export interface RateLedger {
  /** Charges weight to an address. Throws 429 (-1003) beyond the limit, and 418 while the address is banned. */
  chargeWeight(address: string, weight: number, now: number): void;
  /** Charges one order to an account. Throws 429 (-1015) beyond a limit. */
  chargeOrder(accountId: string, now: number): void;
  headers(address: string, accountId: string | null, now: number): Record<string, string>;
  /** The `rateLimits` array of the websocket API. */
  rows(address: string, accountId: string | null, now: number): readonly Record<string, string | number>[];
}

export function createRateLedger(limits: BinanceUsdmLimits): RateLedger {
  const weights = new Map<string, Counter>();
  const orders10s = new Map<string, Counter>();
  const orders1m = new Map<string, Counter>();
  const refused = new Map<string, Counter>();
  const bannedUntil = new Map<string, number>();

  function counter(counters: Map<string, Counter>, key: string, windowMs: number, now: number): Counter {
    const windowStart = Math.floor(now / windowMs) * windowMs;
    const found = counters.get(key);
    if (found !== undefined && found.windowStart === windowStart) return found;
    const fresh = { windowStart, count: 0 };
    counters.set(key, fresh);
    return fresh;
  }

  function requireNotBanned(address: string, now: number): void {
    const until = bannedUntil.get(address) ?? 0;
    if (until <= now) return;
    throw new BinanceRefusal(418, -1003, `Way too many requests; IP banned until ${until}.`, until - now);
  }

  return {
    chargeWeight(address, weight, now) {
      requireNotBanned(address, now);
      const used = counter(weights, address, 60_000, now);
      used.count += weight;
      if (used.count <= limits.weightPerMinute) return;
      const impatience = counter(refused, address, 60_000, now);
      impatience.count += 1;
      if (impatience.count > PATIENCE) {
        bannedUntil.set(address, now + BAN_MS);
        requireNotBanned(address, now);
      }
      const text = `Too many requests; current limit is ${limits.weightPerMinute} requests per minute.`;
      throw new BinanceRefusal(429, -1003, text, used.windowStart + 60_000 - now);
    },
    chargeOrder(accountId, now) {
      const short = counter(orders10s, accountId, 10_000, now);
      const long = counter(orders1m, accountId, 60_000, now);
      short.count += 1;
      long.count += 1;
      if (short.count > limits.ordersPer10Seconds) {
        const text = `Too many new orders; current limit is ${limits.ordersPer10Seconds} orders per 10 SECONDS.`;
        throw new BinanceRefusal(429, -1015, text, short.windowStart + 10_000 - now);
      }
      if (long.count > limits.ordersPerMinute) {
        const text = `Too many new orders; current limit is ${limits.ordersPerMinute} orders per MINUTE.`;
        throw new BinanceRefusal(429, -1015, text, long.windowStart + 60_000 - now);
      }
    },
    headers(address, accountId, now) {
      const headers: Record<string, string> = {
        'x-mbx-used-weight-1m': String(counter(weights, address, 60_000, now).count),
      };
      if (accountId !== null) {
        headers['x-mbx-order-count-10s'] = String(counter(orders10s, accountId, 10_000, now).count);
        headers['x-mbx-order-count-1m'] = String(counter(orders1m, accountId, 60_000, now).count);
      }
      return headers;
    },
    rows(address, accountId, now) {
      const row = (rateLimitType: string, interval: string, intervalNum: number, limit: number, count: number) => ({
        rateLimitType,
        interval,
        intervalNum,
        limit,
        count,
      });
      const rows = [
        row('REQUEST_WEIGHT', 'MINUTE', 1, limits.weightPerMinute, counter(weights, address, 60_000, now).count),
      ];
      if (accountId !== null) {
        const short = counter(orders10s, accountId, 10_000, now).count;
        const long = counter(orders1m, accountId, 60_000, now).count;
        rows.push(row('ORDERS', 'SECOND', 10, limits.ordersPer10Seconds, short));
        rows.push(row('ORDERS', 'MINUTE', 1, limits.ordersPerMinute, long));
      }
      return rows;
    },
  };
}
