/** What one shard of a Kinesis stream takes (service quotas, "Write throughput"): 1 MB and 1,000 records a second. */
const SHARD_LIMITS = { bytesPerSecond: 1_000_000, recordsPerSecond: 1_000 } as const;

/** Part of a shard's limit from which a key or a shard counts as hot: bursts need the rest. */
export const HOT_SHARE = 0.8;

/** What was measured of one partition key. All records of a key go to one shard, so no number of shards helps a key that is too much for one. */
export interface KeyLoad {
  readonly key: string;
  readonly bytesPerSecond: number;
  readonly recordsPerSecond: number;
}

/** Part of one shard's limits that a load takes: 1 is all, more is refused. */
export function shardShare({ bytesPerSecond, recordsPerSecond }: Omit<KeyLoad, 'key'>): number {
  return Math.max(bytesPerSecond / SHARD_LIMITS.bytesPerSecond, recordsPerSecond / SHARD_LIMITS.recordsPerSecond);
}
