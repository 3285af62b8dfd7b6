import { z } from 'zod';
import { MillraceError, messageOf } from '#core/errors.ts';
import type { Instrument, InstrumentKind } from '#core/market/instrument.ts';
import { decimalsOf, type Price, parseScaled, type Size } from '#core/market/scaled-decimal.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { VenueRuntime } from '../venue.ts';
import { instrumentRow } from './messages.ts';
import { publicQuery } from './public-rest.ts';

/** The venue states no largest order; this bound only keeps sizes exact. */
const MAX_LOTS = 1_000_000_000;

/** All futures, perpetuals and options by `public/get_instruments`. Rejects with a `VenueError`; an instrument that cannot be read is logged and left out. */
export async function fetchInstruments(runtime: VenueRuntime): Promise<readonly Instrument[]> {
  const result = await publicQuery(runtime, 'public/get_instruments', { currency: 'any', expired: 'false' });
  const { instruments, refused } = readInstruments(result);
  for (const { symbol, reason } of refused) {
    runtime.log('warn', 'instrument left out', { venue: 'deribit', symbol, reason });
  }
  return instruments;
}

export interface ReadInstruments {
  readonly instruments: readonly Instrument[];
  readonly refused: readonly { readonly symbol: string; readonly reason: string }[];
  /** Combinations and spot pairs: not carried. */
  readonly others: number;
}

/** Reads the list. Throws a `VenueError` of class `retry` for what is none. */
export function readInstruments(result: unknown): ReadInstruments {
  const rows = z.array(z.unknown()).safeParse(result);
  if (!rows.success) throw new VenueError('retry', 'ANSWER_INVALID', 'get_instruments has no list');
  const instruments: Instrument[] = [];
  const refused: { symbol: string; reason: string }[] = [];
  let others = 0;
  for (const [index, row] of rows.data.entries()) {
    const parsed = z.looseObject({ kind: z.string() }).safeParse(row);
    if (parsed.success && parsed.data.kind !== 'future' && parsed.data.kind !== 'option') {
      others += 1;
      continue;
    }
    const read = instrumentRow.safeParse(row);
    if (!read.success) {
      const issue = read.error.issues[0];
      refused.push({ symbol: `result[${index}]`, reason: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` });
      continue;
    }
    try {
      instruments.push(instrumentOf(read.data));
    } catch (error) {
      refused.push({ symbol: read.data.instrument_name, reason: messageOf(error) });
    }
  }
  return { instruments, refused, others };
}

/**
 * Sizes are the venue's `amount`: quote currency (USD) for inverse futures, base currency for linear futures and options. Options are data: not tradable here. A
 * price scale holds the finest of the stepped ticks.
 */
function instrumentOf(row: z.infer<typeof instrumentRow>): Instrument {
  const kind = kindOf(row);
  const ticks = [row.tick_size, ...(row.tick_size_steps ?? []).map((step) => step.tick_size)];
  const priceScale = Math.max(...ticks.map(decimalsOf));
  const lot = lotOf(row, kind);
  const sizeScale = Math.max(decimalsOf(row.min_trade_amount), decimalsOf(lot));
  const lotSize = positive(parseScaled(lot, sizeScale), 'contract_size');
  // Old answers say `quote_currency` BTC for options, and name no settlement currency.
  const settlementCurrency = row.settlement_currency ?? (kind === 'linear' ? row.quote_currency : row.base_currency);
  return {
    venue: 'deribit',
    symbol: row.instrument_name,
    kind,
    baseCurrency: row.base_currency,
    quoteCurrency: row.quote_currency,
    settlementCurrency,
    priceScale,
    sizeScale,
    tickSize: positive(parseScaled(row.tick_size, priceScale), 'tick_size') as Price,
    lotSize: lotSize as Size,
    minSize: positive(parseScaled(row.min_trade_amount, sizeScale), 'min_trade_amount') as Size,
    maxSize: (lotSize * MAX_LOTS) as Size,
    minNotional: 0,
    multiplier: 1,
    tradable: row.is_active && kind !== 'option',
  };
}

/**
 * Amounts of futures are whole contracts. An option's contract is one coin, of which the least amount is a part: there the least amount is the step, as it is
 * where it does not divide by the contract.
 */
function lotOf(row: z.infer<typeof instrumentRow>, kind: InstrumentKind): string {
  if (kind === 'option') return row.min_trade_amount;
  return Number(row.contract_size) <= Number(row.min_trade_amount) ? row.contract_size : row.min_trade_amount;
}

/** A future is inverse where the venue says `reversed`; old answers do not say it, and had no others. */
function kindOf(row: z.infer<typeof instrumentRow>): InstrumentKind {
  if (row.kind === 'option') return 'option';
  return (row.instrument_type ?? row.future_type ?? 'reversed') === 'linear' ? 'linear' : 'inverse';
}

function positive(value: number, what: string): number {
  if (value > 0 && Number.isFinite(value)) return value;
  throw new MillraceError('validation', 'INSTRUMENT_INVALID', `${what} is not above zero`);
}
