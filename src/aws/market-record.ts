import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { MillraceError, messageOf } from '#core/errors.ts';
import { VENUES, type VenueId } from '#core/market/instrument.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';

/** Version of the record format; `docs/formats.md` describes it byte by byte. */
export const MARKET_RECORD_VERSION = 1;

/** Longest record, and longest content once decompressed: anything longer is refused before it is unpacked. */
export const MAX_RECORD_BYTES = 1024 * 1024;
export const MAX_CONTENT_BYTES = 16 * 1024 * 1024;

const MAGIC = Buffer.from('MLRM', 'latin1');
const FLAG_ZSTD = 1;
const PREFIX_BYTES = 8;
const CHECKSUM_BYTES = 4;
/** No frame takes fewer bytes than its three numbers. */
const MIN_FRAME_BYTES = 3;

/** Who recorded a connection's frames. Together with a frame's sequence number it is the frame's identity. */
export interface RecordOrigin {
  readonly venue: VenueId | 'engine';
  readonly engine: string;
  /** When the engine's publisher started, ms since 1970: tells two runs under one name apart. */
  readonly startedAt: number;
  readonly connection: string;
  readonly epoch: number;
}

export interface MarketFrame {
  /** 1, 2, 3 … in the connection. What is missing between two frames was shed. */
  readonly sequence: number;
  readonly receivedAt: MonoNanos;
  /** Number of this input in the engine's order of all its inputs. */
  readonly inputNumber: number;
  /** As they came from the venue. */
  readonly bytes: Uint8Array;
}

export interface MarketRecord extends RecordOrigin {
  readonly firstSequence: number;
  /** One instant on both clocks of the engine; the wall time of a frame is `wallTimeOf`. */
  readonly anchor: { readonly mono: MonoNanos; readonly epoch: EpochMs };
  readonly frames: readonly MarketFrame[];
}

/** What a record says of itself before its content is unpacked. */
export interface MarketRecordHeader extends RecordOrigin {
  readonly firstSequence: number;
  readonly count: number;
  readonly firstReceivedAt: MonoNanos;
  readonly firstInputNumber: number;
  readonly anchor: { readonly mono: MonoNanos; readonly epoch: EpochMs };
}

export type DecodedMarketRecord =
  | { readonly kind: 'record'; readonly record: MarketRecord }
  | { readonly kind: 'unknownVersion'; readonly version: number }
  | { readonly kind: 'malformed'; readonly reason: string };

/** `<engine>|<startedAt>|<connection>|<epoch>`: with a sequence number, the identity of a frame. */
export function originKey(origin: RecordOrigin): string {
  return `${origin.engine}|${origin.startedAt}|${origin.connection}|${origin.epoch}`;
}

/** Wall time at which a frame was received, by the record's anchor. */
export function wallTimeOf(record: Pick<MarketRecord, 'anchor'>, receivedAt: MonoNanos): EpochMs {
  return (record.anchor.epoch + (receivedAt - record.anchor.mono) / 1e6) as EpochMs;
}

/** Bytes of a varint of `value` (an integer from 0 to 2^53 - 1). */
export const MAX_VARINT_BYTES = 8;

/** Writes `value` in groups of seven bits, lowest first, at `offset`; returns the offset after it. */
export function writeVarint(target: Uint8Array, offset: number, value: number): number {
  let rest = value;
  let at = offset;
  while (rest >= 0x80) {
    target[at] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
    at += 1;
  }
  target[at] = rest;
  return at + 1;
}

/** Signed differences as varints: 0, -1, 1, -2 … become 0, 1, 2, 3 …. */
export function zigzag(value: number): number {
  return value < 0 ? -value * 2 - 1 : value * 2;
}

/** A collected content (`FrameContent`) as one record. Throws `RECORD_TOO_LARGE` (rejected) if it does not fit. */
export function encodeMarketRecord(header: MarketRecordHeader, content: Uint8Array): Buffer<ArrayBuffer> {
  const texts = [header.venue, header.engine, header.connection].map((text) => Buffer.from(text, 'utf8'));
  const head = Buffer.alloc(
    PREFIX_BYTES + texts.reduce((sum, text) => sum + 1 + text.length, 0) + 8 * MAX_VARINT_BYTES + 8,
  );
  let at = PREFIX_BYTES;
  for (const text of texts) {
    if (text.length > 255) throw new MillraceError('validation', 'RECORD_HEADER', `text=${text.length} bytes`);
    head[at] = text.length;
    text.copy(head, at + 1);
    at += 1 + text.length;
  }
  const { startedAt, epoch, firstSequence, count, firstReceivedAt, firstInputNumber, anchor } = header;
  for (const value of [startedAt, epoch, firstSequence, count, firstReceivedAt, firstInputNumber, anchor.mono]) {
    at = writeVarint(head, at, checkedInteger(value));
  }
  at = head.writeDoubleLE(anchor.epoch, at);
  at = writeVarint(head, at, content.length);
  const packed = zstdCompressSync(content, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  const isPacked = packed.length < content.length;
  const body = isPacked ? packed : content;
  const total = at + body.length + CHECKSUM_BYTES;
  if (total > MAX_RECORD_BYTES || content.length > MAX_CONTENT_BYTES)
    throw new MillraceError('rejected', 'RECORD_TOO_LARGE', `bytes=${total} content=${content.length}`);
  MAGIC.copy(head, 0);
  head[4] = MARKET_RECORD_VERSION;
  head[5] = isPacked ? FLAG_ZSTD : 0;
  head.writeUInt16LE(at, 6);
  const record = Buffer.allocUnsafeSlow(total);
  head.copy(record, 0, 0, at);
  record.set(body, at);
  record.writeUInt32LE(crc32(record.subarray(0, total - CHECKSUM_BYTES)), total - CHECKSUM_BYTES);
  return record;
}

/** Reads one record of the market stream. Never throws; what it says is checked against the bounds above before it is believed. */
export function decodeMarketRecord(bytes: Uint8Array): DecodedMarketRecord {
  try {
    return decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    return { kind: 'malformed', reason: messageOf(error) };
  }
}

function decode(record: Buffer): DecodedMarketRecord {
  if (record.length > MAX_RECORD_BYTES) return malformed(`length=${record.length} max=${MAX_RECORD_BYTES}`);
  if (record.length < PREFIX_BYTES + CHECKSUM_BYTES) return malformed(`length=${record.length}`);
  if (!record.subarray(0, 4).equals(MAGIC)) return malformed('not a market record');
  const version = record.readUInt8(4);
  const end = record.length - CHECKSUM_BYTES;
  if (record.readUInt32LE(end) !== crc32(record.subarray(0, end))) return malformed('checksum');
  if (version !== MARKET_RECORD_VERSION) return { kind: 'unknownVersion', version };
  const flags = record.readUInt8(5);
  if ((flags & ~FLAG_ZSTD) !== 0) return { kind: 'unknownVersion', version };
  const headEnd = record.readUInt16LE(6);
  if (headEnd > end) return malformed(`header=${headEnd} length=${record.length}`);
  const head = new Reader(record.subarray(0, headEnd), PREFIX_BYTES);
  const venue = head.text();
  const engine = head.text();
  const connection = head.text();
  const startedAt = head.varint();
  const epoch = head.varint();
  const firstSequence = head.varint();
  const count = head.varint();
  const firstReceivedAt = head.varint();
  const firstInputNumber = head.varint();
  const mono = head.varint() as MonoNanos;
  const anchorEpoch = head.double() as EpochMs;
  const contentLength = head.varint();
  const knownVenue = venue === 'engine' ? venue : VENUES.find((each) => each === venue);
  if (knownVenue === undefined) return malformed(`venue=${JSON.stringify(venue.slice(0, 40))}`);
  if (!Number.isFinite(anchorEpoch)) return malformed('anchor');
  if (contentLength > MAX_CONTENT_BYTES) return malformed(`content=${contentLength}`);
  if (count === 0 || count * MIN_FRAME_BYTES > contentLength) return malformed(`count=${count}`);
  if (!Number.isSafeInteger(firstSequence + count)) return malformed(`firstSequence=${firstSequence}`);
  const packed = record.subarray(headEnd, end);
  const content =
    (flags & FLAG_ZSTD) === 0
      ? packed
      : contentLength === 0
        ? Buffer.alloc(0)
        : zstdDecompressSync(packed, { maxOutputLength: contentLength });
  if (content.length !== contentLength) return malformed(`content=${content.length} declared=${contentLength}`);
  const frames = readFrames(content, { firstSequence, count, firstReceivedAt, firstInputNumber });
  const anchor = { mono, epoch: anchorEpoch };
  return {
    kind: 'record',
    record: { venue: knownVenue, engine, startedAt, connection, epoch, firstSequence, anchor, frames },
  };
}

function readFrames(
  content: Buffer,
  header: { firstSequence: number; count: number; firstReceivedAt: number; firstInputNumber: number },
): MarketFrame[] {
  const reader = new Reader(content, 0);
  const frames: MarketFrame[] = [];
  const { firstSequence, count } = header;
  let receivedAt = header.firstReceivedAt;
  let inputNumber = header.firstInputNumber;
  for (let index = 0; index < count; index += 1) {
    receivedAt += reader.signed();
    inputNumber += reader.signed();
    const bytes = reader.bytes(reader.varint());
    if (!Number.isSafeInteger(receivedAt) || !Number.isSafeInteger(inputNumber) || receivedAt < 0 || inputNumber < 0)
      throw new MillraceError('validation', 'RECORD_MALFORMED', `frame=${index} numbers`);
    frames.push({ sequence: firstSequence + index, receivedAt: receivedAt as MonoNanos, inputNumber, bytes });
  }
  if (!reader.done) throw new MillraceError('validation', 'RECORD_MALFORMED', 'bytes after the last frame');
  return frames;
}

function malformed(reason: string): DecodedMarketRecord {
  return { kind: 'malformed', reason };
}

function checkedInteger(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new MillraceError('validation', 'RECORD_HEADER', `value=${value}`);
  return value;
}

/** Reads within bounds; anything that would pass them throws `RECORD_TRUNCATED`. */
class Reader {
  readonly #source: Buffer;
  #at: number;

  constructor(source: Buffer, at: number) {
    this.#source = source;
    this.#at = at;
  }

  get done(): boolean {
    return this.#at === this.#source.length;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let index = 0; index < MAX_VARINT_BYTES; index += 1) {
      const byte = this.#source[this.#at];
      if (byte === undefined) throw new MillraceError('validation', 'RECORD_TRUNCATED', `at=${this.#at}`);
      this.#at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
      scale *= 0x80;
    }
    throw new MillraceError('validation', 'RECORD_MALFORMED', `number at=${this.#at}`);
  }

  signed(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  double(): number {
    return this.bytes(8).readDoubleLE(0);
  }

  text(): string {
    const [length = 0] = this.bytes(1);
    return this.bytes(length).toString('utf8');
  }

  bytes(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#source.length) throw new MillraceError('validation', 'RECORD_TRUNCATED', `at=${this.#at}`);
    const part = this.#source.subarray(this.#at, end);
    this.#at = end;
    return part;
  }
}
