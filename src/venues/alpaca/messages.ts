import { z } from 'zod';
import { MillraceError, messageOf } from '#core/errors.ts';
import type {
  CandleMessage,
  LevelText,
  MarketControlMessage,
  NewsMessage,
  Subscription,
  TradingStatusMessage,
} from '#core/market/market-message.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { frameInvalid, isObject, requireDecimal, requireText } from '../connection/frame-fields.ts';
import { requireTimestamp } from './timestamps.ts';

/**
 * Messages of Alpaca's market data (documentation, "Real-time stock data" and "Real-time news"): every frame is a list. Numbers are taken as the text that stands
 * in the frame, so that no digit is lost. Hot messages are checked by hand, cold ones by schema; unknown kinds and fields are allowed.
 */

/** The frame's messages, with numbers as text. Throws `FRAME_INVALID`. */
export function parseMessages(frame: Buffer): readonly object[] {
  let value: unknown;
  try {
    value = JSON.parse(frame.toString(), numbersAsText);
  } catch (error) {
    throw frameInvalid(`not JSON, ${frame.length} bytes: ${messageOf(error)}`, error);
  }
  if (!Array.isArray(value)) throw frameInvalid('not a list of messages');
  for (const each of value) if (!isObject(each)) throw frameInvalid('holds what is not an object');
  return value;
}

function numbersAsText(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' ? (context?.source ?? String(value)) : value;
}

/** `T`: what kind of message it is. */
export function kindOf(message: { readonly T?: unknown }): string {
  return requireText(message.T, 'T');
}

/** Sides of a quote; null where there is no bid or no offer (price or size 0). */
export interface Quote {
  readonly symbol: string;
  readonly bid: LevelText | null;
  readonly ask: LevelText | null;
  readonly exchangeTime: EpochMs;
}

interface RawQuote {
  readonly S?: unknown;
  readonly bp?: unknown;
  readonly bs?: unknown;
  readonly ap?: unknown;
  readonly as?: unknown;
  readonly t?: unknown;
}

/** `q`: `{S,bx,bp,bs,ax,ap,as,c,t,z}`, best bid and offer with their sizes. */
export function readQuote(message: object): Quote {
  const raw: RawQuote = message;
  return {
    symbol: requireText(raw.S, 'S'),
    bid: side(requireDecimal(raw.bp, 'bp'), requireDecimal(raw.bs, 'bs')),
    ask: side(requireDecimal(raw.ap, 'ap'), requireDecimal(raw.as, 'as')),
    exchangeTime: requireTimestamp(raw.t, 't'),
  };
}

function side(price: string, size: string): LevelText | null {
  return Number(price) > 0 && Number(size) > 0 ? [price, size] : null;
}

/** A trade as the venue tells it: without its taker. */
export interface TradePrint {
  readonly symbol: string;
  readonly id: string;
  readonly price: string;
  readonly size: string;
  readonly exchangeTime: EpochMs;
}

interface RawTrade {
  readonly S?: unknown;
  readonly i?: unknown;
  readonly p?: unknown;
  readonly s?: unknown;
  readonly t?: unknown;
}

/** `t`: `{S,i,x,p,s,c,t,z}`. */
export function readTrade(message: object): TradePrint {
  const raw: RawTrade = message;
  return {
    symbol: requireText(raw.S, 'S'),
    id: requireText(raw.i, 'i'),
    price: requireDecimal(raw.p, 'p'),
    size: requireDecimal(raw.s, 's'),
    exchangeTime: requireTimestamp(raw.t, 't'),
  };
}

interface RawBar {
  readonly S?: unknown;
  readonly o?: unknown;
  readonly h?: unknown;
  readonly l?: unknown;
  readonly c?: unknown;
  readonly v?: unknown;
  readonly t?: unknown;
}

const MINUTE_MS = 60_000;

/** `b`: `{S,o,h,l,c,v,t,n?,vw?}`, told once the minute that begins at `t` is over. */
export function readBar(message: object): CandleMessage {
  const raw: RawBar = message;
  const openTime = requireTimestamp(raw.t, 't');
  return {
    type: 'candle',
    symbol: requireText(raw.S, 'S'),
    intervalMs: MINUTE_MS,
    openTime,
    open: requireDecimal(raw.o, 'o'),
    high: requireDecimal(raw.h, 'h'),
    low: requireDecimal(raw.l, 'l'),
    close: requireDecimal(raw.c, 'c'),
    volume: requireDecimal(raw.v, 'v'),
    closed: true,
    exchangeTime: (openTime + MINUTE_MS) as EpochMs,
  };
}

const news = z.looseObject({
  id: z.string().min(1),
  headline: z.string(),
  summary: z.string().nullish(),
  url: z.string().nullish(),
  source: z.string().nullish(),
  symbols: z.array(z.string()).nullish(),
  created_at: z.string(),
  updated_at: z.string(),
});

/** `n`: a news item. It comes again, with a later `updated_at`, when it is changed. */
export function readNews(message: object): NewsMessage {
  const item = parsed(news, message, 'news');
  const updatedAt = requireTimestamp(item.updated_at, 'updated_at');
  return {
    type: 'news',
    id: item.id,
    updatedAt,
    headline: item.headline,
    summary: item.summary ?? '',
    url: item.url ?? '',
    source: item.source ?? '',
    symbols: item.symbols ?? [],
    exchangeTime: updatedAt,
  };
}

const status = z.looseObject({
  S: z.string().min(1),
  sc: z.string(),
  sm: z.string().nullish(),
  rc: z.string().nullish(),
  rm: z.string().nullish(),
  t: z.string(),
});

/** Codes that say whether a symbol trades: `T` and `3` resume (Nasdaq's and NYSE's tape), `Q` resumes the quotes alone, `H`, `P`, `1`, `2` and `4` halt, pause or delay it. */
const TRADES_BY_CODE: ReadonlyMap<string, boolean> = new Map([
  ...['T', '3'].map((code) => [code, true] as const),
  ...['H', 'P', 'Q', '1', '2', '4'].map((code) => [code, false] as const),
]);
/** What the text of any other code must say to count; price indications, imbalances and restrictions of short sales say nothing of trading. */
const HALT = /\b(halt|pause|suspen|delay|no open|no resume)/i;

/** `s`: `{S,sc,sm,rc,rm,t,z}`; null for a status that leaves open whether the symbol trades. */
export function readStatus(message: object): TradingStatusMessage | null {
  const item = parsed(status, message, 'status');
  const said = [item.sm, item.rm].filter((each) => typeof each === 'string' && each !== '');
  const text = said.join(': ');
  const trading = TRADES_BY_CODE.get(item.sc) ?? (HALT.test(item.sm ?? '') ? false : null);
  const exchangeTime = requireTimestamp(item.t, 't');
  if (trading === null) return null;
  const reason = text === '' ? `status ${item.sc}` : text;
  return { type: 'tradingStatus', symbol: item.S, trading, reason, exchangeTime };
}

const symbols = z.array(z.string()).nullish();
const subscription = z.looseObject({
  trades: symbols,
  quotes: symbols,
  bars: symbols,
  statuses: symbols,
  news: symbols,
});

/** Which of our channels each of the venue's lists carries: a quote is a book of one level as well. */
const CHANNELS_OF_LIST = {
  trades: ['trades'],
  quotes: ['book', 'quotes'],
  bars: ['candles'],
  statuses: ['status'],
  news: ['news'],
} as const satisfies Readonly<Record<string, readonly Subscription['channel'][]>>;
export type VenueList = keyof typeof CHANNELS_OF_LIST;
const VENUE_LISTS: readonly VenueList[] = ['trades', 'quotes', 'bars', 'statuses', 'news'];

/** `subscription`: the whole of what the connection is subscribed to now. */
export function readSubscription(message: object): readonly Subscription[] {
  const lists = parsed(subscription, message, 'subscription');
  return VENUE_LISTS.flatMap((list) =>
    (lists[list] ?? []).flatMap((symbol) => CHANNELS_OF_LIST[list].map((channel) => ({ channel, symbol }))),
  );
}

const error = z.looseObject({ code: z.string(), msg: z.string() });

/** The one login that a connection has under way. */
export const AUTH_REQUEST_ID = 'auth';

/** Errors that end a login: failed, timed out, too many connections, not enabled. */
const LOGIN_ERRORS: ReadonlySet<string> = new Set(['402', '404', '406', '408']);
/** Errors that answer whatever was asked first: syntax, not authenticated, too many symbols, not in the plan (a feed or a list of it), no such list. */
const REQUEST_ERRORS: ReadonlySet<string> = new Set(['400', '401', '405', '409', '410']);

/**
 * `error`: `{code,msg}`, 400 to 410 and 500. One that refuses the login or the oldest request answers it; what follows 407 (slow client) is the venue's cut, and
 * 403 (authenticated already) is the wished state.
 */
export function readError(message: object): readonly MarketControlMessage[] {
  const { code, msg: text } = parsed(error, message, 'error');
  const said: MarketControlMessage[] = [];
  if (code === '403') return said;
  if (code === '406') {
    said.push({
      type: 'notice',
      notice: 'occupied',
      text: `${code} ${text}: the venue still holds an earlier connection`,
    });
  }
  if (LOGIN_ERRORS.has(code)) {
    said.push({ type: 'subscribed', requestId: AUTH_REQUEST_ID, ok: false, reason: `${code} ${text}` });
  } else if (REQUEST_ERRORS.has(code)) {
    said.push({ type: 'subscriptionState', subscriptions: [], refused: `${code} ${text}` });
  }
  said.push({ type: 'venueError', code, text });
  return said;
}

/** `success`: `connected` greets, `authenticated` answers the login. */
export function readSuccess(message: { readonly msg?: unknown }): readonly MarketControlMessage[] {
  return message.msg === 'authenticated' ? [{ type: 'subscribed', requestId: AUTH_REQUEST_ID, ok: true }] : [];
}

function parsed<Schema extends z.ZodType>(schema: Schema, message: object, what: string): z.infer<Schema> {
  const result = schema.safeParse(message);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new MillraceError(
    'validation',
    'FRAME_INVALID',
    `${what}: ${issue?.path.join('.') ?? ''} is not as documented`,
  );
}
