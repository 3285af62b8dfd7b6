import { describe, expect, it } from 'vitest';
import type { Instrument } from '#core/market/instrument.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { createGeneratedMarket } from '#simulation/market-sources/generated-market.ts';
import type { SourceLevel, SourceStep } from '#simulation/market-sources/market-source.ts';

const RUN_MS = 300_000;
const SAMPLE_MS = 1_000;

interface Measured {
  readonly changesPerSecond: number;
  readonly tradesPerSecond: number;
  readonly arrivalVariation: number;
  readonly kurtosis: number;
  /** Of absolute one-second returns, at lags 1 to 5, averaged. */
  readonly magnitudeCorrelation: number;
  readonly fewestLevels: number;
  readonly crossed: number;
  readonly offGrid: number;
  /** Trades beyond what was offered at their price. */
  readonly wrongTrades: number;
  /** Share of depleted levels at which somebody offers again five seconds later. */
  readonly refilled: number;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function moment(values: readonly number[], power: number): number {
  const middle = mean(values);
  return mean(values.map((value) => (value - middle) ** power));
}

function correlation(values: readonly number[], lag: number): number {
  const middle = mean(values);
  const products = values.slice(lag).map((value, index) => (value - middle) * ((values[index] ?? 0) - middle));
  return mean(products) / moment(values, 2);
}

/** A plain copy of the book, kept by the changes alone. */
class PlainBook {
  readonly bids = new Map<number, number>();
  readonly asks = new Map<number, number>();

  apply(bids: readonly SourceLevel[], asks: readonly SourceLevel[]): void {
    for (const [price, size] of bids) size === 0 ? this.bids.delete(price) : this.bids.set(price, size);
    for (const [price, size] of asks) size === 0 ? this.asks.delete(price) : this.asks.set(price, size);
  }

  get best(): readonly [bid: number, ask: number] {
    return [Math.max(...this.bids.keys()), Math.min(...this.asks.keys())];
  }
}

function measure(instrument: Instrument, seed: number): Measured {
  const source = createGeneratedMarket([instrument], seed);
  const book = new PlainBook();
  const middles: number[] = [];
  const arrivals: number[] = [];
  const depleted: { readonly price: number; readonly bid: boolean; readonly at: number }[] = [];
  let [changes, trades, crossed, offGrid, wrongTrades, refills, depletions] = [0, 0, 0, 0, 0, 0, 0];
  let fewestLevels = Number.POSITIVE_INFINITY;
  for (let step = source.next(RUN_MS); step !== null; step = source.next(RUN_MS)) {
    while (step.offsetMs >= (middles.length + 1) * SAMPLE_MS) {
      const [bid, ask] = book.best;
      middles.push((bid + ask) / 2);
      if (bid >= ask) crossed += 1;
      fewestLevels = Math.min(fewestLevels, book.bids.size, book.asks.size);
    }
    for (const change of step.changes) {
      if (change.kind === 'trade') {
        trades += 1;
        const side = change.takerSide === 'buy' ? book.asks : book.bids;
        if ((side.get(change.price) ?? 0) < change.size) wrongTrades += 1;
        if (side.get(change.price) === change.size && depleted.length < 200) {
          depleted.push({ price: change.price, bid: change.takerSide === 'sell', at: step.offsetMs });
        }
        if (change.price % instrument.tickSize !== 0 || change.size % instrument.lotSize !== 0) offGrid += 1;
      }
      if (change.kind !== 'book') continue;
      book.apply(change.bids, change.asks);
      changes += 1;
      for (const [price, size] of [...change.bids, ...change.asks]) {
        if (price % instrument.tickSize !== 0 || size % instrument.lotSize !== 0 || price <= 0 || size < 0)
          offGrid += 1;
      }
      if (!change.isSnapshot) arrivals.push(step.offsetMs);
    }
    const oldest = depleted[0];
    if (oldest !== undefined && step.offsetMs - oldest.at > 5_000) {
      depleted.shift();
      depletions += 1;
      // Someone offers at the price again, on either side: the market may have moved over it.
      if (book.bids.has(oldest.price) || book.asks.has(oldest.price)) refills += 1;
    }
  }
  const gaps = arrivals.slice(1).map((time, index) => time - (arrivals[index] ?? 0));
  const returns = middles.slice(1).map((middle, index) => Math.log(middle / (middles[index] ?? 1)));
  const magnitudes = returns.map(Math.abs);
  return {
    changesPerSecond: (changes / RUN_MS) * 1_000,
    tradesPerSecond: (trades / RUN_MS) * 1_000,
    arrivalVariation: Math.sqrt(moment(gaps, 2)) / mean(gaps),
    kurtosis: moment(returns, 4) / moment(returns, 2) ** 2,
    magnitudeCorrelation: mean([1, 2, 3, 4, 5].map((lag) => correlation(magnitudes, lag))),
    fewestLevels,
    crossed,
    offGrid,
    wrongTrades,
    refilled: refills / depletions,
  };
}

function builtIn(symbol: string): Instrument {
  const found = builtInInstruments('binance-usdm').find((each) => each.symbol === symbol);
  if (found === undefined) throw new Error(`no instrument ${symbol}`);
  return found;
}

const BTC = builtIn('BTCUSDT');
const ETH = builtIn('ETHUSDT');

describe('a generated market', () => {
  it.each([
    ['BTCUSDT', 1],
    ['BTCUSDT', 20_261_121],
    ['ETHUSDT', 7],
    ['ETHUSDT', 4_294_967_295],
  ])(
    'of %s with seed %i has fat tails, clusters, depth that trades take and makers refill, and is never crossed',
    (symbol, seed) => {
      const measured = measure(builtIn(symbol), seed);
      expect(measured).toMatchObject({ crossed: 0, offGrid: 0, wrongTrades: 0 });
      expect(measured.fewestLevels).toBeGreaterThanOrEqual(50);
      expect(measured.changesPerSecond).toBeGreaterThan(70);
      expect(measured.changesPerSecond).toBeLessThan(140);
      expect(measured.tradesPerSecond).toBeGreaterThan(10);
      expect(measured.tradesPerSecond).toBeLessThan(30);
      expect(measured.arrivalVariation).toBeGreaterThan(1.2);
      expect(measured.kurtosis).toBeGreaterThan(3.5);
      expect(measured.magnitudeCorrelation).toBeGreaterThan(0.03);
      expect(measured.refilled).toBeGreaterThan(0.9);
    },
  );

  const steps = (instruments: readonly Instrument[], seed: number, stride: number): SourceStep[] => {
    const source = createGeneratedMarket(instruments, seed);
    const taken: SourceStep[] = [];
    for (let until = 0; until <= 20_000; until += stride) {
      for (let step = source.next(until); step !== null; step = source.next(until)) taken.push(step);
    }
    return taken;
  };

  it('is a function of its seed, however it is asked', () => {
    expect(steps([BTC], 5, 20_000)).toEqual(steps([BTC], 5, 32));
    expect(steps([BTC], 5, 20_000)).not.toEqual(steps([BTC], 6, 20_000));
  });

  it('has for each symbol what it would have alone, in the order of time', () => {
    const both = steps([BTC, ETH], 9, 20_000);
    const ofEth = both.filter((step) =>
      step.changes.every((change) => 'symbol' in change && change.symbol === 'ETHUSDT'),
    );
    expect(ofEth).toEqual(steps([ETH], 9, 20_000));
    const times = both.map((step) => step.offsetMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('changes at the rate asked for, and refuses settings out of range', () => {
    const source = createGeneratedMarket([BTC], 3, { eventsPerSecond: 10, tradeShare: 0 });
    let [changes, trades] = [0, 0];
    for (let step = source.next(200_000); step !== null; step = source.next(200_000)) {
      for (const change of step.changes) {
        if (change.kind === 'book') changes += 1;
        if (change.kind === 'trade') trades += 1;
      }
    }
    expect(trades).toBe(0);
    expect(changes / 200).toBeGreaterThan(7);
    expect(changes / 200).toBeLessThan(14);
    expect(() => createGeneratedMarket([BTC], 1, { volatility: -1 })).toThrow(
      /GENERATED_MARKET_SETTING: volatility=-1/,
    );
  });
});
