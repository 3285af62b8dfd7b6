import type { Now } from '#core/lanes/now.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { OrderBook } from '#core/market/order-book.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { VenueQueries } from '#core/orders/venue-ports.ts';
import type { FeePrice } from '#core/positions/fee-price.ts';
import type { EpochMs } from '#core/time/clock.ts';

interface Sources {
  readonly queries: Pick<VenueQueries, 'price'>;
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly book: (symbol: string) => OrderBook | null;
  readonly now: () => Now;
}

/**
 * What one unit of `currency` costs in `against`: the ask of a valid book that the unit's feed carries, else by the venue's REST. Null: the venue has no market of the two, or its price is older than
 * a fee may be converted at. Rejects with a `VenueError` where the venue cannot be asked.
 */
export async function askFeePrice(sources: Sources, currency: string, against: string): Promise<FeePrice | null> {
  const { queries, instruments, book, now } = sources;
  const market = [...instruments.values()].find(
    (each) =>
      each.baseCurrency === currency &&
      each.quoteCurrency === against &&
      (each.kind === 'spot' || each.kind === 'linear') &&
      !/[-_]\d/.test(each.symbol),
  );
  if (market === undefined) return null;
  const { symbol } = market;
  const carried = book(symbol);
  if (carried?.valid === true && carried.askPrice > 0) {
    const { mono, epoch } = now();
    const price = formatScaled(carried.askPrice, market.priceScale);
    return { currency, against, price, source: `${symbol} book`, mono, epoch };
  }
  if (queries.price === undefined) return null;
  const asked = now();
  const quote = await queries.price(symbol);
  if (quote === null) return null;
  // It was true when it was asked for at the latest, and no earlier than the venue says.
  const ageMs = quote.venueAgeMs ?? 0;
  const mono = (asked.mono - ageMs * 1e6) as Now['mono'];
  return {
    currency,
    against,
    price: quote.price,
    source: `${symbol} query`,
    mono,
    epoch: (asked.epoch - ageMs) as EpochMs,
  };
}
