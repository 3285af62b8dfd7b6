import { WebSocket } from 'ws';
import type { HalfOpenScope } from './venue-faults.ts';

/** What a connection carries: frames on `market` connections are counted as sent market data. */
export type SessionKind = 'market' | 'private';

/** One websocket of a client. */
export interface VenueSession {
  /** Unique within the server, in the order of opening: `c1`, `c2`, … */
  readonly id: string;
  readonly kind: SessionKind;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Remote address: what per-IP limits count by. */
  readonly address: string;
  readonly open: boolean;
  /** Writes one market-data or report frame. False if it was not handed to an open socket. */
  sendData(frame: string | Uint8Array): boolean;
  /** The same as a binary frame, whatever is in it (Alpaca's account stream: JSON). */
  sendBinary(frame: Uint8Array): boolean;
  /** Writes one answer to a request, after the delay that the faults ask for. False if it was not handed over now. */
  sendAnswer(frame: string): boolean;
  /** Closes with a handshake. */
  close(code: number, reason: string): void;
  /** Cuts without a handshake. */
  terminate(): void;
}

/** What the protocol does on a connection. */
export interface SessionProtocol {
  /** The connection is open; what it should hear at once is sent here. */
  onOpen?(session: VenueSession): void;
  onMessage(session: VenueSession, text: string): void;
  /** `code`: of the closing handshake; 1006 where there was none. */
  onClose(session: VenueSession, code: number): void;
  /** More client messages than this within a second close the connection; null = no limit. */
  readonly maxMessagesPerSecond: number | null;
}

export interface SessionCounters {
  /** Text and binary frames handed to the open socket, answers included. */
  framesSent: number;
  /** Of these, answers to requests. */
  answersSent: number;
  framesReceived: number;
}

/** A client that reads too slowly is cut, as venues do, once this much waits for it. */
const MAX_BUFFERED_BYTES = 256 * 1024 * 1024;
const RATE_WINDOW_MS = 1_000;

export interface SessionHost {
  halfOpen(): HalfOpenScope;
  answerDelayMs(): number;
  onSlowConsumer(session: VenueSession): void;
}

/** A session over `ws`, with the counters and switches that every venue shares. */
export function createVenueSession(options: {
  readonly id: string;
  readonly kind: SessionKind;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly address: string;
  readonly webSocket: WebSocket;
  readonly counters: SessionCounters;
  readonly host: SessionHost;
}): VenueSession {
  const { webSocket, counters, kind, host } = options;
  const delayed = new Set<NodeJS.Timeout>();
  webSocket.once('close', () => {
    for (const timer of delayed) clearTimeout(timer);
  });

  function muted(): boolean {
    const scope = host.halfOpen();
    return scope === 'all' || scope === kind;
  }

  function write(frame: string | Uint8Array, binary = false): boolean {
    if (webSocket.readyState !== WebSocket.OPEN || muted()) return false;
    if (webSocket.bufferedAmount > MAX_BUFFERED_BYTES) {
      host.onSlowConsumer(session);
      webSocket.terminate();
      return false;
    }
    webSocket.send(frame, { binary });
    counters.framesSent += 1;
    return true;
  }

  function writeAnswer(frame: string): boolean {
    const sent = write(frame);
    if (sent) counters.answersSent += 1;
    return sent;
  }

  const session: VenueSession = {
    id: options.id,
    kind,
    path: options.path,
    query: options.query,
    address: options.address,
    get open() {
      return webSocket.readyState === WebSocket.OPEN;
    },
    sendData: (frame) => write(frame),
    sendBinary: (frame) => write(frame, true),
    sendAnswer(frame) {
      const delayMs = host.answerDelayMs();
      if (delayMs <= 0 || kind === 'market') return writeAnswer(frame);
      const timer = setTimeout(() => {
        delayed.delete(timer);
        writeAnswer(frame);
      }, delayMs);
      delayed.add(timer);
      return false;
    },
    close: (code, reason) => webSocket.close(code, reason),
    terminate: () => webSocket.terminate(),
  };
  return session;
}

/** Counts a client's messages in a sliding second; true while it keeps to the limit. */
export function createMessageRateGuard(maxPerSecond: number | null): (nowMs: number) => boolean {
  const recent: number[] = [];
  return (nowMs) => {
    if (maxPerSecond === null) return true;
    while (recent[0] !== undefined && recent[0] <= nowMs - RATE_WINDOW_MS) recent.shift();
    recent.push(nowMs);
    return recent.length <= maxPerSecond;
  };
}
