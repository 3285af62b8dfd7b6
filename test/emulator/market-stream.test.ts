import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { archivedConnections, archivedFrameCounts, readArchive } from '#aws/archive.ts';
import { createDynamoDbClient, createS3Client } from '#aws/clients.ts';
import { createMarketReader } from '#aws/market-reader.ts';
import { createPublisher } from '#aws/publisher/publisher.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { emulatedAwsEnvironment } from '#local/aws-environment.ts';
import { deploy } from '#local/deploy.ts';
import { startEventSourcePoller } from '#local/event-source-poller/event-source-poller.ts';
import { describeWithEmulator } from '../support/emulator.ts';

const MINUTE = 1_700_000_040_000 as EpochMs;

/** Binance's public trades, one every 10 ms of the venue's time, with a book change between them. */
function frames(count: number): readonly Buffer[] {
  return Array.from({ length: count }, (_, index) => {
    const time = MINUTE + index * 10;
    const data =
      index % 2 === 0
        ? {
            e: 'aggTrade',
            E: time,
            T: time,
            s: 'BTCUSDT',
            a: index,
            f: index,
            l: index,
            p: `${60_000 + (index % 40)}.10`,
            q: '0.002',
            m: false,
          }
        : { e: 'depthUpdate', E: time, T: time, s: 'BTCUSDT', U: index, u: index, pu: index - 1, b: [], a: [] };
    return Buffer.from(JSON.stringify({ stream: index % 2 === 0 ? 'btcusdt@aggTrade' : 'btcusdt@depth', data }));
  });
}

describeWithEmulator('the market stream, deployed', (emulator) => {
  afterEach(() => vi.unstubAllEnvs());

  it('T1, T2, R4, M8: frames that are published are archived as they came and become candles and latest prices', async () => {
    const { endpoint } = emulator();
    for (const [name, value] of Object.entries(emulatedAwsEnvironment({}, endpoint))) vi.stubEnv(name, value);
    const deployment = await deploy({ emulator: emulator(), settings: { MILLRACE_BUILD: 'test' } });
    const folder = mkdtempSync(path.join(tmpdir(), 'millrace-stream-'));
    const publisher = createPublisher({
      engine: 'engine-a',
      marketStream: deployment.output('MarketStream'),
      tradingStream: deployment.output('TradingStream'),
      journalFolder: folder,
      clock: systemClock,
      log: () => undefined,
    });
    const poller = await startEventSourcePoller({ endpoint });
    try {
      const sent = frames(3_000);
      for (const connection of ['engine-a/binance-usdm/public', 'engine-a/binance-usdm/market']) {
        const sink = publisher.open({ venue: 'binance-usdm', connection, epoch: 1 });
        sent.forEach((frame, index) => {
          // The second connection has only the books: a feed's channels are split over its sockets.
          if (connection.endsWith('public') || index % 2 === 1) sink.frame(frame, systemClock.monoNanos(), index + 1);
        });
        sink.end('inOrder');
      }
      await publisher.close(20_000);
      expect(publisher.accounts().map(({ received, published, shed }) => [received, published, shed])).toEqual([
        [3_000, 3_000, 0],
        [1_500, 1_500, 0],
      ]);
      expect(await poller.drain(60_000)).toBe(true);

      const s3 = createS3Client();
      const bucket = deployment.output('ArchiveBucket');
      expect(await archivedFrameCounts(s3, bucket)).toEqual({ 'binance-usdm': 4_500 });
      const connections = await archivedConnections(s3, bucket);
      expect(connections.map(({ connection, ranges }) => [connection, ranges]).sort()).toEqual([
        ['engine-a/binance-usdm/market', [[1, 1_500]]],
        ['engine-a/binance-usdm/public', [[1, 3_000]]],
      ]);
      const archived: Buffer[] = [];
      for await (const frame of readArchive(s3, bucket))
        if (frame.record.connection.endsWith('public')) archived[frame.sequence - 1] = Buffer.from(frame.bytes);
      expect(Buffer.concat(archived).equals(Buffer.concat(sent))).toBe(true);

      const reader = createMarketReader(createDynamoDbClient(), deployment.output('LedgerTable'));
      const minutes = await reader.candles('binance-usdm', 'BTCUSDT', '1m', MINUTE, (MINUTE + 60_000) as EpochMs);
      expect(minutes).toMatchObject([
        { start: MINUTE, open: { price: '60000.10' }, high: '60038.10', low: '60000.10', volume: '3', trades: 1_500 },
      ]);
      expect(await reader.lastBookSequence('binance-usdm', 'BTCUSDT')).toBe('2999');
      expect((await reader.latest('binance-usdm', 'BTCUSDT')).trade).toMatchObject({ price: '60038.10' });
    } finally {
      await poller.stop();
      await publisher.close(1_000).catch(() => undefined);
      rmSync(folder, { recursive: true });
    }
  }, 120_000);
});
