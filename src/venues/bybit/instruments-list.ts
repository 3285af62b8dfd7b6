import { z } from 'zod';
import { MillraceError, messageOf } from '#core/errors.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { VenueRuntime } from '../venue.ts';
import type { BybitCategory } from './category.ts';
import { fetchPublic } from './public-rest.ts';

/** A page is long: more time than for other answers. */
const TIMEOUT_MS = 10_000;
const PAGE_SIZE = 1_000;
/** More pages than the venue has instruments for: a cursor that does not end. */
const MAX_PAGES = 50;

const instrumentsPage = z.looseObject({ list: z.array(z.unknown()), nextPageCursor: z.string().nullish() });

/** How one category reads its rows. Throws for one that cannot be read. */
export type ReadInstrument = (row: unknown) => Instrument;

/**
 * All instruments of a category by `/v5/market/instruments-info`. Rejects with a `VenueError`; an instrument that cannot be read is logged and left out.
 * Spot knows no pages: it gives all at once, whatever the limit.
 */
export async function fetchInstrumentsOf(
  category: BybitCategory,
  readInstrument: ReadInstrument,
  runtime: VenueRuntime,
): Promise<readonly Instrument[]> {
  const instruments: Instrument[] = [];
  let cursor = '';
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const position = cursor === '' ? '' : `&cursor=${cursor}`;
    const path = `/v5/market/instruments-info?category=${category.name}&limit=${PAGE_SIZE}${position}`;
    const read = readInstrumentsPage(await fetchPublic(runtime, path, TIMEOUT_MS), readInstrument);
    instruments.push(...read.instruments);
    for (const { symbol, reason } of read.refused) {
      runtime.log('warn', 'instrument left out', { venue: category.venue, symbol, reason });
    }
    if (read.nextCursor === '' || read.nextCursor === cursor) return instruments;
    cursor = read.nextCursor;
  }
  throw new VenueError('retry', 'ANSWER_INVALID', `instruments-info did not end after ${MAX_PAGES} pages`);
}

export interface ReadInstrumentsPage {
  readonly instruments: readonly Instrument[];
  readonly refused: readonly { readonly symbol: string; readonly reason: string }[];
  /** Percent-encoded as the venue gave it; empty on the last page. */
  readonly nextCursor: string;
}

const named = z.looseObject({ symbol: z.string().min(1) });

/** Reads the `result` of one page. Throws a `VenueError` of class `retry` for one that has no list. */
export function readInstrumentsPage(result: unknown, readInstrument: ReadInstrument): ReadInstrumentsPage {
  const page = instrumentsPage.safeParse(result);
  if (!page.success) throw new VenueError('retry', 'ANSWER_INVALID', 'instruments-info has no list');
  const instruments: Instrument[] = [];
  const refused: { symbol: string; reason: string }[] = [];
  for (const [index, row] of page.data.list.entries()) {
    try {
      instruments.push(readInstrument(row));
    } catch (error) {
      const name = named.safeParse(row);
      refused.push({ symbol: name.success ? name.data.symbol : `list[${index}]`, reason: reasonOf(error) });
    }
  }
  return { instruments, refused, nextCursor: page.data.nextPageCursor ?? '' };
}

/** A value that must be above zero. Throws `INSTRUMENT_INVALID`. */
export function positive(value: number, what: string): number {
  if (value > 0 && Number.isFinite(value)) return value;
  throw new MillraceError('validation', 'INSTRUMENT_INVALID', `${what} is not above zero`);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof z.ZodError)) return messageOf(error);
  const issue = error.issues[0];
  return `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`;
}
