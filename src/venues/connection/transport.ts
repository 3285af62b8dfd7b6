/** A websocket as the connections need it; there are two behind it (see `ws-transport.ts` and `frame-reader-transport.ts`). */
export interface Socket {
  /** Writes one text frame at once. Throws `SOCKET_NOT_OPEN` if the socket is not open. */
  send(text: string): void;
  /** Starts the closing handshake; `onClose` follows. Frames that are on their way still arrive. */
  close(code: number, reason: string): void;
  /** Cuts the connection without a handshake. */
  terminate(): void;
  /** Sends a ws ping frame, which the other side must answer (`onPong`). Throws `SOCKET_NOT_OPEN`. For venues whose protocol has no ping message. */
  ping?(): void;
  /** Bytes accepted by `send` and not yet handed to the kernel. */
  readonly bufferedBytes: number;
}

export interface SocketListener {
  onOpen(): void;
  /** Bytes were read from the network: the frames that follow in this same call came in with them. Only of transports that know; of others, each frame stands for itself. */
  onRead?(): void;
  /**
   * A text or binary message as the bytes that came in. They hold until this call returns: a transport may read the next ones into the same memory, so who keeps
   * them longer copies them.
   */
  onFrame(frame: Buffer, isBinary: boolean): void;
  /** A ws ping was answered. */
  onPong?(): void;
  /** Once, also when opening failed. */
  onClose(code: number, reason: string): void;
}

/** Opens a websocket. Refuses `ws:` unless `insecureAllowed` (R7). */
export type Connect = (
  url: string,
  listener: SocketListener,
  options?: { readonly headers?: Readonly<Record<string, string>> },
) => Socket;
