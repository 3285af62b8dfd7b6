import { MillraceError } from '#core/errors.ts';
import type { Channel, Subscription } from '#core/market/market-message.ts';

/** How often a channel is told: `raw` (each change) is only for connections that have logged in. */
export type Interval = 'raw' | '100ms';

/**
 * Channel names of the venue ("Subscriptions"). Liquidations are marks on trades: they come by a trade channel of an interval of its own (`agg2`, about a
 * second), so that they can be had, and given up, without the trades.
 */
const NAMES: Readonly<Partial<Record<Channel, (symbol: string, interval: Interval) => readonly string[]>>> = {
  book: (symbol, interval) => [`book.${symbol}.${interval}`],
  trades: (symbol, interval) => [`trades.${symbol}.${interval}`],
  quotes: (symbol) => [`quote.${symbol}`],
  ticker: (symbol, interval) => [`ticker.${symbol}.${interval}`],
  candles: (symbol) => [`chart.trades.${symbol}.1`],
  liquidations: (symbol) => [`trades.${symbol}.agg2`],
  status: (symbol) => ['platform_state', `instrument.state.${kindOf(symbol)}.${currencyOf(symbol)}`],
};

/** Channels that several subscriptions share: giving up one may not take them from the others, so they stay until the connection ends. */
const SHARED: ReadonlySet<Channel> = new Set(['status']);

export const DERIBIT_CHANNELS: readonly Channel[] = [
  'book',
  'trades',
  'quotes',
  'ticker',
  'candles',
  'liquidations',
  'status',
];

/** The venue's channels of a subscription. Throws `CHANNEL_UNSUPPORTED` (class configuration). */
export function channelsOf({ channel, symbol }: Subscription, interval: Interval): readonly string[] {
  const names = NAMES[channel];
  if (names === undefined) {
    throw new MillraceError('configuration', 'CHANNEL_UNSUPPORTED', `venue=deribit channel=${channel}`);
  }
  return names(symbol, interval);
}

export function isShared({ channel }: Subscription): boolean {
  return SHARED.has(channel);
}

/** `BTC-PERPETUAL`, `BTC-27JUN25`: future; `BTC-27JUN25-100000-C`: option. */
export function kindOf(symbol: string): 'future' | 'option' {
  return /-[CP]$/.test(symbol) ? 'option' : 'future';
}

/** The currency under which the venue files an instrument: `BTC-PERPETUAL` → BTC, `BTC_USDC-PERPETUAL` → USDC. */
export function currencyOf(symbol: string): string {
  const underlying = symbol.split('-')[0] ?? symbol;
  return underlying.split('_')[1] ?? underlying;
}

/**
 * The number and a hash of channel names, in any order. It is part of a request's id, so that the answer, which lists what the venue has taken, can be compared
 * with what was asked for without remembering anything: a channel that is missing from the list was refused.
 */
export function fingerprint(channels: Iterable<string>): string {
  let count = 0;
  let sum = 0;
  for (const channel of new Set(channels)) {
    count += 1;
    sum = (sum + hashOf(channel)) >>> 0;
  }
  return `${count}.${sum.toString(36)}`;
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
