import { createHmac } from 'node:crypto';
import type { VenueId } from '#core/market/instrument.ts';
import { type BenchmarkRow, quantile } from '../benchmark.ts';
import { KEYS, openOrderPath } from '../order-path.ts';
import { type CcxtExchange, loadCcxt } from './ccxt-reader.ts';
import { pinnedPeers } from './install.ts';

const ROUNDS = 7;
const WARM_UP = 5_000;
const ORDERS_A_ROUND = 3_000;
const PARAMS: Readonly<Record<string, object>> = {
  'binance-usdm': { newClientOrderId: 'bench-order', newOrderRespType: 'ACK', timeInForce: 'GTC' },
  'bybit-linear': { category: 'linear', orderLinkId: 'bench-order', timeInForce: 'GTC' },
};

/** Column of how many times as long as ours an order takes, by the median. */
export const TIMES_P50 = '× our p50';

/** One limit order from the call to the text that goes to the socket, by ours and by ccxt, in interleaved rounds. */
export async function compareOrders(venue: VenueId): Promise<readonly BenchmarkRow[]> {
  const createExchange = await loadCcxt(venue);
  if (createExchange === null) return [];
  const ours = await openOrderPath(venue);
  try {
    let written = '';
    let writtenAt = 0n;
    const exchange = createExchange({ apiKey: KEYS.key, secret: KEYS.secret });
    exchange.watch = (_url, _hash, message) => {
      written = JSON.stringify(message);
      writtenAt = process.hrtime.bigint();
      return Promise.resolve();
    };
    exchange.authenticate = () => Promise.resolve();
    ours.place();
    const order = termsOf(venue, ours.written());
    await placeByCcxt(exchange, order, venue);
    requireSame(venue, order, termsOf(venue, written));

    const [our, their] = await interleaved([
      async () => ours.place(),
      async () => {
        const began = process.hrtime.bigint();
        await placeByCcxt(exchange, order, venue);
        return Number(writtenAt - began);
      },
    ]);
    if (our === undefined || their === undefined) throw new Error('no orders were timed');
    return [
      {
        label: `${venue} order: Millrace`,
        ...our,
        note: 'with limits, lease, fence and its timeout, which the peer has not',
      },
      {
        label: `${venue} order: ccxt pro ${pinnedPeers().ccxt}`,
        ...their,
        figures: { [TIMES_P50]: their.p50Ns / our.p50Ns },
        note: 'createOrderWs',
      },
    ];
  } finally {
    await ours.close();
  }
}

/** What both requests must say. */
interface Terms {
  readonly symbol: string;
  readonly side: string;
  readonly type: string;
  readonly quantity: number;
  readonly price: number;
  readonly timeInForce: string;
}

function placeByCcxt(exchange: CcxtExchange, { side, quantity, price }: Terms, venue: VenueId): Promise<unknown> {
  return exchange.createOrderWs('BTC/USDT:USDT', 'limit', side.toLowerCase(), quantity, price, PARAMS[venue] ?? {});
}

function termsOf(venue: VenueId, text: string): Terms {
  const request = JSON.parse(text) as {
    params?: Record<string, string | number>;
    args?: readonly Record<string, string>[];
  };
  const fields = request.params ?? request.args?.[0] ?? {};
  if (venue === 'binance-usdm') requireSigned(fields);
  return {
    symbol: String(fields.symbol),
    side: String(fields.side).toUpperCase(),
    type: String(fields.type ?? fields.orderType).toUpperCase(),
    quantity: Number(fields.quantity ?? fields.qty),
    price: Number(fields.price),
    timeInForce: String(fields.timeInForce),
  };
}

/** Binance signs each request; Bybit's connection is logged on once. */
function requireSigned({ signature, ...signed }: Readonly<Record<string, string | number>>): void {
  const payload = Object.keys(signed)
    .sort()
    .map((name) => `${name}=${signed[name]}`)
    .join('&');
  const right = createHmac('sha256', KEYS.secret).update(payload).digest('hex');
  if (signature !== right) throw new Error(`signature of ${payload} is wrong`);
}

function requireSame(venue: VenueId, ours: Terms, theirs: Terms): void {
  const [one, two] = [JSON.stringify(ours), JSON.stringify(theirs)];
  if (one !== two) throw new Error(`${venue}: orders differ: ${one} and ${two}`);
}

interface Times {
  readonly meanNs: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
}

/** Times of single orders, each from the call to the text at the socket; the clock readings are in them. */
async function interleaved(places: readonly (() => Promise<number>)[]): Promise<readonly Times[]> {
  for (const place of places) for (let at = 0; at < WARM_UP; at += 1) await place();
  const samples = places.map(() => new Float64Array(ROUNDS * ORDERS_A_ROUND));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, place] of places.entries()) {
      for (let at = round * ORDERS_A_ROUND; at < (round + 1) * ORDERS_A_ROUND; at += 1) {
        const took = await place();
        samples[index]?.fill(took, at, at + 1);
      }
    }
  }
  return samples.map((each) => ({
    meanNs: each.reduce((sum, one) => sum + one, 0) / each.length,
    p50Ns: quantile(each, 0.5),
    p99Ns: quantile(each, 0.99),
  }));
}
