import type { Instrument } from '#core/market/instrument.ts';
import type { SimulatedFill, SimulatedMarketEvent } from '../exchange/simulated-exchange.ts';
import { type BookChannel, bookSides, createBookChannel } from './deribit-book-channel.ts';
import { createCandles } from './deribit-candles.ts';
import type { DeribitContext } from './deribit-context.ts';
import { kindName, priceOf, type Row, sizeOf, tickerRow } from './deribit-rows.ts';
import { isFields, notificationText } from './deribit-rpc.ts';
import type { VenueSession } from './venue-session.ts';

/** Deeper than any book is. */
const WHOLE_BOOK = 100_000;
const TICKER_MS = 100;

/** The public channels. */
export interface DeribitPublicChannels {
  /** Takes the channels that there are, and says which; `signedIn` alone may have `raw`. Null: it asked for `raw` without. */
  subscribe(session: VenueSession, names: readonly string[], signedIn: boolean): readonly string[] | null;
  /** Sends what a fresh subscription begins with; after the answer. */
  welcome(session: VenueSession, names: readonly string[]): void;
  /** Gives up the channels that were held, and says which; null: all. */
  unsubscribe(session: VenueSession, names: readonly string[] | null): readonly string[];
  forget(session: VenueSession): void;
  onMarket(event: SimulatedMarketEvent): void;
  /** A liquidation of anybody's is marked on a public trade. */
  onLiquidation(fill: SimulatedFill): void;
  /** Tells those who listen to `platform_state` that maintenance begins or ends. */
  announceMaintenance(on: boolean): void;
  close(): void;
}

interface Channel {
  readonly kind: 'book' | 'trades' | 'ticker' | 'quote' | 'candles' | 'state' | 'platform';
  readonly instrument: Instrument | null;
  readonly interval: string;
}

const INTERVALS = ['raw', '100ms', 'agg2'];

export function createDeribitPublicChannels(context: DeribitContext): DeribitPublicChannels {
  const { exchange, faults } = context;
  const subscribers = new Map<string, Set<VenueSession>>();
  const channelsOf = new Map<VenueSession, Set<string>>();
  const books = new Map<string, BookChannel>();
  /** Channels that are served from recorded frames, `book BTC-31DEC21-34000-P`: nothing generated is mixed in. */
  const recorded = new Set<string>();
  const lastRecordedBook = new Map<string, Uint8Array>();
  const tickersSent = new Map<string, number>();
  const quotesSent = new Map<string, string>();
  const lastPrices = new Map<string, { readonly price: number; readonly tick: number }>();
  const candles = createCandles();
  let tradeSequence = 0;

  function parse(name: string): Channel | null {
    const [kind = '', second = '', third = '', ...rest] = name.split('.');
    if (name === 'platform_state') return { kind: 'platform', instrument: null, interval: '' };
    if (kind === 'instrument' && second === 'state' && rest.length === 1) {
      return { kind: 'state', instrument: null, interval: '' };
    }
    if (kind === 'chart' && second === 'trades' && rest.length === 1 && rest[0] === '1') {
      const instrument = context.instrument(third);
      return instrument === null ? null : { kind: 'candles', instrument, interval: '' };
    }
    const instrument = context.instrument(second);
    if (instrument === null || rest.length > 0) return null;
    if (kind === 'quote') return third === '' ? { kind, instrument, interval: '' } : null;
    if (kind !== 'book' && kind !== 'trades' && kind !== 'ticker') return null;
    return INTERVALS.includes(third) ? { kind, instrument, interval: third } : null;
  }

  function broadcast(name: string, symbol: string, frame: string | Uint8Array): void {
    if (faults.isPublicPaused(symbol)) return;
    const sessions = subscribers.get(name);
    if (sessions === undefined || sessions.size === 0) return;
    const times = faults.take('duplicatePublicFrame') ? 2 : 1;
    for (const session of sessions) for (let time = 0; time < times; time += 1) session.sendData(frame);
  }

  function isHeard(name: string): boolean {
    return (subscribers.get(name)?.size ?? 0) > 0;
  }

  function bookOf(name: string, interval: string, instrument: Instrument): BookChannel {
    const known = books.get(name);
    if (known !== undefined) return known;
    const created = createBookChannel({
      name,
      interval,
      instrument,
      book: () => exchange.book(instrument.symbol, WHOLE_BOOK),
      now: () => context.now(),
      send(frame) {
        // A hole in the chain of changes.
        if (!faults.take('dropPublicFrame')) broadcast(name, instrument.symbol, frame);
      },
    });
    books.set(name, created);
    return created;
  }

  function onBookChange(symbol: string, time: number): void {
    if (faults.isPublicPaused(symbol)) return;
    if (!recorded.has(`book ${symbol}`)) {
      for (const book of books.values()) if (book.symbol === symbol && isHeard(book.name)) book.onChange(time);
    }
    sendQuote(symbol, time);
  }

  function quoteOf(symbol: string, time: number): Row {
    const instrument = context.requireInstrument(symbol);
    const { bids, asks } = exchange.book(symbol, 1);
    const [bid, ask] = [bids[0], asks[0]];
    return {
      timestamp: Math.floor(time),
      instrument_name: symbol,
      best_bid_price: bid === undefined ? 0 : priceOf(instrument, bid[0]),
      best_bid_amount: bid === undefined ? 0 : sizeOf(instrument, bid[1]),
      best_ask_price: ask === undefined ? 0 : priceOf(instrument, ask[0]),
      best_ask_amount: ask === undefined ? 0 : sizeOf(instrument, ask[1]),
    };
  }

  /** When the best prices or their sizes have changed. */
  function sendQuote(symbol: string, time: number): void {
    const name = `quote.${symbol}`;
    if (recorded.has(`quotes ${symbol}`) || !isHeard(name)) return;
    const quote = quoteOf(symbol, time);
    const { timestamp: _time, ...rest } = quote;
    const state = JSON.stringify(rest);
    if (quotesSent.get(symbol) === state) return;
    quotesSent.set(symbol, state);
    broadcast(name, symbol, notificationText(name, quote));
  }

  function tradeOf(event: Extract<SimulatedMarketEvent, { kind: 'trade' }>, instrument: Instrument): Row {
    const before = lastPrices.get(event.symbol);
    const tick = tickDirection(event.price, before);
    lastPrices.set(event.symbol, { price: event.price, tick });
    tradeSequence += 1;
    const ticker = exchange.ticker(event.symbol);
    return {
      trade_seq: tradeSequence,
      trade_id: event.tradeId,
      timestamp: Math.floor(event.time),
      tick_direction: tick,
      price: priceOf(instrument, event.price),
      mark_price: priceOf(instrument, ticker.markPrice),
      instrument_name: event.symbol,
      index_price: priceOf(instrument, ticker.indexPrice),
      direction: event.takerSide,
      contracts: event.size / instrument.lotSize,
      amount: sizeOf(instrument, event.size),
    };
  }

  function onTrade(event: Extract<SimulatedMarketEvent, { kind: 'trade' }>): void {
    const instrument = context.instrument(event.symbol);
    if (instrument === null || recorded.has(`trades ${event.symbol}`)) return;
    const row = tradeOf(event, instrument);
    for (const interval of INTERVALS) {
      const name = `trades.${event.symbol}.${interval}`;
      if (isHeard(name)) broadcast(name, event.symbol, notificationText(name, [row]));
    }
    const candle = candles.add(event, instrument);
    const chart = `chart.trades.${event.symbol}.1`;
    if (isHeard(chart)) broadcast(chart, event.symbol, notificationText(chart, candle));
  }

  function onTicker(symbol: string, time: number): void {
    const instrument = context.instrument(symbol);
    if (instrument === null || recorded.has(`ticker ${symbol}`)) return;
    for (const interval of INTERVALS) {
      const name = `ticker.${symbol}.${interval}`;
      const waits = interval === 'agg2' ? 1_000 : interval === 'raw' ? 0 : TICKER_MS;
      if (!isHeard(name) || time - (tickersSent.get(name) ?? Number.NEGATIVE_INFINITY) < waits) continue;
      tickersSent.set(name, time);
      broadcast(name, symbol, tickerFrame(name, instrument));
    }
  }

  function tickerFrame(name: string, instrument: Instrument): string {
    const { symbol } = instrument;
    return notificationText(
      name,
      tickerRow(exchange.ticker(symbol), exchange.book(symbol, 1), instrument, context.now()),
    );
  }

  /** A recording's frames go to the equivalent channels, whatever their interval, as they are. */
  function onRecorded(event: Extract<SimulatedMarketEvent, { kind: 'raw' }>): void {
    const { channel, symbol, frame, stream } = event;
    recorded.add(`${channel} ${symbol}`);
    if (channel === 'book') lastRecordedBook.set(symbol, frame);
    const family = { book: 'book', trades: 'trades', ticker: 'ticker' }[String(channel)];
    if (family === undefined) {
      broadcast(stream, symbol, frame);
      return;
    }
    if (channel === 'book') {
      const heard = INTERVALS.some((interval) => isHeard(`book.${symbol}.${interval}`));
      if (heard && faults.take('dropPublicFrame')) return;
    }
    for (const interval of INTERVALS) broadcast(`${family}.${symbol}.${interval}`, symbol, frame);
    if (channel === 'book') sendQuote(symbol, event.time);
  }

  /** For who joins a recording in its middle: the book of now under the recording's channel and change number, which its next frame follows. */
  function recordedSnapshot(instrument: Instrument): string | null {
    const frame = lastRecordedBook.get(instrument.symbol);
    const last: unknown = frame === undefined ? null : JSON.parse(Buffer.from(frame).toString('utf8'));
    if (!isFields(last) || !isFields(last.params) || !isFields(last.params.data)) return null;
    const { prev_change_id: _before, ...data } = last.params.data;
    const book = bookSides(exchange.book(instrument.symbol, WHOLE_BOOK), instrument);
    return notificationText(String(last.params.channel), { ...data, type: 'snapshot', ...book });
  }

  function sendFirst(session: VenueSession, name: string, channel: Channel): void {
    const { kind, instrument, interval } = channel;
    if (instrument === null || faults.isPublicPaused(instrument.symbol)) return;
    const { symbol } = instrument;
    if (kind === 'book') {
      const frame = recorded.has(`book ${symbol}`)
        ? recordedSnapshot(instrument)
        : exchange.origin === 'generated'
          ? bookOf(name, interval, instrument).snapshot(subscribers.get(name)?.size === 1)
          : null;
      if (frame !== null) session.sendData(frame);
    } else if (kind === 'ticker' && !recorded.has(`ticker ${symbol}`) && exchange.origin === 'generated') {
      session.sendData(tickerFrame(name, instrument));
    } else if (kind === 'quote' && !recorded.has(`quotes ${symbol}`)) {
      session.sendData(notificationText(name, quoteOf(symbol, context.now())));
    }
  }

  return {
    subscribe(session, names, signedIn) {
      if (!signedIn && names.some((name) => name.endsWith('.raw'))) return null;
      const held = channelsOf.get(session) ?? new Set<string>();
      channelsOf.set(session, held);
      const taken = names.filter((name) => parse(name) !== null);
      if (taken.length > 0 && faults.take('missingChannel')) taken.pop();
      for (const name of taken) {
        held.add(name);
        const sessions = subscribers.get(name) ?? new Set<VenueSession>();
        sessions.add(session);
        subscribers.set(name, sessions);
      }
      // In an order of its own: the list is a set.
      return [...new Set(taken)].reverse();
    },
    welcome(session, names) {
      for (const name of names) {
        const channel = parse(name);
        if (channel !== null) sendFirst(session, name, channel);
      }
    },
    unsubscribe(session, names) {
      const held = channelsOf.get(session) ?? new Set<string>();
      const given = (names ?? [...held]).filter((name) => held.delete(name));
      for (const name of given) subscribers.get(name)?.delete(session);
      return given;
    },
    forget(session) {
      for (const name of channelsOf.get(session) ?? []) subscribers.get(name)?.delete(session);
      channelsOf.delete(session);
    },
    onMarket(event) {
      switch (event.kind) {
        case 'bookChange':
          onBookChange(event.symbol, event.time);
          return;
        case 'trade':
          onTrade(event);
          return;
        case 'ticker':
          onTicker(event.ticker.symbol, event.time);
          return;
        case 'raw':
          onRecorded(event);
          return;
        case 'end':
          return;
      }
    },
    onLiquidation(fill) {
      const instrument = context.requireInstrument(fill.symbol);
      const { symbol, fillId: tradeId, price, size, side: takerSide, time } = fill;
      const trade = tradeOf({ kind: 'trade', symbol, tradeId, price, size, takerSide, time }, instrument);
      for (const interval of INTERVALS) {
        const name = `trades.${symbol}.${interval}`;
        if (isHeard(name)) broadcast(name, symbol, notificationText(name, [{ ...trade, liquidation: 'T' }]));
      }
    },
    announceMaintenance(on) {
      for (const session of subscribers.get('platform_state') ?? []) {
        session.sendData(notificationText('platform_state', { maintenance: on }));
      }
    },
    close() {
      for (const book of books.values()) book.close();
    },
  };
}

/** 0 plus, 1 zero-plus, 2 minus, 3 zero-minus tick. */
function tickDirection(price: number, before: { readonly price: number; readonly tick: number } | undefined): number {
  if (before === undefined || price > before.price) return 0;
  if (price < before.price) return 2;
  return before.tick < 2 ? 1 : 3;
}

/** `future.BTC`, as `instrument.state` and the user channels name what they cover. */
export function isCovered(kind: string, currency: string, instrument: Instrument): boolean {
  const kindFits = kind === 'any' || kind === kindName(instrument);
  return kindFits && (currency === 'any' || currency === instrument.settlementCurrency);
}
