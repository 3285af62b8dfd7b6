import { setMaxListeners } from 'node:events';
import { ListShardsCommand, type Shard } from '@aws-sdk/client-kinesis';
import { messageOf } from '#core/errors.ts';
import { KinesisShard, type StreamClients } from './kinesis-shard.ts';
import type { StreamMapping } from './mapping.ts';
import { type MappingStats, mappingCounters } from './poller-stats.ts';
import { backOff, type Pace, READ_BACK_OFF_CAP_MS, type Source, wait } from './source.ts';

/** How often the list of shards is read again, for streams that are split or merged. */
const SHARDS_EVERY_MS = 10_000;

export interface KinesisSource extends Source {
  /** The checkpoint of each shard. */
  checkpoints(): Readonly<Record<string, string>>;
}

/** All shards of one stream mapping, each read on its own. A shard that came from a split or merge waits for its parents. */
export function kinesisSource(
  mapping: StreamMapping,
  clients: StreamClients,
  pace: Pace,
  stopped: AbortSignal,
  startAfter: Readonly<Record<string, string>>,
): KinesisSource {
  const counters = mappingCounters();
  // A fault of one shard ends the others of its mapping, so that it is seen at once.
  const broken = new AbortController();
  const signal = AbortSignal.any([stopped, broken.signal]);
  setMaxListeners(0, signal);
  const shards = new Map<string, KinesisShard>();
  let listed = false;
  let waitingForParents = 0;
  const startedAt = performance.now();

  const list = async (): Promise<readonly Shard[]> => {
    const found: Shard[] = [];
    let next: string | undefined;
    do {
      const answer = await clients.kinesis.send(
        new ListShardsCommand(next === undefined ? { StreamARN: mapping.sourceArn } : { NextToken: next }),
        { abortSignal: signal },
      );
      found.push(...(answer.Shards ?? []));
      next = answer.NextToken;
    } while (next !== undefined);
    return found;
  };

  const discover = (found: readonly Shard[], begin: (shard: KinesisShard) => void) => {
    const ids = new Set(found.map((shard) => shard.ShardId));
    waitingForParents = 0;
    for (const shard of found) {
      const { ShardId: shardId, SequenceNumberRange: range } = shard;
      if (shardId === undefined) continue;
      const known = shards.get(shardId);
      if (known !== undefined) {
        if (range?.EndingSequenceNumber !== undefined) known.markClosed();
        continue;
      }
      const parents = [shard.ParentShardId, shard.AdjacentParentShardId].filter(
        (id) => id !== undefined && ids.has(id),
      );
      if (parents.every((id) => id !== undefined && shards.get(id)?.finished() === true)) {
        const after = startAfter[shardId] ?? null;
        const started = new KinesisShard(shardId, mapping, clients, counters, pace, signal, after);
        if (range?.EndingSequenceNumber !== undefined) started.markClosed();
        shards.set(shardId, started);
        begin(started);
      } else waitingForParents += 1;
    }
    listed = true;
  };

  return {
    async run() {
      const running: Promise<void>[] = [];
      const begin = (shard: KinesisShard) => {
        const run = shard.run();
        run.catch((thrown) => broken.abort(thrown));
        running.push(run);
      };
      try {
        for (let faults = 0; ; ) {
          try {
            discover(await list(), begin);
            faults = 0;
          } catch (thrown) {
            signal.throwIfAborted();
            counters.readFaults += 1;
            counters.lastError = messageOf(thrown);
            faults += 1;
          }
          const pause =
            faults > 0
              ? Math.min(READ_BACK_OFF_CAP_MS, backOff(pace, faults))
              : waitingForParents > 0
                ? pace.idleMs
                : SHARDS_EVERY_MS;
          await wait(pause, signal);
        }
      } catch (thrown) {
        await Promise.allSettled(running);
        if (broken.signal.aborted && !stopped.aborted) throw broken.signal.reason;
        throw thrown;
      }
    },
    stats(): MappingStats {
      const nowMs = Date.now();
      let recordsBehind = 0;
      let msBehind = 0;
      for (const shard of shards.values()) {
        recordsBehind += shard.recordsBehind();
        msBehind = Math.max(msBehind, shard.msBehind(nowMs));
      }
      const { functionName, sourceName, kind } = mapping;
      return { ...counters, functionName, sourceName, kind, recordsBehind, msBehind };
    },
    quietSinceMs() {
      if (!listed || waitingForParents > 0) return null;
      let oldest: number | null = Number.POSITIVE_INFINITY;
      for (const shard of shards.values()) {
        const since = shard.quietSinceMs();
        oldest = oldest === null || since === null ? null : Math.min(oldest, since);
      }
      return oldest;
    },
    busyAtMs: () => Math.max(startedAt, ...[...shards.values()].map((shard) => shard.busyAtMs())),
    checkpoints() {
      const positions: Record<string, string> = {};
      for (const [shardId, shard] of shards) {
        const position = shard.position();
        if (position !== null) positions[shardId] = position;
      }
      return positions;
    },
  };
}
