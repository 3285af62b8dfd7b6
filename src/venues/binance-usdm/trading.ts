import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { OrderIntent } from '#core/orders/order.ts';
import type { ConnectionStatus, OrderAnswer, OrderEntry, OrderTarget } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { createRestClient } from '../binance/rest.ts';
import type { Params } from '../binance/signing.ts';
import { createWebsocketApi, type OrderEntryTiming, type RequestCost } from '../binance/websocket-api.ts';
import { RecentMap } from '../connection/recent-map.ts';
import type { AccountRuntime, Managed } from '../venue.ts';
import { placeAlgoParams } from './algo-orders.ts';
import { binanceUsdmApi } from './api.ts';
import { createDeadManSwitch, type DeadManTiming } from './dead-man-switch.ts';

const ORDER: RequestCost = { orders: 1, weight: 0, priority: 'normal' };
const CANCEL: RequestCost = { orders: 0, weight: 1, priority: 'cancel' };
const PROBE = { method: 'v2/account.balance', weight: 5 };

/** The kind of so many orders is remembered at least. */
const REMEMBERED = 10_000;
const CONDITIONAL_FIRST = ['conditional', 'plain'] as const;
const PLAIN_FIRST = ['plain', 'conditional'] as const;

function isUnknownThere(answer: OrderAnswer): boolean {
  return answer.kind === 'rejected' && (answer.errorClass === 'alreadySo' || answer.errorClass === 'notFound');
}

/** Order entry by the websocket API of USD-M futures. Conditional orders go to the service that keeps them. */
export function createBinanceUsdmOrderEntry(
  runtime: AccountRuntime,
  onStatus: (status: ConnectionStatus) => void,
  timing: OrderEntryTiming & { readonly deadMan?: DeadManTiming } = {},
): OrderEntry & Managed {
  const api = createWebsocketApi({ api: binanceUsdmApi, runtime, onStatus, timing, probe: PROBE });
  const rest = createRestClient(binanceUsdmApi, runtime);
  const deadMan = createDeadManSwitch({ rest, timers: runtime.timers, log: runtime.log }, timing.deadMan);
  /** Where each order was placed: the two kinds are cancelled at different places. */
  const placedAs = new RecentMap<'plain' | 'conditional'>(REMEMBERED);

  function cancelAs(
    kind: 'plain' | 'conditional',
    { clientOrderId, symbol }: OrderTarget,
    validUntil: EpochMs,
    answer: (answer: OrderAnswer) => void,
  ): void {
    if (kind === 'conditional') {
      api.request('algoOrder.cancel', { clientAlgoId: clientOrderId }, CANCEL, validUntil, answer);
    } else {
      api.request('order.cancel', { origClientOrderId: clientOrderId, symbol }, CANCEL, validUntil, answer);
    }
  }

  return {
    notReady: api.notReady,
    place(intent, instrument, validUntil, answer) {
      if (api.notReady() === null) deadMan.guard(intent.symbol);
      if (intent.type === 'stopMarket' || intent.type === 'takeProfitMarket') {
        placedAs.set(intent.clientOrderId, 'conditional');
        const params = placeAlgoParams({ ...intent, type: intent.type }, instrument);
        api.request('algoOrder.place', params, ORDER, validUntil, answer);
        return;
      }
      placedAs.set(intent.clientOrderId, 'plain');
      api.request('order.place', placeParams(intent, instrument), ORDER, validUntil, answer);
    },
    cancel(target, validUntil, answer) {
      const kind = placedAs.get(target.clientOrderId);
      if (kind === 'plain') {
        cancelAs('plain', target, validUntil, answer);
        return;
      }
      // A conditional order that was triggered is a plain one; of an order from before nobody knows which it was.
      const [first, second] = kind === 'conditional' ? CONDITIONAL_FIRST : PLAIN_FIRST;
      cancelAs(first, target, validUntil, (answered) => {
        if (isUnknownThere(answered)) cancelAs(second, target, validUntil, answer);
        else answer(answered);
      });
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
    start() {
      api.start();
      deadMan.start();
    },
    async stop() {
      await deadMan.stop();
      await api.stop();
    },
    status: api.status,
    beats: api.beats,
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
