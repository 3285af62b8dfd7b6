import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createKinesisClient } from '#aws/clients.ts';
import { PublisherCore } from '#aws/publisher/publisher-core.ts';
import { kinesisPutRecords } from '#aws/publisher/put-records.ts';
import { allocateCounters, SharedCounters } from '#aws/publisher/shared-counters.ts';
import { allocateRing, RingProducer } from '#aws/publisher/shared-ring.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import type { Benchmark, BenchmarkRow } from './benchmark.ts';
import { type Corpus, corpora, meanBytes } from './corpus.ts';

/** Frames between two flushes: 10,000 a second, a flush every 100 ms, over two connections. */
const FRAMES_PER_FLUSH = 1_000;
const FLUSHES = 100;
const WARM_UP = 30;
const FLUSH_MS = 100;

/** A stream that takes everything, on a thread of its own so that its work is not counted. */
const TAKES_ALL = `
  const { createServer } = require('node:http');
  const { parentPort } = require('node:worker_threads');
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('latin1').on('data', (part) => { body += part; }).on('end', () => {
      const count = body.split('"PartitionKey"').length - 1;
      const records = new Array(count).fill('{"SequenceNumber":"1","ShardId":"s"}').join(',');
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
      response.end('{"FailedRecordCount":0,"Records":[' + records + ']}');
    });
  }).listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

/** CPU time of publishing, apart for the engine's thread and the publishing thread; the second includes the SDK, signing and HTTP. */
export const publishBenchmark: Benchmark = {
  name: 'publish',
  what: 'one frame: into the ring (engine thread) | ring → compressed record → PutRecords (publishing thread)',
  async run() {
    const server = new Worker(TAKES_ALL, { eval: true });
    const [port] = (await once(server, 'message')) as [number];
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    });
    try {
      const rows: BenchmarkRow[] = [];
      for (const corpus of corpora()) rows.push(...(await measure(corpus)));
      return rows;
    } finally {
      await server.terminate();
    }
  },
  bars: (rows) =>
    rows.map(({ label, meanNs }) => ({
      what: `${label}, ns a frame`,
      measured: meanNs,
      // 3 % of the engine's thread at 10,000 frames a second.
      most: label.includes('engine') ? 3_000 : 2_000,
    })),
};

async function measure(corpus: Corpus): Promise<readonly BenchmarkRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const marketRing = allocateRing(16 * 1024 * 1024);
  const counters = allocateCounters();
  const kinesis = createKinesisClient({ maxAttempts: 1 });
  let nowMs = 0;
  const core = new PublisherCore({
    marketRing,
    tradingRing: allocateRing(64 * 1024),
    counters,
    putMarket: kinesisPutRecords(kinesis, 'market'),
    putTrading: kinesisPutRecords(kinesis, 'trading'),
    journal: { folder, maxBytes: 1024 * 1024 },
    backoff: { baseMs: 100, capMs: 1_000 },
    clock: systemClock,
    timers: systemTimers,
    random: { next: Math.random },
    nowMs: () => nowMs,
    log: (_, text, fields) => console.error(text, fields),
  });
  for (const slot of [0, 1])
    core.addConnection(slot, {
      venue: corpus.venue,
      engine: 'bench',
      startedAt: 0,
      connection: `bench/${slot}`,
      epoch: 1,
      anchor: { mono: 0 as MonoNanos, epoch: 0 as EpochMs },
    });
  const producer = new RingProducer(marketRing);
  const shared = new SharedCounters(counters);
  const published = () => shared.of(0, 'published') + shared.of(1, 'published');
  let written = 0;
  let writingNs = 0;
  let publishingUs = 0;
  for (let flush = 0; flush < WARM_UP + FLUSHES; flush += 1) {
    if (flush === WARM_UP) {
      writingNs = 0;
      publishingUs = 0;
    }
    const began = process.hrtime.bigint();
    for (let index = 0; index < FRAMES_PER_FLUSH; index += 1) {
      const frame = corpus.frames[written % corpus.frames.length];
      const sequence = Math.floor(written / 2) + 1;
      if (frame === undefined || !producer.write(written % 2, written * 1e5, written, sequence, frame))
        throw new Error('the ring is full');
      written += 1;
    }
    writingNs += Number(process.hrtime.bigint() - began);
    const before = process.threadCpuUsage();
    nowMs += FLUSH_MS;
    core.turn();
    while (published() < written) await nextTurn();
    const { user, system } = process.threadCpuUsage(before);
    publishingUs += user + system;
  }
  core.close();
  kinesis.destroy();
  rmSync(folder, { recursive: true });
  const frames = FLUSHES * FRAMES_PER_FLUSH;
  const bytes = shared.get('bytesSent') / written;
  return [
    {
      label: `${corpus.venue}: engine thread`,
      meanNs: writingNs / frames,
      note: `${meanBytes(corpus)} bytes a frame`,
    },
    {
      label: `${corpus.venue}: publishing thread`,
      meanNs: (publishingUs * 1000) / frames,
      note: `CPU; ${bytes.toFixed(0)} bytes a frame sent`,
    },
  ];
}
