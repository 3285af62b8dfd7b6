import { type ByteScanner, keyCode, literal } from '../connection/byte-scanner.ts';

const QUOTE = 34;
const BRACE_END = 125;

export const COMMA = 44;
export const SNAPSHOT = literal('"snapshot"');

/** Keys of every frame, `{"topic","type","ts","data","cts"?}`, in whatever order: spot and level 1 have `ts` before `type`. */
export const FRAME_KEY = {
  type: keyCode('type'),
  ts: keyCode('ts'),
  cts: keyCode('cts'),
  data: keyCode('data'),
} as const;

/** One bit for each field that may stand once. */
export const FRAME = { type: 1, ts: 2, data: 4, cts: 8 } as const;
export const FRAME_FIELDS = FRAME.type | FRAME.ts | FRAME.data;

/** From inside the topic's text to the first key after it. */
export function afterTopic(scanner: ByteScanner, bytes: Uint8Array, start: number, end: number): number {
  const at = scanner.plainEnd(bytes, start, end);
  return at >= 0 && at + 1 < end && bytes[at] === QUOTE && bytes[at + 1] === COMMA ? at + 2 : -1;
}

/** Whether the frame's own brace is all that is left. */
export function isLast(bytes: Uint8Array, at: number, end: number): boolean {
  return at + 1 === end && bytes[at] === BRACE_END;
}
