import { BinanceRefusal } from './binance-errors.ts';

/** Orders that an account may place in one of the venue's windows. */
export interface OrderWindow {
  readonly interval: 'SECOND' | 'MINUTE' | 'DAY';
  readonly intervalNum: number;
  readonly limit: number;
}

/** What a market allows. */
export interface BinanceLimits {
  /** IP weight in a minute. */
  readonly weightPerMinute: number;
  readonly orders: readonly OrderWindow[];
}

const INTERVAL_MS = { SECOND: 1_000, MINUTE: 60_000, DAY: 86_400_000 } as const;

function windowMsOf({ interval, intervalNum }: OrderWindow): number {
  return INTERVAL_MS[interval] * intervalNum;
}

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

export function createRateLedger(limits: BinanceLimits): RateLedger {
  const weights = new Map<string, Counter>();
  const orders = limits.orders.map((window) => ({
    window,
    windowMs: windowMsOf(window),
    counters: new Map<string, Counter>(),
  }));
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
      const counted = orders.map((each) => ({ ...each, used: counter(each.counters, accountId, each.windowMs, now) }));
      for (const { used } of counted) used.count += 1;
      for (const { window, windowMs, used } of counted) {
        if (used.count <= window.limit) continue;
        const interval = window.intervalNum === 1 ? window.interval : `${window.intervalNum} ${window.interval}S`;
        const text = `Too many new orders; current limit is ${window.limit} orders per ${interval}.`;
        throw new BinanceRefusal(429, -1015, text, used.windowStart + windowMs - now);
      }
    },
    headers(address, accountId, now) {
      const headers: Record<string, string> = {
        'x-mbx-used-weight-1m': String(counter(weights, address, 60_000, now).count),
      };
      if (accountId !== null) {
        for (const { window, windowMs, counters } of orders) {
          const name = `x-mbx-order-count-${window.intervalNum}${window.interval.slice(0, 1).toLowerCase()}`;
          headers[name] = String(counter(counters, accountId, windowMs, now).count);
        }
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
        for (const { window, windowMs, counters } of orders) {
          const { count } = counter(counters, accountId, windowMs, now);
          rows.push(row('ORDERS', window.interval, window.intervalNum, window.limit, count));
        }
      }
      return rows;
    },
  };
}
