import { z } from 'zod';
import { MillraceError, messageOf } from '#core/errors.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { canonicalDecimal, decimalsOf, type Price, parseScaled, type Size } from '#core/market/scaled-decimal.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { VenueRuntime } from '../venue.ts';
import { classOfCode, classOfStatus } from './errors.ts';
import { instrumentRow, instrumentsPage } from './messages.ts';

const TIMEOUT_MS = 10_000;
const PAGE_SIZE = 1_000;
/** More pages than the venue has instruments for: a cursor that does not end. */
const MAX_PAGES = 50;

const envelope = z.looseObject({ retCode: z.number(), retMsg: z.string(), result: z.unknown().optional() });

/** All linear instruments by `/v5/market/instruments-info`. Rejects with a `VenueError`; an instrument that cannot be read is logged and left out. */
export async function fetchInstruments(runtime: VenueRuntime): Promise<readonly Instrument[]> {
  const instruments: Instrument[] = [];
  let cursor = '';
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const position = cursor === '' ? '' : `&cursor=${cursor}`;
    const path = `/v5/market/instruments-info?category=linear&limit=${PAGE_SIZE}${position}`;
    const read = readInstrumentsPage(await publicGet(runtime, path));
    instruments.push(...read.instruments);
    for (const { symbol, reason } of read.refused) {
      runtime.log('warn', 'instrument left out', { venue: 'bybit-linear', symbol, reason });
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

/** Reads the `result` of one page. Throws a `VenueError` of class `retry` for one that has no list. */
export function readInstrumentsPage(result: unknown): ReadInstrumentsPage {
  const page = instrumentsPage.safeParse(result);
  if (!page.success) throw new VenueError('retry', 'ANSWER_INVALID', 'instruments-info has no list');
  const instruments: Instrument[] = [];
  const refused: { symbol: string; reason: string }[] = [];
  for (const [index, row] of page.data.list.entries()) {
    const parsed = instrumentRow.safeParse(row);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      refused.push({ symbol: `list[${index}]`, reason: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` });
      continue;
    }
    try {
      instruments.push(instrumentOf(parsed.data));
    } catch (error) {
      refused.push({ symbol: parsed.data.symbol, reason: messageOf(error) });
    }
  }
  return { instruments, refused, nextCursor: page.data.nextPageCursor ?? '' };
}

/** The price scale is the venue's own, or what the tick needs where that is more; the size scale is what step and least size need. */
function instrumentOf(row: z.infer<typeof instrumentRow>): Instrument {
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

function positive(value: number, what: string): number {
  if (value > 0 && Number.isFinite(value)) return value;
  throw new MillraceError('validation', 'INSTRUMENT_INVALID', `${what} is not above zero`);
}

async function publicGet(runtime: VenueRuntime, pathAndQuery: string): Promise<unknown> {
  const abort = new AbortController();
  const cancel = runtime.timers.after(TIMEOUT_MS, () => abort.abort());
  try {
    const answer = await runtime.fetch(`${runtime.endpoints.rest}${pathAndQuery}`, { signal: abort.signal });
    const body = await answer.text();
    if (!answer.ok) {
      throw new VenueError(classOfStatus(answer.status, 'query'), `HTTP_${answer.status}`, body.slice(0, 200));
    }
    const parsed = envelope.safeParse(JSON.parse(body));
    if (!parsed.success) throw new VenueError('retry', 'ANSWER_INVALID', 'answer without retCode');
    const { retCode, retMsg, result } = parsed.data;
    if (retCode !== 0) throw new VenueError(classOfCode(retCode, 'query'), String(retCode), retMsg);
    return result;
  } catch (error) {
    if (error instanceof VenueError) throw error;
    if (error instanceof SyntaxError) throw new VenueError('retry', 'ANSWER_INVALID', messageOf(error));
    throw new VenueError('retry', abort.signal.aborted ? 'TIMEOUT' : 'NETWORK', messageOf(error));
  } finally {
    cancel();
  }
}
