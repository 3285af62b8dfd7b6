import { MillraceError } from '#core/errors.ts';
import type { Connect, SocketListener } from '#venues/connection/transport.ts';

/** One end of a socket in memory: the test plays the venue. */
export interface MemorySocket {
  readonly url: string;
  /** What the client has sent, oldest first. */
  readonly sent: string[];
  readonly state: 'connecting' | 'open' | 'closing' | 'closed';
  /** The code of the client's close, if it began one. */
  readonly closeCode: number | null;
  readonly terminated: boolean;
  /** The handshake succeeds. */
  open(): void;
  deliver(text: string): void;
  /** The venue closes, or answers the client's close. */
  close(code: number, reason?: string): void;
}

export interface MemoryTransport {
  readonly connect: Connect;
  readonly sockets: readonly MemorySocket[];
  readonly latest: MemorySocket;
}

/** A transport without a network, for tests of time and order. */
export function createMemoryTransport(): MemoryTransport {
  const sockets: MemorySocket[] = [];
  return {
    sockets,
    get latest() {
      const socket = sockets.at(-1);
      if (socket === undefined) throw new Error('nothing has connected');
      return socket;
    },
    connect(url, listener: SocketListener) {
      const sent: string[] = [];
      let state: MemorySocket['state'] = 'connecting';
      let closeCode: number | null = null;
      let terminated = false;
      const end = (code: number, reason: string): void => {
        if (state === 'closed') return;
        state = 'closed';
        listener.onClose(code, reason);
      };
      sockets.push({
        url,
        sent,
        get state() {
          return state;
        },
        get closeCode() {
          return closeCode;
        },
        get terminated() {
          return terminated;
        },
        open() {
          state = 'open';
          listener.onOpen();
        },
        deliver(text) {
          if (state !== 'closed') listener.onFrame(Buffer.from(text), false);
        },
        close: (code, reason = '') => end(code, reason),
      });
      return {
        send(text) {
          if (state !== 'open') throw new MillraceError('retryable', 'SOCKET_NOT_OPEN', `state=${state}`);
          sent.push(text);
        },
        close(code) {
          closeCode = code;
          state = 'closing';
        },
        terminate() {
          terminated = true;
          end(1006, '');
        },
        bufferedBytes: 0,
      };
    },
  };
}
