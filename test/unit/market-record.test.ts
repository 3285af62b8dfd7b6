import { crc32, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { decodeMarketRecord, encodeMarketRecord, MAX_RECORD_BYTES, originKey, wallTimeOf } from '#aws/market-record.ts';
import type { MonoNanos } from '#core/time/clock.ts';
import { seededRandom } from '#core/time/seeded-random.ts';
import { buildRecord, encodeRecord } from '../support/market-record-builder.ts';

/** Puts the checksum right after a change, so that only the check in question can refuse the record. */
function sealed(record: Buffer): Buffer {
  record.writeUInt32LE(crc32(record.subarray(0, -4)), record.length - 4);
  return record;
}

describe('market records', () => {
  test('are byte for byte what docs/formats.md says', () => {
    const record = encodeRecord(
      buildRecord(
        [
          { text: 'A', receivedAt: 300, inputNumber: 7 },
          { text: 'B', receivedAt: 299, inputNumber: 9 },
        ],
        {
          engine: 'e',
          connection: 'c',
          epoch: 2,
          startedAt: 5,
          firstSequence: 128,
          anchor: { mono: 1 as MonoNanos, epoch: 1 as never },
        },
      ),
    );
    const head = [
      ...Buffer.from('MLRM'),
      1,
      0,
      47,
      0,
      12,
      ...Buffer.from('binance-usdm'),
      1,
      0x65,
      1,
      0x63,
      5,
      2,
      0x80,
      1,
      2,
      0xac,
      2,
      7,
      1,
      ...[0, 0, 0, 0, 0, 0, 0xf0, 0x3f],
      8,
    ];
    head[6] = head.length;
    const content = [0, 0, 1, 0x41, 1, 4, 1, 0x42];
    expect([...record.subarray(0, -4)]).toEqual([...head, ...content]);
    expect(record.readUInt32LE(record.length - 4)).toBe(crc32(Buffer.from([...head, ...content])));
  });

  test('are compressed where that makes them smaller', () => {
    const frames = Array.from({ length: 500 }, (_, index) => `{"e":"depthUpdate","u":${index},"b":[["100.5","1"]]}`);
    const record = encodeRecord(buildRecord(frames));
    expect(record.length).toBeLessThan(frames.join('').length / 4);
    expect(decodeMarketRecord(record).kind).toBe('record');
  });

  test('T4: an unknown version or flag is told from a broken record, so that it can be held', () => {
    const record = encodeRecord(buildRecord(['x']));
    record[4] = 2;
    expect(decodeMarketRecord(sealed(record))).toEqual({ kind: 'unknownVersion', version: 2 });
    record[4] = 1;
    record[5] = 4;
    expect(decodeMarketRecord(sealed(record)).kind).toBe('unknownVersion');
  });

  test('a header with more fields than are known is read: fields may be added', () => {
    const record = encodeRecord(buildRecord(['x']));
    const headEnd = record.readUInt16LE(6);
    const longer = Buffer.concat([record.subarray(0, headEnd), Buffer.from('later'), record.subarray(headEnd)]);
    longer.writeUInt16LE(headEnd + 5, 6);
    expect(decodeMarketRecord(sealed(longer))).toEqual(decodeMarketRecord(record));
  });

  test('T4: content that unpacks to more than it declares is refused without unpacking it', () => {
    const bomb = zstdCompressSync(Buffer.alloc(64 * 1024 * 1024));
    const record = encodeRecord(buildRecord(['x'.repeat(2_000)]));
    const headEnd = record.readUInt16LE(6);
    const swapped = Buffer.concat([record.subarray(0, headEnd), bomb, Buffer.alloc(4)]);
    expect(decodeMarketRecord(sealed(swapped))).toMatchObject({ kind: 'malformed' });
  });

  test('R9: what no record can hold is refused when it is written', () => {
    const random = seededRandom(1);
    const noise = Buffer.alloc(MAX_RECORD_BYTES);
    for (let index = 0; index < noise.length; index += 1) noise[index] = random.next() * 256;
    const header = { ...buildRecord(['x']), count: 1, firstReceivedAt: 0 as MonoNanos, firstInputNumber: 0 };
    expect(() => encodeMarketRecord(header, noise)).toThrow('RECORD_TOO_LARGE');
  });

  test('a record longer than the limit is refused before it is looked at', () => {
    expect(decodeMarketRecord(Buffer.alloc(MAX_RECORD_BYTES + 1))).toMatchObject({ kind: 'malformed' });
  });

  test('R5: wall time follows from the anchor, whatever the wall clock did meanwhile', () => {
    const record = buildRecord(['x']);
    expect(wallTimeOf(record, (record.anchor.mono + 2_500_000) as MonoNanos)).toBe(record.anchor.epoch + 2.5);
  });

  test('two runs under one name have origins of their own', () => {
    expect(originKey(buildRecord(['x']))).not.toBe(originKey(buildRecord(['x'], { startedAt: 1 })));
  });
});
