import { z } from 'zod';
import { MillraceError, messageOf } from '#core/errors.ts';
import { canonicalDecimal } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';

/** What the private messages of all Binance markets have in common. Unknown keys are allowed: the venue adds fields without notice. */

/** Decimal text, made canonical. */
export const decimal = z.string().transform((text, context) => {
  try {
    return canonicalDecimal(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) });
    return z.NEVER;
  }
});
/** Ids may lie beyond 2^53: `parsePrivate` hands the long ones over as text. */
export const id = z.union([z.string().regex(/^-?\d+$/), z.int()]).transform(String);
/** Milliseconds since the epoch. */
export const time = z.int();
export const side = z
  .enum(['BUY', 'SELL'])
  .transform((text) => (text === 'BUY' ? ('buy' as const) : ('sell' as const)));

export const serverTime = z.looseObject({ serverTime: time });

const rateLimitRow = z.looseObject({
  rateLimitType: z.string(),
  interval: z.string(),
  intervalNum: z.int(),
  limit: z.number(),
  count: z.number().optional(),
});

/** An answer of the websocket API. */
export const websocketAnswer = z.looseObject({
  id: z.union([z.string(), z.number()]).nullable(),
  status: z.int(),
  result: z.unknown().optional(),
  error: z
    .looseObject({
      code: z.int(),
      msg: z.string().default(''),
      data: z.looseObject({ retryAfter: z.number().optional() }).nullish(),
    })
    .optional(),
  rateLimits: z.array(rateLimitRow).optional(),
});
export type WebsocketAnswer = z.infer<typeof websocketAnswer>;

/** The part of an acknowledgement that is used: of an order, of an order amended in place, of a conditional order. */
const acknowledgement = z.looseObject({
  orderId: id.optional(),
  algoId: id.optional(),
  amendedOrder: z.looseObject({ orderId: id }).optional(),
  updateTime: time.optional(),
  transactTime: time.optional(),
});

/** Which order was acknowledged, and when. */
export interface Acknowledgement {
  readonly orderId: string;
  readonly time: EpochMs | null;
}

/** Null: it does not say of which order. */
export function readAcknowledgement(value: unknown): Acknowledgement | null {
  const parsed = acknowledgement.safeParse(value);
  if (!parsed.success) return null;
  const { orderId, algoId, amendedOrder, updateTime, transactTime } = parsed.data;
  const named = orderId ?? amendedOrder?.orderId ?? algoId;
  return named === undefined ? null : { orderId: named, time: (transactTime ?? updateTime ?? null) as EpochMs | null };
}

/**
 * JSON with whole numbers of 16 digits and more as text, since order ids may lie beyond 2^53. Throws `FRAME_INVALID` (class validation).
 */
export function parsePrivate(text: string): unknown {
  try {
    return JSON.parse(text.replace(/([[:,]\s*)(-?\d{16,})(?=\s*[,}\]])/g, '$1"$2"'));
  } catch (error) {
    throw new MillraceError('validation', 'FRAME_INVALID', `private message: ${messageOf(error)}`);
  }
}

/** Checks a message against its schema. Throws `FRAME_INVALID` with the first faults; values are not shown. */
export function readAs<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.slice(0, 3).map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new MillraceError('validation', 'FRAME_INVALID', `${what}: ${faults.join('; ')}`);
}
