import { VenueError } from '#core/orders/venue-error.ts';
import type { VenueErrorClass } from '#core/orders/venue-ports.ts';

/** A market's error codes by class. */
export type ErrorRows = Readonly<Record<VenueErrorClass, readonly number[]>>;

/**
 * Codes that mean the same on all markets ("Error Codes" pages; the classing is ours). A code that is not listed is `reject` unless the status says otherwise.
 * -1000 and -1006 leave the outcome of an order open, as does -1007.
 */
const COMMON: ErrorRows = {
  retry: [-1003, -1008, -1015, -1016, -1034],
  clock: [-1021],
  unknown: [-1000, -1006, -1007],
  alreadySo: [-2011],
  notFound: [-2013],
  keys: [-1002, -1022, -1099, -2014, -2015],
  // What only a different order could pass: filters, parameters, balance.
  reject: [
    -1013, -1014, -1020, -1100, -1101, -1102, -1103, -1104, -1105, -1106, -1111, -1114, -1115, -1116, -1117, -1118,
    -1119, -1121, -1128, -1130, -2010,
  ],
};

/** The common rows and a market's own. */
export function errorRows(own: Partial<ErrorRows>): ErrorRows {
  const of = (errorClass: VenueErrorClass): readonly number[] => [...COMMON[errorClass], ...(own[errorClass] ?? [])];
  return {
    retry: of('retry'),
    clock: of('clock'),
    unknown: of('unknown'),
    alreadySo: of('alreadySo'),
    notFound: of('notFound'),
    keys: of('keys'),
    reject: of('reject'),
  };
}

/** `order`: the request may have changed something, so an open outcome is `unknown`. `query`: asking again is always right. */
export type RequestKind = 'order' | 'query';

/** Reads refusals of one market. */
export interface ErrorClassifier {
  /** The class of a refusal. `code` is null where the venue gave none (gateway pages). */
  classify(code: number | null, text: string, status: number, kind: RequestKind): VenueErrorClass;
  /** Reads the error body of a REST answer: `{code, msg}`, or a page of a gateway. */
  errorOf(status: number, body: string, retryAfter: string | null, kind: RequestKind): VenueError;
}

export function createErrorClassifier(rows: ErrorRows): ErrorClassifier {
  const classByCode: ReadonlyMap<number, VenueErrorClass> = new Map(
    (Object.entries(rows) as [VenueErrorClass, readonly number[]][]).flatMap(([errorClass, codes]) =>
      codes.map((code) => [code, errorClass] as const),
    ),
  );

  function classOf(code: number | null, text: string, status: number): VenueErrorClass {
    if (code !== null && /duplicate order|client(order|algo)id is duplicated/i.test(text)) return 'alreadySo';
    const known = code === null ? undefined : classByCode.get(code);
    if (known !== undefined) return known;
    if (status === 429 || status === 418 || status === 403) return 'retry';
    if (status === 401) return 'keys';
    if (status >= 500) return 'unknown';
    return 'reject';
  }

  function classify(code: number | null, text: string, status: number, kind: RequestKind): VenueErrorClass {
    const found = classOf(code, text, status);
    return found === 'unknown' && kind === 'query' ? 'retry' : found;
  }

  return {
    classify,
    errorOf(status, body, retryAfter, kind) {
      const { code, text } = readBody(body);
      const seconds = retryAfter === null ? Number.NaN : Number(retryAfter);
      const waitMs = Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : null;
      const shown = code === null ? `HTTP ${status}` : String(code);
      return new VenueError(classify(code, text, status, kind), shown, text, waitMs);
    },
  };
}

function readBody(body: string): { readonly code: number | null; readonly text: string } {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && 'code' in parsed && typeof parsed.code === 'number') {
      const text = 'msg' in parsed && typeof parsed.msg === 'string' ? parsed.msg : '';
      return { code: parsed.code, text: text.slice(0, 300) };
    }
    return { code: null, text: body.slice(0, 120) };
  } catch {
    // A page of a gateway, not the venue's own answer: its status alone is of use.
    return { code: null, text: body.replace(/\s+/g, ' ').slice(0, 120) };
  }
}
