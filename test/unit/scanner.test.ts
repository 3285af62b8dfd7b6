import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SCANNER, type ScannerConfiguration } from '#core/config/scanner-configuration.ts';
import { MarketScanner } from '#core/scanner/market-scanner.ts';
import { squaredLogReturn } from '#core/scanner/squared-log-return.ts';
import { SymbolChooser } from '#core/scanner/symbol-chooser.ts';
import type { MonoNanos } from '#core/time/clock.ts';

function settings(changes: Partial<ScannerConfiguration> = {}): ScannerConfiguration {
  const plain = SCANNER.parse({
    name: 'scan',
    venue: 'bybit-linear',
    candidates: ['AAA', 'BBB', 'CCC'],
    weights: { volatility: 1, volume: 1, spread: 1 },
    span: 10,
    warmUp: 5,
    maxAgeMs: 3_000,
    margin: 0.2,
    holdMs: 3_000,
    minStayMs: 10_000,
  });
  return { ...plain, ...changes };
}

const at = (seconds: number) => (seconds * 1e9) as MonoNanos;
const nobody = () => false;

/** Feeds a symbol one quote, and its trades, before each of the samples from `from` to `to` (seconds). */
function feed(
  scanner: MarketScanner,
  from: number,
  to: number,
  markets: Readonly<Record<string, { readonly swing: number; readonly value: number; readonly spread: number }>>,
): void {
  for (let second = from; second <= to; second += 1) {
    for (const [symbol, { swing, value, spread }] of Object.entries(markets)) {
      const mid = 10_000 + (second % 2 === 0 ? swing : -swing);
      scanner.onQuote(symbol, mid - spread / 2, mid + spread / 2, at(second - 0.5));
      scanner.onTrade(symbol, value);
    }
    scanner.sample(at(second));
  }
}

const quiet = { swing: 1, value: 100, spread: 2 };
const busy = { swing: 20, value: 5_000, spread: 2 };

describe('what a scanner knows of its candidates', () => {
  it('squares the logarithm of a return, as closely as the machine can, by arithmetic that is the same everywhere', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 1e9, noNaN: true }),
        fc.double({ min: 0.6, max: 1.6, noNaN: true }),
        (from, ratio) => {
          const expected = Math.log((from * ratio) / from) ** 2;
          expect(Math.abs(squaredLogReturn(from, from * ratio) - expected)).toBeLessThan(1e-7 * expected + 1e-18);
        },
      ),
    );
    // Bit for bit: what another machine must find as well.
    expect(squaredLogReturn(10_000, 10_025)).toBe(0.000006234410726096851);
  });

  it('H17: figures are of the samples: volatility, value traded a minute, and spread', () => {
    const scanner = new MarketScanner(settings());
    feed(scanner, 1, 12, { AAA: busy });
    const [figures] = scanner.figures(at(12), nobody);
    // Up and down by 40 of 10,000 each second.
    expect(figures?.volatilityBps).toBeCloseTo(40, 1);
    expect(figures?.volumePerMinute).toBeCloseTo(5_000 * 60, 6);
    expect(figures?.spreadBps).toBeCloseTo(2, 2);
    expect(figures?.score).toBe(1);
  });

  it('H17: equal inputs give equal figures, bit for bit', () => {
    const quote = fc.record({
      symbol: fc.constantFrom('AAA', 'BBB', 'CCC'),
      mid: fc.integer({ min: 9_000, max: 11_000 }),
    });
    fc.assert(
      fc.property(fc.array(quote, { minLength: 10, maxLength: 120 }), (quotes) => {
        const run = () => {
          const scanner = new MarketScanner(settings());
          quotes.forEach(({ symbol, mid }, index) => {
            scanner.onQuote(symbol, mid - 1, mid + 1, at(index / 3));
            scanner.onTrade(symbol, mid / 7);
            scanner.sample(at(index / 3));
          });
          return scanner.figures(at(quotes.length / 3), nobody);
        };
        expect(run()).toEqual(run());
      }),
      { numRuns: 30 },
    );
  });

  it('H17: what is missing, stale, warming up, below a floor or excluded never ranks, and says why', () => {
    const scanner = new MarketScanner(
      settings({ floors: { minVolatilityBps: 5, minVolumePerMinute: 0, maxSpreadBps: 50 } }),
    );
    const reasons = (seconds: number, excluded = nobody as (symbol: string) => boolean) =>
      scanner.figures(at(seconds), excluded).map((each) => each.reason);
    expect(reasons(0)).toEqual(['noQuote', 'noQuote', 'noQuote']);
    feed(scanner, 1, 3, { AAA: busy, BBB: quiet });
    expect(reasons(3)).toEqual(['warmingUp', 'warmingUp', 'noQuote']);
    feed(scanner, 4, 12, { AAA: busy, BBB: quiet });
    expect(reasons(12)).toEqual([null, 'floor', 'noQuote']);
    expect(reasons(12, (symbol) => symbol === 'AAA')).toEqual(['excluded', 'floor', 'noQuote']);
    // The quote is 3.5 s old by then.
    expect(reasons(15)).toEqual(['stale', 'stale', 'noQuote']);
    for (const each of scanner.figures(at(15), nobody)) expect(each.score).toBeNull();
  });

  it('a short silence costs one sample, a long one everything that was known', () => {
    const scanner = new MarketScanner(settings());
    feed(scanner, 1, 12, { AAA: busy });
    for (let second = 13; second <= 17; second += 1) scanner.sample(at(second));
    feed(scanner, 18, 18, { AAA: busy });
    expect(scanner.figures(at(18), nobody)[0]?.reason).toBeNull();
    for (let second = 19; second <= 40; second += 1) scanner.sample(at(second));
    feed(scanner, 41, 43, { AAA: busy });
    expect(scanner.figures(at(43), nobody)[0]?.reason).toBe('warmingUp');
  });

  it('a pause of the process makes no return and no volume of itself', () => {
    const scanner = new MarketScanner(settings());
    feed(scanner, 1, 12, { AAA: quiet });
    const before = scanner.figures(at(12), nobody)[0];
    scanner.onTrade('AAA', 1e9);
    scanner.onQuote('AAA', 19_999, 20_001, at(30));
    scanner.sample(at(30));
    const after = scanner.figures(at(30), nobody)[0];
    expect([after?.volatilityBps, after?.volumePerMinute]).toEqual([before?.volatilityBps, before?.volumePerMinute]);
  });

  it('H5: what is no price, crossed, late or of no candidate is counted and changes nothing', () => {
    const scanner = new MarketScanner(settings());
    feed(scanner, 1, 8, { AAA: busy });
    const before = scanner.figures(at(8), nobody);
    scanner.onQuote('ZZZ', 1, 2, at(8));
    for (const [bid, ask] of [
      [0, 1],
      [Number.NaN, 1],
      [1, Number.NaN],
      [1, Number.POSITIVE_INFINITY],
      [-1, 1],
    ] as const)
      scanner.onQuote('AAA', bid, ask, at(8));
    scanner.onTrade('AAA', Number.NaN);
    scanner.onQuote('AAA', 3, 2, at(8));
    scanner.onQuote('AAA', 1, 2, at(1));
    expect(scanner.dropped).toEqual({ unknownSymbol: 1, notAPrice: 6, crossed: 1, outOfOrder: 1 });
    expect(scanner.figures(at(8), nobody)).toEqual(before);
  });

  it('scores lie between 0 and 1 whatever the market does, and never are no number', () => {
    const market = fc.record({
      swing: fc.double({ min: 0, max: 4_000, noNaN: true }),
      value: fc.double({ min: 0, max: 1e12, noNaN: true }),
      spread: fc.double({ min: 0, max: 500, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.record({ AAA: market, BBB: market, CCC: market }), (markets) => {
        const scanner = new MarketScanner(
          settings({ floors: { minVolatilityBps: 0, minVolumePerMinute: 0, maxSpreadBps: 1e6 } }),
        );
        feed(scanner, 1, 8, markets);
        for (const { score } of scanner.figures(at(8), nobody)) {
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(1 + 1e-12);
        }
      }),
    );
  });
});

describe('when a lane should change its symbol', () => {
  const figures = (scores: Readonly<Record<string, number | null>>) =>
    Object.entries(scores).map(([symbol, score]) => ({
      symbol,
      volatilityBps: 1,
      volumePerMinute: 1,
      spreadBps: 1,
      score,
      reason: score === null ? ('stale' as const) : null,
    }));

  it('H17: another must be better by the margin, the same one for the time, and the lane must have stayed', () => {
    const chooser = new SymbolChooser(settings());
    const lane = { symbol: 'AAA', since: at(0) };
    const better = figures({ AAA: 0.5, BBB: 0.61, CCC: 0.1 });
    expect(chooser.choose(figures({ AAA: 0.5, BBB: 0.59, CCC: 0.1 }), lane, at(20))).toBeNull();
    expect(chooser.choose(better, lane, at(21))).toBeNull();
    expect(chooser.choose(better, lane, at(23.9))).toBeNull();
    // It fell back once: the time begins anew.
    expect(chooser.choose(figures({ AAA: 0.5, BBB: 0.5, CCC: 0.1 }), lane, at(23.95))).toBeNull();
    expect(chooser.choose(better, lane, at(24))).toBeNull();
    expect(chooser.choose(better, lane, at(27))?.symbol).toBe('BBB');
    expect(
      new SymbolChooser(settings({ holdMs: 0 })).choose(better, { symbol: 'AAA', since: at(20) }, at(29)),
    ).toBeNull();
    expect(
      new SymbolChooser(settings({ holdMs: 0 })).choose(better, { symbol: 'AAA', since: at(20) }, at(30)),
    ).not.toBeNull();
  });

  it('H17: another challenger begins its own time; a symbol that does not rank loses to any that does; none ranks: nothing', () => {
    const chooser = new SymbolChooser(settings());
    const lane = { symbol: 'AAA', since: at(0) };
    chooser.choose(figures({ AAA: 0.1, BBB: 0.6, CCC: 0.5 }), lane, at(20));
    chooser.choose(figures({ AAA: 0.1, BBB: 0.5, CCC: 0.6 }), lane, at(22));
    expect(chooser.choose(figures({ AAA: 0.1, BBB: 0.5, CCC: 0.6 }), lane, at(24))).toBeNull();
    expect(chooser.choose(figures({ AAA: 0.1, BBB: 0.5, CCC: 0.6 }), lane, at(25))?.symbol).toBe('CCC');
    expect(chooser.choose(figures({ AAA: null, BBB: null, CCC: 0.01 }), lane, at(26))?.symbol).toBe('CCC');
    expect(chooser.choose(figures({ AAA: null, BBB: null, CCC: null }), lane, at(60))).toBeNull();
  });

  it('H6: while it is on its way, the time that it must have stayed does not count: the latest wins', () => {
    const chooser = new SymbolChooser(settings({ holdMs: 0 }));
    const better = figures({ AAA: 0.1, BBB: 0.6, CCC: 0.5 });
    expect(chooser.choose(better, { symbol: 'CCC', since: null }, at(1))).toBeNull();
    expect(
      chooser.choose(figures({ AAA: 0.1, BBB: 0.9, CCC: 0.5 }), { symbol: 'CCC', since: null }, at(1))?.symbol,
    ).toBe('BBB');
  });
});
