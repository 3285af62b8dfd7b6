import { describe, it } from 'vitest';
import { requirePeer } from '../../../bench/comparison/install.ts';
import type { ContractWorld } from '../../contract/contract-world.ts';
import { type ForeignClient, type Heard, KEYS, tradeThrough, withPeers } from './foreign-client.ts';

/** The parts of `binance` (tiagosiebler) that are driven here. */
interface Package {
  readonly USDMClient: new (options: object) => UsdmClient;
  readonly WebsocketClient: new (options: object, logger: object) => UpdateClient;
}
interface UsdmClient {
  submitNewOrder(order: object): Promise<unknown>;
  modifyOrder(order: object): Promise<unknown>;
  cancelOrder(order: object): Promise<unknown>;
}
interface UpdateClient {
  on(event: string, run: (data: Record<string, unknown>) => void): void;
  subscribeUsdFuturesUserDataStream(): Promise<unknown>;
  closeAll(force: boolean): void;
}

const SILENT = { trace: () => undefined, info: () => undefined, error: () => undefined };

function openUsdm(world: ContractWorld, heard: Heard): ForeignClient {
  const { USDMClient, WebsocketClient } = requirePeer<Package>('binance');
  const { rest, account } = world.server.urls;
  const keys = { api_key: KEYS.key, api_secret: KEYS.secret };
  const client = new USDMClient({ ...keys, baseUrl: rest });
  const updates = new WebsocketClient({ ...keys, wsUrl: account, restOptions: { baseUrl: rest } }, SILENT);
  updates.on('message', (data) => {
    const order = data.o as { readonly c: string; readonly X: string } | undefined;
    if (data.e === 'ORDER_TRADE_UPDATE' && order !== undefined) heard(order.c, order.X);
  });
  const side = (order: { readonly side: string }) => order.side.toUpperCase();
  return {
    async connect() {
      await updates.subscribeUsdFuturesUserDataStream();
    },
    place: async (order) => {
      const terms =
        order.price === null ? { type: 'MARKET' } : { type: 'LIMIT', price: order.price, timeInForce: 'GTC' };
      await client.submitNewOrder({
        symbol: order.symbol,
        side: side(order),
        quantity: order.size,
        newClientOrderId: order.id,
        ...terms,
      });
    },
    amend: async (order, { price, size }) => {
      await client.modifyOrder({
        symbol: order.symbol,
        side: side(order),
        origClientOrderId: order.id,
        price,
        quantity: size,
      });
    },
    cancel: async ({ symbol, id }) => {
      await client.cancelOrder({ symbol, origClientOrderId: id });
    },
    close: () => updates.closeAll(true),
  };
}

describe('T9: the client `binance` trades on the simulated venues', () => {
  withPeers();
  const words = { working: /^new$/, canceled: /^canceled$/, filled: /^filled$/ };
  it('USD-M: places, amends, cancels and is told', () => tradeThrough('binance-usdm', openUsdm, words));
});
