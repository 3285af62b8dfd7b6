import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { decodeMarketRecord, type MarketFrame } from '#aws/market-record.ts';
import { createPublisher, type PublisherOptions } from '#aws/publisher/publisher.ts';
import type { Publisher } from '#core/events/publisher-port.ts';
import { parseTradingRecord } from '#core/events/trading-record.ts';
import type { MonoNanos } from '#core/time/clock.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { type FakeKinesis, startFakeKinesis } from '../support/fake-kinesis.ts';
import { buildEvent, fillBody } from '../support/trading-event-builder.ts';

/** A publishing thread loads the SDK before its first turn: on a busy machine that takes seconds. Nothing waits longer than it must. */
const PATIENCE_MS = 30_000;
vi.setConfig({ testTimeout: 2 * PATIENCE_MS, hookTimeout: PATIENCE_MS });

let kinesis: FakeKinesis;
let folder: string;
let publisher: Publisher | null;
const logged: string[] = [];

beforeEach(async () => {
  kinesis = await startFakeKinesis();
  folder = mkdtempSync(path.join(tmpdir(), 'millrace-publisher-'));
  publisher = null;
  logged.length = 0;
  vi.stubEnv('AWS_ENDPOINT_URL', kinesis.endpoint);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
});

afterEach(async () => {
  await publisher?.close(0).catch(() => undefined);
  await kinesis.close();
  rmSync(folder, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

function start(change: Partial<PublisherOptions> = {}): Publisher {
  publisher = createPublisher({
    engine: 'engine-a',
    marketStream: 'market',
    tradingStream: 'trading',
    journalFolder: folder,
    clock: systemClock,
    backoff: { baseMs: 10, capMs: 100 },
    log: (level, text, fields) => logged.push(`${level} ${text} ${JSON.stringify(fields)}`),
    ...change,
  });
  return publisher;
}

function publicConnection(epoch = 1) {
  return { venue: 'binance-usdm' as const, connection: 'engine-a/binance-usdm/public', epoch };
}

function framesTaken(): MarketFrame[] {
  return kinesis.taken
    .filter((put) => put.stream === 'market')
    .flatMap((put) => {
      const decoded = decodeMarketRecord(put.data);
      if (decoded.kind !== 'record') throw new Error(JSON.stringify(decoded));
      return [...decoded.record.frames];
    });
}

function eventsTaken(): number[] {
  return kinesis.taken
    .filter((put) => put.stream === 'trading')
    .flatMap((put) => parseTradingRecord(put.data))
    .map(({ parsed }) => {
      if (parsed.kind !== 'event') throw new Error(JSON.stringify(parsed));
      return parsed.event.sequence;
    });
}

function event(sequence: number) {
  return buildEvent('fill', fillBody(`fill-${sequence}`), { sequence });
}

async function until(condition: () => boolean, timeoutMs = PATIENCE_MS): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not in ${timeoutMs} ms; ${logged.join('\n')}`);
    await sleep(5);
  }
}

/** The publishing thread has looked at what it was given: the age of the oldest moves with each of its turns, unless nothing is left to be sent. */
async function untilTurned(): Promise<void> {
  const isNothingLeft = () =>
    publisher?.accounts().every(({ received, published, shed }) => received === published + shed);
  for (let turn = 0; turn < 3; turn += 1) {
    const lagMs = publisher?.metrics().lagMs;
    await until(() => publisher?.metrics().lagMs !== lagMs || isNothingLeft() === true);
  }
}

describe('publisher', () => {
  test('R4, M8: frames reach the stream as they came, text or binary, each once, and the account adds up', async () => {
    const sink = start().open(publicConnection());
    const frames = Array.from({ length: 3_000 }, (_, index) =>
      index % 7 === 0 ? Buffer.from([0, 255, index & 255, 128]) : Buffer.from(`{"u":${index},"s":"BTCUSDT"}`),
    );
    const mono = systemClock.monoNanos();
    const accepted = frames.map((frame, index) => sink.frame(frame, (mono + index) as MonoNanos, index + 1));
    expect(accepted).not.toContain(false);
    sink.end('inOrder');
    await publisher?.flush(PATIENCE_MS);
    const taken = framesTaken();
    expect(taken.map((frame) => Buffer.from(frame.bytes))).toEqual(frames);
    expect(taken.map((frame) => frame.sequence)).toEqual(frames.map((_, index) => index + 1));
    expect(taken.map((frame) => frame.inputNumber)).toEqual(frames.map((_, index) => index + 1));
    expect(taken.map((frame) => frame.receivedAt)).toEqual(frames.map((_, index) => mono + index));
    expect(publisher?.accounts()).toMatchObject([{ received: 3_000, published: 3_000, shed: 0, epoch: 1 }]);
    expect(publisher?.metrics()).toMatchObject({ circuit: 'closed', workerRestarts: 0, journalBytes: 0 });
  });

  test('invariant 5: a connection that is opened again under its epoch goes on counting, under a new one it starts anew', async () => {
    start();
    for (const epoch of [1, 1, 2]) {
      const sink = publisher?.open(publicConnection(epoch));
      sink?.frame(Buffer.from('x'), systemClock.monoNanos(), 1);
      sink?.end('torn');
    }
    await publisher?.flush(PATIENCE_MS);
    expect(
      framesTaken()
        .map((frame) => frame.sequence)
        .sort(),
    ).toEqual([1, 1, 2]);
    expect(publisher?.accounts().map(({ epoch, published }) => [epoch, published])).toEqual([
      [1, 2],
      [2, 1],
    ]);
  });

  test('T4: trading events arrive in the order of their unit, whatever the stream refuses or leaves unanswered', async () => {
    const answers = ['error', 'take', 'takeAndHangUp', 'refuse', 'take', 'error'];
    kinesis.answer = () => {
      const next = answers.shift();
      if (next === 'error') return { kind: 'error', status: 500 };
      if (next === 'takeAndHangUp') return { kind: 'takeAndHangUp' };
      return next === 'refuse' ? { kind: 'take', fail: () => true } : { kind: 'take' };
    };
    start();
    // More than a few records full, so that every answer is needed.
    const sequences = Array.from({ length: 150 }, (_, index) => index + 1);
    for (const sequence of sequences) publisher?.event(event(sequence));
    await publisher?.flush(PATIENCE_MS);
    expect([...new Set(eventsTaken())]).toEqual(sequences);
    expect(publisher?.metrics().retriedEntries).toBeGreaterThanOrEqual(4);
  });

  test('R9: without the trading stream entries are blocked after a while, events go to disk, and all of them arrive when it is back', async () => {
    kinesis.answer = (stream) => (stream === 'trading' ? { kind: 'error', status: 500 } : { kind: 'take' });
    start({ silenceMs: 400 });
    // Before the thread has looked into the journal, there may be something in it.
    await publisher?.flush(PATIENCE_MS);
    expect(publisher?.entriesBlocked()).toBeNull();
    const sink = publisher?.open(publicConnection());
    const began = performance.now();
    for (let sequence = 1; sequence <= 300; sequence += 1) publisher?.event(event(sequence));
    sink?.frame(Buffer.from('market data goes on'), systemClock.monoNanos(), 1);
    await until(() => publisher?.entriesBlocked()?.startsWith('TRADING_STREAM_SILENT') === true);
    // Whole milliseconds of another clock: one may be missing.
    expect(performance.now() - began).toBeGreaterThanOrEqual(399);
    await until(() => (publisher?.metrics().journalBytes ?? 0) > 300 * 100);
    await until(() => framesTaken().length === 1);
    kinesis.answer = () => ({ kind: 'take' });
    await publisher?.flush(PATIENCE_MS);
    expect(eventsTaken()).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
    expect(publisher?.entriesBlocked()).toBeNull();
    expect(publisher?.metrics().journalBytes).toBe(0);
  });

  test('R9: what is on disk when the process ends is sent by the next run, before anything new', async () => {
    kinesis.answer = () => ({ kind: 'error', status: 500 });
    start();
    for (let sequence = 1; sequence <= 20; sequence += 1) publisher?.event(event(sequence));
    await until(() => (publisher?.metrics().journalBytes ?? 0) > 0);
    await expect(publisher?.close(0)).rejects.toThrow('PUBLISHER_NOT_FLUSHED');
    expect(kinesis.taken).toEqual([]);
    kinesis.answer = () => ({ kind: 'take' });
    start();
    publisher?.event(event(21));
    await publisher?.close(PATIENCE_MS);
    expect(eventsTaken()).toEqual(Array.from({ length: 21 }, (_, index) => index + 1));
    expect(readdirSync(path.join(folder, 'engine-a'))).toEqual([]);
  });

  test('R9: a full journal blocks entries with its reason', async () => {
    kinesis.answer = () => ({ kind: 'error', status: 500 });
    start({ journalMaxBytes: 4_000 });
    for (let sequence = 1; sequence <= 30; sequence += 1) publisher?.event(event(sequence));
    await until(() => publisher?.entriesBlocked()?.startsWith('JOURNAL_FULL') === true);
    kinesis.answer = () => ({ kind: 'take' });
    await publisher?.flush(PATIENCE_MS);
    expect([...new Set(eventsTaken())]).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    expect(publisher?.entriesBlocked()).toBeNull();
  });

  test('G7: with the stream down the oldest frames are shed and counted, memory stays bounded, and received = published + shed', async () => {
    kinesis.answer = () => ({ kind: 'error', status: 500 });
    start({ marketBufferBytes: 128 * 1024 });
    await publisher?.flush(PATIENCE_MS);
    const sink = publisher?.open(publicConnection());
    for (let batch = 0; batch < 30; batch += 1) {
      for (let index = 0; index < 100; index += 1)
        sink?.frame(Buffer.alloc(200, batch), systemClock.monoNanos(), batch * 100 + index);
      await untilTurned();
    }
    await until(() => (publisher?.accounts()[0]?.shedBy.outage ?? 0) > 500);
    kinesis.answer = () => ({ kind: 'take' });
    sink?.frame(Buffer.from('the stream is back'), systemClock.monoNanos(), 3_001);
    await publisher?.flush(PATIENCE_MS);
    const [account] = publisher?.accounts() ?? [];
    const sequences = framesTaken().map((frame) => frame.sequence);
    expect(account?.received).toBe(3_001);
    expect((account?.published ?? 0) + (account?.shed ?? 0)).toBe(3_001);
    expect(account?.published).toBe(new Set(sequences).size);
    // The oldest went, the newest is there.
    expect(account?.shedBy.outage).toBeGreaterThan(account?.shedBy.ringFull ?? 0);
    expect(sequences.at(-1)).toBe(3_001);
  });

  test('R9: a publishing thread that dies is replaced; what was not on the stream is sent by its successor, once', async () => {
    let dies = true;
    kinesis.answer = () => (dies ? { kind: 'error', status: 500 } : { kind: 'take' });
    // The thread throws in its first turn after a while.
    start({ workerUrl: new URL('../support/mortal-publisher-worker.ts', import.meta.url) });
    const sink = publisher?.open(publicConnection());
    for (let index = 1; index <= 500; index += 1) {
      sink?.frame(Buffer.from(`frame ${index}`), systemClock.monoNanos(), index);
      if (index <= 20) publisher?.event(event(index));
    }
    await until(() => (publisher?.metrics().workerRestarts ?? 0) >= 1);
    dies = false;
    await publisher?.flush(PATIENCE_MS);
    expect(eventsTaken()).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect(framesTaken().map((frame) => frame.sequence)).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
    expect(publisher?.accounts()).toMatchObject([{ received: 500, published: 500, shed: 0 }]);
    expect(logged.some((line) => line.includes('publishing thread is replaced'))).toBe(true);
  });

  test('T7: a flush waits for what was handed over before it, not for what goes on coming', async () => {
    start();
    const [ended, going] = ['ended', 'going'].map((connection) =>
      publisher?.open({ ...publicConnection(), connection }),
    );
    ended?.frame(Buffer.from('last words'), systemClock.monoNanos(), 1);
    publisher?.event(event(1));
    let count = 1;
    const feeding = setInterval(() => {
      count += 1;
      going?.frame(Buffer.from('and on'), systemClock.monoNanos(), count);
      publisher?.event(event(count));
    }, 1);
    try {
      await publisher?.flush(PATIENCE_MS);
    } finally {
      clearInterval(feeding);
    }
    expect(eventsTaken()).toContain(1);
    expect(publisher?.accounts()[0]).toMatchObject({ received: 1, published: 1 });
  });

  test('R9: a frame that no record can hold is shed with its reason', async () => {
    const sink = start({ marketBufferBytes: 64 * 1024 }).open(publicConnection());
    expect(sink.frame(Buffer.alloc(40_000), systemClock.monoNanos(), 1)).toBe(false);
    sink.frame(Buffer.from('next'), systemClock.monoNanos(), 2);
    await publisher?.flush(PATIENCE_MS);
    expect(publisher?.accounts()).toMatchObject([{ received: 2, published: 1, shed: 1, shedBy: { oversize: 1 } }]);
    expect(framesTaken().map((frame) => frame.sequence)).toEqual([2]);
  });

  test('T7: after its end a publisher blocks entries and counts what it is still given', async () => {
    const sink = start().open(publicConnection());
    await publisher?.close(PATIENCE_MS);
    expect(sink.frame(Buffer.from('late'), systemClock.monoNanos(), 1)).toBe(false);
    publisher?.event(event(1));
    expect(publisher?.accounts()).toMatchObject([{ received: 1, published: 0, shedBy: { closed: 1 } }]);
    expect(publisher?.entriesBlocked()).toContain('PUBLISHER_CLOSED');
    expect(logged.some((line) => line.includes('trading event lost'))).toBe(true);
  });

  test('a journal folder that cannot be used is refused at once', () => {
    expect(() => start({ journalFolder: import.meta.filename })).toThrow('JOURNAL_UNUSABLE');
  });
});
