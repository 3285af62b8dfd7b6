import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { MillraceError } from '#core/errors.ts';
import { countOf, includes, type SequenceRanges, withRange } from '#core/market/sequence-ranges.ts';
import {
  decodeMarketRecord,
  type MarketFrame,
  type MarketRecord,
  originKey,
  type RecordOrigin,
  wallTimeOf,
} from './market-record.ts';
import type { ReceivedRecord } from './market-stream.ts';

/** Where the objects with frames are; the manifests lie beside under their own. `docs/formats.md`, "Archive". */
export const ARCHIVE_PREFIX = 'market/';
const MANIFEST_PREFIX = 'manifest/';
const LENGTH_BYTES = 4;

/** What a manifest says of its object. */
export interface ArchiveManifest extends RecordOrigin {
  readonly version: 1;
  readonly object: string;
  readonly bytes: number;
  readonly records: number;
  readonly frames: number;
  /** Frames that the object has; what is missing between two was shed, or is in other objects. */
  readonly ranges: SequenceRanges;
  /** Wall time of the first and of the last frame, ISO-8601. */
  readonly receivedFrom: string;
  readonly receivedTo: string;
}

export interface ArchiveObject {
  readonly key: string;
  readonly body: Buffer;
  readonly manifestKey: string;
  readonly manifest: ArchiveManifest;
}

/**
 * One object for the records of one connection, as they came, each after its length. The key follows from the content alone: the same records
 * again are the same object.
 */
export function archiveObjectOf(received: readonly ReceivedRecord[]): ArchiveObject {
  const [first] = received;
  if (first === undefined) throw new MillraceError('fatal', 'ARCHIVE_EMPTY', 'no records');
  const parts = received.flatMap(({ data }) => {
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32LE(data.byteLength);
    return [length, data];
  });
  const body = Buffer.concat(parts);
  const frames = received.flatMap(({ record }) =>
    record.frames.map((frame) => ({ sequence: frame.sequence, at: wallTimeOf(record, frame.receivedAt) })),
  );
  const ranges = received.reduce<SequenceRanges>(
    (all, { record }) => withRange(all, [record.firstSequence, record.firstSequence + record.frames.length - 1]),
    [],
  );
  const times = frames.map((frame) => frame.at).sort((a, b) => a - b);
  const receivedFrom = new Date(times[0] ?? 0).toISOString();
  const { venue, engine, startedAt, connection, epoch } = first.record;
  const name = [
    String(ranges[0]?.[0] ?? 0).padStart(16, '0'),
    String(ranges.at(-1)?.[1] ?? 0).padStart(16, '0'),
    createHash('sha256').update(body).digest('hex').slice(0, 12),
  ].join('-');
  const [day = '', time = ''] = receivedFrom.split('T');
  const place = [venue, day, time.slice(0, 2), plain(connection), `${plain(engine)}-${startedAt}-${epoch}`, name];
  const key = `${ARCHIVE_PREFIX}${place.join('/')}.mlrm`;
  return {
    key,
    body,
    manifestKey: `${MANIFEST_PREFIX}${place.join('/')}.json`,
    manifest: {
      version: 1,
      object: key,
      venue,
      engine,
      startedAt,
      connection,
      epoch,
      bytes: body.length,
      records: received.length,
      frames: countOf(ranges),
      ranges,
      receivedFrom,
      receivedTo: new Date(times.at(-1) ?? 0).toISOString(),
    },
  };
}

function plain(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9._-]/g, '_');
}

/** Writes the object, then its manifest: a manifest never names what is not there. Doing it again changes nothing. */
export async function storeArchiveObject(s3: S3Client, bucket: string, object: ArchiveObject): Promise<void> {
  const { manifest } = object;
  await s3.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: object.key,
      Body: object.body,
      ContentType: 'application/octet-stream',
      Metadata: {
        first: String(manifest.ranges[0]?.[0] ?? 0),
        last: String(manifest.ranges.at(-1)?.[1] ?? 0),
        frames: String(manifest.frames),
      },
    }),
  );
  await s3.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: object.manifestKey,
      Body: JSON.stringify(manifest),
      ContentType: 'application/json',
    }),
  );
}

/** A frame of the archive, with all that is known of it. */
export interface ArchivedFrame extends MarketFrame {
  readonly record: MarketRecord;
}

/**
 * Every frame under a prefix, each once, whatever was delivered or sent again: by connection and hour in the order of their sequence but for what came again late.
 * Throws `ARCHIVE_OBJECT_INVALID` (fatal) for an object that is not whole; nothing is passed over.
 */
export async function* readArchive(
  s3: S3Client,
  bucket: string,
  prefix = ARCHIVE_PREFIX,
): AsyncGenerator<ArchivedFrame, void> {
  const seen = new Map<string, SequenceRanges>();
  for await (const key of keysOf(s3, bucket, prefix)) {
    const answer = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    const body = Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
    for (const record of recordsOf(key, body)) {
      const origin = originKey(record);
      const known = seen.get(origin) ?? [];
      for (const frame of record.frames) if (!includes(known, frame.sequence)) yield { ...frame, record };
      const last = record.firstSequence + record.frames.length - 1;
      seen.set(origin, withRange(known, [record.firstSequence, last]));
    }
  }
}

/** How many frames of a connection are in the archive. */
export interface ArchivedConnection extends RecordOrigin {
  readonly frames: number;
  readonly ranges: SequenceRanges;
}

/** The archive read back, decoded and counted by connection: what conservation is held against (M8). */
export async function archivedConnections(
  s3: S3Client,
  bucket: string,
  prefix = ARCHIVE_PREFIX,
): Promise<readonly ArchivedConnection[]> {
  const counted = new Map<string, { record: MarketRecord; frames: number; ranges: SequenceRanges }>();
  for await (const { record, sequence } of readArchive(s3, bucket, prefix)) {
    const origin = originKey(record);
    const entry = counted.get(origin) ?? { record, frames: 0, ranges: [] };
    entry.frames += 1;
    entry.ranges = withRange(entry.ranges, [sequence, sequence]);
    counted.set(origin, entry);
  }
  return [...counted.values()].map(({ record, frames, ranges }) => {
    const { venue, engine, startedAt, connection, epoch } = record;
    return { venue, engine, startedAt, connection, epoch, frames, ranges };
  });
}

/** Frames in the archive by venue, read back and decoded, each counted once. The engine's own input log is under `engine`. */
export async function archivedFrameCounts(s3: S3Client, bucket: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { venue, frames } of await archivedConnections(s3, bucket)) {
    counts[venue] = (counts[venue] ?? 0) + frames;
  }
  return counts;
}

/**
 * Copies archive objects into a folder, under their keys: a log that needs no AWS to be replayed. Returns how many. Throws `ARCHIVE_KEY_UNSAFE` (validation) for a key that leads anywhere but into the
 * folder, before it is read: keys are whoever's who may write to the bucket.
 */
export async function copyArchive(
  s3: S3Client,
  bucket: string,
  folder: string,
  prefix = ARCHIVE_PREFIX,
): Promise<number> {
  let copied = 0;
  for await (const key of keysOf(s3, bucket, prefix)) {
    const file = fileOf(folder, key);
    const answer = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, (await answer.Body?.transformToByteArray()) ?? new Uint8Array());
    copied += 1;
  }
  return copied;
}

/** Where an object's copy goes: each part of its key is a plain name. */
function fileOf(folder: string, key: string): string {
  const parts = key.split('/');
  const plain = parts.every((part) => part !== '' && part !== '.' && part !== '..' && !/[\\\0]/.test(part));
  if (!plain) throw new MillraceError('validation', 'ARCHIVE_KEY_UNSAFE', `key=${JSON.stringify(key)}`);
  return path.join(folder, ...parts);
}

async function* keysOf(s3: S3Client, bucket: string, prefix: string): AsyncGenerator<string, void> {
  let from: string | undefined;
  do {
    const page = await s3.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        ...(from === undefined ? {} : { ContinuationToken: from }),
      }),
    );
    for (const { Key } of page.Contents ?? []) if (Key !== undefined) yield Key;
    from = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (from !== undefined);
}

function recordsOf(key: string, body: Buffer): readonly MarketRecord[] {
  const records: MarketRecord[] = [];
  let at = 0;
  while (at < body.length) {
    if (at + LENGTH_BYTES > body.length) throw invalid(key, `cut short at=${at}`);
    const start = at + LENGTH_BYTES;
    const end = start + body.readUInt32LE(at);
    if (end > body.length) throw invalid(key, `cut short at=${at}`);
    const decoded = decodeMarketRecord(body.subarray(start, end));
    if (decoded.kind !== 'record') throw invalid(key, `at=${at} ${JSON.stringify(decoded)}`);
    records.push(decoded.record);
    at = end;
  }
  return records;
}

function invalid(key: string, detail: string): MillraceError {
  return new MillraceError('fatal', 'ARCHIVE_OBJECT_INVALID', `key=${key} ${detail}`);
}
