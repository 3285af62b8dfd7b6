import { createHash } from 'node:crypto';
import net, { type AddressInfo } from 'node:net';
import tls from 'node:tls';

/** One end of a websocket as bytes: what a server that obeys nobody would send, and what it receives. */
export interface RawPeer {
  readonly socket: net.Socket;
  /** The request's head. */
  readonly request: string;
  /** Frames of the client so far, unmasked; `masked` says whether each was. */
  readonly received: readonly ReceivedFrame[];
  /** Resolves with the first frame of this opcode. */
  next(opcode: number): Promise<ReceivedFrame>;
}

export interface ReceivedFrame {
  readonly opcode: number;
  readonly masked: boolean;
  readonly payload: Buffer;
}

export interface RawServer {
  readonly url: string;
  close(): Promise<void>;
}

export interface RawServerOptions {
  readonly tls?: { readonly key: string; readonly cert: string };
  /** The whole answer to the upgrade, in the place of the right one. */
  readonly answer?: (accept: string) => string | Buffer;
}

/** The head of the right answer. */
export function rightAnswer(accept: string): string {
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

/** A TCP or TLS server that answers the upgrade and then hands the socket over. Port 0. */
export async function serveRaw(onPeer: (peer: RawPeer) => void, options: RawServerOptions = {}): Promise<RawServer> {
  const sockets = new Set<net.Socket>();
  const onSocket = (socket: net.Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    let bytes = Buffer.alloc(0);
    let take = (): void => {
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      const request = bytes.toString('latin1', 0, end);
      bytes = bytes.subarray(end + 4);
      const key = /sec-websocket-key: (.*)\r?/i.exec(request)?.[1] ?? '';
      const accept = createHash('sha1').update(`${key.trim()}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      socket.write((options.answer ?? rightAnswer)(accept));
      const received: ReceivedFrame[] = [];
      const waiting: { readonly opcode: number; readonly resolve: (frame: ReceivedFrame) => void }[] = [];
      take = () => {
        for (let frame = firstFrame(bytes); frame !== null; frame = firstFrame(bytes)) {
          bytes = bytes.subarray(frame.length);
          const { length: _, ...found } = frame;
          received.push(found);
          const at = waiting.findIndex(({ opcode }) => opcode === found.opcode);
          if (at >= 0) waiting.splice(at, 1)[0]?.resolve(found);
        }
      };
      onPeer({
        socket,
        request,
        received,
        next: (opcode) =>
          new Promise((resolve) => {
            const early = received.find((each) => each.opcode === opcode);
            if (early === undefined) waiting.push({ opcode, resolve });
            else resolve(early);
          }),
      });
      take();
    };
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      take();
    });
  };
  const server = options.tls === undefined ? net.createServer(onSocket) : tls.createServer(options.tls, onSocket);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: options.tls === undefined ? `ws://127.0.0.1:${port}/stream?a=b` : `wss://localhost:${port}/stream?a=b`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A server's frame as bytes; everything can be wrong in it. */
export function rawFrame(
  opcode: number,
  payload: Uint8Array | string = '',
  { fin = true, reserved = 0, masked = false }: { fin?: boolean; reserved?: number; masked?: boolean } = {},
): Buffer {
  const content = Buffer.from(payload as Uint8Array);
  const head = [(fin ? 0x80 : 0) | (reserved << 4) | opcode];
  const mask = masked ? 0x80 : 0;
  if (content.length < 126) head.push(mask | content.length);
  else if (content.length < 65_536) head.push(mask | 126, content.length >>> 8, content.length & 0xff);
  else {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(content.length));
    head.push(mask | 127, ...length);
  }
  return Buffer.concat([Buffer.from(head), masked ? Buffer.alloc(4) : Buffer.alloc(0), content]);
}

function firstFrame(bytes: Buffer): (ReceivedFrame & { readonly length: number }) | null {
  if (bytes.length < 2) return null;
  const [first = 0, second = 0] = bytes;
  let length = second & 0x7f;
  let at = 2;
  if (length === 126) {
    if (bytes.length < 4) return null;
    length = bytes.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (bytes.length < 10) return null;
    length = Number(bytes.readBigUInt64BE(2));
    at = 10;
  }
  const masked = (second & 0x80) !== 0;
  const key = masked ? bytes.subarray(at, at + 4) : Buffer.alloc(4);
  const from = at + (masked ? 4 : 0);
  if (bytes.length < from + length) return null;
  const payload = Buffer.from(bytes.subarray(from, from + length).map((byte, index) => byte ^ (key[index & 3] ?? 0)));
  return { opcode: first & 0x0f, masked, payload, length: from + length };
}
