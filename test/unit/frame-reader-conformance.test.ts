import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createFrameReaderConnect } from '#venues/connection/frame-reader-transport.ts';
import type { Socket, SocketListener } from '#venues/connection/transport.ts';
import { createWsConnect, type WsTransportOptions } from '#venues/connection/ws-transport.ts';
import {
  type RawPeer,
  type RawServerOptions,
  rawFrame,
  rightAnswer,
  serveRaw,
} from '../support/raw-websocket-server.ts';

const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** A certificate for this machine, made for this run; null where there is no openssl. */
const certificate = makeCertificate();

function makeCertificate(): { readonly key: string; readonly cert: string } | null {
  const folder = mkdtempSync(path.join(tmpdir(), 'millrace-tls-'));
  const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
  try {
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '1'];
    execFileSync('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } catch (error) {
    console.warn(`SKIPPED: transports over TLS: no openssl makes a certificate here (${String(error)})`);
    return null;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const opened: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

/** What a listener heard, as text, in order. */
interface Heard {
  readonly log: string[];
  readonly closed: Promise<readonly [code: number, reason: string]>;
  readonly socket: Socket;
  readonly peer: Promise<RawPeer>;
}

const TRANSPORTS = [
  ['ws', createWsConnect],
  ['frame reader', createFrameReaderConnect],
] as const;

describe.each(TRANSPORTS)('conformance of a transport: %s', (_, createConnect) => {
  async function open(
    act: (peer: RawPeer) => void,
    options: Partial<WsTransportOptions> = {},
    serverOptions: RawServerOptions = {},
    onFrame?: (socket: Socket) => void,
  ): Promise<Heard> {
    let found: (peer: RawPeer) => void = () => undefined;
    const peer = new Promise<RawPeer>((resolve) => {
      found = resolve;
    });
    const server = await serveRaw((each) => {
      found(each);
      act(each);
    }, serverOptions);
    opened.push(() => server.close());
    const log: string[] = [];
    let end: (outcome: readonly [number, string]) => void = () => undefined;
    const closed = new Promise<readonly [number, string]>((resolve) => {
      end = resolve;
    });
    const listener: SocketListener = {
      onOpen: () => log.push('open'),
      onFrame(frame, isBinary) {
        log.push(`${isBinary ? 'binary' : 'text'} ${frame.length > 80 ? frame.length : frame.toString('latin1')}`);
        onFrame?.(socket);
      },
      onPong: () => log.push('pong'),
      onClose(code, reason) {
        log.push(`closed ${code}`);
        end([code, reason]);
      },
    };
    const socket = createConnect({ insecureAllowed: true, ...options })(server.url, listener, {
      headers: { 'x-key': 'of the account' },
    });
    opened.push(() => socket.terminate());
    return { log, closed, socket, peer };
  }

  /** The server sends these bytes, cut where it is told, and then closes in order. */
  const sends =
    (...parts: readonly Uint8Array[]) =>
    (peer: RawPeer): void => {
      for (const part of parts) peer.socket.write(part);
      peer.socket.write(rawFrame(CLOSE, Buffer.from([3, 232])));
      peer.socket.end();
    };

  it('asks for the upgrade with its path, its headers and nothing that is not supported', async () => {
    const { peer, closed } = await open(sends());
    const { request } = await peer;
    expect(request).toMatch(/^GET \/stream\?a=b HTTP\/1\.1\r\n/);
    expect(request).toMatch(/\r\nx-key: of the account(\r|$)/i);
    expect(request).toMatch(/\r\nsec-websocket-version: 13(\r|$)/i);
    expect(request).not.toMatch(/sec-websocket-extensions/i);
    expect((await closed)[0]).toBe(1000);
  });

  it.each([
    ['another status', 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n', /503/],
    ['a redirect', 'HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n', /302/],
    ['another key', rightAnswer('AAAAAAAAAAAAAAAAAAAAAAAAAAA='), /Sec-WebSocket-Accept/],
    ['what is no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n\r\n', /./],
    ['an end', '', /./],
  ])('a handshake answered by %s never opens, and says why', async (_name, answer, reason) => {
    const { closed, log } = await open((peer) => peer.socket.end(), {}, { answer: () => answer });
    expect((await closed)[1]).toMatch(reason);
    expect(log).toEqual(['closed 1006']);
  });

  it.each([
    ['an extension', 'Sec-WebSocket-Extensions: permessage-deflate'],
    ['a protocol', 'Sec-WebSocket-Protocol: chat'],
  ])('a handshake that chooses %s nobody asked for never opens', async (_name, field) => {
    const answer = (accept: string): string => rightAnswer(accept).replace(/\r\n\r\n$/, `\r\n${field}\r\n\r\n`);
    const { closed, log } = await open(() => undefined, {}, { answer });
    expect((await closed)[1]).not.toBe('');
    expect(log).toEqual(['closed 1006']);
  });

  it('a handshake that is not answered ends in time', async () => {
    const { closed, log } = await open(() => undefined, { handshakeTimeoutMs: 30 }, { answer: () => '' });
    expect((await closed)[1]).toMatch(/timed out/);
    expect(log).toEqual(['closed 1006']);
  });

  it('frames in the same packet as the answer are heard after onOpen', async () => {
    const answer = (accept: string): Buffer =>
      Buffer.concat([Buffer.from(rightAnswer(accept)), rawFrame(TEXT, 'first')]);
    const { closed, log } = await open(sends(rawFrame(TEXT, 'second')), {}, { answer });
    await closed;
    expect(log).toEqual(['open', 'text first', 'text second', 'closed 1000']);
  });

  it('lengths of 7, 16 and 64 bits, and none', async () => {
    const sizes = [0, 125, 126, 65_535, 65_536, 700_000];
    const { closed, log } = await open(sends(...sizes.map((size) => rawFrame(TEXT, 'x'.repeat(size)))));
    await closed;
    expect(log.slice(1, -1)).toEqual(['text ', ...sizes.slice(1).map((size) => `text ${size}`)]);
  });

  it('fragments are one message, and control frames between them are answered at once', async () => {
    const { closed, log, peer } = await open(
      sends(
        rawFrame(TEXT, 'one ', { fin: false }),
        rawFrame(PING, 'are you there'),
        rawFrame(0, 'message ', { fin: false }),
        rawFrame(PONG),
        rawFrame(0, 'of four', { fin: false }),
        rawFrame(0, ''),
        rawFrame(BINARY, 'next'),
      ),
    );
    await closed;
    expect(log).toEqual(['open', 'pong', 'text one message of four', 'binary next', 'closed 1000']);
    expect((await (await peer).next(PONG)).payload.toString()).toBe('are you there');
  });

  it('frames that come byte by byte are the same frames', async () => {
    const bytes = Buffer.concat([
      rawFrame(TEXT, 'one'),
      rawFrame(TEXT, 'x'.repeat(130)),
      rawFrame(CLOSE, Buffer.from([3, 232])),
    ]);
    const { closed, log } = await open((peer) => {
      peer.socket.setNoDelay(true);
      let at = 0;
      const step = (): void => {
        if (at === bytes.length) return;
        peer.socket.write(bytes.subarray(at, at + 1), () => setImmediate(step));
        at += 1;
      };
      step();
    });
    await closed;
    expect(log).toEqual(['open', 'text one', 'text 130', 'closed 1000']);
  });

  it('every frame of the client is masked, with another key each time, at every length', async () => {
    const texts = ['', 'ä', 'x'.repeat(125), 'x'.repeat(126), 'x'.repeat(70_000)];
    const { socket, peer } = await open(
      (each) => each.socket.write(rawFrame(TEXT, 'go')),
      {},
      {},
      (to) => {
        for (const text of texts) to.send(text);
        to.ping?.();
        to.close(1000, 'enough');
      },
    );
    const from = await peer;
    const close = await from.next(CLOSE);
    expect(from.received.every(({ masked }) => masked)).toBe(true);
    expect(from.received.filter(({ opcode }) => opcode === TEXT).map(({ payload }) => payload.toString())).toEqual(
      texts,
    );
    expect(from.received.some(({ opcode }) => opcode === PING)).toBe(true);
    expect([close.payload.readUInt16BE(0), close.payload.toString('utf8', 2)]).toEqual([1000, 'enough']);
    expect(() => socket.send('late')).toThrow(/^SOCKET_NOT_OPEN/);
  });

  it.each([
    ['RSV1', rawFrame(TEXT, 'x', { reserved: 4 }), 1002],
    ['RSV2', rawFrame(TEXT, 'x', { reserved: 2 }), 1002],
    ['RSV3 of a control frame', rawFrame(PING, 'x', { reserved: 1 }), 1002],
    ['a reserved opcode', rawFrame(3, 'x'), 1002],
    ['a reserved control opcode', rawFrame(11, 'x'), 1002],
    ['a masked frame of a server', rawFrame(TEXT, 'x', { masked: true }), 1002],
    ['a fragmented ping', rawFrame(PING, 'x', { fin: false }), 1002],
    ['a ping of 126 bytes', rawFrame(PING, 'x'.repeat(126)), 1002],
    ['a continuation of nothing', rawFrame(0, 'x'), 1002],
    ['a message inside a message', Buffer.concat([rawFrame(TEXT, 'x', { fin: false }), rawFrame(TEXT, 'y')]), 1002],
    ['a close frame of one byte', rawFrame(CLOSE, 'x'), 1002],
    ['a close code that may not be sent', rawFrame(CLOSE, Buffer.from([3, 238])), 1002],
    ['a message that is too long', rawFrame(TEXT, 'x'.repeat(2_001)), 1009],
    [
      'fragments that are too long together',
      Buffer.concat([rawFrame(TEXT, 'x'.repeat(1_500), { fin: false }), rawFrame(0, 'x'.repeat(501))]),
      1009,
    ],
    ['a length beyond 2^53', Buffer.from([0x81, 0x7f, 0xff, 0, 0, 0, 0, 0, 0, 0]), 1009],
  ])(
    '%s ends the connection: nothing of it is heard, the server is told why, onClose comes once',
    async (_name, bytes, code) => {
      const { closed, log, peer } = await open(
        (each) => each.socket.write(Buffer.concat([rawFrame(TEXT, 'good'), bytes, rawFrame(TEXT, 'after')])),
        {
          maxPayloadBytes: 2_000,
        },
      );
      const from = await peer;
      expect((await from.next(CLOSE)).payload.readUInt16BE(0)).toBe(code);
      from.socket.end();
      expect((await closed)[1]).not.toBe('');
      expect(log).toEqual(['open', 'text good', 'closed 1006']);
    },
  );

  it('text that is no UTF-8 is handed over as the bytes that came: decoders judge it', async () => {
    const { closed, log } = await open(sends(rawFrame(TEXT, Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))));
    await closed;
    expect(log).toEqual(['open', 'text {\xff\xfe}', 'closed 1000']);
  });

  it('a close of the server is answered with its code, and told with code and reason', async () => {
    const { closed, peer } = await open((each) => {
      each.socket.write(
        rawFrame(CLOSE, Buffer.concat([Buffer.from([3, 233]), Buffer.from('maintenance – back at 8')])),
      );
    });
    const from = await peer;
    expect((await from.next(CLOSE)).payload.readUInt16BE(0)).toBe(1001);
    from.socket.end();
    expect(await closed).toEqual([1001, 'maintenance – back at 8']);
  });

  it('a close without a code is 1005; an end without a close is 1006', async () => {
    const silent = await open((each) => each.socket.end(rawFrame(CLOSE)));
    expect((await silent.closed)[0]).toBe(1005);
    const cut = await open((each) => each.socket.destroy());
    expect((await cut.closed)[0]).toBe(1006);
    const ended = await open((each) => each.socket.end());
    expect((await ended.closed)[0]).toBe(1006);
  });

  it('after our close what is on its way is still heard, until the other side has closed', async () => {
    const { closed, log } = await open(
      (each) => {
        each.socket.write(rawFrame(TEXT, 'go'));
        void each.next(CLOSE).then(() => sends(rawFrame(TEXT, 'on its way'))(each));
      },
      {},
      {},
      (socket) => socket.close(1000, ''),
    );
    await closed;
    expect(log).toEqual(['open', 'text go', 'text on its way', 'closed 1000']);
  });

  it('frames after the close frame are not heard', async () => {
    const { closed, log } = await open((peer) => {
      peer.socket.write(Buffer.concat([rawFrame(CLOSE, Buffer.from([3, 232])), rawFrame(TEXT, 'late')]));
      peer.socket.end();
    });
    await closed;
    expect(log).toEqual(['open', 'closed 1000']);
  });

  it('terminate and close before the opening end in one onClose, without onOpen', async () => {
    for (const end of [(socket: Socket) => socket.terminate(), (socket: Socket) => socket.close(1000, '')]) {
      const { closed, log, socket } = await open(() => undefined, {}, { answer: () => '' });
      expect(() => socket.send('early')).toThrow(/^SOCKET_NOT_OPEN/);
      end(socket);
      expect((await closed)[0]).toBe(1006);
      expect(log).toEqual(['closed 1006']);
    }
  });

  it('terminate within onFrame: what stands behind that frame is not heard', async () => {
    const { closed, log } = await open(
      (each) => each.socket.write(Buffer.concat([rawFrame(TEXT, 'one'), rawFrame(TEXT, 'two')])),
      {},
      {},
      (socket) => socket.terminate(),
    );
    await closed;
    expect(log[1]).toBe('text one');
    expect(log.at(-1)).toBe('closed 1006');
  });

  it('an address where nobody listens ends in onClose with the reason', async () => {
    const closed = await new Promise<readonly [number, string]>((resolve) => {
      createConnect({ insecureAllowed: true })('ws://127.0.0.1:1', {
        onOpen: () => undefined,
        onFrame: () => undefined,
        onClose: (code, reason) => resolve([code, reason]),
      });
    });
    expect(closed[0]).toBe(1006);
    expect(closed[1]).toMatch(/ECONNREFUSED/);
  });

  it('R7: ws: is refused outside the local environment', () => {
    const connect = createConnect({ insecureAllowed: false });
    const deaf = { onOpen: vi.fn(), onFrame: vi.fn(), onClose: vi.fn() };
    expect(() => connect('ws://stream.bybit.com', deaf)).toThrow(/^CONNECTION_INSECURE/);
    expect(() => connect('stream.bybit.com', deaf)).toThrow(/^CONNECTION_URL_INVALID/);
  });

  describe.skipIf(certificate === null)('over TLS', () => {
    it('frames go both ways, many of them, and a certificate that is not trusted is refused', async () => {
      if (certificate === null) throw new Error('unreachable: skipped');
      const { closed, log, peer } = await open(
        (each) =>
          each.socket.write(Buffer.concat([...Array(2_000)].map((__, index) => rawFrame(TEXT, `frame ${index}`)))),
        { insecureAllowed: false, ca: certificate.cert },
        { tls: certificate },
        (socket) => log.length === 2_001 && socket.close(1000, 'enough'),
      );
      const from = await peer;
      await from.next(CLOSE);
      sends()(from);
      await closed;
      expect(log.slice(0, 3)).toEqual(['open', 'text frame 0', 'text frame 1']);
      expect(log.slice(-2)).toEqual(['text frame 1999', 'closed 1000']);

      const stranger = await open(() => undefined, { insecureAllowed: false }, { tls: certificate });
      expect((await stranger.closed)[1]).toMatch(/certificate/);
      expect(stranger.log).toEqual(['closed 1006']);
    });
  });
});
