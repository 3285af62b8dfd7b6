import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeMarketRecord, type MarketRecord } from '#aws/market-record.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';
import { buildRecord, encodeRecord } from '../support/market-record-builder.ts';

const number = fc.integer({ min: 0, max: 2 ** 52 });
const text = fc.string({ maxLength: 60 }).filter((each) => Buffer.from(each, 'utf8').toString('utf8') === each);
const frame = fc.record({
  text: fc.oneof(
    fc.uint8Array({ maxLength: 600 }),
    fc.json().map((each) => Buffer.from(each)),
  ),
  receivedAt: number,
  inputNumber: number,
});

const records: fc.Arbitrary<MarketRecord> = fc
  .record({
    frames: fc.array(frame, { minLength: 1, maxLength: 40 }),
    venue: fc.constantFrom('binance-usdm' as const, 'bybit-linear' as const, 'engine' as const),
    engine: text,
    connection: text,
    epoch: number,
    startedAt: number,
    firstSequence: number,
    mono: number,
    anchor: fc.double({ noNaN: true, noDefaultInfinity: true }),
  })
  .map(({ frames, mono, anchor, ...origin }) =>
    buildRecord(frames, { ...origin, anchor: { mono: mono as MonoNanos, epoch: anchor as EpochMs } }),
  );

function plain(record: MarketRecord): unknown {
  return {
    ...record,
    frames: record.frames.map((each) => ({ ...each, bytes: Buffer.from(each.bytes).toString('hex') })),
  };
}

describe('market records', () => {
  test('R4: frames come back as the bytes that went in, with their numbers and their origin', () => {
    fc.assert(
      fc.property(records, (record) => {
        const decoded = decodeMarketRecord(encodeRecord(record));
        expect(decoded.kind).toBe('record');
        if (decoded.kind === 'record') expect(plain(decoded.record)).toStrictEqual(plain(record));
      }),
      { numRuns: 300 },
    );
  });

  test('T4: a record with any bit changed is refused, never read as other frames', () => {
    fc.assert(
      fc.property(records, fc.nat(), fc.integer({ min: 1, max: 255 }), (record, place, change) => {
        const bytes = encodeRecord(record);
        const at = place % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ change;
        expect(decodeMarketRecord(bytes).kind).not.toBe('record');
      }),
      { numRuns: 300 },
    );
  });

  test('T4: a record cut anywhere, or with bytes after it, is refused', () => {
    fc.assert(
      fc.property(records, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 20 }), (record, place, rest) => {
        const bytes = encodeRecord(record);
        expect(decodeMarketRecord(bytes.subarray(0, place % bytes.length)).kind).toBe('malformed');
        expect(decodeMarketRecord(Buffer.concat([bytes, rest])).kind).toBe('malformed');
      }),
      { numRuns: 200 },
    );
  });

  test('T4: garbage is refused without a throw, with a right beginning and checksum as well', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.constantFrom(0, 1), (garbage, flags) => {
        expect(decodeMarketRecord(garbage).kind).toBe('malformed');
        const head = Buffer.from([...Buffer.from('MLRM'), 1, flags]);
        const sealed = Buffer.concat([head, garbage, Buffer.alloc(4)]);
        sealed.writeUInt32LE(crc32(sealed.subarray(0, -4)), sealed.length - 4);
        expect(['malformed', 'record']).toContain(decodeMarketRecord(sealed).kind);
      }),
      { numRuns: 500 },
    );
  });
});
