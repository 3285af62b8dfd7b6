import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { decidingSources } from '#aws/deciding-sources.ts';
import { POLICY } from '#core/config/policy.ts';
import type { RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import { scannedConfiguration } from '#local/start/run-configuration.ts';
import { findRuns } from '#research/replay/log-files.ts';
import { replayRun } from '#research/replay/replay-log.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { startPriceOf } from '#simulation/market-sources/generated-market.ts';
import { type EngineWorld, openEngineWorld } from '../support/engine-world.ts';
import { createKeptLog } from '../support/kept-log.ts';

const sources = decidingSources();
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Runs an engine while `drive` does something to it, and replays what it left. */
async function replayOf(
  options: Parameters<typeof openEngineWorld>[0],
  drive: (here: EngineWorld) => Promise<void>,
): Promise<{ readonly replayed: ReturnType<typeof replayRun>; readonly lines: readonly string[] }> {
  const log = createKeptLog();
  const here = await openEngineWorld({
    ...options,
    publisher: log.publisher,
    ...(sources === null ? {} : { sources }),
  });
  try {
    await drive(here);
  } finally {
    await here.close();
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'millrace-replay-changes-'));
  folders.push(folder);
  log.write(folder);
  const [run] = findRuns(folder);
  if (run === undefined) throw new Error('an engine leaves a log');
  return { replayed: replayRun(run, { sources, configuration: null }), lines: log.publisher.inputs };
}

const fills = (here: EngineWorld) => here.publisher.told('fill').length;

/** All limits of its own, and one budget over the unit. */
function limited(configuration: RuntimeConfiguration): RuntimeConfiguration {
  const lanes = configuration.lanes.map((lane) => ({ ...lane, strategy: { ...lane.strategy, cooldownMs: 10 } }));
  const policy = POLICY.parse({
    version: 1,
    reportingCurrency: 'USDT',
    worth: { USDT: 1 },
    budgets: [{ name: 'all', mode: 'paper', maxExposure: 1e6, maxOpenOrders: 8, maxOrderRate: 50 }],
  });
  return { ...configuration, lanes, policy };
}

/** One lane over two symbols, which begins on the one that its scanner likes less, and changes its mind as often as it can. */
function restless(configuration: RuntimeConfiguration): RuntimeConfiguration {
  const symbols = builtInInstruments('bybit-linear').slice(0, 2).reverse();
  const channels = configuration.feeds[0]?.channels ?? [];
  const markets = symbols.map((instrument) => ({ instrument, price: startPriceOf(instrument) }));
  const scanned = scannedConfiguration([{ venue: 'bybit-linear', symbols: markets, channels }]);
  const scanners = (scanned.scanners ?? []).map((scanner) => ({
    ...scanner,
    // Long enough for a change to be under way before the next thought: a lane that still closes may stay after all.
    sampleMs: 400,
    span: 2,
    warmUp: 2,
    margin: 0,
    holdMs: 0,
    minStayMs: 200,
  }));
  return { ...configuration, lanes: scanned.lanes, scanners };
}

describe('replaying what changed while an engine traded', () => {
  it.concurrent('M3: lanes that are configured anew, a policy, and a venue that cut every connection', async () => {
    const { replayed, lines } = await replayOf({ venue: 'binance-usdm', symbols: 2 }, async (here) => {
      await here.until('it trades', () => fills(here) > 1, 20_000);
      await here.engine.reconfigure(here.configured(limited));
      const before = fills(here);
      await here.until('it trades as it was told', () => fills(here) > before + 1, 20_000);
      here.venue.closeAll();
      const cut = fills(here);
      await here.until('it trades again', () => fills(here) > cut + 1, 30_000);
    });
    expect([replayed.verdict.kind, replayed.result.difference]).toEqual(['equal', null]);
    expect(replayed.result.effects).toBeGreaterThan(30);
    for (const part of ['"instance":2', '"version":1', '"change":"lost"', '"change":"snapshot"'])
      expect(lines.some((line) => line.includes(part))).toBe(true);
  }, 90_000);

  it.concurrent('M3: a lane whose symbol a scanner picks', async () => {
    // A change that was withdrawn ends in Trading as well, on the symbol that it began with.
    const moves = (here: EngineWorld) =>
      here.publisher.told('lane.symbol').filter(({ body }) => body.from === 'Recovering' && body.to === 'Trading');
    const { replayed, lines } = await replayOf(
      { venue: 'bybit-linear', symbols: 2, change: restless },
      async (here) => {
        await here.until('it has changed its symbol', () => moves(here).length > 1 && fills(here) > 1, 40_000);
      },
    );
    expect([replayed.verdict.kind, replayed.result.difference]).toEqual(['equal', null]);
    expect(replayed.result.effects).toBeGreaterThan(5);
    for (const part of ['"kind":"switch"', '"change":"unlisted"', '"kind":"leave"'])
      expect(lines.some((line) => line.includes(part))).toBe(true);
  }, 90_000);
});
