import { createHmac } from 'node:crypto';
import { WebSocket } from 'ws';
import { KEYS, type openBinance } from './binance-usdm-world.ts';

/** A client of the venue that shares nothing with ours: what anyone would write from the documentation. */
export type BinanceWorld = Awaited<ReturnType<typeof openBinance>>;

export const sign = (payload: string) => createHmac('sha256', KEYS.secret).update(payload).digest('hex');

/** A REST request as any client would make it; `query` without timestamp and signature, which are added. */
export async function call(
  world: BinanceWorld,
  method: string,
  path: string,
  query: Record<string, string> = {},
  headers: Record<string, string> = { 'X-MBX-APIKEY': KEYS.key },
) {
  const payload = new URLSearchParams({ ...query, timestamp: String(Date.now()) }).toString();
  return request(world, method, `${path}?${payload}&signature=${sign(payload)}`, headers);
}

export async function request(
  world: BinanceWorld,
  method: string,
  pathAndQuery: string,
  headers: Record<string, string> = {},
  body?: string,
) {
  const answer = await fetch(`${world.server.urls.rest}${pathAndQuery}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  return { status: answer.status, headers: answer.headers, body: JSON.parse(await answer.text()) };
}

/** A plain websocket client and what it heard. */
export async function connect(url: string) {
  const socket = new WebSocket(url);
  const heard: string[] = [];
  let closed: number | null = null;
  let pings = 0;
  socket.on('message', (data) => heard.push(String(data)));
  socket.on('close', (code) => {
    closed = code;
  });
  socket.on('ping', () => {
    pings += 1;
  });
  await new Promise((done, fail) => {
    socket.once('open', done);
    socket.once('error', fail);
  });
  return {
    socket,
    heard,
    get closed() {
      return closed;
    },
    get pings() {
      return pings;
    },
    send: (message: unknown) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    json: () => heard.map((text) => JSON.parse(text)),
  };
}

export const ORDER = {
  symbol: 'BTCUSDT',
  side: 'BUY',
  type: 'LIMIT',
  timeInForce: 'GTC',
  quantity: '0.010',
  price: '60000.0',
};
