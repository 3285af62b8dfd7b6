import { describe, expect, it } from 'vitest';
import type { Instrument } from '#core/market/instrument.ts';
import { OrderBook } from '#core/market/order-book.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { PriceQuote } from '#core/orders/venue-ports.ts';
import { FEE_PRICE_AGE, isOfTime } from '#core/positions/fee-price.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';
import { askFeePrice } from '#engine/fee-price-question.ts';
import { BTC } from '../support/lane-world.ts';

const BNB: Instrument = { ...BTC, symbol: 'BNBUSDT', baseCurrency: 'BNB', priceScale: 2 };
const DATED: Instrument = { ...BNB, symbol: 'BNBUSDT_260327' };
const MONO = 500e9 as MonoNanos;
const EPOCH = 1.7e12 as EpochMs;

function sources(book: OrderBook | null, quote: PriceQuote | null, instruments = [DATED, BNB, BTC]) {
  const asked: string[] = [];
  return {
    asked,
    queries: {
      async price(symbol: string) {
        asked.push(symbol);
        return quote;
      },
    },
    instruments: new Map(instruments.map((each) => [each.symbol, each])),
    book: (symbol: string) => (symbol === 'BNBUSDT' ? book : null),
    now: () => ({ mono: MONO, epoch: EPOCH }),
  };
}

function carried(valid: boolean): OrderBook {
  const book = new OrderBook('BNBUSDT');
  book.set('buy', 59_990 as Price, 5 as Size);
  book.set('sell', 60_010 as Price, 5 as Size);
  book.valid = valid;
  return book;
}

describe('what a currency of fees costs', () => {
  it('H12: is the ask of a whole book that the feed carries, and nobody is asked', async () => {
    const from = sources(carried(true), { price: '1' });
    expect(await askFeePrice(from, 'BNB', 'USDT')).toEqual({
      currency: 'BNB',
      against: 'USDT',
      price: '600.1',
      source: 'BNBUSDT book',
      mono: MONO,
      epoch: EPOCH,
    });
    expect(from.asked).toEqual([]);
  });

  it('invariant 6: is asked for where the book is not known to be whole', async () => {
    const from = sources(carried(false), { price: '601.5' });
    expect(await askFeePrice(from, 'BNB', 'USDT')).toMatchObject({
      price: '601.5',
      source: 'BNBUSDT query',
      mono: MONO,
    });
    expect(from.asked).toEqual(['BNBUSDT']);
  });

  it('H12: a price that was old at the venue is as old here', async () => {
    const price = await askFeePrice(sources(null, { price: '601.5', venueAgeMs: 61_000 }), 'BNB', 'USDT');
    if (price === null) throw new Error('no price');
    expect(MONO - price.mono).toBe(61e9);
    expect([isOfTime(price, MONO), isOfTime(price, (MONO - FEE_PRICE_AGE / 2) as MonoNanos)]).toEqual([false, true]);
  });

  it('H12: is not known where the venue has no market of the two, or nobody sells', async () => {
    expect(await askFeePrice(sources(null, { price: '1' }, [DATED, BTC]), 'BNB', 'USDT')).toBeNull();
    expect(await askFeePrice(sources(null, null), 'BNB', 'USDT')).toBeNull();
    expect(await askFeePrice(sources(null, { price: '1' }), 'MNT', 'USDT')).toBeNull();
  });
});
