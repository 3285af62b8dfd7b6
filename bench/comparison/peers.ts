import type { Benchmark, BenchmarkRow } from '../benchmark.ts';
import { corpora } from '../corpus.ts';
import { installPeers } from './install.ts';
import { compareOrders } from './orders.ts';
import { compareReading } from './reading.ts';

/** Clients that others wrote, beside ours, on the same input. Run only when it is asked for by name, since it installs them. */
export const peersBenchmark: Benchmark = {
  name: 'peers',
  what: 'bytes → book, events and best prices; and one order signed and framed: ours and others, in interleaved rounds',
  async run() {
    installPeers();
    const rows: BenchmarkRow[] = [];
    for (const corpus of corpora()) rows.push(...(await compareReading(corpus)));
    for (const venue of ['binance-usdm', 'bybit-linear'] as const) rows.push(...(await compareOrders(venue)));
    return rows;
  },
};
