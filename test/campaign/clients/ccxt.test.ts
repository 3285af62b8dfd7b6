import { describe, it } from 'vitest';
import type { Instrument, VenueId } from '#core/market/instrument.ts';
import { importPeer } from '../../../bench/comparison/install.ts';
import type { ContractWorld } from '../../contract/contract-world.ts';
import {
  type ForeignClient,
  type ForeignOrder,
  type Heard,
  KEYS,
  type Terms,
  tradeThrough,
  withPeers,
} from './foreign-client.ts';

/** The parts of ccxt pro that are driven here. */
interface Exchange {
  urls: { api: UrlTree };
  setMarkets(markets: readonly object[]): void;
  getHttpAgentIfNeeded: () => undefined;
  watchOrders(symbol: string): Promise<readonly Order[]>;
  createOrder(
    symbol: string,
    type: string,
    side: string,
    amount: number,
    price: number | undefined,
    params: object,
  ): Promise<Order>;
  editOrder(id: string, symbol: string, type: string, side: string, amount: number, price: number): Promise<Order>;
  cancelOrder(id: string, symbol: string): Promise<unknown>;
  close(): Promise<void>;
}
interface Order {
  readonly id: string;
  readonly clientOrderId?: string;
  readonly info: { readonly label?: string };
  readonly status: string;
}
type UrlTree = string | { readonly [name: string]: UrlTree };

interface CcxtVenue {
  readonly exchange: string;
  readonly options: object;
  /** ccxt's own name of our instrument. */
  readonly symbol: (instrument: Instrument) => string;
  readonly amends: boolean;
  /** What an order carries besides, its client id among it where ccxt has another name for that. */
  readonly params?: (id: string) => object;
}

const VENUES_OF_CCXT: Readonly<Partial<Record<VenueId, CcxtVenue>>> = {
  'binance-usdm': {
    exchange: 'binanceusdm',
    options: { options: { defaultType: 'future' } },
    symbol: ({ baseCurrency, quoteCurrency }) => `${baseCurrency}/${quoteCurrency}:${quoteCurrency}`,
    amends: true,
  },
  'bybit-linear': {
    exchange: 'bybit',
    options: { options: { defaultType: 'swap', enableUnifiedAccount: true, enableUnifiedMargin: false } },
    symbol: ({ baseCurrency, quoteCurrency }) => `${baseCurrency}/${quoteCurrency}:${quoteCurrency}`,
    amends: true,
  },
  'bybit-spot': {
    exchange: 'bybit',
    options: {
      options: {
        defaultType: 'spot',
        enableUnifiedAccount: true,
        enableUnifiedMargin: false,
        createMarketBuyOrderRequiresPrice: false,
      },
    },
    symbol: ({ baseCurrency, quoteCurrency }) => `${baseCurrency}/${quoteCurrency}`,
    amends: true,
    params: () => ({ marketUnit: 'baseCoin' }),
  },
  'binance-spot': {
    exchange: 'binance',
    options: { options: { defaultType: 'spot' } },
    symbol: ({ baseCurrency, quoteCurrency }) => `${baseCurrency}/${quoteCurrency}`,
    amends: false,
  },
  deribit: {
    exchange: 'deribit',
    options: {},
    symbol: ({ baseCurrency, quoteCurrency, settlementCurrency }) =>
      `${baseCurrency}/${quoteCurrency}:${settlementCurrency}`,
    amends: true,
    params: (label) => ({ label }),
  },
  alpaca: {
    exchange: 'alpaca',
    options: {},
    symbol: ({ baseCurrency, quoteCurrency }) => `${baseCurrency}/${quoteCurrency}`,
    amends: true,
  },
};

/** Every address of the client on the simulated venue, its paths kept. */
function redirected(tree: UrlTree, urls: ContractWorld['server']['urls']): UrlTree {
  if (typeof tree !== 'string')
    return Object.fromEntries(Object.entries(tree).map(([name, each]) => [name, redirected(each, urls)]));
  const origin = (url: string): string => url.replace(/^(\w+:\/\/[^/]+).*/, '$1');
  return tree.replace(/^https:\/\/[^/]+/, origin(urls.rest)).replace(/^wss:\/\/[^/]+/, origin(urls.account));
}

function marketOf(instrument: Instrument, symbol: string): object {
  const { baseCurrency, quoteCurrency, settlementCurrency, kind } = instrument;
  const spot = kind === 'spot' || kind === 'equity';
  return {
    id: instrument.symbol,
    symbol,
    base: baseCurrency,
    quote: quoteCurrency,
    baseId: baseCurrency,
    quoteId: quoteCurrency,
    ...(spot ? {} : { settle: settlementCurrency, settleId: settlementCurrency }),
    type: spot ? 'spot' : 'swap',
    spot,
    swap: !spot,
    future: false,
    option: false,
    contract: !spot,
    linear: spot ? undefined : kind === 'linear',
    inverse: spot ? undefined : kind === 'inverse',
    active: true,
    contractSize: spot ? undefined : instrument.multiplier,
    precision: {
      price: instrument.tickSize / 10 ** instrument.priceScale,
      amount: instrument.lotSize / 10 ** instrument.sizeScale,
    },
    limits: { amount: {}, price: {}, cost: {}, leverage: {} },
    info: { orderTypes: ['LIMIT', 'MARKET'] },
  };
}

function openCcxt(venue: CcxtVenue, pro: Readonly<Record<string, new (options: object) => Exchange>>) {
  return (world: ContractWorld, heard: Heard): ForeignClient => {
    const Client = pro[venue.exchange];
    if (Client === undefined) throw new Error(`ccxt has no ${venue.exchange}`);
    const exchange = new Client({ apiKey: KEYS.key, secret: KEYS.secret, ...venue.options });
    exchange.urls.api = redirected(exchange.urls.api, world.server.urls);
    // Its agents are for TLS, and refuse plain addresses.
    exchange.getHttpAgentIfNeeded = () => undefined;
    const symbol = venue.symbol(world.instrument);
    exchange.setMarkets([marketOf(world.instrument, symbol)]);
    const ids = new Map<string, string>();
    let closed = false;
    const idOf = (order: ForeignOrder): string => {
      const id = ids.get(order.id);
      if (id === undefined) throw new Error(`no id of ${order.id}`);
      return id;
    };
    const watch = async (): Promise<void> => {
      while (!closed) {
        try {
          for (const { clientOrderId, info, status } of await exchange.watchOrders(symbol)) {
            // Of Deribit it keeps the label only as it came.
            const id = clientOrderId ?? info.label;
            if (id !== undefined) heard(id, status);
          }
        } catch (error) {
          if (!closed) throw error;
        }
      }
    };
    return {
      async connect() {
        watch().catch((error: unknown) => heard('watch', String(error)));
        // It does not say when it is subscribed.
        await new Promise((resolve) => setTimeout(resolve, 700));
      },
      async place(order) {
        const price = order.price === null ? undefined : Number(order.price);
        const params = { clientOrderId: order.id, ...venue.params?.(order.id) };
        const { id } = await exchange.createOrder(symbol, order.type, order.side, Number(order.size), price, params);
        ids.set(order.id, id);
      },
      ...(venue.amends
        ? {
            amend: async (order: ForeignOrder, { price, size }: Terms) => {
              const edited = await exchange.editOrder(
                idOf(order),
                symbol,
                'limit',
                order.side,
                Number(size),
                Number(price),
              );
              ids.set(order.id, edited.id);
              return edited.clientOrderId ?? order.id;
            },
          }
        : {}),
      async cancel(order) {
        await exchange.cancelOrder(idOf(order), symbol);
      },
      async close() {
        closed = true;
        await exchange.close();
      },
    };
  };
}

describe('T9: ccxt pro trades on the simulated venues', () => {
  withPeers();
  const words = { working: /^open$/, canceled: /^canceled$/, filled: /^closed$/ };
  for (const [id, venue] of Object.entries(VENUES_OF_CCXT)) {
    it(`${id}: places${venue.amends ? ', amends' : ''}, cancels and is told`, async () => {
      const { pro } = await importPeer<{ pro: Readonly<Record<string, new (options: object) => Exchange>> }>(
        'ccxt/js/ccxt.js',
      );
      await tradeThrough(id as VenueId, openCcxt(venue, pro), words);
    });
  }
});
