import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { bybitGenerated } from '../corpus.ts';
import type { ServerMessage, ServerTask } from './messages.ts';

/*
 * Bybit's public stream, reduced to one book: it confirms the subscription, then sends frames that were built beforehand, over and over; each turn begins with a
 * snapshot, so that the sequence never breaks.
 */

const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const CHUNK_BYTES = 64 * 1024;
/** Between the confirmation and the first message. */
const PAUSE_MS = 100;

const { load } = JSON.parse(process.argv[2] ?? '') as ServerTask;
const tell = (message: ServerMessage) => process.send?.(message);
const frames = bybitGenerated()
  .frames.filter((frame) => frame.includes('"orderbook.'))
  .map(framed);
const sentAt: number[] = [];
let sent = 0;

const server = createServer();
server.on('upgrade', (request, stream) => {
  const socket = stream as Socket;
  const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${ACCEPT_SUFFIX}`).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  let bytes: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    for (let frame = unmasked(bytes); frame !== null; frame = unmasked(bytes)) {
      bytes = bytes.subarray(frame.length);
      if (frame.opcode === 1)
        onRequest(socket, JSON.parse(frame.text) as { readonly op: string; readonly req_id?: string });
    }
  });
});
server.listen(0, '127.0.0.1', () => tell({ kind: 'listening', port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit());

function onRequest(socket: Socket, { op, req_id }: { readonly op: string; readonly req_id?: string }): void {
  const id = req_id === undefined ? {} : { req_id };
  socket.write(
    framed(
      Buffer.from(JSON.stringify({ success: true, ret_msg: op === 'ping' ? 'pong' : '', conn_id: 'bench', ...id, op })),
    ),
  );
  if (op === 'subscribe') setTimeout(() => void (load.mode === 'flood' ? flood(socket) : pace(socket)), PAUSE_MS);
}

async function flood(socket: Socket): Promise<void> {
  const chunks: { readonly bytes: Buffer; readonly count: number }[] = [];
  let group: Buffer[] = [];
  let size = 0;
  for (const frame of frames) {
    group.push(frame);
    size += frame.length;
    if (size < CHUNK_BYTES && frame !== frames.at(-1)) continue;
    chunks.push({ bytes: Buffer.concat(group), count: group.length });
    group = [];
    size = 0;
  }
  const until = performance.now() + load.seconds * 1_000;
  for (let at = 0; performance.now() < until; at = (at + 1) % chunks.length) {
    const chunk = chunks[at];
    if (chunk === undefined) break;
    sent += chunk.count;
    if (!socket.write(chunk.bytes)) await new Promise((resolve) => socket.once('drain', resolve));
  }
  tell({ kind: 'sent', count: sent, sentAt: new Float64Array(0) });
}

/** One write for each message, when it is due; the loop never sleeps, so that a sleep's end is never late. */
function pace(socket: Socket): void {
  const total = load.seconds * load.messagesPerSecond;
  const interval = 1e9 / load.messagesPerSecond;
  const began = now();
  const turn = (): void => {
    while (sent < total && now() >= began + sent * interval) {
      sentAt.push(now());
      socket.write(frames[sent % frames.length] as Buffer);
      sent += 1;
    }
    if (sent < total) setImmediate(turn);
    else tell({ kind: 'sent', count: sent, sentAt: Float64Array.from(sentAt) });
  };
  turn();
}

/** Of the machine: the same in every process. */
function now(): number {
  return Number(process.hrtime.bigint());
}

function framed(content: Buffer): Buffer {
  const head =
    content.length < 126
      ? Buffer.from([0x81, content.length])
      : content.length < 65_536
        ? Buffer.from([0x81, 126, content.length >>> 8, content.length & 0xff])
        : null;
  if (head === null) throw new Error('a frame of the bench is too long');
  return Buffer.concat([head, content]);
}

/** The first of a client's frames, if it is whole. */
function unmasked(bytes: Buffer): { readonly opcode: number; readonly text: string; readonly length: number } | null {
  if (bytes.length < 6) return null;
  const short = (bytes[1] ?? 0) & 0x7f;
  const head = short === 126 ? 4 : 2;
  const size = short === 126 ? bytes.readUInt16BE(2) : short;
  const from = head + 4;
  if (bytes.length < from + size) return null;
  const key = bytes.subarray(head, from);
  const text = Buffer.from(bytes.subarray(from, from + size).map((byte, at) => byte ^ (key[at & 3] ?? 0))).toString();
  return { opcode: (bytes[0] ?? 0) & 0x0f, text, length: from + size };
}
