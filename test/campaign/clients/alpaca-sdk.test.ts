import { describe, it } from 'vitest';
import { requirePeer } from '../../../bench/comparison/install.ts';
import type { ContractWorld } from '../../contract/contract-world.ts';
import { type ForeignClient, type ForeignOrder, type Heard, KEYS, tradeThrough, withPeers } from './foreign-client.ts';

/** The parts of Alpaca's own SDK that are driven here. */
interface Package {
  readonly trading: {
    readonly Configuration: new (options: object) => object;
    readonly OrdersApi: new (configuration: object) => OrdersApi;
  };
  readonly streaming: { readonly TradingStream: new (options: object) => TradingStream };
}
interface OrdersApi {
  postOrder(request: { readonly postOrderRequest: object }): Promise<{ readonly id: string }>;
  patchOrderByOrderId(request: {
    readonly orderId: string;
    readonly patchOrderRequest: object;
  }): Promise<{ readonly id: string }>;
  deleteOrderByOrderID(request: { readonly orderId: string }): Promise<void>;
}
interface TradingStream {
  connect(): void;
  disconnect(): void;
  subscribeTradeUpdates(): void;
  onTradeUpdate(run: (update: TradeUpdate) => void): void;
  on(event: string, run: () => void): void;
}
interface TradeUpdate {
  readonly event: string;
  readonly order: { readonly client_order_id?: string; readonly clientOrderId?: string };
}

function openSdk(world: ContractWorld, heard: Heard): ForeignClient {
  const { trading, streaming } = requirePeer<Package>('@alpacahq/alpaca-trade-api');
  const { rest, account } = world.server.urls;
  const keys = { keyId: KEYS.key, secret: KEYS.secret };
  const orders = new trading.OrdersApi(new trading.Configuration({ ...keys, basePath: rest }));
  const stream = new streaming.TradingStream({ credentials: keys, url: `${account}/stream` });
  stream.onTradeUpdate(({ event, order }) => heard(order.clientOrderId ?? order.client_order_id ?? '', event));
  const ids = new Map<string, string>();
  const idOf = (order: ForeignOrder): string => {
    const id = ids.get(order.id);
    if (id === undefined) throw new Error(`no id of ${order.id}`);
    return id;
  };
  return {
    connect: () =>
      new Promise((resolve) => {
        stream.on('subscription', () => resolve());
        stream.subscribeTradeUpdates();
        stream.connect();
      }),
    async place(order) {
      const terms = order.price === null ? { type: 'market' } : { type: 'limit', limitPrice: order.price };
      const { id } = await orders.postOrder({
        postOrderRequest: {
          symbol: order.symbol,
          qty: order.size,
          side: order.side,
          timeInForce: 'day',
          clientOrderId: order.id,
          ...terms,
        },
      });
      ids.set(order.id, id);
    },
    async amend(order, { price, size }) {
      // A replacement is another order, with a client id of its own.
      const clientOrderId = `${order.id}-replaced`;
      const { id } = await orders.patchOrderByOrderId({
        orderId: idOf(order),
        patchOrderRequest: { qty: size, limitPrice: price, clientOrderId },
      });
      ids.set(order.id, id);
      return clientOrderId;
    },
    cancel: (order) => orders.deleteOrderByOrderID({ orderId: idOf(order) }),
    close: () => stream.disconnect(),
  };
}

describe('T9: Alpaca’s own SDK trades on the simulated venue', () => {
  withPeers();
  const words = { working: /^(new|accepted)$/, canceled: /^canceled$/, filled: /^fill$/ };
  it('equities: places, replaces, cancels and is told', () => tradeThrough('alpaca', openSdk, words));
});
