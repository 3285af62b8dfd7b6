import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Instrument } from '#core/market/instrument.ts';
import { canonicalDecimal } from '#core/market/scaled-decimal.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import { inspectRecording } from '#simulation/market-sources/instruments-of-recording.ts';
import { createRecordedMarket } from '#simulation/market-sources/recorded-market.ts';
import { createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import { createDeribitServer } from '#simulation/protocol/deribit-server.ts';
import type { SimulatedVenue } from '#simulation/protocol/simulated-venue.ts';
import { createWsConnect } from '#venues/connection/ws-transport.ts';
import { DeribitBookSync } from '#venues/deribit/book-sync.ts';
import { createDeribitDecoder } from '#venues/deribit/market-data.ts';
import { deribit } from '#venues/deribit/venue.ts';
import { bookTexts } from '../support/book-digest.ts';
import { runNormalize } from '../support/run-normalize.ts';
import { createSpeaker, scaledInstrument } from '../support/scanned-text.ts';
import { hasSharedData, SHARED_DATA, sharedRows, sharedText } from '../support/shared-data.ts';
import { compared, inTardisWords, type TardisMessage, tardisRows } from '../support/tardis-answers.ts';

const RECORDED = 'deribit/recorded/cryptofeed_options_btc.jsonl.gz';
const BOOKS = 'deribit/known-answers/book_options.json';
const TARDIS = 'deribit/known-answers/tardis_deribit.jsonl';
const FIXTURES = ['deribit/fixtures/nautilus.jsonl', 'deribit/fixtures/openapi_examples.jsonl'];
const SCALES = { priceScale: 4, sizeScale: 1 };

interface BookState {
  readonly line: number;
  readonly instrument: string;
  readonly change_id: number;
  readonly gap: unknown;
  readonly levels: readonly [number, number];
  readonly sha256: string;
  readonly bids: readonly (readonly [string, string])[];
  readonly asks: readonly (readonly [string, string])[];
}

function recordedFrames(): { readonly line: number; readonly frame: Buffer }[] {
  return (sharedRows(RECORDED) as { readonly dir: string; readonly raw?: string }[]).flatMap((row, index) =>
    row.dir === 'in' && row.raw !== undefined ? [{ line: index + 1, frame: Buffer.from(row.raw) }] : [],
  );
}

/** What of tardis's answers we say otherwise, and why; see docs/formats.md. */
const DIFFERENCES = {
  option_summary: 'an option’s state is told as a ticker: greeks and implied volatilities are not carried',
  'book_ticker of an empty side': 'a best price that is not there is not told',
  'quote channel': 'tardis does not read it; here it is where quotes come from',
} as const;

function asSaid(expected: readonly TardisMessage[]): unknown[] {
  return expected.map(compared).flatMap((message: Record<string, unknown>) => {
    if (message.type === 'book_ticker' && (message.bidPrice === null || message.askPrice === null)) return [];
    if (message.type !== 'option_summary') return [message];
    const { symbol, lastPrice, openInterest, markPrice, timestamp } = message;
    return [{ type: 'derivative_ticker', symbol, lastPrice, openInterest, markPrice, timestamp }];
  });
}

describe.skipIf(!hasSharedData(TARDIS))('known answers of tardis-dev', () => {
  it('agrees row by row, but for the differences on purpose', async () => {
    expect(Object.keys(DIFFERENCES)).toHaveLength(3);
    const rows = tardisRows(TARDIS);
    let before = 0;
    for (const [position, row] of rows.entries()) {
      const input = rows.slice(0, position + 1).map((each) => `${JSON.stringify(each)}\n`);
      const { code, lines } = await runNormalize(['--venue', 'deribit', '-'], input.join(''));
      expect(code).toBe(0);
      const said = lines.slice(before).map(inTardisWords);
      before = lines.length;
      const { channel } = (row.raw as { readonly params: { readonly channel: string } }).params;
      if (channel.startsWith('quote.')) {
        expect(row.expected).toEqual([]);
        expect(said).toMatchObject([{ type: 'book_ticker', bidPrice: 9600.5, askPrice: 9601, bidAmount: 162_800 }]);
        continue;
      }
      const isOption = row.expected.some((each) => each.type === 'option_summary');
      const known = asSaid(row.expected);
      if (isOption) expect(said, `row ${row.index}`).toMatchObject(known as object[]);
      else expect(said, `row ${row.index}`).toEqual(known);
      expect(said).toHaveLength(known.length);
    }
  });
});

describe.skipIf(!hasSharedData(RECORDED) || !hasSharedData(BOOKS))('recorded options', () => {
  it('F28: each book is after each frame what was recomputed from the recording, price by price', () => {
    const { states } = JSON.parse(sharedText(BOOKS)) as { readonly states: readonly BookState[] };
    const byLine = new Map(states.map((state) => [state.line, state]));
    const decode = createDeribitDecoder();
    const syncs = new Map<string, DeribitBookSync>();
    let compared = 0;
    for (const { line, frame } of recordedFrames()) {
      decode(frame, (message) => {
        if (message.type !== 'book') return;
        const sync = syncs.get(message.symbol) ?? new DeribitBookSync(message.symbol, SCALES);
        syncs.set(message.symbol, sync);
        expect(sync.onMessage(message)).toEqual({ kind: 'applied' });
        const state = byLine.get(line);
        if (state === undefined) return;
        compared += 1;
        expect(sync.book.sequence).toBe(state.change_id);
        const { bids, asks } = bookTexts(sync.book, SCALES);
        expect([bids.length, asks.length]).toEqual(state.levels);
        const text = (levels: BookState['bids']) =>
          levels.map(([price, size]) => `${canonicalDecimal(price)}:${canonicalDecimal(size)}`);
        expect(bids.slice(0, state.bids.length)).toEqual(text(state.bids));
        expect(asks.slice(0, state.asks.length)).toEqual(text(state.asks));
        const digest = createHash('sha256')
          .update(`${bids.join('|')}#${asks.join('|')}`)
          .digest('hex');
        expect(digest, `line ${line}`).toBe(state.sha256);
      });
    }
    expect(compared).toBe(states.length);
  });

  it('every book is scanned and says what the parser says, as does every other frame', () => {
    const frames = recordedFrames();
    const symbols = new Set(frames.map(({ frame }) => /(?:book|ticker)\.([^.]+)\./.exec(frame.toString())?.[1] ?? ''));
    const instruments = new Map([...symbols].map((symbol) => [symbol, scaledInstrument(symbol, SCALES, 'deribit')]));
    const parser = createSpeaker(deribit.marketData, null);
    const scanner = createSpeaker(deribit.marketData, instruments);
    let scanned = 0;
    for (const { frame } of frames) {
      const said = scanner(frame);
      if (said.scanned) scanned += 1;
      expect({ messages: said.messages, refusal: said.refusal }).toEqual(
        (({ messages, refusal }) => ({ messages, refusal }))(parser(frame)),
      );
    }
    expect(scanned).toBe(frames.filter(({ frame }) => frame.includes('"channel":"book.')).length);
  });

  it.skipIf(!FIXTURES.every(hasSharedData))('published frames say the same both ways', () => {
    const instruments = new Map(
      ['BTC-PERPETUAL', 'ETH-PERPETUAL'].map((symbol): [string, Instrument] => [
        symbol,
        scaledInstrument(symbol, { priceScale: 2, sizeScale: 0 }, 'deribit'),
      ]),
    );
    const parser = createSpeaker(deribit.marketData, null);
    const scanner = createSpeaker(deribit.marketData, instruments);
    const bodies = FIXTURES.flatMap((file) => sharedRows(file) as { readonly body: unknown }[]).map(({ body }) => body);
    const frames = [...bodies, ...(hasSharedData(TARDIS) ? tardisRows(TARDIS).map(({ raw }) => raw) : [])];
    let scanned = 0;
    for (const frame of frames) {
      const bytes = Buffer.from(JSON.stringify(frame));
      const said = scanner(bytes);
      if (said.scanned) scanned += 1;
      const { messages, refusal } = parser(bytes);
      expect({ messages: said.messages, refusal: said.refusal }).toEqual({ messages, refusal });
    }
    expect(scanned).toBeGreaterThan(1);
  });
});

describe.skipIf(!hasSharedData(RECORDED))('a recording served again', () => {
  let venue: SimulatedVenue;
  let ended = false;
  let driver: NodeJS.Timeout;
  const file = `${SHARED_DATA}/${RECORDED}`;
  const facts = hasSharedData(RECORDED) ? inspectRecording([file]) : null;

  beforeAll(async () => {
    if (facts === null) throw new Error('no recording');
    const source = createRecordedMarket({ venue: facts.venue, files: [file], instruments: facts.instruments });
    const clockStart = systemClock.epochMs();
    const exchange = createSimulatedExchange({ instruments: facts.instruments, source, clockStart });
    exchange.openAccount('main', new Map([['BTC', '1']]), 10);
    const keys = createApiKeyRing([]);
    venue = await createDeribitServer({ exchange, keys, clock: systemClock, host: '127.0.0.1', port: 0 });
    exchange.listen({
      onMarket: (event) => {
        if (event.kind === 'end') ended = true;
      },
      onAccount: () => undefined,
    });
    // A hundred times as fast, from when somebody listens.
    let at = 0;
    driver = setInterval(() => {
      if (venue.stats().framesSent === 0) return;
      at += 500;
      exchange.advanceTo((clockStart + at) as never);
    }, 5);
  });
  afterAll(async () => {
    clearInterval(driver);
    await venue.close();
  });

  it('is known as Deribit’s, its instruments as options that are data', () => {
    expect(facts?.venue).toBe('deribit');
    expect(facts?.instruments).toHaveLength(7);
    for (const each of facts?.instruments ?? []) {
      expect(each).toMatchObject({ kind: 'option', tradable: false, baseCurrency: 'BTC', settlementCurrency: 'BTC' });
    }
  });

  it('every recorded frame reaches the equivalent subscription as it was, the end is told, and the books are those of the recording', async () => {
    const received: string[] = [];
    const syncs = new Map<string, DeribitBookSync>();
    const decode = createDeribitDecoder();
    const subscriptions = (facts?.instruments ?? []).flatMap(({ symbol }) =>
      (['book', 'ticker', 'trades'] as const).map((channel) => ({ channel, symbol })),
    );
    const [request] = deribit.marketData.subscribe('1', subscriptions);
    const [plan] = deribit.marketData.plan(venue.urls, subscriptions);
    const connect = createWsConnect({ insecureAllowed: true });
    const socket = connect(plan?.url ?? '', {
      onOpen: () => socket.send(request?.text ?? ''),
      onFrame(frame) {
        received.push(frame.toString());
        decode(frame, (message) => {
          if (message.type === 'subscribed')
            expect(message).toEqual({ type: 'subscribed', requestId: request?.requestId, ok: true });
          if (message.type !== 'book') return;
          const sync = syncs.get(message.symbol) ?? new DeribitBookSync(message.symbol, SCALES);
          syncs.set(message.symbol, sync);
          expect(sync.onMessage(message).kind).toBe('applied');
        });
      },
      onClose: () => undefined,
    });
    const deadline = performance.now() + 3_000;
    while (!ended && performance.now() < deadline)
      await new Promise((resolve) => systemTimers.after(5, () => resolve(null)));
    await new Promise((resolve) => systemTimers.after(20, () => resolve(null)));
    expect(ended).toBe(true);
    const sent = recordedFrames()
      .map(({ frame }) => frame.toString())
      .filter((text) => text.includes('"subscription"'));
    expect(received.slice(1)).toEqual(sent);
    expect(venue.stats().framesSent).toBe(received.length);
    expect(venue.stats().errors).toEqual([]);
    expect([...syncs.values()].every((sync) => sync.book.valid)).toBe(true);
    socket.close(1000, '');
  });
});
