import type { VenueId } from '#core/market/instrument.ts';
import { type Benchmark, type BenchmarkRow, quantile } from './benchmark.ts';
import { openOrderPath } from './order-path.ts';

const WARM_UP = 5_000;
const ORDERS = 20_000;

/** Nanoseconds of placing an order: checks of limits and lease, request text, signature, handing over to the socket, which swallows it. */
async function measure(venueId: VenueId): Promise<BenchmarkRow> {
  const path = await openOrderPath(venueId);
  for (let count = 0; count < WARM_UP; count += 1) path.place();
  const samples = Float64Array.from({ length: ORDERS }, () => path.place());
  await path.close();
  return {
    label: venueId,
    meanNs: samples.reduce((sum, each) => sum + each, 0) / samples.length,
    p50Ns: quantile(samples, 0.5),
    p99Ns: quantile(samples, 0.99),
    note: 'clock readings included',
  };
}

/** What an order costs from the decision to the socket. */
export const orderBuildingBenchmark: Benchmark = {
  name: 'order',
  what: 'one order: intent → request, signed and framed → socket',
  async run() {
    return [await measure('binance-usdm'), await measure('bybit-linear')];
  },
  bars: (rows) =>
    rows.map(({ label, p50Ns }) => ({ what: `${label}, p50, ns`, measured: p50Ns ?? Number.NaN, most: 4_000 })),
};
