import { beforeEach, describe, expect, test } from 'vitest';
import {
  createBatchProcessor,
  createOrderedProcessor,
  createTradingProcessor,
  type ParsedRecord,
  type ProcessorCounts,
} from '#aws/ordered-stream-processor.ts';
import { MillraceError } from '#core/errors.ts';
import { encodeTradingEvent } from '#core/events/trading-event.ts';
import { buildKinesisEvent, STREAM_ARN } from '../support/kinesis-event-builder.ts';
import { createMemoryQuarantine, type MemoryQuarantine } from '../support/memory-quarantine.ts';
import { buildEvent, fillBody } from '../support/trading-event-builder.ts';

let quarantine: MemoryQuarantine;
let handled: string[];
let counts: ProcessorCounts[];

beforeEach(() => {
  quarantine = createMemoryQuarantine();
  handled = [];
  counts = [];
});

function parse(data: Buffer): ParsedRecord<string> {
  const message = data.toString();
  if (message.startsWith('bad')) return { kind: 'malformed', reason: 'it says bad' };
  if (message.startsWith('new')) return { kind: 'held', reason: 'version=9' };
  return { kind: 'message', message };
}

function options() {
  return {
    consumer: 'test',
    parse,
    quarantine,
    log: () => undefined,
    onCounts: (each: ProcessorCounts) => counts.push(each),
    nowMs: () => 1_700_000_005_000,
  };
}

async function process(texts: readonly string[], fails: (text: string) => Error | null = () => null) {
  const processor = createOrderedProcessor({
    ...options(),
    async handle(message) {
      const error = fails(message);
      if (error !== null) throw error;
      handled.push(message);
    },
  });
  return processor(buildKinesisEvent(texts.map((data) => ({ data }))));
}

describe('ordered stream processor', () => {
  test('T4: handles a batch in order and reports full success', async () => {
    expect(await process(['a', 'b', 'c'])).toEqual({ batchItemFailures: [] });
    expect(handled).toEqual(['a', 'b', 'c']);
    expect(counts).toEqual([{ records: 3, handled: 3, quarantined: 0, stopped: 0, oldestAgeMs: 5_000 }]);
  });

  test('T4: stops at the first failure and reports its sequence number alone; nothing after it is handled', async () => {
    const answer = await process(['a', 'b', 'c', 'd'], (text) => (text === 'b' ? new Error('throttled') : null));
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '1001' }] });
    expect(handled).toEqual(['a']);
    expect(counts).toMatchObject([{ handled: 1, stopped: 1 }]);
  });

  test('T4, G14: a malformed record is set aside with its whole payload and its reason, and the rest goes on', async () => {
    expect(await process(['a', 'bad one', 'c'])).toEqual({ batchItemFailures: [] });
    expect(handled).toEqual(['a', 'c']);
    expect(quarantine.records).toMatchObject([
      {
        consumer: 'test',
        stream: STREAM_ARN,
        shardId: 'shardId-000000000000',
        sequenceNumber: '1001',
        partitionKey: 'key',
        arrivedAt: 1_700_000_000_000,
        reason: 'it says bad',
      },
    ]);
    expect(Buffer.from(quarantine.records[0]?.data ?? []).toString()).toBe('bad one');
  });

  /** Each record takes 10 s of the time that is left. */
  async function processWithin(leftMs: number, texts: readonly string[]) {
    let left = leftMs;
    const processor = createOrderedProcessor({
      ...options(),
      async handle(message) {
        left -= 10_000;
        handled.push(message);
      },
    });
    const records = texts.map((data) => ({ data }));
    return processor(buildKinesisEvent(records), { getRemainingTimeInMillis: () => left });
  }

  test('T4: hands the rest of a batch back while a quarter of its time is left, so that what it has handled counts', async () => {
    expect(await processWithin(60_000, ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'])).toEqual({
      batchItemFailures: [{ itemIdentifier: '1005' }],
    });
    expect(handled).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(counts).toMatchObject([{ handled: 5, stopped: 1 }]);
  });

  test('T4: handles at least one record of a batch, however long it takes', async () => {
    expect(await processWithin(9_000, ['a', 'b'])).toEqual({ batchItemFailures: [{ itemIdentifier: '1001' }] });
    expect(handled).toEqual(['a']);
  });

  test.each(['validation', 'rejected', 'fatal'] as const)(
    'T4: a record that is refused for good (%s) is set aside',
    async (errorClass) => {
      const answer = await process(['a', 'b', 'c'], (text) =>
        text === 'b' ? new MillraceError(errorClass, 'NEVER', 'x=1') : null,
      );
      expect(answer).toEqual({ batchItemFailures: [] });
      expect(handled).toEqual(['a', 'c']);
      expect(quarantine.records).toMatchObject([{ reason: 'NEVER: x=1' }]);
    },
  );

  test.each(['retryable', 'unknown', 'configuration'] as const)(
    'T4: a record that may succeed later (%s) stops the batch',
    async (errorClass) => {
      const answer = await process(['a', 'b'], () => new MillraceError(errorClass, 'LATER', 'x=1'));
      expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '1000' }] });
      expect(quarantine.records).toEqual([]);
    },
  );

  test('an unknown version is held: it stops the batch, and is not quarantined', async () => {
    expect(await process(['a', 'new', 'c'])).toEqual({ batchItemFailures: [{ itemIdentifier: '1001' }] });
    expect(handled).toEqual(['a']);
    expect(quarantine.records).toEqual([]);
  });

  test('T4: a record that cannot be set aside is not passed over', async () => {
    quarantine.fails = true;
    expect(await process(['a', 'bad', 'c'])).toEqual({ batchItemFailures: [{ itemIdentifier: '1001' }] });
    expect(handled).toEqual(['a']);
  });

  test('T4: trading events are read by their schema: good ones handled, broken ones set aside, newer ones held', async () => {
    const processor = createTradingProcessor({
      ...options(),
      async handle(event) {
        handled.push(event.id);
      },
    });
    const event = buildEvent('fill', fillBody('f1'));
    const answer = await processor(
      buildKinesisEvent([
        encodeTradingEvent(event),
        Buffer.from('{"cut'),
        Buffer.from([0xff, 0xfe]),
        Buffer.from(JSON.stringify({ ...event, version: 99 })),
        encodeTradingEvent(event),
      ]),
    );
    expect(handled).toEqual([event.id]);
    expect(quarantine.records.map((each) => each.sequenceNumber)).toEqual(['1001', '1002']);
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '1003' }] });
  });
});

describe('records of several trading events', () => {
  const events = [1, 2, 3].map((sequence) => buildEvent('fill', fillBody(`f${sequence}`), { sequence }));
  const lines = events.map((event) => Buffer.from(encodeTradingEvent(event)).toString());
  const ids = events.map((event) => event.id);

  async function deliver(records: readonly string[], fails: (id: string) => Error | null = () => null) {
    const processor = createTradingProcessor({
      ...options(),
      async handle(event) {
        const error = fails(event.id);
        if (error !== null) throw error;
        handled.push(event.id);
      },
    });
    return processor(buildKinesisEvent(records.map((data) => ({ data }))));
  }
  const quarantined = () =>
    quarantine.records.map(({ sequenceNumber, line, data }) => [sequenceNumber, line, Buffer.from(data).toString()]);

  test('T4: they are handled in their order', async () => {
    expect(await deliver([lines.slice(0, 2).join('\n'), lines[2] ?? ''])).toEqual({ batchItemFailures: [] });
    expect(handled).toEqual(ids);
    expect(counts).toMatchObject([{ records: 2, handled: 3 }]);
  });

  test('T4: a malformed one is set aside alone with its whole payload, the others go on', async () => {
    expect(await deliver([[lines[0], '{"cut', lines[2]].join('\n')])).toEqual({ batchItemFailures: [] });
    expect(handled).toEqual([ids[0], ids[2]]);
    expect(quarantined()).toEqual([['1000', 1, '{"cut']]);
  });

  test('T4: one that is refused for good is set aside alone', async () => {
    const fatal = new MillraceError('fatal', 'NEVER', 'x=1');
    expect(await deliver([lines.join('\n')], (id) => (id === ids[1] ? fatal : null))).toEqual({
      batchItemFailures: [],
    });
    expect(handled).toEqual([ids[0], ids[2]]);
    expect(quarantined()).toEqual([['1000', 1, lines[1]]]);
  });

  test('T4: one that fails or is held stops its record there, and nothing after it is handled', async () => {
    const stopped = { batchItemFailures: [{ itemIdentifier: '1000' }] };
    expect(await deliver([lines.join('\n'), 'x'], (id) => (id === ids[1] ? new Error('later') : null))).toEqual(
      stopped,
    );
    const newer = JSON.stringify({ ...events[1], version: 99 });
    expect(await deliver([[lines[0], newer, lines[2]].join('\n'), 'x'])).toEqual(stopped);
    expect(handled).toEqual([ids[0], ids[0]]);
    expect(quarantined()).toEqual([]);
  });

  test('G14: a record of which no line is an event, or of endless lines, is none of ours and is set aside whole', async () => {
    const foreign = ['{\n  "version": 1\n}', '\n'.repeat(5_000), '', `${lines[0]}\n`.repeat(2_000)];
    expect(await deliver(foreign)).toEqual({ batchItemFailures: [] });
    expect(handled).toEqual([]);
    expect(quarantined()).toEqual(foreign.map((text, index) => [String(1000 + index), null, text]));
  });
});

describe('batch processor', () => {
  async function run(texts: readonly string[], failedAt: string | null = null) {
    const batches: string[][] = [];
    const processor = createBatchProcessor({
      ...options(),
      async handle(messages) {
        batches.push(messages.map(({ message }) => message));
        return failedAt;
      },
    });
    return { answer: await processor(buildKinesisEvent(texts.map((data) => ({ data })))), batches };
  }

  test('T4: hands over what is readable up to the first record that is held, and reports that', async () => {
    const { answer, batches } = await run(['a', 'bad', 'b', 'new', 'c']);
    expect(batches).toEqual([['a', 'b']]);
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '1003' }] });
  });

  test('T4: where its effect fails it reports that, which is lower', async () => {
    const { answer } = await run(['a', 'b', 'new'], '1001');
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '1001' }] });
  });

  test('nothing to hand over is not handed over', async () => {
    expect((await run(['bad'])).batches).toEqual([]);
  });
});
