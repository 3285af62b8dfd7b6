import { createRequire } from 'node:module';
import type { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameReader, ProtocolFault } from '#venues/connection/frame-reader.ts';
import { rawFrame } from '../support/raw-websocket-server.ts';

/** The reader inside `ws`, which is the judge. Its types do not name it. */
const { Receiver } = createRequire(import.meta.url)('ws') as {
  Receiver: new (options: { maxPayload: number; skipUTF8Validation: boolean }) => Writable;
};

const MAX_PAYLOAD = 4_000;

interface Reading {
  readonly events: readonly string[];
  /** What the other side would be told; null: nothing was wrong. */
  readonly fault: number | null;
}

async function judge(chunks: readonly Buffer[]): Promise<Reading> {
  const receiver = new Receiver({ maxPayload: MAX_PAYLOAD, skipUTF8Validation: false });
  const events: string[] = [];
  let fault: number | null = null;
  const note = (kind: string) => (data: Buffer, isBinary?: boolean) =>
    events.push(`${kind}${isBinary === undefined ? '' : isBinary} ${data.toString('hex')}`);
  receiver.on('message', note('message '));
  receiver.on('ping', note('ping'));
  receiver.on('pong', note('pong'));
  receiver.on('conclude', (code: number, reason: Buffer) => events.push(`close ${code} ${reason.toString('hex')}`));
  receiver.on('error', (error: Error) => {
    const symbol = Object.getOwnPropertySymbols(error).find((each) => each.description === 'status-code');
    fault = symbol === undefined ? -1 : ((error as unknown as Record<symbol, number>)[symbol] ?? -1);
  });
  for (const chunk of chunks) {
    if (fault !== null || events.at(-1)?.startsWith('close') === true) break;
    await new Promise<void>((resolve) => receiver.write(Buffer.from(chunk), () => resolve()));
  }
  return { events, fault };
}

function ours(chunks: readonly Buffer[], memory: number): Reading {
  const events: string[] = [];
  const reader = new FrameReader(
    {
      onMessage: (bytes, isBinary) => events.push(`message ${isBinary} ${bytes.toString('hex')}`),
      onPing: (bytes) => events.push(`ping ${bytes.toString('hex')}`),
      onPong: (bytes) => events.push(`pong ${bytes.toString('hex')}`),
      onClose: (code, reason) => events.push(`close ${code} ${Buffer.from(reason).toString('hex')}`),
    },
    { maxPayloadBytes: MAX_PAYLOAD, checkText: true },
    memory,
  );
  try {
    for (const chunk of chunks) {
      for (let at = 0; at < chunk.length; ) {
        const part = chunk.copy(reader.room, 0, at);
        at += part;
        reader.take(part);
      }
    }
  } catch (error) {
    if (!(error instanceof ProtocolFault)) throw error;
    return { events, fault: error.closeCode };
  }
  return { events, fault: null };
}

/** Cuts into chunks at any places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set([...places.map((place) => place % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end)).filter((chunk) => chunk.length > 0);
}

const text = fc.string({ unit: 'grapheme', maxLength: 60 }).map((each) => Buffer.from(each));
const bytes = fc.oneof(fc.uint8Array({ maxLength: 400 }), fc.uint8Array({ minLength: 1_000, maxLength: 3_000 }));
const control = fc.record({
  kind: fc.constant('control' as const),
  opcode: fc.constantFrom(9, 10),
  payload: fc.uint8Array({ maxLength: 125 }),
});
const message = fc.record({
  kind: fc.constant('message' as const),
  opcode: fc.constantFrom(1, 2),
  parts: fc.array(fc.oneof(text, fc.uint8Array({ maxLength: 200 })), { minLength: 1, maxLength: 4 }),
  between: fc.array(control, { maxLength: 2 }),
});
const plain = fc.record({
  kind: fc.constant('message' as const),
  opcode: fc.constantFrom(1, 2),
  parts: fc.array(text, { minLength: 1, maxLength: 4 }),
  between: fc.array(control, { maxLength: 2 }),
});
const binary = fc.record({
  kind: fc.constant('message' as const),
  opcode: fc.constant(2),
  parts: fc.array(bytes, { minLength: 1, maxLength: 2 }),
  between: fc.constant([]),
});
const close = fc.record({
  kind: fc.constant('close' as const),
  code: fc.oneof(fc.constantFrom(1000, 1001, 1006, 1011, 1015, 3000, 4999), fc.integer({ min: 0, max: 65_535 })),
  reason: fc.oneof(text, fc.uint8Array({ maxLength: 40 })),
});
const anything = fc.record({
  kind: fc.constant('any' as const),
  opcode: fc.nat({ max: 15 }),
  payload: fc.uint8Array({ maxLength: 130 }),
  fin: fc.boolean(),
  reserved: fc.constantFrom(0, 0, 0, 1, 2, 4),
  masked: fc.boolean(),
});
const piece = fc.oneof(
  { weight: 5, arbitrary: plain },
  { weight: 2, arbitrary: binary },
  { weight: 3, arbitrary: control },
  { weight: 1, arbitrary: message },
  { weight: 1, arbitrary: close },
  { weight: 1, arbitrary: anything },
);
type Piece = typeof piece extends fc.Arbitrary<infer Each> ? Each : never;

function encode(each: Piece): Buffer {
  switch (each.kind) {
    case 'control':
      return rawFrame(each.opcode, each.payload);
    case 'close': {
      const head = Buffer.alloc(2);
      head.writeUInt16BE(each.code);
      return rawFrame(8, Buffer.concat([head, each.reason]).subarray(0, 125));
    }
    case 'any':
      return rawFrame(each.opcode, each.payload, each);
    case 'message':
      return Buffer.concat(
        each.parts.flatMap((part, index) => [
          rawFrame(index === 0 ? each.opcode : 0, part, { fin: index === each.parts.length - 1 }),
          ...(index < each.parts.length - 1 ? each.between.map(encode) : []),
        ]),
      );
  }
}

describe('frame reader, with the reader inside ws as the judge', () => {
  test('the same messages, controls, close and faults, however frames are fragmented and the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 12 }),
        fc.array(fc.nat({ max: 40_000 }), { maxLength: 12 }),
        fc.constantFrom(16, 200, 65_536),
        async (pieces, places, memory) => {
          const chunks = cut(Buffer.concat(pieces.map(encode)), places);
          expect(ours(chunks, memory)).toEqual(await judge(chunks));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('bytes of any kind lead to the same, and never to another error than a fault', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 60 }),
        fc.array(fc.nat({ max: 60 }), { maxLength: 6 }),
        async (any, places) => {
          const chunks = cut(Buffer.from(any), places);
          expect(ours(chunks, 16)).toEqual(await judge(chunks));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('one byte changed in good frames leads to the same', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(plain, { minLength: 1, maxLength: 5 }),
        fc.nat(),
        fc.nat({ max: 255 }),
        fc.array(fc.nat({ max: 2_000 }), { maxLength: 5 }),
        async (pieces, place, byte, places) => {
          const all = Buffer.concat(pieces.map(encode));
          all[place % all.length] = byte;
          const chunks = cut(all, places);
          expect(ours(chunks, 64)).toEqual(await judge(chunks));
        },
      ),
      { numRuns: 300 },
    );
  });
});
