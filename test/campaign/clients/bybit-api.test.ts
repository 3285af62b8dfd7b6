import { describe, it } from 'vitest';
import { requirePeer } from '../../../bench/comparison/install.ts';
import type { ContractWorld } from '../../contract/contract-world.ts';
import { type ForeignClient, type ForeignOrder, type Heard, KEYS, tradeThrough, withPeers } from './foreign-client.ts';

/** The parts of `bybit-api` that are driven here. */
interface Package {
  readonly RestClientV5: new (options: object) => RestClient;
  readonly WebsocketClient: new (options: object, logger: object) => UpdateClient;
}
interface Answer {
  readonly retCode: number;
  readonly retMsg: string;
}
interface RestClient {
  submitOrder(order: object): Promise<Answer>;
  amendOrder(order: object): Promise<Answer>;
  cancelOrder(order: object): Promise<Answer>;
}
interface UpdateClient {
  on(event: string, run: (data: { readonly topic?: string; readonly data?: readonly Row[] }) => void): void;
  subscribeV5(topics: readonly string[], category: string): readonly Promise<unknown>[];
  closeAll(force: boolean): void;
}
interface Row {
  readonly orderLinkId: string;
  readonly orderStatus: string;
}

const SILENT = { trace: () => undefined, info: () => undefined, error: () => undefined };

function openCategory(category: 'linear' | 'spot') {
  return (world: ContractWorld, heard: Heard): ForeignClient => {
    const { RestClientV5, WebsocketClient } = requirePeer<Package>('bybit-api');
    const { rest, account } = world.server.urls;
    const keys = { key: KEYS.key, secret: KEYS.secret };
    const client = new RestClientV5({ ...keys, baseUrl: rest });
    const updates = new WebsocketClient({ ...keys, wsUrl: `${account}/v5/private` }, SILENT);
    updates.on('update', ({ topic, data }) => {
      if (topic?.startsWith('order')) for (const each of data ?? []) heard(each.orderLinkId, each.orderStatus);
    });
    const done = async (answer: Promise<Answer>): Promise<void> => {
      const { retCode, retMsg } = await answer;
      if (retCode !== 0) throw new Error(`${retCode} ${retMsg}`);
    };
    const named = (order: ForeignOrder) => ({ category, symbol: order.symbol, orderLinkId: order.id });
    return {
      async connect() {
        // Its own promise ends when the request is written; the venue's answer is an event.
        const answered = new Promise<void>((resolve) => updates.on('response', () => resolve()));
        await Promise.all(updates.subscribeV5(['order', 'execution'], category));
        await answered;
      },
      place: (order) =>
        done(
          client.submitOrder({
            ...named(order),
            side: order.side === 'buy' ? 'Buy' : 'Sell',
            qty: order.size,
            ...(category === 'spot' && order.price === null ? { marketUnit: 'baseCoin' } : {}),
            ...(order.price === null
              ? { orderType: 'Market' }
              : { orderType: 'Limit', price: order.price, timeInForce: 'GTC' }),
          }),
        ),
      async amend(order, { price, size }) {
        await done(client.amendOrder({ ...named(order), price, qty: size }));
        return order.id;
      },
      cancel: (order) => done(client.cancelOrder(named(order))),
      close: () => updates.closeAll(true),
    };
  };
}

describe('T9: the client `bybit-api` trades on the simulated venues', () => {
  withPeers();
  const words = { working: /^new$/, canceled: /^cancelled$/, filled: /^filled$/ };
  it('linear: places, amends, cancels and is told', () => tradeThrough('bybit-linear', openCategory('linear'), words));
  it('spot: places, amends, cancels and is told', () => tradeThrough('bybit-spot', openCategory('spot'), words));
});
