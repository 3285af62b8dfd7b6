/** What one shard of a Kinesis stream takes (service quotas, "Write throughput"): 1 MB and 1,000 records a second. */
export const SHARD_LIMITS = { bytesPerSecond: 1_000_000, recordsPerSecond: 1_000 } as const;

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

/** Bytes and records a second of each shard. `placeOf`: where a key lies in the stream's range of keys, from 0 up to 1; shards share it evenly. */
export function loadOfShards(
  loads: readonly KeyLoad[],
  shards: number,
  placeOf: (key: string) => number,
): readonly Omit<KeyLoad, 'key'>[] {
  const sums = Array.from({ length: shards }, () => ({ bytesPerSecond: 0, recordsPerSecond: 0 }));
  for (const { key, bytesPerSecond, recordsPerSecond } of loads) {
    const sum = sums[Math.min(shards - 1, Math.floor(placeOf(key) * shards))];
    if (sum === undefined) continue;
    sum.bytesPerSecond += bytesPerSecond;
    sum.recordsPerSecond += recordsPerSecond;
  }
  return sums;
}

/**
 * Everything that is hot, all at once; empty: nothing is. `KEY_HOT`: split what goes under that key (more connections, more units). `SHARD_HOT`: its keys are small
 * enough, but too many of them lie in one shard: more shards.
 */
export function shardFaults(
  loads: readonly KeyLoad[],
  shards: number,
  placeOf: (key: string) => number,
): readonly string[] {
  const hotKeys = loads.filter((load) => shardShare(load) >= HOT_SHARE);
  const ofShards = loadOfShards(
    loads.filter((load) => !hotKeys.includes(load)),
    shards,
    placeOf,
  );
  return [
    ...hotKeys.map((load) => `KEY_HOT: key=${load.key} ${textOf(load)}`),
    ...ofShards.flatMap((load, shard) =>
      shardShare(load) >= HOT_SHARE ? [`SHARD_HOT: shard=${shard} of=${shards} ${textOf(load)}`] : [],
    ),
  ];
}

function textOf(load: Omit<KeyLoad, 'key'>): string {
  const { bytesPerSecond, recordsPerSecond } = load;
  return `bytesPerSecond=${Math.round(bytesPerSecond)} recordsPerSecond=${Math.round(recordsPerSecond)} percentOfShard=${Math.round(shardShare(load) * 100)}`;
}
