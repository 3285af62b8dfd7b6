/** What a stream carries: the groups that the venue serves on different addresses. */
export type StreamKind =
  | 'depth'
  | 'partialDepth'
  | 'bookTicker'
  | 'aggTrade'
  | 'trade'
  | 'markPrice'
  | 'ticker'
  | 'miniTicker'
  | 'kline'
  | 'other';

/** A stream as its name says. */
export interface StreamName {
  readonly name: string;
  /** Upper case; null for streams of all symbols. */
  readonly symbol: string | null;
  readonly kind: StreamKind;
  /** Depth: levels of a partial book, else 0. */
  readonly levels: number;
  /** Depth: milliseconds between messages; 0 = each change. */
  readonly intervalMs: number;
}

const DEPTH = /^depth(5|10|20)?(?:@(0|100|250|500)ms)?$/;
const KINDS: Readonly<Record<string, StreamKind>> = {
  bookTicker: 'bookTicker',
  aggTrade: 'aggTrade',
  trade: 'trade',
  markPrice: 'markPrice',
  'markPrice@1s': 'markPrice',
  ticker: 'ticker',
  miniTicker: 'miniTicker',
  kline_1m: 'kline',
};

/** Reads `btcusdt@depth@100ms`. A name that is not known is kind `other`: the venue takes it in and sends nothing. */
export function parseStreamName(name: string): StreamName {
  const at = name.indexOf('@');
  const symbol = name.startsWith('!') || at < 0 ? null : name.slice(0, at).toUpperCase();
  const rest = name.startsWith('!') ? name.slice(1) : name.slice(at + 1);
  const depth = DEPTH.exec(rest);
  if (depth !== null && symbol !== null) {
    const levels = Number(depth[1] ?? 0);
    return { name, symbol, kind: levels === 0 ? 'depth' : 'partialDepth', levels, intervalMs: Number(depth[2] ?? 250) };
  }
  return { name, symbol, kind: KINDS[rest] ?? 'other', levels: 0, intervalMs: 0 };
}

/** Which kinds each address serves since the split of 2026-04-23; the older addresses serve all. */
const PUBLIC: ReadonlySet<StreamKind> = new Set(['depth', 'partialDepth', 'bookTicker', 'trade', 'other']);
const MARKET: ReadonlySet<StreamKind> = new Set([
  'aggTrade',
  'trade',
  'markPrice',
  'ticker',
  'miniTicker',
  'kline',
  'other',
]);

/** What a market-data address is: what it serves, whether frames are wrapped, and the streams that its path names. Null: no such address. */
export interface MarketAddress {
  readonly serves: (kind: StreamKind) => boolean;
  readonly combined: boolean;
  readonly streams: readonly string[];
}

export function marketAddress(path: string, query: URLSearchParams): MarketAddress | null {
  const match = /^(?:\/(public|market))?\/(stream|ws)(?:\/(.+))?$/.exec(path);
  if (match === null) return null;
  const [, group, form, named] = match;
  const served = group === 'public' ? PUBLIC : group === 'market' ? MARKET : null;
  const list = form === 'stream' ? query.get('streams') : (named ?? null);
  return {
    serves: (kind) => served === null || served.has(kind),
    combined: form === 'stream',
    streams: list === null || list === '' ? [] : list.split('/').filter((each) => each !== ''),
  };
}
