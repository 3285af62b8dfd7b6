import { afterEach, describe, expect, it } from 'vitest';
import type { VenueId } from '#core/market/instrument.ts';
import { type ContractWorld, openContractWorld } from '../contract/contract-world.ts';

/** How each venue is asked on its public socket, and what of an answer says that it was done. */
interface Dialect {
  readonly path: string;
  readonly ask: (what: 'subscribe' | 'unsubscribe', id: number) => object;
  readonly answered: (message: Answer, id: number) => 'done' | 'refused' | null;
  readonly isData: (message: Answer) => boolean;
}
interface Answer {
  readonly id?: number;
  readonly req_id?: string;
  readonly success?: boolean;
  readonly error?: object;
  readonly topic?: string;
  readonly e?: string;
  readonly method?: string;
}

const DIALECTS: Readonly<Partial<Record<VenueId, Dialect>>> = {
  'bybit-linear': {
    path: '/v5/public/linear',
    ask: (op, id) => ({ op, req_id: String(id), args: ['publicTrade.BTCUSDT', 'orderbook.50.BTCUSDT'] }),
    answered: ({ req_id, success }, id) => (req_id !== String(id) ? null : success === true ? 'done' : 'refused'),
    isData: ({ topic }) => topic !== undefined,
  },
  'binance-usdm': {
    path: '/public/ws',
    ask: (what, id) => ({ method: what.toUpperCase(), params: ['btcusdt@depth@100ms'], id }),
    answered: (message, id) => (message.id !== id ? null : message.error === undefined ? 'done' : 'refused'),
    isData: ({ e }) => e === 'depthUpdate',
  },
  deribit: {
    path: '/ws/api/v2',
    ask: (what, id) => ({
      jsonrpc: '2.0',
      id,
      method: `public/${what}`,
      params: { channels: ['book.BTC-PERPETUAL.100ms'] },
    }),
    answered: (message, id) => (message.id !== id ? null : message.error === undefined ? 'done' : 'refused'),
    isData: ({ method }) => method === 'subscription',
  },
};

let world: ContractWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

describe.each(Object.entries(DIALECTS))('%s', (id, dialect) => {
  it('G5: an unsubscription that is refused, or lost without an answer, leaves the data flowing; the next one ends it', async () => {
    world = await openContractWorld(id as VenueId);
    const { server } = world;
    const heard: Answer[] = [];
    const socket = new WebSocket(new URL(dialect.path, server.urls.market.replace(/^http/, 'ws')));
    socket.addEventListener('message', ({ data }) => heard.push(JSON.parse(String(data)) as Answer));
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', reject);
    });
    const answerTo = (number: number) =>
      heard.map((each) => dialect.answered(each, number)).find((each) => each !== null) ?? null;
    const data = () => heard.filter(dialect.isData).length;
    const flows = async (): Promise<void> => {
      const before = data();
      await world?.until('data', () => data() > before + 1);
    };
    const ask = (what: 'subscribe' | 'unsubscribe', number: number) =>
      socket.send(JSON.stringify(dialect.ask(what, number)));

    ask('subscribe', 1);
    await world.until('subscribed', () => answerTo(1) === 'done');
    server.faults.arm('unsubscribeRefused');
    ask('unsubscribe', 2);
    await world.until('refused', () => answerTo(2) === 'refused');
    await flows();
    server.faults.arm('unsubscribeLost');
    ask('unsubscribe', 3);
    await world.until('lost', () => server.faults.happened('unsubscribeLost') === 1);
    await flows();
    expect(answerTo(3)).toBeNull();
    ask('unsubscribe', 4);
    await world.until('done', () => answerTo(4) === 'done');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const after = data();
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(data()).toBe(after);
    socket.close();
  });
});
