import { describe, expect, it } from 'vitest';
import { VENUES } from '#core/market/instrument.ts';
import { openContractWorld } from '../contract/contract-world.ts';
import { openServiceGate } from '../support/service-gate.ts';
import { trade } from '../support/whole-run.ts';

const MINUTE_MS = 60_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a minute of real time', () => {
  // A naive client dials every few milliseconds, or gives up.
  it.concurrent.each(VENUES)(
    'G8: of maintenance at %s: no storm meanwhile, then feed and trading are back by themselves',
    async (venueId) => {
      const world = await openContractWorld(venueId);
      try {
        const feed = world.openFeed(['book']);
        feed.start();
        const trading = await world.openTrading();
        await world.until('a book', () => feed.sync.book.valid, 10_000);
        const attempts = () => feed.connections.reduce((sum, each) => sum + each.counts.attempts, 0);
        const before = attempts();
        world.server.faults.setMaintenance(true);
        await pause(MINUTE_MS);
        expect(feed.sync.book.valid).toBe(false);
        // Order entry by REST has no link of its own to lose; its account stream has.
        expect(trading.stream.status().state).not.toBe('live');
        expect(attempts() - before).toBeLessThan(20 * feed.connections.length);
        world.server.faults.setMaintenance(false);
        const isBack = () =>
          feed.live() &&
          feed.sync.book.valid &&
          trading.entry.notReady() === null &&
          trading.stream.status().state === 'live';
        // The backoff has grown to about a minute by then.
        await world.until('all is back', isBack, 3 * MINUTE_MS);
        expect(await trading.place(world.intent(trading.nextId()))).toMatchObject({ kind: 'accepted' });
      } finally {
        await world.close();
      }
    },
    6 * MINUTE_MS,
  );

  it(
    'G7: of a stream that is down: entries stop, every frame is published or counted, every trading event arrives',
    async () => {
      const gates: Awaited<ReturnType<typeof openServiceGate>>[] = [];
      let fenced: string | null = null;
      try {
        const summary = await trade(['--seconds', '90', '--venues', 'binance-usdm,bybit-spot', '--seed', '17'], {
          async engineEnvironment(endpoint) {
            const gate = await openServiceGate(endpoint);
            gates.push(gate);
            return { AWS_ENDPOINT_URL_KINESIS: gate.url };
          },
          onTrading: (control) => {
            void (async () => {
              await pause(5_000);
              for (const gate of gates) gate.mode = 'refuse';
              await pause(MINUTE_MS);
              const fences = (await control.engines()).flatMap((engine) => engine.units.map((unit) => unit.fence));
              fenced = fences.find((fence) => fence !== null) ?? null;
              for (const gate of gates) gate.mode = 'open';
            })();
          },
        });
        expect(fenced).toMatch(/TRADING_STREAM_SILENT/);
        for (const frames of Object.values(summary.frames)) {
          expect(frames.received).toBe(frames.published + frames.shed);
          expect(frames.published).toBe(frames.archived);
        }
      } finally {
        for (const gate of gates) await gate.close();
      }
    },
    6 * MINUTE_MS,
  );
});
