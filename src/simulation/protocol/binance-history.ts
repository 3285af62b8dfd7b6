import type { RequestParams } from './binance-auth.ts';
import { BinanceRefusal, badValue } from './binance-errors.ts';

/** What a request for history asks for. */
export interface Page {
  readonly from: number;
  readonly to: number;
  readonly limit: number;
  readonly firstId: bigint | null;
}

/** From an id upwards, or the newest of a window. */
export function paged<Item>(
  items: readonly Item[],
  page: Page,
  timeOf: (item: Item) => number,
  idOf: (item: Item) => string,
): readonly Item[] {
  const { firstId } = page;
  if (firstId !== null) return items.filter((item) => BigInt(idOf(item)) >= firstId).slice(0, page.limit);
  return items.filter((item) => timeOf(item) >= page.from && timeOf(item) <= page.to).slice(-page.limit);
}

/** Reads `startTime`, `endTime`, `limit` and the id to begin with. `maxSpan`: how long a window may be, and what the venue says of a longer one. */
export function pageOf(
  params: RequestParams,
  idName: string,
  maxSpan: { readonly ms: number; readonly code: number; readonly text: string },
): Page {
  const from = wholeNumber(params, 'startTime');
  const to = wholeNumber(params, 'endTime');
  const limit = wholeNumber(params, 'limit') ?? 500;
  if (limit < 1 || limit > 1_000) throw badValue('limit');
  if (from !== null && to !== null && from > to) {
    throw new BinanceRefusal(400, -1023, 'Start time is greater than end time.');
  }
  if (from !== null && to !== null && to - from > maxSpan.ms) {
    throw new BinanceRefusal(400, maxSpan.code, maxSpan.text);
  }
  const id = params.get(idName);
  if (id !== undefined && !/^\d{1,19}$/.test(id)) throw badValue(idName);
  const start = from ?? (to === null ? 0 : to - maxSpan.ms);
  return {
    from: start,
    to: to ?? (from === null ? Number.POSITIVE_INFINITY : from + maxSpan.ms),
    limit,
    firstId: id === undefined ? null : BigInt(id),
  };
}

function wholeNumber(params: RequestParams, name: string): number | null {
  const text = params.get(name);
  if (text === undefined) return null;
  if (!/^\d{1,15}$/.test(text)) throw badValue(name);
  return Number(text);
}
