import { createHash, randomBytes } from 'node:crypto';
import { MillraceError } from '#core/errors.ts';

/** From RFC 6455, section 1.3. */
const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const MAX_HEAD_BYTES = 16 * 1024;
const HEAD_END = Buffer.from('\r\n\r\n');
const TOKEN = /^[!#$%&'*+.^`|~\w-]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

export interface Upgrade {
  /** The request, ready to be written. */
  readonly request: string;
  /** What the server must answer with. */
  readonly accept: string;
}

/** The request that opens a websocket, without extensions or protocols. Throws `CONNECTION_HEADER_INVALID` (class configuration) for a header that is none. */
export function upgradeRequest(url: URL, headers: Readonly<Record<string, string>>): Upgrade {
  const key = randomBytes(16).toString('base64');
  const lines = [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${key}`,
    'Sec-WebSocket-Version: 13',
  ];
  for (const [name, value] of Object.entries(headers)) {
    // The value may be a key of an account, so it is not said.
    if (!TOKEN.test(name) || !FIELD_VALUE.test(value)) {
      throw new MillraceError('configuration', 'CONNECTION_HEADER_INVALID', `name=${JSON.stringify(name)}`);
    }
    lines.push(`${name}: ${value}`);
  }
  return {
    request: `${lines.join('\r\n')}\r\n\r\n`,
    accept: createHash('sha1')
      .update(key + ACCEPT_SUFFIX)
      .digest('base64'),
  };
}

/** Collects the answer's head. */
export class UpgradeAnswer {
  readonly #accept: string;
  #head: Buffer = Buffer.alloc(0);

  constructor(accept: string) {
    this.#accept = accept;
  }

  /**
   * Takes what came. Null: the head is not whole. Else the websocket is open, and the bytes after the head are its first frames. Throws an error with the
   * reason for anything but the right answer.
   */
  take(bytes: Buffer): Buffer | null {
    this.#head = Buffer.concat([this.#head, bytes]);
    const end = this.#head.indexOf(HEAD_END);
    if (end < 0 || end > MAX_HEAD_BYTES) {
      if (this.#head.length > MAX_HEAD_BYTES) throw new Error('the head of the answer is too long');
      return null;
    }
    this.#check(this.#head.toString('latin1', 0, end));
    return this.#head.subarray(end + HEAD_END.length);
  }

  #check(head: string): void {
    const [statusLine = '', ...lines] = head.split('\r\n');
    const status = /^HTTP\/1\.1 (\d{3})(?: |$)/.exec(statusLine)?.[1];
    if (status === undefined) throw new Error('the answer is not HTTP/1.1');
    if (status !== '101') throw new Error(`Unexpected server response: ${status}`);
    const fields = new Map<string, string>();
    for (const line of lines) {
      const colon = line.indexOf(':');
      const name = line.slice(0, Math.max(0, colon)).toLowerCase();
      if (!TOKEN.test(name)) throw new Error('the answer has a line that is no header');
      const value = line.slice(colon + 1).trim();
      const before = fields.get(name);
      fields.set(name, before === undefined ? value : `${before}, ${value}`);
    }
    if (fields.get('upgrade')?.toLowerCase() !== 'websocket') throw new Error('Invalid Upgrade header');
    const connection = (fields.get('connection') ?? '').toLowerCase().split(',');
    if (!connection.some((token) => token.trim() === 'upgrade')) throw new Error('Invalid Connection header');
    if (fields.get('sec-websocket-accept') !== this.#accept) throw new Error('Invalid Sec-WebSocket-Accept header');
    for (const unasked of ['sec-websocket-extensions', 'sec-websocket-protocol']) {
      if (fields.has(unasked)) throw new Error(`the server chose a ${unasked} that was not asked for`);
    }
  }
}
