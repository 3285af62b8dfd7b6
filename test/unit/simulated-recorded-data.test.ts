import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Instrument } from '#core/market/instrument.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import type { SimulatedBook } from '#simulation/exchange/simulated-exchange.ts';
import { inspectRecording } from '#simulation/market-sources/instruments-of-recording.ts';
import { createRecordedMarket } from '#simulation/market-sources/recorded-market.ts';
import { CLOCK_START } from '../support/scripted-market.ts';
import { hasSharedData, SHARED_DATA, sharedText } from '../support/shared-data.ts';

const BINANCE = 'binance/recorded/usdm_btcusdt_20240808.raw.gz';
const BYBIT = 'bybit/recorded/ob500_XRPUSDT_first25.jsonl.gz';

interface KnownState {
  readonly u: number;
  readonly bids: readonly (readonly [string, string])[];
  readonly asks: readonly (readonly [string, string])[];
}

function open(file: string) {
  const path = join(SHARED_DATA, file);
  const { venue, instruments, frames } = inspectRecording([path]);
  const source = createRecordedMarket({ venue, files: [path], instruments });
  const exchange = createSimulatedExchange({ instruments, source, clockStart: CLOCK_START });
  const [instrument] = instruments;
  if (instrument === undefined) throw new Error('no instrument');
  return { exchange, source, instrument, frames };
}

function top(levels: SimulatedBook['bids'], count: number, { priceScale, sizeScale }: Instrument): [string, string][] {
  return levels
    .slice(0, count)
    .map(([price, size]) => [formatScaled(price, priceScale), formatScaled(size, sizeScale)]);
}

function plain(levels: KnownState['bids'], count: number): [string, string][] {
  return levels.slice(0, count).map(([price, size]) => [String(Number(price)), String(Number(size))]);
}

describe.skipIf(!hasSharedData(BINANCE))('a recorded Binance session', () => {
  it('agrees with the known books, with every quote of the same number, and is never crossed', () => {
    const { exchange, source, instrument, frames } = open(BINANCE);
    const known = JSON.parse(sharedText('binance/known-answers/book_usdm_btcusdt_20240808.json')) as {
      readonly checkpoints: readonly KnownState[];
      readonly final: KnownState;
    };
    const states = new Map([...known.checkpoints, known.final].map((state) => [state.u, state]));
    let checked = 0;
    let crossed = 0;
    let raw = 0;
    let quote: { readonly u: number; readonly b: string; readonly B: string } | null = null;
    const quotes = { agree: 0, differ: 0 };
    exchange.listen({
      onAccount: () => undefined,
      onMarket(event) {
        if (event.kind !== 'raw') return;
        raw += 1;
        const book = exchange.book('BTCUSDT', 1);
        const [bid] = book.bids;
        const [ask] = book.asks;
        if (bid === undefined || ask === undefined || bid[0] >= ask[0]) crossed += 1;
        if (event.channel === 'quotes') quote = JSON.parse(Buffer.from(event.frame).toString('utf8')).data;
        if (event.channel !== 'book') return;
        if (quote !== null && quote.u === book.sequence && bid !== undefined) {
          const same = Number(quote.b) === bid[0] / 100 && Number(quote.B) === bid[1] / 1_000;
          quotes[same ? 'agree' : 'differ'] += 1;
        }
        const state = states.get(book.sequence);
        if (state === undefined) return;
        const whole = exchange.book('BTCUSDT', 100);
        expect(top(whole.bids, state.bids.length, instrument)).toEqual(plain(state.bids, 100));
        expect(top(whole.asks, state.asks.length, instrument)).toEqual(plain(state.asks, 100));
        checked += 1;
      },
    });
    exchange.advanceTo((CLOCK_START + 600_000) as EpochMs);
    expect({ crossed, checked, differ: quotes.differ }).toEqual({ crossed: 0, checked: states.size, differ: 0 });
    expect(quotes.agree).toBeGreaterThan(100);
    expect(source.stats()).toMatchObject({ frames, snapshots: 1, gaps: 0, skipped: { count: 0 } });
    expect(raw).toBe(frames);
    expect(instrument).toMatchObject({ tickSize: 10, priceScale: 2, lotSize: 1, sizeScale: 3 });
  });
});

describe.skipIf(!hasSharedData(BYBIT))('a recorded Bybit session', () => {
  it('agrees with the known book after every frame', () => {
    const { exchange, instrument } = open(BYBIT);
    const { states } = JSON.parse(sharedText('bybit/known-answers/book_ob500_XRPUSDT.json')) as {
      readonly states: readonly KnownState[];
    };
    let checked = 0;
    exchange.listen({
      onAccount: () => undefined,
      onMarket(event) {
        if (event.kind !== 'raw') return;
        const book = exchange.book('XRPUSDT', 50);
        const state = states[checked];
        checked += 1;
        if (state === undefined) throw new Error(`no state ${checked}`);
        expect(book.sequence).toBe(state.u);
        expect(top(book.bids, state.bids.length, instrument)).toEqual(plain(state.bids, 50));
        expect(top(book.asks, state.asks.length, instrument)).toEqual(plain(state.asks, 50));
      },
    });
    exchange.advanceTo((CLOCK_START + 60_000) as EpochMs);
    expect(checked).toBe(states.length);
  });
});
