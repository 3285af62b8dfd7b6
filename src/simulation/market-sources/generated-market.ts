import { MillraceError } from '#core/errors.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { parseScaled } from '#core/market/scaled-decimal.ts';
import { createGeneratedSymbol, type GeneratedSymbol } from './generated-symbol.ts';
import type { MarketSource } from './market-source.ts';

export interface GeneratedMarketSettings {
  /** Book changes per second and symbol, in the long run. */
  readonly eventsPerSecond: number;
  /** Share of these that are trades; one trade prints at one price or several. */
  readonly tradeShare: number;
  /** Standard deviation of one second's return, in the long run. */
  readonly volatility: number;
  /** Levels a side, at least. */
  readonly levels: number;
  readonly tickerIntervalMs: number;
  /** Decimal text by symbol, or by base currency for all but options. What neither names starts at 1000 ticks. */
  readonly startPrices: Readonly<Record<string, string>>;
}

export const DEFAULT_GENERATED_MARKET: GeneratedMarketSettings = {
  eventsPerSecond: 100,
  tradeShare: 0.14,
  volatility: 2e-5,
  levels: 60,
  tickerIntervalMs: 1_000,
  startPrices: {
    BTC: '61800',
    ETH: '2650',
    SOL: '155',
    XRP: '0.6',
    AAPL: '225',
    MSFT: '430',
    NVDA: '125',
    SPY: '570',
    TSLA: '250',
  },
};

/**
 * A seeded market for every instrument: clustered arrivals, fat-tailed returns with clustered magnitudes, a book of at least `levels` levels a side that
 * trades deplete and makers refill, never crossed, on ticks and lots. Equal instruments, seed and settings give equal markets; a symbol's part does not
 * depend on the other symbols. It never ends. Throws `GENERATED_MARKET_SETTING` for settings out of range.
 */
export function createGeneratedMarket(
  instruments: readonly Instrument[],
  seed: number,
  settings: Partial<GeneratedMarketSettings> = {},
): MarketSource {
  const whole = { ...DEFAULT_GENERATED_MARKET, ...settings };
  requireRange('eventsPerSecond', whole.eventsPerSecond, 0.1, 100_000);
  requireRange('tradeShare', whole.tradeShare, 0, 1);
  requireRange('volatility', whole.volatility, 0, 0.01);
  requireRange('levels', whole.levels, 1, 5_000);
  requireRange('tickerIntervalMs', whole.tickerIntervalMs, 1, 3_600_000);
  const symbols = instruments.map((instrument) =>
    createGeneratedSymbol(instrument, seed, startPriceOf(instrument, whole), whole),
  );

  function earliest(): GeneratedSymbol | null {
    let first: GeneratedSymbol | null = null;
    for (const each of symbols) if (first === null || each.dueMs < first.dueMs) first = each;
    return first;
  }

  return {
    origin: 'generated',
    next(untilMs) {
      const first = earliest();
      return first === null || first.dueMs > untilMs ? null : first.step();
    },
    nextDueMs: () => earliest()?.dueMs ?? null,
  };
}

/** Where a symbol of a generated market starts, in price units. */
export function startPriceOf(
  instrument: Instrument,
  settings: Pick<GeneratedMarketSettings, 'startPrices'> = DEFAULT_GENERATED_MARKET,
): number {
  const { startPrices } = settings;
  // An option is priced by itself, not as what it is written on.
  const ofBase = instrument.kind === 'option' ? undefined : startPrices[instrument.baseCurrency];
  const stated = startPrices[instrument.symbol] ?? ofBase;
  if (stated === undefined) return instrument.tickSize * 1_000;
  return Math.round(parseScaled(stated, instrument.priceScale) / instrument.tickSize) * instrument.tickSize;
}

function requireRange(name: string, value: number, low: number, high: number): void {
  if (value >= low && value <= high) return;
  const detail = `${name}=${value} expected=${low}..${high}`;
  throw new MillraceError('configuration', 'GENERATED_MARKET_SETTING', detail);
}
