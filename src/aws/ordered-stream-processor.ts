import type { KinesisStreamBatchResponse, KinesisStreamEvent, KinesisStreamRecord } from 'aws-lambda';
import { MillraceError, messageOf } from '#core/errors.ts';
import type { ParsedTradingEvent, TradingEvent } from '#core/events/trading-event.ts';
import { parseTradingRecord } from '#core/events/trading-record.ts';
import type { Quarantine } from './quarantine.ts';

/** What reading a record gave. `held`: it may be readable later (an unknown version); it is retried, and nothing after it is handled before. */
export type ParsedRecord<Message> =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'held'; readonly reason: string }
  | { readonly kind: 'malformed'; readonly reason: string };

/** What a record holds: itself, or several messages each of which may be poison without the others being so. */
export interface RecordPart<Message> {
  /** The part's own bytes: what goes to quarantine. */
  readonly bytes: Uint8Array;
  /** Its place in the record, from 0; null where it is the whole record. */
  readonly line: number | null;
  readonly parsed: ParsedRecord<Message>;
}

/** Where a record stands in its stream. */
export interface RecordPlace {
  /** ARN of the stream. */
  readonly stream: string;
  readonly shardId: string;
  readonly sequenceNumber: string;
  readonly partitionKey: string;
  /** When the stream took it, ms since 1970. */
  readonly arrivedAt: number;
}

export type ProcessorLog = (
  level: 'info' | 'warn' | 'error',
  text: string,
  fields: Readonly<Record<string, unknown>>,
) => void;

/** What one invocation did: sizes for metrics. */
export interface ProcessorCounts {
  readonly records: number;
  /** Messages: a record may hold several. */
  readonly handled: number;
  readonly quarantined: number;
  /** 1 if the batch stopped before its end. */
  readonly stopped: number;
  /** Age of the oldest record on arrival, ms. */
  readonly oldestAgeMs: number;
}

export interface ProcessorOptions {
  /** Name of the consumer, for quarantine and logs. */
  readonly consumer: string;
  readonly quarantine: Quarantine;
  readonly log: ProcessorLog;
  readonly onCounts?: (counts: ProcessorCounts) => void;
  readonly nowMs?: () => number;
}

export interface PlacedMessage<Message> {
  readonly message: Message;
  readonly place: RecordPlace;
}

/** How long an invocation may still take: Lambda's own context says so. */
export interface TimeLeft {
  getRemainingTimeInMillis(): number;
}

/** Without a `time` it takes as long as it needs. */
export type StreamProcessor = (event: KinesisStreamEvent, time?: TimeLeft) => Promise<KinesisStreamBatchResponse>;

/** The rest of a batch is handed back when less than this share of the invocation's time is left: one that runs out of time has handled nothing, and begins the same batch again. */
const LEAST_TIME_LEFT = 0.25;

/** How records that hold one message each are read. */
export interface WholeRecords<Message> {
  readonly parse: (data: Buffer) => ParsedRecord<Message>;
}

/** How records that hold several messages are read. */
export interface SplitRecords<Message> {
  readonly split: (data: Buffer) => readonly RecordPart<Message>[];
}

/**
 * Handles a batch of a shard message by message, in order, and stops at the first failure, whose record's sequence number it reports: that record and
 * all after it come again (T4), with the messages of that record that had succeeded: their effects must be harmless to repeat. A message that can never succeed
 * (malformed, or refused with an error of class validation, rejected or fatal) is set aside with its payload and passed over; if that fails too, the batch stops at
 * it. It stops as well, having handled one record at least, when its time is nearly over. `handle` is told of every readable message of the batch. Powertools' batch processor is not for streams: it goes on past a failure.
 */
export function createOrderedProcessor<Message>(
  options: ProcessorOptions &
    (WholeRecords<Message> | SplitRecords<Message>) & {
      readonly handle: (message: Message, place: RecordPlace, batch: readonly Message[]) => Promise<void>;
    },
): StreamProcessor {
  return (event, time) => {
    const records = new Map(event.Records.map((record) => [record, partsOf(options, record)]));
    const batch = [...records.values()]
      .flat()
      .flatMap(({ parsed }) => (parsed.kind === 'message' ? [parsed.message] : []));
    return new BatchRun(options, event, time).run(async (run, record) => {
      for (const part of records.get(record) ?? []) {
        if (!(await handlePart(part, record, run))) return false;
      }
      return true;
    });

    async function handlePart(part: RecordPart<Message>, record: KinesisStreamRecord, run: BatchRun<Message>) {
      const { parsed } = part;
      if (parsed.kind === 'held') return run.stop(record, parsed.reason);
      if (parsed.kind === 'malformed') return run.setAside(record, part, parsed.reason);
      try {
        await options.handle(parsed.message, placeOf(record), batch);
        run.handled += 1;
        return true;
      } catch (error) {
        return neverSucceeds(error) ? run.setAside(record, part, messageOf(error)) : run.stop(record, messageOf(error));
      }
    }
  };
}

/**
 * As `createOrderedProcessor` for consumers whose effect takes many records at once: `handle` gets every readable record up to the first that is held or
 * cannot be set aside. It returns the lowest sequence number that it failed at, or null. It must be harmless to be given the same records again.
 */
export function createBatchProcessor<Message>(
  options: ProcessorOptions &
    WholeRecords<Message> & {
      readonly handle: (messages: readonly PlacedMessage<Message>[]) => Promise<string | null>;
    },
): StreamProcessor {
  return async (event) => {
    const run = new BatchRun(options, event);
    const messages: PlacedMessage<Message>[] = [];
    const response = await run.run(async (_, record) => {
      const part = wholePart(options.parse, record);
      if (part.parsed.kind === 'held') return run.stop(record, part.parsed.reason);
      if (part.parsed.kind === 'malformed') return run.setAside(record, part, part.parsed.reason);
      messages.push({ message: part.parsed.message, place: placeOf(record) });
      run.handled += 1;
      return true;
    });
    if (messages.length === 0) return response;
    const failedAt = await options.handle(messages);
    return failedAt === null ? response : { batchItemFailures: [{ itemIdentifier: failedAt }] };
  };
}

/** The processor of a consumer of the `trading` stream: event by event. */
export function createTradingProcessor(
  options: ProcessorOptions & {
    readonly handle: (event: TradingEvent, place: RecordPlace, batch: readonly TradingEvent[]) => Promise<void>;
  },
): StreamProcessor {
  return createOrderedProcessor({
    ...options,
    split: (data) => parseTradingRecord(data).map((part) => ({ ...part, parsed: parsedEvent(part.parsed) })),
  });
}

function partsOf<Message>(
  reading: WholeRecords<Message> | SplitRecords<Message>,
  record: KinesisStreamRecord,
): readonly RecordPart<Message>[] {
  if ('split' in reading) return reading.split(Buffer.from(record.kinesis.data, 'base64'));
  return [wholePart(reading.parse, record)];
}

function wholePart<Message>(parse: WholeRecords<Message>['parse'], record: KinesisStreamRecord): RecordPart<Message> {
  const bytes = Buffer.from(record.kinesis.data, 'base64');
  return { bytes, line: null, parsed: parse(bytes) };
}

function parsedEvent(parsed: ParsedTradingEvent): ParsedRecord<TradingEvent> {
  switch (parsed.kind) {
    case 'event':
      return { kind: 'message', message: parsed.event };
    case 'unknownVersion':
      return { kind: 'held', reason: `EVENT_VERSION_UNKNOWN: version=${parsed.version}` };
    case 'malformed':
      return { kind: 'malformed', reason: `EVENT_MALFORMED: ${parsed.reason}` };
  }
}

/** Whether trying again is pointless. What is not classified may be a fault of a service: it is tried again, and retries end by the mapping's rules. */
function neverSucceeds(error: unknown): boolean {
  return error instanceof MillraceError && ['validation', 'rejected', 'fatal'].includes(error.class);
}

function placeOf(record: KinesisStreamRecord): RecordPlace {
  return {
    stream: record.eventSourceARN,
    shardId: record.eventID.split(':')[0] ?? '',
    sequenceNumber: record.kinesis.sequenceNumber,
    partitionKey: record.kinesis.partitionKey,
    arrivedAt: record.kinesis.approximateArrivalTimestamp * 1000,
  };
}

/** One invocation: goes through the records until one stops it. */
class BatchRun<Message> {
  readonly #options: ProcessorOptions;
  readonly #event: KinesisStreamEvent;
  handled = 0;
  #quarantined = 0;
  #stoppedAt: string | null = null;
  readonly #timeLeftMs: () => number;

  constructor(options: ProcessorOptions, event: KinesisStreamEvent, time?: TimeLeft) {
    this.#options = options;
    this.#event = event;
    this.#timeLeftMs = () => time?.getRemainingTimeInMillis() ?? Number.POSITIVE_INFINITY;
  }

  async run(
    each: (run: BatchRun<Message>, record: KinesisStreamRecord) => Promise<boolean>,
  ): Promise<KinesisStreamBatchResponse> {
    const leastMs = this.#timeLeftMs() * LEAST_TIME_LEFT;
    for (const [index, record] of this.#event.Records.entries()) {
      if (index > 0 && this.#timeLeftMs() < leastMs) {
        this.stop(record, 'its time is nearly over');
        break;
      }
      if (!(await each(this, record))) break;
    }
    this.#count();
    return {
      batchItemFailures: this.#stoppedAt === null ? [] : [{ itemIdentifier: this.#stoppedAt }],
    };
  }

  stop(record: KinesisStreamRecord, reason: string): false {
    const { sequenceNumber, partitionKey } = record.kinesis;
    this.#stoppedAt = sequenceNumber;
    this.#options.log('error', 'batch stopped', {
      consumer: this.#options.consumer,
      sequenceNumber,
      partitionKey,
      reason,
    });
    return false;
  }

  async setAside(record: KinesisStreamRecord, part: RecordPart<Message>, reason: string): Promise<boolean> {
    const place = placeOf(record);
    const { consumer, log, quarantine } = this.#options;
    try {
      await quarantine.put({ consumer, ...place, line: part.line, reason, data: part.bytes });
    } catch (error) {
      return this.stop(record, `quarantine failed: ${messageOf(error)}; the record: ${reason}`);
    }
    this.#quarantined += 1;
    log('error', 'record quarantined', { consumer, sequenceNumber: place.sequenceNumber, line: part.line, reason });
    return true;
  }

  #count(): void {
    const { onCounts, nowMs = Date.now } = this.#options;
    const first = this.#event.Records[0];
    onCounts?.({
      records: this.#event.Records.length,
      handled: this.handled,
      quarantined: this.#quarantined,
      stopped: this.#stoppedAt === null ? 0 : 1,
      oldestAgeMs: first === undefined ? 0 : Math.max(0, nowMs() - placeOf(first).arrivedAt),
    });
  }
}
