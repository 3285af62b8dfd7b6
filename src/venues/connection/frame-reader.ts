import { isUtf8 } from 'node:buffer';

/** What a reader finds, in order. Bytes are views into its memory and hold until the call returns: who keeps them copies them. */
export interface FrameSink {
  onMessage(bytes: Buffer, isBinary: boolean): void;
  onPing(bytes: Buffer): void;
  onPong(bytes: Buffer): void;
  /** The other side's close frame; 1005 if it gives no code. Nothing comes after it. */
  onClose(code: number, reason: string): void;
}

export interface FrameReaderOptions {
  /** Largest message, all its fragments together. */
  readonly maxPayloadBytes: number;
  /** Refuse text messages that are no UTF-8 with 1007. False: they are handed over as the bytes that came. The reason of a close frame is always checked. */
  readonly checkText: boolean;
}

/** What the other side sent is not websocket; `closeCode` is what it is to be told. */
export class ProtocolFault extends Error {
  readonly closeCode: number;

  constructor(closeCode: number, text: string) {
    super(text);
    this.closeCode = closeCode;
  }
}

/** As much as libuv reads at once by itself; more did not make floods faster. */
const INITIAL_BYTES = 64 * 1024;
const FIN = 0x80;
const RESERVED = 0x70;
const MASKED = 0x80;
const LENGTH = 0x7f;
const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
const LENGTH_16 = 126;
const MAX_CONTROL_BYTES = 125;
const NO_STATUS = 1005;
const NONE = Buffer.alloc(0);

/**
 * Reads the frames that a websocket server sends (RFC 6455, section 5; no extensions) out of one piece of memory that the socket writes into: a message in one frame
 * is handed over where it lies, without a copy. The caller has `room` filled, then says by `take` how much.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #options: FrameReaderOptions;
  readonly #initial: Buffer;
  #memory: Buffer;
  #room: Buffer;
  #roomFrom = 0;
  #filled = 0;
  #ended = false;
  /** The kind of the message whose fragments are coming, 0 between messages. */
  #fragmented = 0;
  #message: Buffer = NONE;
  #messageBytes = 0;
  /** Where reading goes on if the sink throws. */
  #resumeAt = 0;

  constructor(sink: FrameSink, options: FrameReaderOptions, initialBytes = INITIAL_BYTES) {
    this.#sink = sink;
    this.#options = options;
    this.#initial = Buffer.allocUnsafeSlow(initialBytes);
    this.#memory = this.#initial;
    this.#room = this.#initial;
  }

  /** Where the next bytes go; another place after each `take`. */
  get room(): Buffer {
    return this.#room;
  }

  /** Nothing more is read: after a close frame, a fault, or `stop`. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Hands nothing more over, not even what has been taken already. */
  stop(): void {
    this.#ended = true;
  }

  /** Reads what stands in the first `count` bytes of `room`. Throws `ProtocolFault`, and whatever the sink throws; the frame that the sink threw at is done with. */
  take(count: number): void {
    if (this.#ended) return;
    this.#filled += count;
    let at = 0;
    try {
      while (!this.#ended) {
        const next = this.#read(at);
        if (next < 0) break;
        at = next;
      }
    } catch (error) {
      at = this.#resumeAt;
      if (error instanceof ProtocolFault) this.#ended = true;
      throw error;
    } finally {
      this.#keepFrom(at);
    }
  }

  /** Reads one frame; gives the place after it, or -1 while it is not whole. */
  #read(at: number): number {
    this.#resumeAt = at;
    const memory = this.#memory;
    const available = this.#filled - at;
    if (available < 2) return -1;
    const first = memory[at] as number;
    const second = memory[at + 1] as number;
    const opcode = first & 0x0f;
    this.#check(first, second, opcode);
    let length = second & LENGTH;
    let head = 2;
    if (length >= LENGTH_16) {
      head = length === LENGTH_16 ? 4 : 10;
      if (available < head) return -1;
      length = head === 4 ? memory.readUInt16BE(at + 2) : longLength(memory, at + 2);
    }
    if (opcode < CLOSE && length > this.#options.maxPayloadBytes - this.#messageBytes) {
      throw new ProtocolFault(1009, 'Max payload size exceeded');
    }
    const from = at + head;
    const to = from + length;
    if (to > this.#filled) return -1;
    this.#resumeAt = to;
    if (opcode >= CLOSE) this.#control(opcode, memory.subarray(from, to));
    else if ((first & FIN) !== 0 && this.#fragmented === 0) this.#whole(opcode, memory.subarray(from, to));
    else this.#fragment(opcode, memory, from, to, (first & FIN) !== 0);
    return to;
  }

  /** Everything that the first two bytes can be wrong in. */
  #check(first: number, second: number, opcode: number): void {
    if ((first & RESERVED) !== 0) throw new ProtocolFault(1002, 'RSV1, RSV2 and RSV3 must be clear');
    if (opcode === CONTINUATION) {
      if (this.#fragmented === 0) throw new ProtocolFault(1002, 'invalid opcode 0: nothing to continue');
    } else if (opcode === TEXT || opcode === BINARY) {
      if (this.#fragmented !== 0) throw new ProtocolFault(1002, `invalid opcode ${opcode}: a message is not finished`);
    } else if (opcode >= CLOSE && opcode <= PONG) {
      if ((first & FIN) === 0) throw new ProtocolFault(1002, 'FIN must be set in a control frame');
      const length = second & LENGTH;
      if (length > MAX_CONTROL_BYTES || (opcode === CLOSE && length === 1)) {
        throw new ProtocolFault(1002, `invalid length ${length} of a control frame`);
      }
    } else {
      throw new ProtocolFault(1002, `invalid opcode ${opcode}`);
    }
    if ((second & MASKED) !== 0) throw new ProtocolFault(1002, 'MASK must be clear');
  }

  #whole(opcode: number, bytes: Buffer): void {
    const isBinary = opcode === BINARY;
    if (!isBinary) this.#checkText(bytes);
    this.#sink.onMessage(bytes, isBinary);
  }

  #fragment(opcode: number, memory: Buffer, from: number, to: number, isLast: boolean): void {
    if (this.#fragmented === 0) this.#fragmented = opcode;
    const bytes = this.#messageBytes + to - from;
    if (bytes > this.#message.length) {
      const message = Buffer.allocUnsafe(Math.max(bytes, this.#message.length * 2));
      this.#message.copy(message, 0, 0, this.#messageBytes);
      this.#message = message;
    }
    memory.copy(this.#message, this.#messageBytes, from, to);
    this.#messageBytes = bytes;
    if (!isLast) return;
    const message = this.#message.subarray(0, bytes);
    const kind = this.#fragmented;
    this.#fragmented = 0;
    this.#message = NONE;
    this.#messageBytes = 0;
    this.#whole(kind, message);
  }

  #control(opcode: number, bytes: Buffer): void {
    if (opcode === PING) this.#sink.onPing(bytes);
    else if (opcode === PONG) this.#sink.onPong(bytes);
    else this.#close(bytes);
  }

  #close(bytes: Buffer): void {
    const code = bytes.length === 0 ? NO_STATUS : bytes.readUInt16BE(0);
    if (bytes.length > 0 && !isCloseCode(code)) throw new ProtocolFault(1002, `invalid status code ${code}`);
    const reason = bytes.subarray(2);
    this.#checkUtf8(reason);
    this.#ended = true;
    this.#sink.onClose(code, reason.toString('utf8'));
  }

  #checkText(bytes: Buffer): void {
    if (this.#options.checkText) this.#checkUtf8(bytes);
  }

  #checkUtf8(bytes: Buffer): void {
    if (!isUtf8(bytes)) throw new ProtocolFault(1007, 'invalid UTF-8 sequence');
  }

  /** Puts what is not whole yet at the beginning of the memory, and makes room behind it. */
  #keepFrom(at: number): void {
    const left = this.#filled - at;
    const before = this.#memory;
    if (left === this.#memory.length) {
      const longer = Buffer.allocUnsafeSlow(this.#memory.length * 2);
      this.#memory.copy(longer, 0, 0, left);
      this.#memory = longer;
    } else if (this.#memory !== this.#initial && left <= this.#initial.length / 2) {
      this.#memory.copy(this.#initial, 0, at, this.#filled);
      this.#memory = this.#initial;
    } else if (at > 0 && left > 0) {
      this.#memory.copyWithin(0, at, this.#filled);
    }
    this.#filled = left;
    if (left !== this.#roomFrom || this.#memory !== before) this.#room = this.#memory.subarray(left);
    this.#roomFrom = left;
  }
}

/** 64 bits; more than a double holds exactly is too long in any case. */
function longLength(memory: Buffer, at: number): number {
  const high = memory.readUInt32BE(at);
  if (high > 0x1fffff) throw new ProtocolFault(1009, 'payload length > 2^53 - 1');
  return high * 2 ** 32 + memory.readUInt32BE(at + 4);
}

/** Codes that may stand in a close frame (RFC 6455, section 7.4, and the register of IANA up to 1014). */
function isCloseCode(code: number): boolean {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}
