import { describe, expect, test } from 'vitest';
import { parseScaled } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { createRecordedMarket } from '#simulation/market-sources/recorded-market.ts';
import { createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import { createBinanceUsdmServer } from '#simulation/protocol/binance-usdm-server.ts';
import { connect } from '../support/plain-binance-client.ts';
import { hasSharedData, SHARED_DATA, sharedText } from '../support/shared-data.ts';
import { until } from '../support/until.ts';

const FILE = 'binance/recorded/usdm_btcusdt_20240808.raw.gz';
/** How much of the recording is played. */
const PLAYED_MS = 10_000;

/** Recorded frames of these streams, in order, as the bytes after the receive time. */
function recordedFrames(streams: readonly string[]): string[] {
  const lines = sharedText(FILE)
    .split('\n')
    .filter((line) => line !== '');
  const start = Number(lines[0]?.slice(0, lines[0].indexOf(' '))) / 1e6;
  return lines
    .filter((line) => Number(line.slice(0, line.indexOf(' '))) / 1e6 - start < PLAYED_MS)
    .map((line) => line.slice(line.indexOf(' ') + 1))
    .filter((frame) => streams.some((stream) => frame.startsWith(`{"stream":"${stream}"`)));
}

describe('a recording over the simulated Binance (skipped where the shared data is not there)', () => {
  test.skipIf(!hasSharedData(FILE))(
    'T1: every recorded frame goes out once, byte by byte and in order; the REST book joins them and ends as the venue’s did',
    async () => {
      const instruments = builtInInstruments('binance-usdm').filter((each) => each.symbol === 'BTCUSDT');
      const clockStart = systemClock.epochMs();
      const source = createRecordedMarket({ venue: 'binance-usdm', files: [`${SHARED_DATA}/${FILE}`], instruments });
      const exchange = createSimulatedExchange({ instruments, source, clockStart });
      const keys = createApiKeyRing([]);
      const server = await createBinanceUsdmServer({ exchange, keys, clock: systemClock, host: '127.0.0.1', port: 0 });
      try {
        const open = await connect(
          `${server.urls.market}/public/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker`,
        );
        const market = await connect(`${server.urls.market}/market/stream?streams=btcusdt@aggTrade`);
        const depth = async (): Promise<Depth> =>
          JSON.parse(await (await fetch(`${server.urls.rest}/fapi/v1/depth?symbol=BTCUSDT&limit=1000`)).text());

        const expectedOpen = recordedFrames(['btcusdt@depth@0ms', 'btcusdt@bookTicker']);
        const expectedTrades = recordedFrames(['btcusdt@trade']);
        // The snapshot is asked for in the middle of the play, as clients do.
        exchange.advanceTo((clockStart + 2_000) as EpochMs);
        const snapshot = await depth();
        for (let at = 2_100; at < PLAYED_MS; at += 100) exchange.advanceTo((clockStart + at) as EpochMs);
        exchange.advanceTo((clockStart + PLAYED_MS - 0.001) as EpochMs);
        await until(
          'all frames',
          () => open.heard.length >= expectedOpen.length && market.heard.length >= expectedTrades.length,
        );
        expect(open.heard).toEqual(expectedOpen);
        expect(market.heard).toEqual(expectedTrades);
        expect(server.stats().framesSent).toBe(expectedOpen.length + expectedTrades.length);

        const final = await depth();
        const book = bookOf(snapshot);
        const diffs = open
          .json()
          .filter((each) => each.data.e === 'depthUpdate')
          .map((each) => each.data);
        const later = diffs.filter((each) => each.u >= snapshot.lastUpdateId);
        expect(later[0].U <= snapshot.lastUpdateId || later[0].pu === snapshot.lastUpdateId).toBe(true);
        for (const each of later) apply(book, each);
        expect(final.lastUpdateId).toBe(later.at(-1).u);
        expect(best(book.bids, -1)).toEqual(final.bids.slice(0, 20));
        expect(best(book.asks, 1)).toEqual(final.asks.slice(0, 20));
        expect(server.stats().errors).toEqual([]);
      } finally {
        await server.close();
      }
    },
  );
});

type Side = Map<string, string>;
interface Depth {
  readonly lastUpdateId: number;
  readonly bids: [string, string][];
  readonly asks: [string, string][];
}
const bookOf = (snapshot: Depth) => ({
  bids: new Map(snapshot.bids),
  asks: new Map(snapshot.asks),
});

function apply(book: { bids: Side; asks: Side }, diff: { b: [string, string][]; a: [string, string][] }): void {
  for (const [side, levels] of [
    [book.bids, diff.b],
    [book.asks, diff.a],
  ] as const) {
    for (const [price, size] of levels) {
      if (Number(size) === 0) side.delete(price);
      else side.set(price, size);
    }
  }
}

function best(side: Side, direction: 1 | -1): [string, string][] {
  const order = (text: string): number => parseScaled(text, 2);
  return [...side].sort(([a], [b]) => (order(a) - order(b)) * direction).slice(0, 20);
}
