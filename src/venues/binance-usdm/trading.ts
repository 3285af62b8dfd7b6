import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { OrderIntent } from '#core/orders/order.ts';
import type { ConnectionStatus, OrderEntry } from '#core/orders/venue-ports.ts';
import type { Params } from '../binance/signing.ts';
import { createWebsocketApi, type OrderEntryTiming, type RequestCost } from '../binance/websocket-api.ts';
import type { AccountRuntime, Managed } from '../venue.ts';
import { binanceUsdmApi } from './api.ts';

const ORDER: RequestCost = { orders: 1, weight: 0, priority: 'normal' };
const CANCEL: RequestCost = { orders: 0, weight: 1, priority: 'cancel' };

/** Order entry by the websocket API of USD-M futures. */
export function createBinanceUsdmOrderEntry(
  runtime: AccountRuntime,
  onStatus: (status: ConnectionStatus) => void,
  timing: OrderEntryTiming = {},
): OrderEntry & Managed {
  const api = createWebsocketApi({ api: binanceUsdmApi, runtime, onStatus, timing, probe: 'v2/account.balance' });
  return {
    notReady: api.notReady,
    place(intent, instrument, validUntil, answer) {
      api.request('order.place', placeParams(intent, instrument), ORDER, validUntil, answer);
    },
    cancel(target, validUntil, answer) {
      const params = { origClientOrderId: target.clientOrderId, symbol: target.symbol };
      api.request('order.cancel', params, CANCEL, validUntil, answer);
    },
    amend(target, change, instrument, validUntil, answer) {
      const params = {
        origClientOrderId: target.clientOrderId,
        price: formatScaled(change.price, instrument.priceScale),
        quantity: formatScaled(change.size, instrument.sizeScale),
        side: change.side === 'buy' ? 'BUY' : 'SELL',
        symbol: target.symbol,
      };
      api.request('order.modify', params, ORDER, validUntil, answer);
    },
    start: api.start,
    stop: api.stop,
    status: api.status,
  };
}

const TIME_IN_FORCE: Readonly<Record<OrderIntent['timeInForce'], string>> = {
  gtc: 'GTC',
  ioc: 'IOC',
  fok: 'FOK',
  postOnly: 'GTX',
};

/** `order.place` without the signed part, sorted by name as it is signed. An acknowledgement says only that it was taken in. */
function placeParams(
  intent: OrderIntent,
  instrument: { readonly priceScale: number; readonly sizeScale: number },
): Params {
  const { clientOrderId: newClientOrderId, symbol, price } = intent;
  const newOrderRespType = 'ACK';
  const quantity = formatScaled(intent.size, instrument.sizeScale);
  const side = intent.side === 'buy' ? 'BUY' : 'SELL';
  if (intent.type === 'market' || price === null) {
    const type = intent.type === 'market' ? 'MARKET' : 'LIMIT';
    return intent.reduceOnly
      ? { newClientOrderId, newOrderRespType, quantity, reduceOnly: 'true', side, symbol, type }
      : { newClientOrderId, newOrderRespType, quantity, side, symbol, type };
  }
  const limit = formatScaled(price, instrument.priceScale);
  const timeInForce = TIME_IN_FORCE[intent.timeInForce];
  const type = 'LIMIT';
  return intent.reduceOnly
    ? {
        newClientOrderId,
        newOrderRespType,
        price: limit,
        quantity,
        reduceOnly: 'true',
        side,
        symbol,
        timeInForce,
        type,
      }
    : { newClientOrderId, newOrderRespType, price: limit, quantity, side, symbol, timeInForce, type };
}
