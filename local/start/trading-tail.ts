import {
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import { messageOf } from '#core/errors.ts';
import type { TradingEvent } from '#core/events/trading-event.ts';
import { parseTradingRecord } from '#core/events/trading-record.ts';

const POLL_MS = 250;

/** Reads the `trading` stream from its beginning for as long as the run lasts, beside the Lambdas and independent of them. */
export interface TradingTail {
  /** Events in the order of their shards; each once by its id. */
  readonly events: readonly TradingEvent[];
  /** Parts of records that are no events of ours. */
  readonly strange: number;
  stop(): Promise<void>;
}

export function tailTradingStream(
  kinesis: KinesisClient,
  stream: string,
  onEvent: (event: TradingEvent) => void,
  onError: (text: string) => void,
): TradingTail {
  const events: TradingEvent[] = [];
  const seen = new Set<string>();
  let strange = 0;
  let stopped = false;

  function take(data: Uint8Array): void {
    for (const { parsed } of parseTradingRecord(data)) {
      if (parsed.kind !== 'event') {
        strange += 1;
        continue;
      }
      if (seen.has(parsed.event.id)) continue;
      seen.add(parsed.event.id);
      events.push(parsed.event);
      onEvent(parsed.event);
    }
  }

  async function follow(shardId: string | undefined): Promise<void> {
    const start = await kinesis.send(
      new GetShardIteratorCommand({ StreamName: stream, ShardId: shardId, ShardIteratorType: 'TRIM_HORIZON' }),
    );
    let iterator = start.ShardIterator;
    while (iterator !== undefined) {
      const stopping = stopped;
      const answer: GetRecordsCommandOutput = await kinesis.send(
        new GetRecordsCommand({ ShardIterator: iterator, Limit: 1_000 }),
      );
      const records = answer.Records ?? [];
      for (const record of records) if (record.Data !== undefined) take(record.Data);
      if (stopping && records.length === 0) return;
      iterator = answer.NextShardIterator;
      if (records.length === 0) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  const running = (async () => {
    const shards = await kinesis.send(new ListShardsCommand({ StreamName: stream }));
    await Promise.all((shards.Shards ?? []).map((shard) => follow(shard.ShardId)));
  })().catch((error: unknown) => onError(`the trading stream cannot be followed: ${messageOf(error)}`));

  return {
    events,
    get strange() {
      return strange;
    },
    async stop() {
      stopped = true;
      await running;
    },
  };
}
