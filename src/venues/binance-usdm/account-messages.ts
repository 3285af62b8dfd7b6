import { z } from 'zod';
import { orderStatus } from '../binance/order-status.ts';
import { decimal, id, side, time } from '../binance/private-messages.ts';

/**
 * Private messages of the venue: user stream and signed REST rows. Unknown keys are allowed: the venue adds fields without notice.
 */

const positionSide = z.enum(['BOTH', 'LONG', 'SHORT']);

/** ORDER_TRADE_UPDATE: what happened to one order. */
export const orderTradeUpdate = z.looseObject({
  e: z.literal('ORDER_TRADE_UPDATE'),
  E: time,
  T: time,
  o: z.looseObject({
    s: z.string(),
    c: z.string(),
    S: side,
    o: z.string(),
    f: z.string(),
    q: decimal,
    p: decimal,
    x: z.string(),
    X: orderStatus,
    i: id,
    l: decimal,
    z: decimal,
    L: decimal,
    N: z.string().nullish(),
    n: decimal.nullish(),
    T: time,
    t: id,
    m: z.boolean(),
    R: z.boolean(),
    ps: positionSide,
    rp: decimal.nullish(),
    er: z.union([z.string(), z.number()]).nullish(),
  }),
});
export type OrderTradeUpdate = z.infer<typeof orderTradeUpdate>;

/** ACCOUNT_UPDATE: the changed balances and positions, and why. */
export const accountUpdate = z.looseObject({
  e: z.literal('ACCOUNT_UPDATE'),
  E: time,
  T: time,
  a: z.looseObject({
    m: z.string(),
    B: z.array(z.looseObject({ a: z.string(), wb: decimal, cw: decimal.optional(), bc: decimal })).default([]),
    P: z.array(z.looseObject({ s: z.string(), pa: decimal, ep: decimal, ps: positionSide })).default([]),
  }),
});
export type AccountUpdate = z.infer<typeof accountUpdate>;

/** An order as `order`, `openOrders`, `allOrders` and the answers to order requests give it. */
export const restOrder = z.looseObject({
  symbol: z.string(),
  orderId: id,
  clientOrderId: z.string(),
  side,
  type: z.string(),
  timeInForce: z.string(),
  status: orderStatus,
  price: decimal,
  origQty: decimal,
  executedQty: decimal,
  reduceOnly: z.boolean(),
  positionSide: positionSide.default('BOTH'),
  time: time.optional(),
  updateTime: time,
});
export type RestOrder = z.infer<typeof restOrder>;

/** One execution as `userTrades` gives it. */
export const userTrade = z.looseObject({
  symbol: z.string(),
  id,
  orderId: id,
  side,
  price: decimal,
  qty: decimal,
  commission: decimal,
  commissionAsset: z.string(),
  maker: z.boolean(),
  positionSide: positionSide.default('BOTH'),
  time,
});
export type UserTrade = z.infer<typeof userTrade>;

export const positionRow = z.looseObject({
  symbol: z.string(),
  positionAmt: decimal,
  entryPrice: decimal,
  positionSide,
  updateTime: time,
});

export const balanceRow = z.looseObject({
  asset: z.string(),
  balance: decimal,
  availableBalance: decimal,
  updateTime: time.default(0),
});

export const listenKeyAnswer = z.looseObject({ listenKey: z.string().min(1) });
export const positionMode = z.looseObject({ dualSidePosition: z.boolean() });
