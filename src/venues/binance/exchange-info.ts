import type { z } from 'zod';
import { MillraceError, messageOf } from '#core/errors.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { VenueError } from '#core/orders/venue-error.ts';

export interface ReadInstruments {
  readonly instruments: readonly Instrument[];
  readonly refused: readonly { readonly symbol: string; readonly reason: string }[];
}

/** Reads an answer of `exchangeInfo` row by row. Throws a `VenueError` of class `retry` for one that has no list of symbols. */
export function readInstrumentRows<Row extends { readonly symbol: string }>(
  list: z.ZodType<{ symbols: unknown[] }>,
  rowSchema: z.ZodType<Row>,
  answer: unknown,
  instrumentOf: (row: Row) => Instrument,
): ReadInstruments {
  const info = list.safeParse(answer);
  if (!info.success) throw new VenueError('retry', 'ANSWER_INVALID', 'exchangeInfo has no list of symbols');
  const instruments: Instrument[] = [];
  const refused: { symbol: string; reason: string }[] = [];
  for (const [index, row] of info.data.symbols.entries()) {
    const parsed = rowSchema.safeParse(row);
    if (!parsed.success) {
      refused.push({ symbol: `symbols[${index}]`, reason: issueOf(parsed.error) });
      continue;
    }
    try {
      instruments.push(instrumentOf(parsed.data));
    } catch (error) {
      refused.push({ symbol: parsed.data.symbol, reason: messageOf(error) });
    }
  }
  return { instruments, refused };
}

/** Throws `INSTRUMENT_INVALID`. */
export function requiredFilter(value: string | undefined, what: string): string {
  if (value === undefined) throw new MillraceError('validation', 'INSTRUMENT_INVALID', `${what} is missing`);
  return value;
}

/** Throws `INSTRUMENT_INVALID`. */
export function positive(value: number, what: string): number {
  if (value <= 0) throw new MillraceError('validation', 'INSTRUMENT_INVALID', `${what} is not above zero`);
  return value;
}

function issueOf(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? 'unreadable' : `${issue.path.join('.')}: ${issue.message}`;
}
