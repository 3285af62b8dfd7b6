import { VenueError } from '#core/orders/venue-error.ts';
import type { VenueErrorClass } from '#core/orders/venue-ports.ts';

/**
 * The venue's error codes by class (its "Error Code" page; the classing is ours). A code that is not listed is `reject` unless the status says
 * otherwise. -1000 and -1006 leave the outcome of an order open, as does -1007.
 */
export const ERROR_CLASSES: Readonly<Record<VenueErrorClass, readonly number[]>> = {
  retry: [-1001, -1003, -1008, -1015, -1016, -1034, -1125, -5028, -5043],
  clock: [-1021],
  unknown: [-1000, -1006, -1007],
  alreadySo: [-2011, -4046, -4059, -4116, -5027],
  notFound: [-2013],
  keys: [-1002, -1005, -1011, -1022, -1099, -2014, -2015, -2017, -4056, -4061, -4087, -4088, -4109, -4531],
  // What only a different order could pass: filters, parameters, margin, post-only, reduce-only.
  reject: [
    -1013, -1014, -1020, -1023, -1100, -1101, -1102, -1103, -1104, -1105, -1106, -1111, -1114, -1115, -1116, -1117,
    -1118, -1119, -1121, -1122, -1128, -1130, -2010, -2018, -2019, -2020, -2021, -2022, -2023, -2024, -2025, -2026,
    -2027, -4001, -4002, -4003, -4004, -4005, -4013, -4014, -4015, -4016, -4023, -4024, -4118, -4120, -4131, -4140,
    -4141, -4142, -4164, -4192, -4400, -4401, -5021, -5022, -5024, -5025, -5026, -5029,
  ],
};

const CLASS_BY_CODE: ReadonlyMap<number, VenueErrorClass> = new Map(
  (Object.entries(ERROR_CLASSES) as [VenueErrorClass, readonly number[]][]).flatMap(([errorClass, codes]) =>
    codes.map((code) => [code, errorClass] as const),
  ),
);

/** `order`: the request may have changed something, so an open outcome is `unknown`. `query`: asking again is always right. */
export type RequestKind = 'order' | 'query';

/** The class of a refusal. `code` is null where the venue gave none (gateway pages). */
export function classifyError(code: number | null, text: string, status: number, kind: RequestKind): VenueErrorClass {
  const found = classOf(code, text, status);
  return found === 'unknown' && kind === 'query' ? 'retry' : found;
}

function classOf(code: number | null, text: string, status: number): VenueErrorClass {
  if (code !== null && /duplicate order|clientorderid is duplicated/i.test(text)) return 'alreadySo';
  const known = code === null ? undefined : CLASS_BY_CODE.get(code);
  if (known !== undefined) return known;
  if (status === 429 || status === 418 || status === 403) return 'retry';
  if (status === 401) return 'keys';
  if (status >= 500) return 'unknown';
  return 'reject';
}

/** Reads the error body of a REST answer: `{code, msg}`, or a page of a gateway. */
export function venueErrorOf(status: number, body: string, retryAfter: string | null, kind: RequestKind): VenueError {
  const { code, text } = readBody(body);
  const seconds = retryAfter === null ? Number.NaN : Number(retryAfter);
  const waitMs = Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : null;
  return new VenueError(
    classifyError(code, text, status, kind),
    code === null ? `HTTP ${status}` : String(code),
    text,
    waitMs,
  );
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
