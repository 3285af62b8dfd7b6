import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, expect } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { type BybitWorld, createBybitWorld, GOOD_KEYS } from './bybit-linear-world.ts';
import { until } from './until.ts';

/** A signature as the documentation shows it. */
export function hmac(text: string, secret = GOOD_KEYS.secret): string {
  return createHmac('sha256', secret).update(text).digest('hex');
}

/** The request that signs a private socket in. */
export function authOf(expires = Date.now() + 5_000, secret = GOOD_KEYS.secret) {
  return { op: 'auth', args: [GOOD_KEYS.key, expires, hmac(`GET/realtime${expires}`, secret)] };
}

/** A Bybit server for each test of a file, and clients that share nothing with ours: they write what the documentation shows and keep what comes. */
export function useBybitServer() {
  let world: BybitWorld;
  const opened: WebSocket[] = [];

  async function client(path: string) {
    const socket = new WebSocket(`${world.venue.urls.market}${path}`);
    opened.push(socket);
    const texts: string[] = [];
    let closed: number | null = null;
    socket.on('message', (data) => texts.push(String(data)));
    socket.on('close', (code) => {
      closed = code;
    });
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('open', resolve));
    const messages = (): Record<string, unknown>[] => texts.map((text) => z.looseObject({}).parse(JSON.parse(text)));
    return {
      socket,
      texts,
      messages,
      isClosed: () => closed !== null,
      async ask(message: unknown): Promise<Record<string, unknown>> {
        const before = texts.length;
        socket.send(typeof message === 'string' ? message : JSON.stringify(message));
        await until('answer', () => texts.length > before);
        return messages()[before] ?? {};
      },
      async seen(count: number): Promise<Record<string, unknown>[]> {
        await until(`${count} messages`, () => texts.length >= count);
        return messages();
      },
    };
  }

  async function signedGet(path: string, query: string, change: { time?: number; secret?: string; key?: string } = {}) {
    const time = change.time ?? Date.now();
    const key = change.key ?? GOOD_KEYS.key;
    const response = await fetch(`${world.venue.urls.rest}${path}?${query}`, {
      headers: {
        'X-BAPI-API-KEY': key,
        'X-BAPI-TIMESTAMP': String(time),
        'X-BAPI-RECV-WINDOW': '5000',
        'X-BAPI-SIGN': hmac(`${time}${key}5000${query}`, change.secret),
      },
    });
    const answer = z.looseObject({ retCode: z.number(), result: z.looseObject({}) }).parse(await response.json());
    return { ...answer, headers: response.headers };
  }

  beforeEach(async () => {
    world = await createBybitWorld();
  });
  afterEach(async () => {
    for (const socket of opened.splice(0)) socket.terminate();
    expect(world.venue.stats().errors).toEqual([]);
    await world.close();
  });

  return {
    get world() {
      return world;
    },
    client,
    signedGet,
  };
}
