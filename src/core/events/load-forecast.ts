import { HOT_SHARE, shardShare } from './shard-load.ts';

/** What is planned with where nothing else is said; docs/scale.md says where each comes from. */
export const EXPECTED_LOAD = {
  /** Messages a second of one symbol on all its channels: an assumption, not a measurement; the busiest symbols have more, most have far fewer. */
  messagesPerSymbol: 40,
  /** What of a frame reaches the stream, compressed (measured: 27 to 56). */
  bytesPerMessage: 56,
  /** Records of one connection: one for each 100 ms at most. */
  recordsPerConnection: 10,
} as const;

/** A connection that a configuration will open. */
export interface ExpectedConnection {
  readonly feed: string;
  /** Of the venue's plan: `public`. */
  readonly connection: string;
  readonly symbols: readonly string[];
  /** Whether its records may go round several partition keys. */
  readonly readApart: boolean;
}

export interface MarketStreamSettings {
  /** Null: not known, so that only keys are looked at. */
  readonly shards: number | null;
  readonly keysPerConnection: number;
  readonly messagesPerSymbol: number;
}

/**
 * What will be hot if the symbols are as busy as stated, all at once and before the first frame; empty: nothing will. Each connection is taken to carry all channels of its symbols,
 * which is more than one of several does. `KEY_WILL_BE_HOT`: one connection's. `STREAM_WILL_BE_HOT`: all of them together, even where keys lie evenly.
 */
export function forecastFaults(
  connections: readonly ExpectedConnection[],
  settings: MarketStreamSettings,
): readonly string[] {
  const { shards, messagesPerSymbol } = settings;
  const loadOf = (symbols: number, connections: number) => ({
    bytesPerSecond: symbols * messagesPerSymbol * EXPECTED_LOAD.bytesPerMessage,
    recordsPerSecond: connections * EXPECTED_LOAD.recordsPerConnection,
  });
  const faults = connections.flatMap(({ feed, connection, symbols, readApart }) => {
    const whole = shardShare(loadOf(symbols.length, 1));
    const share = readApart ? whole / settings.keysPerConnection : whole;
    if (share < HOT_SHARE) return [];
    const rate = symbols.length * messagesPerSymbol;
    const figures = `symbols=${symbols.length} messagesPerSecond=${rate} percentOfShard=${percent(share)}`;
    const advice = adviceFor(readApart, Math.floor(whole / HOT_SHARE) + 1);
    return [`KEY_WILL_BE_HOT: feed=${feed} connection=${connection} ${figures}: ${advice}`];
  });
  if (shards === null) return faults;
  const symbols = new Set(connections.flatMap((each) => each.symbols.map((symbol) => `${each.feed} ${symbol}`)));
  const whole = shardShare(loadOf(symbols.size, connections.length));
  if (whole / shards < HOT_SHARE) return faults;
  const figures = `shards=${shards} symbols=${symbols.size} connections=${connections.length} percentOfShard=${percent(whole / shards)}`;
  return [
    ...faults,
    `STREAM_WILL_BE_HOT: ${figures}: set streams.market.shards to ${Math.floor(whole / HOT_SHARE) + 1} or more`,
  ];
}

function adviceFor(readApart: boolean, keys: number): string {
  if (readApart) return `set streams.market.keysPerConnection to ${keys} or more`;
  return `divide its symbols among ${keys} feeds or more; or leave out quotes and ticker, whose frames need one another, and set streams.market.keysPerConnection to ${keys} or more`;
}

function percent(share: number): number {
  return Math.round(share * 100);
}
