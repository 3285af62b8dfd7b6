import { z } from 'zod';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { OrderIntent, OrderReport } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { decimal, id, side, time } from '../binance/private-messages.ts';
import type { Params } from '../binance/signing.ts';

/**
 * Conditional orders live in a service of their own (`algoOrder`) until they are triggered; then the matching engine has an order of another id, and the plain
 * endpoints know that one. Our id is the conditional order's; what the triggered order carries is not promised, so it is told by its id.
 */

const algoStatus = z.enum(['NEW', 'TRIGGERING', 'TRIGGERED', 'FINISHED', 'CANCELED', 'EXPIRED', 'REJECTED']);
type AlgoStatus = z.infer<typeof algoStatus>;

/** Empty until it is triggered; 0 and null say the same. */
const actualId = z
  .union([z.literal(''), id])
  .nullish()
  .transform((text) => (text === '0' ? '' : (text ?? '')));
/** What an order that closes a whole position, or trails the price, may not state. */
const statedDecimal = decimal.nullish().transform((text) => text ?? '0');

/** A conditional order as queries give it. */
export const algoRow = z.looseObject({
  algoId: id,
  clientAlgoId: z.string(),
  symbol: z.string(),
  side,
  orderType: z.string().default(''),
  quantity: statedDecimal,
  triggerPrice: statedDecimal,
  /** Of those that become limit orders. */
  price: statedDecimal,
  algoStatus,
  actualOrderId: actualId,
  reduceOnly: z.boolean().default(false),
  createTime: time,
  updateTime: time,
});
export type AlgoRow = z.infer<typeof algoRow>;

/** `ALGO_UPDATE` of the user stream. */
export const algoUpdate = z.looseObject({
  e: z.literal('ALGO_UPDATE'),
  T: time,
  o: z.looseObject({
    caid: z.string(),
    aid: id,
    s: z.string(),
    S: side,
    o: z.string().default(''),
    q: statedDecimal,
    tp: statedDecimal,
    p: statedDecimal,
    X: algoStatus,
    ai: actualId,
    R: z.boolean().default(false),
    rm: z.string().nullish(),
  }),
});
export type AlgoUpdate = z.infer<typeof algoUpdate>;

/** What a conditional order by itself says; null: the matching engine's order says it, as soon as there is one. */
const STATUS: Readonly<Record<AlgoStatus, OrderReport['status'] | null>> = {
  NEW: 'accepted',
  TRIGGERING: 'accepted',
  TRIGGERED: null,
  FINISHED: null,
  CANCELED: 'canceled',
  EXPIRED: 'expired',
  REJECTED: 'rejected',
};

export function reportOfAlgoUpdate({ o, T }: AlgoUpdate): OrderReport | null {
  const status = STATUS[o.X];
  if (status === null) return null;
  const ended = status === 'expired' || status === 'rejected';
  return {
    ...reportOf(o.s, o.caid, o.aid, status, 'accountStream'),
    ...termsOf(o.o, o.p, o.tp),
    side: o.S,
    size: o.q,
    reduceOnly: o.R,
    reason: ended ? `${o.X}${o.rm === null || o.rm === undefined ? '' : ` ${o.rm}`}` : '',
    venueTime: T as EpochMs,
  };
}

export function reportOfAlgoRow(row: AlgoRow): OrderReport | null {
  const status = STATUS[row.algoStatus];
  if (status === null) return null;
  return {
    ...reportOf(row.symbol, row.clientAlgoId, row.algoId, status, 'query'),
    ...termsOf(row.orderType, row.price, row.triggerPrice),
    side: row.side,
    size: row.quantity,
    reduceOnly: row.reduceOnly,
    reason: status === 'expired' || status === 'rejected' ? row.algoStatus : '',
    venueTime: row.updateTime as EpochMs,
  };
}

function reportOf(
  symbol: string,
  clientOrderId: string,
  venueOrderId: string,
  status: OrderReport['status'],
  source: OrderReport['source'],
): Omit<OrderReport, 'side' | 'price' | 'size' | 'reduceOnly' | 'reason' | 'venueTime'> {
  return {
    kind: 'orderReport',
    source,
    symbol,
    clientOrderId,
    venueOrderId,
    status,
    cumulativeSize: '0',
  };
}

const TYPE = { stopMarket: 'STOP_MARKET', takeProfitMarket: 'TAKE_PROFIT_MARKET' } as const;
const ORDER_TYPES: Readonly<Record<string, keyof typeof TYPE>> = {
  STOP_MARKET: 'stopMarket',
  TAKE_PROFIT_MARKET: 'takeProfitMarket',
};

/** What it waits for and becomes: who adopts it must not take it for an order at the market. */
function termsOf(
  type: string,
  price: string,
  triggerPrice: string,
): Pick<OrderReport, 'price' | 'orderType' | 'triggerPrice'> {
  const orderType = ORDER_TYPES[type];
  return {
    price: price === '0' ? null : price,
    ...(orderType === undefined ? {} : { orderType }),
    ...(triggerPrice === '0' ? {} : { triggerPrice }),
  };
}

/** `algoOrder.place` without the signed part, sorted by name as it is signed. */
export function placeAlgoParams(
  intent: OrderIntent & { readonly type: keyof typeof TYPE },
  instrument: { readonly priceScale: number; readonly sizeScale: number },
): Params {
  const { clientOrderId: clientAlgoId, symbol } = intent;
  const quantity = formatScaled(intent.size, instrument.sizeScale);
  const side = intent.side === 'buy' ? 'BUY' : 'SELL';
  const triggerPrice = formatScaled(intent.triggerPrice ?? 0, instrument.priceScale);
  const first = { algoType: 'CONDITIONAL', clientAlgoId, quantity };
  const last = { side, symbol, triggerPrice, type: TYPE[intent.type] };
  return intent.reduceOnly ? { ...first, reduceOnly: 'true', ...last } : { ...first, ...last };
}
