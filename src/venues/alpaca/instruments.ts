import { z } from 'zod';
import type { Instrument } from '#core/market/instrument.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import { readAnswer } from '../connection/read-answer.ts';
import type { VenueRuntime } from '../venue.ts';
import { createAlpacaRest } from './rest.ts';

/** The tape prints prices of up to six decimals; orders are at whole cents, below one dollar at hundredths of a cent (Alpaca documentation, "Sub-penny increments"). */
const PRICE_SCALE = 6;
const CENT = 10_000 as Price;
const SUB_PENNY = 100 as Price;
/** Quantities have up to nine decimals (documentation, "Fractional trading"). Orders are of whole shares: only those may be of any type, gtc and short. */
const SIZE_SCALE = 9;
const SHARE = 10 ** SIZE_SCALE;
/** The most whole shares that fit a number of that scale. */
const MAX_SHARES = 9_000_000;

const assetRow = z.looseObject({
  class: z.string().optional(),
  asset_class: z.string().optional(),
  symbol: z.string().min(1),
  status: z.string(),
  tradable: z.boolean(),
  last_price: z.string().nullish(),
});

export interface ReadAssets {
  readonly instruments: readonly Instrument[];
  readonly refused: readonly { readonly symbol: string; readonly reason: string }[];
}

/** Reads the list of `/v2/assets`. Throws a `VenueError` of class `retry` if it is none. */
export function readAssets(answer: unknown): ReadAssets {
  const instruments: Instrument[] = [];
  const refused: { symbol: string; reason: string }[] = [];
  for (const [index, row] of readAnswer(z.array(z.unknown()), answer, '/v2/assets').entries()) {
    const asset = assetRow.safeParse(row);
    if (!asset.success) {
      const issue = asset.error.issues[0];
      refused.push({ symbol: `assets[${index}]`, reason: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` });
    } else if ((asset.data.class ?? asset.data.asset_class) === 'us_equity') {
      instruments.push(instrumentOf(asset.data));
    }
  }
  return { instruments, refused };
}

function instrumentOf(asset: z.infer<typeof assetRow>): Instrument {
  const lastPrice = Number(asset.last_price ?? Number.NaN);
  const symbol = asset.symbol.trim();
  return {
    venue: 'alpaca',
    symbol,
    kind: 'equity',
    baseCurrency: symbol,
    quoteCurrency: 'USD',
    settlementCurrency: 'USD',
    priceScale: PRICE_SCALE,
    sizeScale: SIZE_SCALE,
    // A whole number of cents is right at any price: where the last price is not told, that is the tick.
    tickSize: lastPrice > 0 && lastPrice < 1 ? SUB_PENNY : CENT,
    lotSize: SHARE as Size,
    minSize: SHARE as Size,
    maxSize: (MAX_SHARES * SHARE) as Size,
    minNotional: 0,
    multiplier: 1,
    tradable: asset.tradable && asset.status === 'active',
  };
}

/** All US equities by `/v2/assets`, which wants keys: those for market data. Rejects with a `VenueError`; an asset that cannot be read is logged and left out. */
export async function fetchInstruments(runtime: VenueRuntime): Promise<readonly Instrument[]> {
  const rest = createAlpacaRest(runtime, () => runtime.marketCredentials?.() ?? null);
  return instrumentsBy(runtime, (path, parameters) => rest.get(path, parameters));
}

/** The same by the keys of an account. */
export async function instrumentsBy(
  runtime: VenueRuntime,
  get: (path: string, parameters: Readonly<Record<string, string>>) => Promise<unknown>,
): Promise<readonly Instrument[]> {
  const { instruments, refused } = readAssets(await get('/v2/assets', { status: 'active', asset_class: 'us_equity' }));
  for (const { symbol, reason } of refused)
    runtime.log('warn', 'instrument left out', { venue: 'alpaca', symbol, reason });
  return instruments;
}
