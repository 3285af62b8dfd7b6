import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { archivedConnections, archivedFrameCounts, copyArchive, readArchive } from '#aws/archive.ts';
import type { MarketRecord } from '#aws/market-record.ts';
import { parseMarketRecord } from '#aws/market-stream.ts';
import { createBatchProcessor } from '#aws/ordered-stream-processor.ts';
import { archiveBatch } from '#functions/archive/archive-batch.ts';
import { createFakeS3, type FakeS3 } from '../support/fake-s3.ts';
import { buildKinesisEvent } from '../support/kinesis-event-builder.ts';
import { buildRecord, encodeRecord } from '../support/market-record-builder.ts';
import { createMemoryQuarantine } from '../support/memory-quarantine.ts';

const BUCKET = 'archive';

function world() {
  const s3 = createFakeS3();
  const quarantine = createMemoryQuarantine();
  const parts = { s3: s3.client, bucket: BUCKET, log: () => undefined, count: () => undefined };
  const processor = createBatchProcessor({
    consumer: 'archive',
    parse: parseMarketRecord,
    quarantine,
    log: () => undefined,
    handle: (messages) => archiveBatch(messages, parts),
  });
  return {
    s3,
    quarantine,
    deliver: (records: readonly MarketRecord[]) => processor(buildKinesisEvent(records.map(encodeRecord))),
  };
}

/** Records of `size` frames each, `first` to `last`, of one connection. */
function records(first: number, last: number, size: number, change: Partial<MarketRecord> = {}): MarketRecord[] {
  const made: MarketRecord[] = [];
  for (let start = first; start <= last; start += size) {
    const count = Math.min(size, last - start + 1);
    const texts = Array.from({ length: count }, (_, index) => `frame ${start + index}`);
    made.push(buildRecord(texts, { ...change, firstSequence: start }));
  }
  return made;
}

const OTHER = { venue: 'bybit-linear', connection: 'engine-a/bybit-linear/public' } as const;

async function textsOf(s3: FakeS3): Promise<string[]> {
  const texts: string[] = [];
  for await (const frame of readArchive(s3.client, BUCKET)) texts.push(Buffer.from(frame.bytes).toString());
  return texts;
}

describe('archive', () => {
  test('R4, M8: frames come back as they were received, with sequence, receive time and connection', async () => {
    const { s3, deliver } = world();
    expect(await deliver([...records(1, 25, 10), ...records(1, 5, 5, OTHER)])).toEqual({ batchItemFailures: [] });
    const frames: string[] = [];
    for await (const frame of readArchive(s3.client, BUCKET))
      frames.push(`${frame.record.venue} ${frame.sequence} ${frame.receivedAt} ${Buffer.from(frame.bytes)}`);
    expect(frames.slice(0, 2)).toEqual(['binance-usdm 1 1001000000 frame 1', 'binance-usdm 2 1002000000 frame 2']);
    expect(frames).toHaveLength(30);
    expect(await archivedFrameCounts(s3.client, BUCKET)).toEqual({ 'binance-usdm': 25, 'bybit-linear': 5 });
  });

  test('an object a connection and batch, with a manifest of its sequence ranges', async () => {
    const { s3, deliver } = world();
    await deliver([...records(1, 20, 10), ...records(31, 40, 10)]);
    const keys = [...s3.objects.keys()].sort();
    expect(keys).toHaveLength(2);
    expect(keys[1]).toMatch(
      /^archive\/market\/binance-usdm\/2023-11-14\/22\/engine-a_binance-usdm_public\/engine-a-1700000000000-3\/0{15}1-0{14}40-[0-9a-f]{12}\.mlrm$/,
    );
    const manifest: unknown = JSON.parse(s3.objects.get(keys[0] ?? '')?.toString() ?? '');
    expect(manifest).toMatchObject({
      version: 1,
      object: keys[1]?.slice('archive/'.length),
      ranges: [
        [1, 20],
        [31, 40],
      ],
      frames: 30,
      records: 3,
      receivedFrom: '2023-11-14T22:13:21.001Z',
    });
  });

  test('T4: a batch that is delivered again changes nothing; overlapping batches count once', async () => {
    const { s3, deliver } = world();
    const all = records(1, 100, 10);
    await deliver(all);
    const before = new Map(s3.objects);
    await deliver(all);
    expect(s3.objects).toEqual(before);
    await deliver(all.slice(3));
    await deliver(records(5, 95, 7));
    expect(await archivedFrameCounts(s3.client, BUCKET)).toEqual({ 'binance-usdm': 100 });
    expect((await textsOf(s3)).sort()).toEqual(Array.from({ length: 100 }, (_, index) => `frame ${index + 1}`).sort());
  });

  test('invariant 5: what was shed is missing by its numbers, runs and epochs are told apart', async () => {
    const { s3, deliver } = world();
    await deliver([...records(1, 10, 10), ...records(15, 20, 6), ...records(1, 3, 3, { epoch: 4 })]);
    await deliver(records(1, 2, 2, { startedAt: 1_700_000_100_000 }));
    const counted = await archivedConnections(s3.client, BUCKET);
    expect(counted.map(({ epoch, startedAt, frames, ranges }) => ({ epoch, startedAt, frames, ranges }))).toEqual(
      expect.arrayContaining([
        {
          epoch: 3,
          startedAt: 1_700_000_000_000,
          frames: 16,
          ranges: [
            [1, 10],
            [15, 20],
          ],
        },
        { epoch: 4, startedAt: 1_700_000_000_000, frames: 3, ranges: [[1, 3]] },
        { epoch: 3, startedAt: 1_700_000_100_000, frames: 2, ranges: [[1, 2]] },
      ]),
    );
  });

  test('T4: where an object cannot be written the batch fails from its first record on, and is whole after the next delivery', async () => {
    const { s3, deliver } = world();
    const batch = [...records(1, 10, 10), ...records(1, 10, 10, OTHER), ...records(11, 20, 10)];
    s3.fails = (method, path) => method === 'PUT' && path.includes('bybit-linear');
    expect(await deliver(batch)).toEqual({ batchItemFailures: [{ itemIdentifier: '1001' }] });
    s3.fails = () => false;
    await deliver(batch.slice(1));
    expect(await archivedFrameCounts(s3.client, BUCKET)).toEqual({ 'binance-usdm': 20, 'bybit-linear': 10 });
  });

  test('G14: a broken record goes to quarantine whole and the rest is archived', async () => {
    const { s3, quarantine } = world();
    const processor = createBatchProcessor({
      consumer: 'archive',
      parse: parseMarketRecord,
      quarantine,
      log: () => undefined,
      handle: (messages) =>
        archiveBatch(messages, { s3: s3.client, bucket: BUCKET, log: () => undefined, count: () => undefined }),
    });
    const [whole, cut] = records(1, 20, 10).map(encodeRecord);
    if (whole === undefined || cut === undefined) throw new Error('two records');
    await processor(buildKinesisEvent([whole, cut.subarray(0, 50), Buffer.from('garbage')]));
    expect(quarantine.records.map((each) => Buffer.from(each.data).length)).toEqual([50, 7]);
    expect(await archivedFrameCounts(s3.client, BUCKET)).toEqual({ 'binance-usdm': 10 });
  });

  test('reads over all pages of the list', async () => {
    const { s3, deliver } = world();
    for (const record of records(1, 50, 5)) await deliver([record]);
    s3.pageSize = 3;
    expect(await archivedFrameCounts(s3.client, BUCKET)).toEqual({ 'binance-usdm': 50 });
  });

  test('M8: an object that is not whole is an error, never a smaller count', async () => {
    const { s3, deliver } = world();
    await deliver(records(1, 10, 10));
    const [key, body] = [...s3.objects].find(([name]) => name.endsWith('.mlrm')) ?? ['', Buffer.alloc(0)];
    s3.objects.set(key, body.subarray(0, body.length - 1));
    await expect(archivedFrameCounts(s3.client, BUCKET)).rejects.toThrow('ARCHIVE_OBJECT_INVALID');
  });
});

describe('a copy of the archive', () => {
  function folder(): string {
    const made = mkdtempSync(path.join(tmpdir(), 'archive-copy-'));
    onTestFinished(() => rmSync(made, { recursive: true, force: true }));
    return made;
  }

  test('has each object under its key', async () => {
    const s3 = createFakeS3();
    s3.objects.set(`${BUCKET}/frames/2027/a..b.bin`, Buffer.from('one'));
    s3.objects.set(`${BUCKET}/frames/2027/two.bin`, Buffer.from('two'));
    const into = folder();
    expect(await copyArchive(s3.client, BUCKET, into, 'frames/')).toBe(2);
    expect(readFileSync(path.join(into, 'frames/2027/a..b.bin'), 'utf8')).toBe('one');
    expect(readdirSync(path.join(into, 'frames/2027')).sort()).toEqual(['a..b.bin', 'two.bin']);
  });

  test.each([
    'frames/../../outside.bin',
    '../outside.bin',
    '/outside.bin',
    'frames//outside.bin',
    'frames/./outside.bin',
    'frames\\..\\outside.bin',
    'frames/..',
    'frames/',
  ])('R6: is refused where a key leads out of the folder: %s', async (key) => {
    const s3 = createFakeS3();
    s3.objects.set(`${BUCKET}/${key}`, Buffer.from('outside'));
    const around = folder();
    const into = path.join(around, 'one', 'two');
    await expect(copyArchive(s3.client, BUCKET, into, '')).rejects.toThrow('ARCHIVE_KEY_UNSAFE');
    expect(existsSync(path.join(around, 'one')), 'nothing was written').toBe(false);
  });
});
