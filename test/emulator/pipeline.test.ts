import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TradingEvent } from '#core/events/trading-event.ts';
import { emulatorIsInstalled } from '#local/emulator.ts';
import { LOGS } from '#local/paths.ts';
import type { RunControl, RunHooks } from '#local/start/run.ts';
import { openServiceGate } from '../support/service-gate.ts';
import { trade } from '../support/whole-run.ts';

const installed = emulatorIsInstalled();
if (!installed)
  process.stderr.write(
    'SKIPPED: the whole pipeline: no emulator is installed; run `node local/bootstrap.mjs set-up`\n',
  );

const MINUTES = 60_000;
/** One of each kind of market: `npm run campaign` runs all six. */
const VENUES = ['binance-usdm', 'bybit-spot', 'deribit'] as const;

/** Every log that was written to since then. */
function logsSince(epochMs: number): [string, string][] {
  return readdirSync(LOGS)
    .map((name) => path.join(LOGS, name))
    .filter((file) => statSync(file).mtimeMs >= epochMs)
    .map((file) => [file, readFileSync(file, 'utf8')]);
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The engine that trades, once one does. */
async function activeEngine(control: RunControl): Promise<string> {
  for (;;) {
    const trading = (await control.engines()).find((engine) => engine.units.some((unit) => unit.closed === null));
    if (trading !== undefined) return trading.engine;
    await pause(50);
  }
}

describe.skipIf(!installed && process.env.CI !== 'true')('the whole pipeline', () => {
  it(
    'T1, T2, T4, H3, M8, R6: frames go in; every order is confirmed, every frame is in the archive, the three positions agree, and no venue key is written down anywhere',
    async () => {
      const printed: string[] = [];
      const told: { secrets: readonly string[]; events: readonly TradingEvent[] } = { secrets: [], events: [] };
      const summaryFile = path.join(mkdtempSync(path.join(tmpdir(), 'millrace-summary-')), 'summary.json');
      const hooks: RunHooks = {
        onTrading: (control) => {
          told.secrets = control.secrets;
          told.events = control.events;
        },
      };
      const began = Date.now();
      const summary = await trade(
        ['--seconds', '15', '--venues', VENUES.join(), '--seed', '11', '--summary', summaryFile],
        hooks,
        printed,
      );
      const written = new Map([
        ['standard output', printed.join('')],
        ['the trading stream', JSON.stringify(told.events)],
        ['the summary', readFileSync(summaryFile, 'utf8')],
        ...logsSince(began),
      ]);
      rmSync(path.dirname(summaryFile), { recursive: true });
      expect([...written.keys()]).toEqual(
        expect.arrayContaining(['emulator.log', 'engine-1.log', 'engine-2.log'].map((name) => path.join(LOGS, name))),
      );
      expect(written.get('the trading stream')).toContain('order.state');
      // A key and its secret for each.
      expect(told.secrets).toHaveLength(2 * VENUES.length);
      for (const secret of told.secrets) {
        expect(secret.length).toBeGreaterThanOrEqual(32);
        for (const [where, text] of written) expect(text.includes(secret), `a venue key in ${where}`).toBe(false);
      }
      for (const frames of Object.values(summary.frames)) {
        expect(frames.sent).toBeGreaterThan(500);
        expect(frames).toMatchObject({
          received: frames.sent,
          published: frames.sent,
          archived: frames.sent,
          shed: 0,
          gaps: 0,
        });
      }
      // A stop that rests for what is still held has not ended, and is confirmed when it does.
      const { submitted, protecting, confirmed } = summary.orders;
      expect(submitted).toBeGreaterThan(5);
      expect(confirmed).toBe(submitted - protecting);
      expect(summary.takeovers).toBe(0);
    },
    3 * MINUTES,
  );

  it(
    'R8, M2, T4: the active engine is killed in mid-flight: the other trades within 10 s, nothing is doubled or orphaned, the gap is declared (G10)',
    async () => {
      let takenOverMs = Number.POSITIVE_INFINITY;
      const summary = await trade(['--seconds', '22', '--venues', 'bybit-linear', '--seed', '12'], {
        onTrading: (control) => {
          void (async () => {
            await pause(6_000);
            const victim = await activeEngine(control);
            control.kill(victim, 'SIGKILL');
            const killedAt = performance.now();
            while ((await activeEngine(control)) === victim) await pause(50);
            takenOverMs = performance.now() - killedAt;
          })();
        },
      });
      expect(takenOverMs).toBeLessThan(10_000);
      expect(summary.takeovers).toBeGreaterThanOrEqual(1);
      expect(summary.frames['bybit-linear']?.gaps).toBeGreaterThanOrEqual(1);
    },
    3 * MINUTES,
  );

  it(
    'R9, R14, T4: the stream goes down in mid-batch and comes back: entries stop, nothing is lost or applied twice',
    async () => {
      const gates: Awaited<ReturnType<typeof openServiceGate>>[] = [];
      let fenced: string | null = null;
      try {
        const summary = await trade(['--seconds', '20', '--venues', 'binance-usdm', '--seed', '13'], {
          async engineEnvironment(endpoint) {
            const gate = await openServiceGate(endpoint);
            gates.push(gate);
            return { AWS_ENDPOINT_URL_KINESIS: gate.url };
          },
          onTrading: (control) => {
            void (async () => {
              const [gate] = gates;
              if (gate === undefined) return;
              await pause(4_000);
              gate.mode = 'swallow';
              await pause(500);
              gate.mode = 'refuse';
              await pause(5_000);
              const fences = (await control.engines()).flatMap((engine) => engine.units.map((unit) => unit.fence));
              fenced = fences.find((fence) => fence !== null) ?? null;
              gate.mode = 'open';
            })();
          },
        });
        const [gate] = gates;
        expect(gate?.counts.swallow).toBeGreaterThan(0);
        expect(gate?.counts.refuse).toBeGreaterThan(0);
        expect(fenced).toMatch(/TRADING_STREAM_SILENT/);
        expect(summary.frames['binance-usdm']).toMatchObject({ shed: 0 });
      } finally {
        for (const gate of gates) await gate.close();
      }
    },
    3 * MINUTES,
  );
});
