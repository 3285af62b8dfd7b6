import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { OrderIntent } from '#core/orders/order.ts';
import type { ConnectionStatus, OrderAnswer, OrderEntry } from '#core/orders/venue-ports.ts';
import type { Params } from '../binance/signing.ts';
import { createWebsocketApi, type OrderEntryTiming, type RequestCost } from '../binance/websocket-api.ts';
import { RecentMap } from '../connection/recent-map.ts';
import type { AccountRuntime, Managed } from '../venue.ts';
import { binanceSpotApi } from './api.ts';

const PLACE: RequestCost = { orders: 1, weight: 1, priority: 'normal' };
const CANCEL: RequestCost = { orders: 0, weight: 1, priority: 'cancel' };
const AMEND: RequestCost = { orders: 0, weight: 4, priority: 'normal' };
const PROBE = { method: 'account.rateLimits.orders', weight: 40 };
/** The price of so many orders is remembered at least. */
const REMEMBERED = 10_000;

/**
 * Order entry by the websocket API of spot. Orders are acknowledged alone (`newOrderRespType` ACK): fills come by the account stream, once. An amendment can only
 * lower the size of an order whose price is known here; another is refused before it is sent (`AMEND_UNSUPPORTED`).
 */
export function createBinanceSpotOrderEntry(
  runtime: AccountRuntime,
  onStatus: (status: ConnectionStatus) => void,
  timing: OrderEntryTiming = {},
): OrderEntry & Managed {
  const api = createWebsocketApi({
    api: binanceSpotApi,
    runtime,
    onStatus,
    timing,
    probe: PROBE,
  });
  const prices = new RecentMap<string>(REMEMBERED);

  return {
    notReady: api.notReady,
    place(intent, instrument, validUntil, answer) {
      const params = placeParams(intent, instrument);
      if (params.price !== undefined) prices.set(intent.clientOrderId, params.price);
      api.request('order.place', params, PLACE, validUntil, answer);
    },
    cancel(target, validUntil, answer) {
      const params = { origClientOrderId: target.clientOrderId, symbol: target.symbol };
      api.request('order.cancel', params, CANCEL, validUntil, answer);
    },
    amend(target, change, instrument, validUntil, answer) {
      const { clientOrderId, symbol } = target;
      if (prices.get(clientOrderId) !== formatScaled(change.price, instrument.priceScale)) {
        queueMicrotask(() => answer(AMEND_UNSUPPORTED));
        return;
      }
      const params = {
        newClientOrderId: clientOrderId,
        newQty: formatScaled(change.size, instrument.sizeScale),
        origClientOrderId: clientOrderId,
        symbol,
      };
      api.request('order.amend.keepPriority', params, AMEND, validUntil, answer);
    },
    start: api.start,
    stop: api.stop,
    status: api.status,
    beats: api.beats,
  };
}

const AMEND_UNSUPPORTED: OrderAnswer = {
  kind: 'rejected',
  code: 'AMEND_UNSUPPORTED',
  text: 'nothing was sent: the venue can only lower the size of an order in place',
  errorClass: 'reject',
};

const TIME_IN_FORCE: Readonly<Record<Exclude<OrderIntent['timeInForce'], 'postOnly'>, string>> = {
  gtc: 'GTC',
  ioc: 'IOC',
  fok: 'FOK',
};
const AT_MARKET = { market: 'MARKET', stopMarket: 'STOP_LOSS', takeProfitMarket: 'TAKE_PROFIT' } as const;

/** `order.place` without the signed part, sorted by name as it is signed. Spot has no reduce-only. */
function placeParams(
  intent: OrderIntent,
  instrument: { readonly priceScale: number; readonly sizeScale: number },
): Params & { readonly price?: string } {
  const { clientOrderId: newClientOrderId, symbol } = intent;
  const newOrderRespType = 'ACK';
  const quantity = formatScaled(intent.size, instrument.sizeScale);
  const side = intent.side === 'buy' ? 'BUY' : 'SELL';
  if (intent.type !== 'limit') {
    const common = { newClientOrderId, newOrderRespType, quantity, side };
    const type = AT_MARKET[intent.type];
    if (intent.triggerPrice === undefined) return { ...common, symbol, type };
    return { ...common, stopPrice: formatScaled(intent.triggerPrice, instrument.priceScale), symbol, type };
  }
  const price = formatScaled(intent.price ?? 0, instrument.priceScale);
  const common = { newClientOrderId, newOrderRespType, price, quantity, side, symbol };
  if (intent.timeInForce === 'postOnly') return { ...common, type: 'LIMIT_MAKER' };
  return { ...common, timeInForce: TIME_IN_FORCE[intent.timeInForce], type: 'LIMIT' };
}
