import {
  closeSync,
  existsSync,
  fdatasyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { MillraceError, messageOf } from '#core/errors.ts';

/** `docs/formats.md`, "Journal": each entry is u32 length · u32 CRC-32 of the rest · u16 length of the key · key · payload; little-endian. */
const ENTRY_HEAD_BYTES = 8;
const MAX_ENTRY_BYTES = 2 * 1024 * 1024;
const SEGMENT_NAME = /^(\d{12})\.journal$/;
const DAMAGED = '.damaged';

export interface JournalEntry {
  readonly key: string;
  readonly payload: Uint8Array;
}

/** An entry's place: what is acknowledged. */
export interface JournalReference {
  readonly segment: number;
}

interface Segment {
  readonly number: number;
  readonly file: string;
  bytes: number;
  entries: number;
  acknowledged: number;
  /** Entries that have been read (or were handed over when they were written). */
  read: number;
  /** Bytes at its end that are no entry: a torn write, or damage. */
  damagedBytes: number;
  /** Entries in memory while they are read back; null: not loaded. */
  loaded: JournalEntry[] | null;
}

export interface JournalOptions {
  readonly folder: string;
  /** Beyond this nothing more is taken. */
  readonly maxBytes?: number;
  readonly segmentBytes?: number;
}

/**
 * A queue of trading events on disk, for the time in which the stream does not take them. Append-only segments with a checksum at each entry; an append is on the disk
 * (fdatasync) when it returns. Segments go when every entry in them has been acknowledged, so a restart repeats at most what was acknowledged in an unfinished one: readers apply an event once. All
 * calls block: they belong into the publishing thread.
 */
export class Journal {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #segmentBytes: number;
  readonly #segments: Segment[] = [];
  #descriptor: number | null = null;
  #next = 1;
  /** Bytes in files that could not be read back, since the journal was opened. Such files are kept under another name. */
  damagedBytes = 0;

  /** Opens the folder, made where it is missing, and finds what an earlier run left. Throws `JOURNAL_UNUSABLE` (configuration). */
  constructor(options: JournalOptions) {
    this.#folder = options.folder;
    this.#maxBytes = options.maxBytes ?? 256 * 1024 * 1024;
    this.#segmentBytes = options.segmentBytes ?? 4 * 1024 * 1024;
    try {
      mkdirSync(this.#folder, { recursive: true });
      this.#recover();
    } catch (error) {
      throw new MillraceError('configuration', 'JOURNAL_UNUSABLE', `folder=${this.#folder} ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** Entries that have not been acknowledged. */
  get outstanding(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.entries - segment.acknowledged, 0);
  }

  /** Whether every entry has been read. */
  get isRead(): boolean {
    return this.#segments.every((segment) => segment.read === segment.entries);
  }

  /**
   * Writes entries at the end, in their order, and returns their references. `alreadyRead`: their owner has them, `read` passes them over; only while `isRead`.
   * Null: the journal is full or the disk refuses; nothing was written.
   */
  append(entries: readonly JournalEntry[], alreadyRead: boolean): readonly JournalReference[] | null {
    if (alreadyRead && !this.isRead)
      throw new MillraceError('fatal', 'JOURNAL_ORDER', 'entries before these are unread');
    const encoded = entries.map(encodeEntry);
    const size = encoded.reduce((sum, bytes) => sum + bytes.length, 0);
    if (this.bytes + size > this.#maxBytes) return null;
    const segment = this.#openSegment();
    if (segment === null || this.#descriptor === null) return null;
    try {
      writeAll(this.#descriptor, Buffer.concat(encoded));
      fdatasyncSync(this.#descriptor);
    } catch {
      // A full or failing disk: whatever of it was written is no whole entry to the reader, and the next entry goes to a new file.
      this.#closeSegment();
      return null;
    }
    segment.bytes += size;
    segment.entries += entries.length;
    if (alreadyRead) segment.read += entries.length;
    else if (segment.loaded !== null) segment.loaded.push(...entries);
    if (segment.bytes >= this.#segmentBytes) this.#closeSegment();
    return entries.map(() => ({ segment: segment.number }));
  }

  /** The next unread entries, oldest first, at most `count`. */
  read(count: number): readonly (JournalEntry & { readonly reference: JournalReference })[] {
    const read: (JournalEntry & { readonly reference: JournalReference })[] = [];
    for (const segment of this.#segments) {
      if (read.length >= count) break;
      if (segment.read === segment.entries) continue;
      const entries = this.#load(segment);
      const part = entries.slice(segment.read, Math.min(segment.read + count - read.length, segment.entries));
      segment.read += part.length;
      if (segment.read === segment.entries) segment.loaded = null;
      for (const entry of part) read.push({ ...entry, reference: { segment: segment.number } });
    }
    return read;
  }

  /** The stream has the entry. */
  acknowledge(reference: JournalReference): void {
    const index = this.#segments.findIndex((segment) => segment.number === reference.segment);
    const segment = this.#segments[index];
    if (segment === undefined) return;
    segment.acknowledged += 1;
    if (segment.acknowledged < segment.entries) return;
    if (index === this.#segments.length - 1) this.#closeSegment();
    this.#segments.splice(index, 1);
    if (segment.damagedBytes > 0) renameSync(segment.file, `${segment.file}${DAMAGED}`);
    else rmSync(segment.file, { force: true });
  }

  close(): void {
    this.#closeSegment();
  }

  #recover(): void {
    const numbers = readdirSync(this.#folder)
      .map((name) => SEGMENT_NAME.exec(name)?.[1])
      .filter((text) => text !== undefined)
      .map(Number)
      .sort((a, b) => a - b);
    for (const number of numbers) {
      this.#next = number + 1;
      const file = this.#fileOf(number);
      const { entries, damagedBytes, bytes } = readSegment(file);
      this.damagedBytes += damagedBytes;
      if (entries.length === 0) {
        if (damagedBytes > 0) renameSync(file, `${file}${DAMAGED}`);
        else rmSync(file);
        continue;
      }
      this.#segments.push({
        number,
        file,
        bytes,
        entries: entries.length,
        acknowledged: 0,
        read: 0,
        damagedBytes,
        loaded: null,
      });
    }
  }

  #load(segment: Segment): readonly JournalEntry[] {
    segment.loaded ??= [...readSegment(segment.file).entries];
    if (segment.loaded.length < segment.entries)
      throw new MillraceError(
        'fatal',
        'JOURNAL_SHRANK',
        `file=${segment.file} entries=${segment.loaded.length} expected=${segment.entries}`,
      );
    return segment.loaded;
  }

  #openSegment(): Segment | null {
    const last = this.#segments.at(-1);
    if (this.#descriptor !== null && last !== undefined) return last;
    let number = this.#next;
    while (existsSync(this.#fileOf(number)) || existsSync(`${this.#fileOf(number)}${DAMAGED}`)) number += 1;
    const file = this.#fileOf(number);
    try {
      this.#descriptor = openSync(file, 'ax', 0o600);
    } catch {
      // The disk takes no new file: the same to the caller as a full journal.
      return null;
    }
    this.#next = number + 1;
    const segment = { number, file, bytes: 0, entries: 0, acknowledged: 0, read: 0, damagedBytes: 0, loaded: null };
    this.#segments.push(segment);
    return segment;
  }

  /** An empty segment that is closed is forgotten with its file. */
  #closeSegment(): void {
    if (this.#descriptor === null) return;
    closeSync(this.#descriptor);
    this.#descriptor = null;
    const last = this.#segments.at(-1);
    if (last === undefined || last.entries > 0) return;
    this.#segments.pop();
    rmSync(last.file, { force: true });
  }

  #fileOf(number: number): string {
    return path.join(this.#folder, `${String(number).padStart(12, '0')}.journal`);
  }
}

function encodeEntry(entry: JournalEntry): Buffer {
  const key = Buffer.from(entry.key, 'utf8');
  const length = 2 + key.length + entry.payload.length;
  if (length > MAX_ENTRY_BYTES) throw new MillraceError('validation', 'JOURNAL_ENTRY', `bytes=${length}`);
  const bytes = Buffer.alloc(ENTRY_HEAD_BYTES + length);
  bytes.writeUInt32LE(length, 0);
  bytes.writeUInt16LE(key.length, ENTRY_HEAD_BYTES);
  key.copy(bytes, ENTRY_HEAD_BYTES + 2);
  bytes.set(entry.payload, ENTRY_HEAD_BYTES + 2 + key.length);
  bytes.writeUInt32LE(crc32(bytes.subarray(ENTRY_HEAD_BYTES)), 4);
  return bytes;
}

/** The whole entries of a file up to the first that is not: lengths after it cannot be trusted. */
function readSegment(file: string): { entries: JournalEntry[]; damagedBytes: number; bytes: number } {
  const content = readFileSync(file);
  const entries: JournalEntry[] = [];
  let at = 0;
  while (at + ENTRY_HEAD_BYTES <= content.length) {
    const length = content.readUInt32LE(at);
    const start = at + ENTRY_HEAD_BYTES;
    const end = start + length;
    if (length < 2 || length > MAX_ENTRY_BYTES || end > content.length) break;
    const body = content.subarray(start, end);
    const keyLength = body.readUInt16LE(0);
    if (crc32(body) !== content.readUInt32LE(at + 4) || 2 + keyLength > length) break;
    entries.push({ key: body.toString('utf8', 2, 2 + keyLength), payload: body.subarray(2 + keyLength) });
    at = end;
  }
  return { entries, damagedBytes: content.length - at, bytes: content.length };
}

function writeAll(descriptor: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(descriptor, bytes, written);
}
