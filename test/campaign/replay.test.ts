import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseRunArguments } from '#local/start/arguments.ts';
import { run } from '#local/start/run.ts';
import { channelsOf, runConfiguration } from '#local/start/run-configuration.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { startPriceOf } from '#simulation/market-sources/generated-market.ts';
import { copyBuild } from '../support/replay-build.ts';
import { hasSharedData, SHARED_DATA } from '../support/shared-data.ts';

const MINUTES = 60_000;
const RECORDED = ['binance/recorded/spot_btcusdt_20240808.raw.gz', 'binance/recorded/usdm_btcusdt_20240808.raw.gz'];
const folders: string[] = [];

function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'millrace-replay-run-'));
  folders.push(folder);
  return folder;
}
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** What a run leaves replays to the same effects; with one line of the strategy changed the first difference is shown. */
async function replayRunOf(argv: readonly string[]): Promise<string> {
  const kept = newFolder();
  const output = { isTTY: false, rows: 50, columns: 200, write: () => true };
  const { summary } = await run(parseRunArguments([...argv, '--keep-log', kept]), new AbortController().signal, {
    output,
  });
  expect(summary?.orders.submitted).toBeGreaterThan(5);
  const build = copyBuild(newFolder());
  const same = await build.replay(kept);
  expect([same.code, same.output]).toEqual([0, expect.stringMatching(/\nequal\n$/)]);
  expect(same.output).not.toContain('NOT REPLAYABLE');
  build.changeStrategy();
  const changed = await build.replay(kept);
  expect([changed.code, changed.output]).toEqual([3, expect.stringMatching(/\nchanged decision\n$/)]);
  for (const part of ['first difference', 'state before', 'effect then', 'effect now'])
    expect(changed.output).toContain(part);
  return kept;
}

describe('M3: the log of 60 s of the whole pipeline', () => {
  it(
    'of generated markets on six venues replays equal; another strategy and another limit are changed decisions',
    async () => {
      const kept = await replayRunOf(['--seconds', '60', '--seed', '11']);
      const file = path.join(newFolder(), 'configuration.json');
      const venues = ['bybit-linear', 'deribit'] as const;
      const markets = venues.map((venue) => ({
        venue,
        channels: channelsOf(venue),
        symbols: builtInInstruments(venue)
          .slice(0, 2)
          .map((instrument) => ({ instrument, price: startPriceOf(instrument) })),
      }));
      const configuration = runConfiguration(markets);
      const lanes = configuration.lanes.map((lane) => ({ ...lane, limits: { ...lane.limits, maxSpreadBps: 1e-9 } }));
      writeFileSync(file, JSON.stringify({ ...configuration, lanes }));
      const limited = await copyBuild(newFolder()).replay(kept, '--configuration', file);
      expect([limited.code, limited.output]).toEqual([3, expect.stringContaining('SPREAD_TOO_WIDE')]);
    },
    8 * MINUTES,
  );

  it.runIf(RECORDED.every(hasSharedData))(
    'of recorded markets replays equal, with snapshots of books by REST',
    async () => {
      const files = RECORDED.map((name) => path.join(SHARED_DATA, name)).join();
      await replayRunOf(['--seconds', '60', '--replay', files]);
    },
    8 * MINUTES,
  );
});
