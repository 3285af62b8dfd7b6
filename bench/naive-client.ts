import { requirePeer } from './comparison/install.ts';

/** What is used of `bybit-api`, with its defaults. */
interface Package {
  readonly RestClientV5: new (options: object) => RestClient;
  readonly WebsocketClient: new (options: object, logger: object) => Updates;
}
interface Answer {
  readonly retCode: number;
  readonly retMsg: string;
  readonly result: { readonly list?: readonly unknown[] };
}
type Call = (request: object) => Promise<Answer>;
type RestClient = Readonly<Record<'submitOrder' | 'amendOrder' | 'cancelOrder' | 'getActiveOrders', Call>>;
interface Updates {
  on(event: string, run: (update: Update) => void): void;
  subscribeV5(topics: readonly string[], category: string): readonly Promise<unknown>[];
  closeAll(force: boolean): void;
}
interface Update extends Partial<Readonly<Record<'topic' | 'type', string>>> {
  readonly data?: { readonly b: readonly (readonly [price: string, size: string])[] } | readonly OrderRow[];
}
type OrderRow = Readonly<Record<'orderLinkId' | 'orderStatus' | 'cumExecQty', string>>;
interface Order {
  readonly id: string;
  readonly side: 'Buy' | 'Sell';
  readonly size: number;
  readonly price: string;
  readonly since: number;
  filled: number;
  canceling: boolean;
}

export interface NaiveClientOptions {
  readonly rest: string;
  readonly stream: string;
  readonly key: string;
  readonly secret: string;
  readonly symbol: string;
  /** Contracts bought each time, decimal; and the digits that a size may have. */
  readonly size: number;
  readonly digits: number;
}

const category = 'linear';
const DEEP = 5;
const TICK_MS = 250;
const GIVE_UP_MS = 2_000;
const REST_MS = 2_000;
const HOLD_MS = 1_000;
const POLL_MS = 1_000;
const SILENT = { trace: () => undefined, info: () => undefined, error: () => undefined };

/**
 * A bot as many are written, on the package's defaults: it rests a buy near the best bid, follows it, takes it back after a while, and sells what it bought at the market.
 * It believes that a request that fails did nothing, that an order is gone when the venue does not find it, that streams tell everything, and that a book is what it last heard.
 */
export function startNaiveClient(options: NaiveClientOptions): { stop(): void } {
  const { RestClientV5, WebsocketClient } = requirePeer<Package>('bybit-api');
  const { symbol, key, secret } = options;
  const rest = new RestClientV5({ key, secret, baseUrl: options.rest });
  const account = new WebsocketClient({ key, secret, wsUrl: `${options.stream}/v5/private` }, SILENT);
  const market = new WebsocketClient({ wsUrl: `${options.stream}/v5/public/linear` }, SILENT);
  const bids = new Set<string>();
  let order: Order | null = null;
  let held = 0;
  let boughtAt = 0;
  let busy = false;
  let count = 0;
  let polledAt = 0;

  market.on('update', ({ topic, type, data }) => {
    if (!topic?.startsWith('orderbook') || data === undefined || !('b' in data)) return;
    if (type === 'snapshot') bids.clear();
    for (const [price, size] of data.b) bids[Number(size) === 0 ? 'delete' : 'add'](price);
  });
  account.on('update', ({ topic, data }) => {
    if (topic !== 'order' || !Array.isArray(data)) return;
    for (const row of data as readonly OrderRow[]) onOrder(row);
  });
  for (const client of [market, account]) for (const event of ['exception', 'error']) client.on(event, () => undefined);
  for (const each of market.subscribeV5([`orderbook.50.${symbol}`], category)) each.catch(() => undefined);
  for (const each of account.subscribeV5(['order', 'execution'], category)) each.catch(() => undefined);

  function onOrder(row: OrderRow): void {
    if (order === null || row.orderLinkId !== order.id) return;
    const filled = Number(row.cumExecQty);
    held += (order.side === 'Buy' ? 1 : -1) * (filled - order.filled);
    order.filled = filled;
    // "Cancelled" means that there is nothing to sell.
    if (row.orderStatus === 'Filled') boughtAt = order.side === 'Buy' ? Date.now() : 0;
    if (/Filled$|Cancel|Rejected/.test(row.orderStatus)) order = null;
  }

  async function done(request: Promise<Answer>): Promise<Answer> {
    const late = new Promise<never>((_, fail) => setTimeout(() => fail(new Error('no answer')), GIVE_UP_MS));
    const answer = await Promise.race([request, late]);
    if (answer.retCode !== 0) throw new Error(answer.retMsg);
    return answer;
  }

  async function place(side: Order['side'], size: number, price: string): Promise<void> {
    count += 1;
    const id = `naive-${Date.now().toString(36)}-${count}`;
    order = { id, side, size, price, since: Date.now(), filled: 0, canceling: false };
    const qty = size.toFixed(options.digits);
    const how = side === 'Buy' ? { orderType: 'Limit', price, timeInForce: 'GTC' } : { orderType: 'Market' };
    await done(rest.submitOrder({ category, symbol, side, qty, orderLinkId: id, ...how })).catch(() => {
      if (order?.id === id) order = null;
    });
  }

  async function tick(): Promise<void> {
    const bid = [...bids].sort((a, b) => Number(b) - Number(a))[DEEP];
    if (bid === undefined) return;
    if (order === null) {
      if (boughtAt === 0 || held <= 0) return place('Buy', options.size, bid);
      return Date.now() - boughtAt > HOLD_MS ? place('Sell', held, bid) : undefined;
    }
    const mine: Order = order;
    const named = { category, symbol, orderLinkId: mine.id };
    if (mine.canceling || Date.now() - mine.since > REST_MS) {
      mine.canceling = true;
      await done(rest.cancelOrder(named)).catch((error: Error) => {
        if (error.message === 'no answer') order = null;
      });
    } else if (Date.now() - polledAt > POLL_MS) {
      polledAt = Date.now();
      const { result } = await done(rest.getActiveOrders(named));
      if (result.list?.length === 0 && order?.id === mine.id) order = null;
    } else if (mine.side === 'Buy' && bid !== mine.price) {
      const before = { ...mine };
      await done(rest.amendOrder({ ...named, price: bid }));
      if (order !== null) order = { ...before, price: bid };
    }
  }

  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    const free = () => (busy = false);
    tick().then(free, free);
  }, TICK_MS);
  return {
    stop() {
      clearInterval(timer);
      for (const client of [market, account]) client.closeAll(true);
    },
  };
}
