import { WebSocket } from 'ws';
import { MillraceError, messageOf } from '#core/errors.ts';
import type { Connect, Socket, SocketListener } from './transport.ts';

export interface WsTransportOptions {
  /** True in the `local` environment alone: allows `ws:` (R7). */
  readonly insecureAllowed: boolean;
  /** Largest message accepted; a bigger one ends the connection with 1009. */
  readonly maxPayloadBytes?: number;
  readonly handshakeTimeoutMs?: number;
  /** Certificates (PEM) to trust in the place of the usual ones: for a venue that runs on this machine. */
  readonly ca?: string;
}

const DEFAULTS = { maxPayloadBytes: 16 * 1024 * 1024, handshakeTimeoutMs: 10_000 } as const;

/**
 * Websockets by the `ws` package: no compression, bounded messages, text passed on unchecked as bytes (decoders validate it).
 * The returned function throws `CONNECTION_INSECURE` (class configuration) for anything but `wss:`, unless `insecureAllowed`,
 * and `CONNECTION_URL_INVALID` for an address that cannot be read. Everything later is told by `onClose`.
 */
export function createWsConnect(options: WsTransportOptions): Connect {
  return (url, listener, connectOptions) => {
    requireSecure(url, ['wss:'], ['ws:'], options.insecureAllowed);
    const webSocket = new WebSocket(url, {
      perMessageDeflate: false,
      maxPayload: options.maxPayloadBytes ?? DEFAULTS.maxPayloadBytes,
      skipUTF8Validation: true,
      handshakeTimeout: options.handshakeTimeoutMs ?? DEFAULTS.handshakeTimeoutMs,
      headers: { ...connectOptions?.headers },
      ...(options.ca === undefined ? {} : { ca: options.ca }),
    });
    return adapt(webSocket, listener);
  };
}

/**
 * Refuses an address that is not secure (R7). Throws `CONNECTION_INSECURE` or `CONNECTION_URL_INVALID`, both class configuration.
 * The address may carry a listen key, so only protocol and host are named.
 */
export function requireSecure(
  url: string,
  secure: readonly string[],
  insecure: readonly string[],
  insecureAllowed: boolean,
): void {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || ![...secure, ...insecure].includes(parsed.protocol)) {
    throw new MillraceError('configuration', 'CONNECTION_URL_INVALID', `expected=${secure.join('|')}`);
  }
  if (!insecureAllowed && !secure.includes(parsed.protocol)) {
    throw new MillraceError(
      'configuration',
      'CONNECTION_INSECURE',
      `protocol=${parsed.protocol} host=${parsed.host} only ${secure.join(', ')} outside the local environment`,
    );
  }
}

function adapt(webSocket: WebSocket, listener: SocketListener): Socket {
  let failure = '';
  webSocket.on('open', () => listener.onOpen());
  webSocket.on('message', (data, isBinary) => {
    // With the default binaryType the data of a message is always one Buffer.
    if (Buffer.isBuffer(data)) listener.onFrame(data, isBinary);
  });
  webSocket.on('pong', () => listener.onPong?.());
  webSocket.on('error', (error) => {
    failure = messageOf(error);
  });
  webSocket.on('close', (code, reason) => {
    listener.onClose(code, reason.length > 0 ? reason.toString('utf8') : failure);
  });
  const requireOpen = (): void => {
    if (webSocket.readyState !== WebSocket.OPEN) {
      throw new MillraceError('retryable', 'SOCKET_NOT_OPEN', `readyState=${webSocket.readyState}`);
    }
  };
  return {
    send(text) {
      requireOpen();
      webSocket.send(text);
    },
    ping() {
      requireOpen();
      webSocket.ping();
    },
    close(code, reason) {
      webSocket.close(code, reason);
    },
    terminate() {
      webSocket.terminate();
    },
    get bufferedBytes() {
      return webSocket.bufferedAmount;
    },
  };
}
