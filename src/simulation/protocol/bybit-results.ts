import type { Row } from './bybit-rows.ts';

/** A result of a REST call, or the venue's refusal. */
export type Result = { readonly result: Row } | { readonly retCode: number; readonly retMsg: string };

/** The venue's refusal of parameters. */
export function invalid(what: string): Result {
  return { retCode: 10001, retMsg: `params error: ${what}` };
}

/** The kinds of id that a cursor hides are the venue's own business: here, the place in the list. */
export function pageOf(
  rows: readonly Row[],
  query: URLSearchParams,
  usual: number,
  most: number,
): { readonly list: readonly Row[]; readonly nextPageCursor: string } {
  const limit = clamp(query.get('limit'), usual, most);
  const offset = Number(/^page_token=(\d+)&$/.exec(query.get('cursor') ?? '')?.[1] ?? 0);
  const next = offset + limit;
  return {
    list: rows.slice(offset, next),
    nextPageCursor: next < rows.length ? encodeURIComponent(`page_token=${next}&`) : '',
  };
}

/** A `limit` argument: the usual value if there is none, never more than the most. */
export function clamp(text: string | null, usual: number, most: number): number {
  const value = Number(text ?? usual);
  return Number.isInteger(value) && value > 0 ? Math.min(value, most) : usual;
}
