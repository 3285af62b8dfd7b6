import { type Bar, type Benchmark, type BenchmarkRow, geometricMean } from '../benchmark.ts';
import { corpora } from '../corpus.ts';
import { installPeers } from './install.ts';
import { compareOrders, TIMES_P50 } from './orders.ts';
import { compareReading, TIMES } from './reading.ts';

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
  bars(rows) {
    const of = (client: string, figure: string) =>
      rows.flatMap(({ label, figures }) => {
        const measured = figures?.[figure];
        return label.includes(client) && measured !== undefined ? [{ what: `${label}, ${figure}`, measured }] : [];
      });
    const mean = (client: string, least: number): Bar => {
      const measured = geometricMean(of(client, TIMES).map((each) => each.measured));
      return { what: `${client}, geometric mean, ${TIMES}`, measured, least };
    };
    return [
      ...of('ccxt pro', TIMES).map((each) => ({ ...each, least: 8 })),
      ...of('tardis-dev', TIMES).map((each) => ({ ...each, least: 4 })),
      mean('ccxt pro', 12),
      mean('tardis-dev', 6),
      ...of('JSON.parse', TIMES).map((each) => ({ ...each, least: 2.5 })),
      ...of('ccxt pro', TIMES_P50).map((each) => ({ ...each, least: 4 })),
    ];
  },
};
