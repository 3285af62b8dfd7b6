import { describe, it } from 'vitest';
import { requirePeer } from '../../../bench/comparison/install.ts';
import type { ContractWorld } from '../../contract/contract-world.ts';
import { type ForeignClient, type Heard, KEYS, tradeThrough, withPeers } from './foreign-client.ts';

/** The parts of `binance` (tiagosiebler) that are driven here. */
interface Package {
  readonly USDMClient: new (options: object) => UsdmClient;
  readonly WebsocketClient: new (options: object, logger: object) => UpdateClient;
  readonly WebsocketAPIClient: new (options: object, logger: object) => SpotClient;
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

/** Spot, wholly over its websocket API. */
interface SpotClient {
  getWSClient(): UpdateClient;
  subscribeUserDataStream(wsKey: string): Promise<unknown>;
  submitNewSpotOrder(order: object): Promise<unknown>;
  cancelSpotOrder(order: object): Promise<unknown>;
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
      return order.id;
    },
    cancel: async ({ symbol, id }) => {
      await client.cancelOrder({ symbol, origClientOrderId: id });
    },
    close: () => updates.closeAll(true),
  };
}

function openSpot(world: ContractWorld, heard: Heard): ForeignClient {
  const { WebsocketAPIClient } = requirePeer<Package>('binance');
  const wsUrl = world.server.urls.account.replace(/^(ws:\/\/[^/]+).*/, '$1');
  const client = new WebsocketAPIClient({ api_key: KEYS.key, api_secret: KEYS.secret, wsUrl }, SILENT);
  const updates = client.getWSClient();
  updates.on('message', (data) => {
    const event = (data.event ?? data) as Record<string, unknown>;
    if (event.e !== 'executionReport') return;
    // Of a cancelled order the report's own id is the request's; the order's is `C`.
    heard(String(event.X === 'CANCELED' ? event.C : event.c), String(event.X));
  });
  return {
    async connect() {
      await client.subscribeUserDataStream('mainWSAPI');
    },
    async place(order) {
      const terms =
        order.price === null ? { type: 'MARKET' } : { type: 'LIMIT', price: order.price, timeInForce: 'GTC' };
      await client.submitNewSpotOrder({
        symbol: order.symbol,
        side: order.side.toUpperCase(),
        quantity: order.size,
        newClientOrderId: order.id,
        timestamp: Date.now(),
        ...terms,
      });
    },
    async cancel({ symbol, id }) {
      await client.cancelSpotOrder({ symbol, origClientOrderId: id, timestamp: Date.now() });
    },
    close: () => updates.closeAll(true),
  };
}

describe('T9: the client `binance` trades on the simulated venues', () => {
  withPeers();
  const words = { working: /^new$/, canceled: /^canceled$/, filled: /^filled$/ };
  it('USD-M: places, amends, cancels and is told', () => tradeThrough('binance-usdm', openUsdm, words));
  it('spot: places, cancels and is told', () => tradeThrough('binance-spot', openSpot, words));
});
