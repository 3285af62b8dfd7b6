import net from 'node:net';
import tls from 'node:tls';
import { MillraceError, messageOf } from '#core/errors.ts';
import { FrameReader, ProtocolFault } from './frame-reader.ts';
import { UpgradeAnswer, upgradeRequest } from './frame-reader-handshake.ts';
import { closeContent, maskedControl, maskedText, OPCODE } from './frame-reader-masking.ts';
import type { Connect, Socket, SocketListener } from './transport.ts';
import { requireSecure, type WsTransportOptions } from './ws-transport.ts';

const DEFAULTS = { maxPayloadBytes: 16 * 1024 * 1024, handshakeTimeoutMs: 10_000 } as const;
/** How long the other side may take to answer a close frame and to end the connection. */
const CLOSE_MS = 30_000;
const ABNORMAL = 1006;
const NO_STATUS = 1005;
const NONE = Buffer.alloc(0);

/**
 * Websockets by our own frame reader on a TCP or TLS socket: no extensions, no redirects, bounded messages, text passed on unchecked as bytes. What the socket
 * reads goes into memory that is used again and again, so a frame holds only until `onFrame` returns. Refuses addresses as `createWsConnect` does.
 */
export function createFrameReaderConnect(options: WsTransportOptions): Connect {
  return (url, listener, connectOptions) => {
    requireSecure(url, ['wss:'], ['ws:'], options.insecureAllowed);
    return new FrameSocket(new URL(url), listener, connectOptions?.headers ?? {}, options);
  };
}

class FrameSocket implements Socket {
  readonly #listener: SocketListener;
  readonly #socket: net.Socket;
  readonly #reader: FrameReader;
  readonly #answer: UpgradeAnswer;
  #state: 'connecting' | 'open' | 'closing' | 'closed' = 'connecting';
  /** A close frame was sent; it is sent once. */
  #closeSent = false;
  #failure = '';
  #code: number = ABNORMAL;
  #reason = '';
  #timer: NodeJS.Timeout | null = null;

  constructor(
    url: URL,
    listener: SocketListener,
    headers: Readonly<Record<string, string>>,
    { maxPayloadBytes, handshakeTimeoutMs, ca }: WsTransportOptions,
  ) {
    this.#listener = listener;
    const { request, accept } = upgradeRequest(url, headers);
    this.#answer = new UpgradeAnswer(accept);
    this.#reader = new FrameReader(
      {
        onMessage: (bytes, isBinary) => listener.onFrame(bytes, isBinary),
        onPing: (bytes) => this.#write(maskedControl(OPCODE.pong, bytes)),
        onPong: () => listener.onPong?.(),
        onClose: (code, reason) => this.#onCloseFrame(code, reason),
      },
      { maxPayloadBytes: maxPayloadBytes ?? DEFAULTS.maxPayloadBytes, checkText: false },
    );
    const onread = {
      buffer: () => this.#reader.room,
      callback: (count: number) => {
        this.#onBytes(count);
        return true;
      },
    };
    const secure = url.protocol === 'wss:';
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const address = { host, port: Number(url.port || (secure ? 443 : 80)), onread };
    this.#socket = secure
      ? tls.connect({
          ...address,
          ALPNProtocols: ['http/1.1'],
          ...(net.isIP(host) === 0 ? { servername: host } : {}),
          ...(ca === undefined ? {} : { ca }),
        })
      : net.connect(address);
    this.#socket.setNoDelay(true);
    this.#socket.once(secure ? 'secureConnect' : 'connect', () => this.#socket.write(request));
    this.#socket.on('error', (error) => {
      if (this.#failure === '') this.#failure = messageOf(error);
    });
    this.#socket.once('close', () => this.#onEnd());
    this.#endWithin(handshakeTimeoutMs ?? DEFAULTS.handshakeTimeoutMs, 'Opening handshake has timed out');
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  send(text: string): void {
    this.#requireOpen();
    this.#socket.write(maskedText(text));
  }

  ping(): void {
    this.#requireOpen();
    this.#socket.write(maskedControl(OPCODE.ping, NONE));
  }

  close(code: number, reason: string): void {
    if (this.#state === 'connecting') {
      this.#abandon('closed before the connection was established');
      return;
    }
    if (this.#state === 'open') this.#sendClose(closeContent(code, reason));
  }

  terminate(): void {
    this.#abandon('');
  }

  #requireOpen(): void {
    if (this.#state !== 'open') throw new MillraceError('retryable', 'SOCKET_NOT_OPEN', `state=${this.#state}`);
  }

  #onBytes(count: number): void {
    try {
      if (this.#state === 'connecting') this.#onAnswer(count);
      else if (this.#state !== 'closed') {
        this.#listener.onRead?.();
        this.#reader.take(count);
      }
    } catch (error) {
      if (!(error instanceof ProtocolFault)) throw error;
      this.#failure = error.message;
      this.#sendClose(closeContent(error.closeCode, ''));
      this.#socket.end();
    }
  }

  /** The answer to the upgrade, and with it perhaps the first frames. */
  #onAnswer(count: number): void {
    let rest: Buffer | null;
    try {
      rest = this.#answer.take(this.#reader.room.subarray(0, count));
    } catch (error) {
      this.#abandon(messageOf(error));
      return;
    }
    if (rest === null) return;
    this.#stopTimer();
    this.#state = 'open';
    this.#listener.onOpen();
    this.#listener.onRead?.();
    for (let at = 0; at < rest.length && !this.#reader.ended; ) {
      const part = rest.copy(this.#reader.room, 0, at);
      at += part;
      this.#reader.take(part);
    }
  }

  #onCloseFrame(code: number, reason: string): void {
    this.#code = code;
    this.#reason = reason;
    this.#sendClose(code === NO_STATUS ? NONE : closeContent(code, reason));
    this.#socket.end();
  }

  #sendClose(content: Buffer): void {
    this.#state = 'closing';
    this.#endWithin(CLOSE_MS, 'the closing handshake has timed out');
    if (this.#closeSent) return;
    this.#closeSent = true;
    this.#write(maskedControl(OPCODE.close, content));
  }

  #write(bytes: Buffer): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  #abandon(reason: string): void {
    if (this.#failure === '') this.#failure = reason;
    this.#reader.stop();
    this.#socket.destroy();
  }

  #endWithin(ms: number, reason: string): void {
    this.#stopTimer();
    this.#timer = setTimeout(() => this.#abandon(reason), ms);
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** The socket is gone. */
  #onEnd(): void {
    this.#stopTimer();
    if (this.#state === 'connecting' && this.#failure === '')
      this.#failure = 'the connection ended before the handshake';
    this.#state = 'closed';
    this.#reader.stop();
    this.#listener.onClose(this.#code, this.#reason === '' ? this.#failure : this.#reason);
  }
}
