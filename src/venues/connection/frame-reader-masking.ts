import { randomFillSync } from 'node:crypto';

/** What a client writes (RFC 6455, section 5.3): every frame is masked, with a new key from a strong source each time. */

const FIN = 0x80;
const MASKED = 0x80;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const KEY_BYTES = 4;

const keys = Buffer.allocUnsafeSlow(8 * 1024);
let keyAt = keys.length;

export const OPCODE = { text: 1, close: 8, ping: 9, pong: 10 } as const;

/** A text frame. */
export function maskedText(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const { frame, start } = masked(OPCODE.text, length);
  frame.write(text, start, 'utf8');
  return mask(frame, start);
}

/** A control frame; at most 125 bytes. */
export function maskedControl(opcode: number, content: Uint8Array): Buffer {
  const { frame, start } = masked(opcode, content.length);
  frame.set(content, start);
  return mask(frame, start);
}

/** The content of a close frame: code and reason, the latter cut to what fits between two characters. */
export function closeContent(code: number, reason: string): Buffer {
  const content = Buffer.alloc(125);
  content.writeUInt16BE(code, 0);
  // `write` puts no part of a character.
  const length = content.write(reason, 2, 'utf8');
  return content.subarray(0, 2 + length);
}

function masked(opcode: number, length: number): { readonly frame: Buffer; readonly start: number } {
  const extended = length < LENGTH_16 ? 0 : length < 2 ** 16 ? 2 : 8;
  const start = 2 + extended + KEY_BYTES;
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = FIN | opcode;
  if (extended === 0) {
    frame[1] = MASKED | length;
  } else if (extended === 2) {
    frame[1] = MASKED | LENGTH_16;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = MASKED | LENGTH_64;
    frame.writeUInt32BE(Math.floor(length / 2 ** 32), 2);
    frame.writeUInt32BE(length >>> 0, 6);
  }
  if (keyAt === keys.length) {
    randomFillSync(keys);
    keyAt = 0;
  }
  keys.copy(frame, start - KEY_BYTES, keyAt, keyAt + KEY_BYTES);
  keyAt += KEY_BYTES;
  return { frame, start };
}

function mask(frame: Buffer, start: number): Buffer {
  const key = start - KEY_BYTES;
  for (let at = start; at < frame.length; at += 1) {
    frame[at] = (frame[at] as number) ^ (frame[key + ((at - start) & 3)] as number);
  }
  return frame;
}
