import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { decidingSources } from '#aws/deciding-sources.ts';
import type { EntryFilterModel } from '#core/strategies/entry-filter-model.ts';
import { findRuns } from '#research/replay/log-files.ts';
import { replayRun } from '#research/replay/replay-log.ts';
import { type EngineWorld, openEngineWorld } from '../support/engine-world.ts';
import { createKeptLog } from '../support/kept-log.ts';

let world: EngineWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

const byFlow = (threshold: number): EntryFilterModel => ({
  version: 1,
  features: ['sideFlow'],
  means: [0],
  scales: [1],
  coefficients: [1],
  intercept: 0,
  threshold,
});

describe('an engine whose lane has a learned filter', () => {
  it('H16, M3: judges entries by the trades that came over its market connection, and a replay judges them alike', async () => {
    const log = createKeptLog();
    const sources = decidingSources();
    world = await openEngineWorld({
      venue: 'bybit-linear',
      publisher: log.publisher,
      ...(sources === null ? {} : { sources }),
      change: (plain) => ({
        ...plain,
        lanes: plain.lanes.map((lane) => ({ ...lane, entryFilter: { model: byFlow(9) } })),
      }),
    });
    const here = world;
    const details = () =>
      here.publisher
        .told('order.denied')
        .filter(({ body }) => body.code === 'ENTRY_FILTERED')
        .map(({ body }) => body.detail);
    await here.until('entries are judged', () => details().some((detail) => detail.includes('logit=')), 25_000);
    expect(here.publisher.told('order.state')).toEqual([]);
    expect(here.publisher.told('fill')).toEqual([]);
    await here.close();
    world = null;

    const folder = mkdtempSync(path.join(tmpdir(), 'millrace-filter-'));
    try {
      log.write(folder);
      const [run] = findRuns(folder);
      if (run === undefined) throw new Error('the engine left no log');
      const { result, verdict } = replayRun(run, { sources, configuration: null });
      expect(verdict.kind).toBe('equal');
      expect(result.effects).toBeGreaterThan(0);
      expect(result.hashes.replayed).toBe(result.hashes.recorded);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 40_000);
});
