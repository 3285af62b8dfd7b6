import { describe, expect, onTestFinished, test } from 'vitest';
import { createBinanceSpotAccountStream } from '#venues/binance-spot/account-stream.ts';
import { createBinanceUsdmAccountStream } from '#venues/binance-usdm/account-stream.ts';
import { createBinanceUsdmOrderEntry } from '#venues/binance-usdm/trading.ts';
import type { AccountRuntime, Managed } from '#venues/venue.ts';
import { openSpot } from '../support/binance-spot-world.ts';
import { openBinance } from '../support/binance-usdm-world.ts';
import { until } from '../support/until.ts';

const unheard = { onReport: () => undefined, onStatus: () => undefined };
const SHUTDOWN = '{"e":"serverShutdown","E":1770123456789}';

const CLIENTS: readonly {
  readonly name: string;
  readonly open: () => Promise<{ readonly runtime: AccountRuntime }>;
  readonly create: (runtime: AccountRuntime) => Managed;
  readonly notices: readonly string[];
}[] = [
  {
    name: 'the account stream of spot',
    open: openSpot,
    create: (runtime) => createBinanceSpotAccountStream(runtime, unheard),
    notices: [SHUTDOWN, '{"subscriptionId":0,"event":{"e":"eventStreamTerminated","E":1728973001334}}'],
  },
  {
    name: 'the account stream of USD-M',
    open: openBinance,
    create: (runtime) => createBinanceUsdmAccountStream(runtime, unheard),
    notices: [SHUTDOWN, '{"e":"listenKeyExpired","E":1728973001334,"listenKey":"gone"}'],
  },
  {
    name: 'order entry',
    open: openBinance,
    create: (runtime) => createBinanceUsdmOrderEntry(runtime, () => undefined),
    notices: [SHUTDOWN, SHUTDOWN],
  },
];

describe('a connection that is being replaced', () => {
  test.each(CLIENTS)('F15: $name does not give up the next one for what the old one is still told', async (client) => {
    const { runtime } = await client.open();
    const hear: ((frame: Buffer) => void)[] = [];
    const managed = client.create({
      ...runtime,
      connect: (url, socket) => {
        hear.push((frame) => socket.onFrame(frame, false));
        return runtime.connect(url, socket);
      },
    });
    onTestFinished(() => managed.stop());
    managed.start();
    await until('live', () => managed.status().state === 'live');
    const tellTheFirst = (text: string) => hear[0]?.(Buffer.from(text));
    tellTheFirst(client.notices[0] ?? '');
    await until('the next connection', () => hear.length === 2);
    for (const notice of client.notices) tellTheFirst(notice);
    await until('live again', () => managed.status().state === 'live');
    expect(hear).toHaveLength(2);
  });

  test.each(CLIENTS)(
    'F16: $name does not go round in circles where each server says that it restarts',
    async (client) => {
      const { runtime } = await client.open();
      let dials = 0;
      const managed = client.create({
        ...runtime,
        connect: (url, socket) => {
          dials += 1;
          return runtime.connect(url, {
            ...socket,
            onOpen: () => {
              socket.onOpen();
              socket.onFrame(Buffer.from(SHUTDOWN), false);
            },
          });
        },
      });
      onTestFinished(() => managed.stop());
      managed.start();
      await until('live', () => managed.status().state === 'live');
      await new Promise((done) => setTimeout(done, 150));
      expect(dials).toBeLessThanOrEqual(2);
      expect(managed.status().state).toBe('live');
    },
  );
});
