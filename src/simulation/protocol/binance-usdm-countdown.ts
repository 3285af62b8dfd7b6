import type { RequestParams } from './binance-auth.ts';
import type { BinanceContext } from './binance-context.ts';
import { badValue } from './binance-errors.ts';
import { required } from './binance-params.ts';
import { isWaiting } from './binance-usdm-algo.ts';

/** `countdownCancelAll`: the open orders of a symbol go when its countdown was not renewed in time. Whether conditional ones go as well is not documented: they stay. */
export interface Countdowns {
  set(accountId: string, params: RequestParams): Record<string, unknown>;
  /** Carries out those that have run out. */
  check(): void;
}

export function createCountdowns(context: BinanceContext): Countdowns {
  const running = new Map<string, { readonly accountId: string; readonly symbol: string; readonly at: number }>();
  return {
    set(accountId, params) {
      const { symbol } = context.instrument(required(params, 'symbol'));
      const text = required(params, 'countdownTime');
      if (!/^\d{1,10}$/.test(text)) throw badValue('countdownTime');
      const key = `${accountId} ${symbol}`;
      if (Number(text) === 0) running.delete(key);
      else running.set(key, { accountId, symbol, at: context.now() + Number(text) });
      return { symbol, countdownTime: text };
    },
    check() {
      const now = context.now();
      for (const [key, { accountId, symbol, at }] of running) {
        if (at > now) continue;
        running.delete(key);
        for (const order of context.exchange.openOrders(accountId, symbol)) {
          if (isWaiting(context, order)) continue;
          context.exchange.cancel(accountId, { orderId: order.orderId, clientOrderId: null });
        }
      }
    },
  };
}
