import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { createSecureFetch } from '#venues/connection/secure-fetch.ts';
import type { SocketListener } from '#venues/connection/transport.ts';
import { createWsConnect } from '#venues/connection/ws-transport.ts';

const servers: WebSocketServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    for (const client of server.clients) client.terminate();
    server.close();
  }
});

async function serve(): Promise<{ server: WebSocketServer; url: string }> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  servers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  return { server, url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const deaf: SocketListener = { onOpen: () => undefined, onFrame: () => undefined, onClose: () => undefined };

describe('websocket transport', () => {
  it('R7: ws: is refused with one typed error outside the local environment, and so is what is no address', () => {
    const connect = createWsConnect({ insecureAllowed: false });
    expect(() => connect('ws://stream.bybit.com', deaf)).toThrow(/^CONNECTION_INSECURE: protocol=ws: host=stream/);
    expect(() => connect('stream.bybit.com', deaf)).toThrow(/^CONNECTION_URL_INVALID/);
    expect(() => connect('https://stream.bybit.com', deaf)).toThrow(/^CONNECTION_URL_INVALID/);
  });

  it('R7: http: is refused the same way, and the address of a refusal shows no query', async () => {
    const fetch = createSecureFetch({ insecureAllowed: false });
    await expect(fetch('http://api.bybit.com/v5?key=secret')).rejects.toMatchObject({
      code: 'CONNECTION_INSECURE',
      class: 'configuration',
    });
    await expect(fetch('http://api.bybit.com/v5?key=secret')).rejects.not.toThrow(/secret/);
  });

  it('R4: text and binary frames come as the bytes that were sent, invalid UTF-8 included', async () => {
    const { server, url } = await serve();
    const bytes = Buffer.from([0x7b, 0xff, 0xfe, 0x7d]);
    server.on('connection', (socket) => {
      socket.send(bytes, { binary: false });
      socket.send(bytes, { binary: true });
    });
    const frames: [string, boolean][] = [];
    await new Promise<void>((resolve) => {
      const socket = createWsConnect({ insecureAllowed: true })(url, {
        ...deaf,
        onFrame(frame, isBinary) {
          frames.push([frame.toString('hex'), isBinary]);
          if (frames.length === 2) socket.close(1000, '');
        },
        onClose: () => resolve(),
      });
    });
    expect(frames).toEqual([
      ['7bfffe7d', false],
      ['7bfffe7d', true],
    ]);
  });

  it('frames that are on their way when the client closes still arrive, then onClose, once', async () => {
    const { server, url } = await serve();
    server.on('connection', (socket) => {
      socket.on('message', () => {
        for (let index = 0; index < 500; index += 1) socket.send(`frame ${index}`);
      });
    });
    const seen: string[] = [];
    await new Promise<void>((resolve) => {
      const socket = createWsConnect({ insecureAllowed: true })(url, {
        onOpen() {
          socket.send('go');
          setTimeout(() => socket.close(1000, ''), 5);
        },
        onFrame: (frame) => seen.push(frame.toString()),
        onClose(code) {
          seen.push(`closed ${code}`);
          setTimeout(resolve, 20);
        },
      });
    });
    expect(seen.length).toBe(501);
    expect(seen.at(-1)).toBe('closed 1000');
  });

  it('a refused handshake and an oversized message end in onClose with a reason', async () => {
    const { server, url } = await serve();
    server.on('connection', (socket) => socket.send('x'.repeat(2_000)));
    const closed = (address: string): Promise<[number, string]> =>
      new Promise((resolve) => {
        createWsConnect({ insecureAllowed: true, maxPayloadBytes: 1_000 })(address, {
          ...deaf,
          onClose: (code, reason) => resolve([code, reason]),
        });
      });
    expect((await closed('ws://127.0.0.1:1'))[1]).toMatch(/ECONNREFUSED/);
    expect((await closed(url))[1]).toMatch(/Max payload size exceeded/);
  });

  it('writing to a socket that is not open throws SOCKET_NOT_OPEN: proof that nothing left', () => {
    const socket = createWsConnect({ insecureAllowed: true })('ws://127.0.0.1:1', deaf);
    expect(() => socket.send('{}')).toThrow(/^SOCKET_NOT_OPEN/);
  });
});
