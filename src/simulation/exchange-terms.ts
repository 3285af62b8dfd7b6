import type { Instrument, InstrumentKind, VenueId } from '#core/market/instrument.ts';
import type { ExchangeSettings } from './exchange/exchange-settings.ts';

/** An instrument, and what its price is near, in price units. */
interface PricedInstrument {
  readonly instrument: Instrument;
  readonly price: number;
}

/** Worth of each deposit in quote currency. */
const DEPOSIT = 1_000_000;

/** How many times its margin an account may hold; spot knows none. */
const LEVERAGE: Readonly<Record<InstrumentKind, number>> = {
  spot: 1,
  linear: 10,
  inverse: 10,
  option: 1,
  equity: 2,
};

/**
 * What an account begins with, by currency: quote currency for spot and equities, settlement currency for contracts, and of inverse ones so much of it that it is worth as much. Spot
 * begins without the base asset: what is held later was bought.
 */
export function depositsFor(symbols: readonly PricedInstrument[]): ReadonlyMap<string, string> {
  return new Map(
    symbols.map(({ instrument, price }) => {
      const { kind, settlementCurrency, priceScale } = instrument;
      const amount = kind === 'inverse' ? Math.ceil(DEPOSIT / (price / 10 ** priceScale)) : DEPOSIT;
      return [settlementCurrency, String(amount)];
    }),
  );
}

/** The highest leverage that all of the symbols allow. */
export function leverageFor(symbols: readonly PricedInstrument[]): number {
  return Math.min(...symbols.map(({ instrument }) => LEVERAGE[instrument.kind]));
}

/** How a venue's matching differs from the default: Binance expires a post-only order that would take; futures that expire pay no funding (`BTC-27DEC24`). */
export function exchangeSettingsFor(venue: VenueId, instruments: readonly Instrument[]): Partial<ExchangeSettings> {
  return {
    postOnlyRejects: venue.startsWith('binance-'),
    unfundedSymbols: instruments.map(({ symbol }) => symbol).filter((symbol) => /-\d{1,2}[A-Z]{3}\d{2}$/.test(symbol)),
  };
}
