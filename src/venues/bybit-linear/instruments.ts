import { z } from 'zod';
import type { Instrument } from '#core/market/instrument.ts';
import { canonicalDecimal, decimalsOf, type Price, parseScaled, type Size } from '#core/market/scaled-decimal.ts';
import { fetchInstrumentsOf, positive } from '../bybit/instruments-list.ts';
import type { VenueRuntime } from '../venue.ts';
import { LINEAR } from './category.ts';

/** One row of `/v5/market/instruments-info` for linear contracts. */
const instrumentRow = z.looseObject({
  symbol: z.string().min(1),
  contractType: z.string(),
  status: z.string(),
  baseCoin: z.string(),
  quoteCoin: z.string(),
  settleCoin: z.string(),
  priceScale: z
    .string()
    .regex(/^\d{1,2}$/)
    .optional(),
  priceFilter: z.looseObject({ tickSize: z.string() }),
  lotSizeFilter: z.looseObject({
    qtyStep: z.string(),
    minOrderQty: z.string(),
    maxOrderQty: z.string(),
    maxMktOrderQty: z.string().optional(),
    minNotionalValue: z.string().optional(),
  }),
});

/** All linear instruments. Rejects with a `VenueError`. */
export function fetchInstruments(runtime: VenueRuntime): Promise<readonly Instrument[]> {
  return fetchInstrumentsOf(LINEAR, readInstrument, runtime);
}

/** The price scale is the venue's own, or what the tick needs where that is more; the size scale is what step and least size need. Throws for what cannot be read. */
export function readInstrument(value: unknown): Instrument {
  const row = instrumentRow.parse(value);
  const { tickSize } = row.priceFilter;
  const { qtyStep, minOrderQty, maxOrderQty, maxMktOrderQty, minNotionalValue } = row.lotSizeFilter;
  const priceScale = Math.max(Number(row.priceScale ?? 0), decimalsOf(tickSize));
  const sizeScale = Math.max(decimalsOf(qtyStep), decimalsOf(minOrderQty));
  const maxSizes = [maxOrderQty, maxMktOrderQty ?? ''].filter((text) => text !== '');
  return {
    venue: 'bybit-linear',
    symbol: row.symbol,
    kind: 'linear',
    baseCurrency: row.baseCoin,
    quoteCurrency: row.quoteCoin,
    settlementCurrency: row.settleCoin,
    priceScale,
    sizeScale,
    tickSize: positive(parseScaled(tickSize, priceScale), 'tickSize') as Price,
    lotSize: positive(parseScaled(qtyStep, sizeScale), 'qtyStep') as Size,
    minSize: parseScaled(minOrderQty, sizeScale) as Size,
    maxSize: positive(Math.min(...maxSizes.map((text) => parseScaled(text, sizeScale))), 'maxOrderQty') as Size,
    minNotional:
      minNotionalValue === undefined || minNotionalValue === '' ? 0 : Number(canonicalDecimal(minNotionalValue)),
    multiplier: 1,
    tradable: row.status === 'Trading',
  };
}
