import { z } from 'zod';
import { orderStatus } from '../binance/order-status.ts';
import { decimal, id, side, time } from '../binance/private-messages.ts';

/** Private messages of spot: user data events and signed REST rows. Unknown keys are allowed: the venue adds fields without notice. */

/** `executionReport`: what happened to one order. */
export const executionReport = z.looseObject({
  e: z.literal('executionReport'),
  E: time,
  s: z.string(),
  /** The client id; of a cancel that of the cancel itself, while `C` has the order's. */
  c: z.string(),
  C: z.string().nullish(),
  S: side,
  o: z.string(),
  f: z.string(),
  q: decimal,
  p: decimal,
  /** Stop price. */
  P: decimal.default('0'),
  x: z.string(),
  X: orderStatus,
  r: z.string().default('NONE'),
  i: id,
  l: decimal,
  z: decimal,
  L: decimal,
  n: decimal.nullish(),
  N: z.string().nullish(),
  T: time,
  /** -1 where there is no trade. */
  t: id,
  m: z.boolean(),
});
export type ExecutionReport = z.infer<typeof executionReport>;

/** `outboundAccountPosition`: the balances that may have changed. */
export const accountPosition = z.looseObject({
  e: z.literal('outboundAccountPosition'),
  E: time,
  u: time,
  B: z.array(z.looseObject({ a: z.string(), f: decimal, l: decimal })),
});
export type AccountPosition = z.infer<typeof accountPosition>;

/** `balanceUpdate`: a deposit, a withdrawal or a transfer between accounts. */
export const balanceUpdate = z.looseObject({
  e: z.literal('balanceUpdate'),
  E: time,
  a: z.string(),
  d: decimal,
  T: time,
});
export type BalanceUpdate = z.infer<typeof balanceUpdate>;

/** What the private stream carries: events in their wrapping, answers to requests, and notices of the connection. */
export const privateFrame = z.looseObject({
  event: z.looseObject({ e: z.string() }).optional(),
  id: z.union([z.string(), z.number()]).nullish(),
  e: z.string().optional(),
});

/** An order as `order`, `openOrders` and `allOrders` give it. */
export const restOrder = z.looseObject({
  symbol: z.string(),
  orderId: id,
  clientOrderId: z.string(),
  side,
  type: z.string(),
  timeInForce: z.string(),
  status: orderStatus,
  price: decimal,
  stopPrice: decimal.default('0'),
  origQty: decimal,
  executedQty: decimal,
  time: time.optional(),
  updateTime: time,
});
export type RestOrder = z.infer<typeof restOrder>;

/** One execution as `myTrades` gives it. */
export const userTrade = z.looseObject({
  symbol: z.string(),
  id,
  orderId: id,
  price: decimal,
  qty: decimal,
  commission: decimal,
  commissionAsset: z.string(),
  isBuyer: z.boolean(),
  isMaker: z.boolean(),
  time,
});
export type UserTrade = z.infer<typeof userTrade>;

/** `account`. */
export const account = z.looseObject({
  updateTime: time.default(0),
  balances: z.array(z.looseObject({ asset: z.string(), free: decimal, locked: decimal })),
});
