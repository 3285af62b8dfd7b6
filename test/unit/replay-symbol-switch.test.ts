import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { decidingSources } from '#aws/deciding-sources.ts';
import { findRuns } from '#research/replay/log-files.ts';
import { replayRun } from '#research/replay/replay-log.ts';
import { openEngineWorld } from '../support/engine-world.ts';
import { followingLane } from '../support/following-lane.ts';
import { createKeptLog } from '../support/kept-log.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'millrace-replay-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('M3, H4: the log of an engine whose lane changed its symbol replays to the same effects, hash for hash', async () => {
  const venue = 'bybit-linear';
  const sources = decidingSources();
  const log = createKeptLog();
  const here = await openEngineWorld({
    venue,
    symbols: 2,
    publisher: log.publisher,
    change: followingLane(venue),
    ...(sources === null ? {} : { sources }),
  });
  const change = () => here.engine.units()[0]?.switches[0];
  const trades = () => (change()?.state === 'Trading' ? (change()?.symbol ?? '') : '');
  await here.until('it trades', () => trades() !== '');
  const from = trades();
  await here.until('it enters', () => here.publisher.told('order.intended').length > 0, 20_000);
  here.venue.faults.pausePublic(from);
  await here.until('it trades the other', () => trades() !== '' && trades() !== from, 20_000);
  here.venue.faults.resumePublic(from);
  await here.until('its book goes on', () => (here.engine.feeds()[0]?.books[0]?.messages ?? 0) > 20);
  await here.close();
  log.write(folder);
  const [run] = findRuns(folder);
  if (run === undefined) throw new Error('no log');
  const { result, verdict } = replayRun(run, { sources, configuration: null });
  expect(verdict).toMatchObject({ kind: 'equal' });
  expect(result.effects).toBeGreaterThan(10);
}, 90_000);
