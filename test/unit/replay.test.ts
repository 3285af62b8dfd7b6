import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decidingSources } from '#aws/deciding-sources.ts';
import type { MarketFrame } from '#aws/market-record.ts';
import type { LoadedConfiguration, RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import type { MarketConnection } from '#core/events/publisher-port.ts';
import { findRuns } from '#research/replay/log-files.ts';
import { type ReplayLogOptions, replayRun } from '#research/replay/replay-log.ts';
import { openEngineWorld } from '../support/engine-world.ts';
import { createKeptLog } from '../support/kept-log.ts';
import { copyBuild } from '../support/replay-build.ts';

const folders: string[] = [];
const sources = decidingSources();
const log = createKeptLog();
let configured: (change: (configuration: RuntimeConfiguration) => RuntimeConfiguration) => LoadedConfiguration;

beforeAll(async () => {
  const here = await openEngineWorld({
    venue: 'bybit-linear',
    symbols: 2,
    publisher: log.publisher,
    ...(sources === null ? {} : { sources }),
  });
  await here.until('orders fill', () => here.publisher.told('fill').length > 6, 20_000);
  configured = here.configured;
  await here.close();
}, 60_000);
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'millrace-replay-'));
  folders.push(folder);
  return folder;
}

/** The log as it lies in a folder, but for what did not arrive there. */
function written(keeps?: (connection: MarketConnection, frame: MarketFrame) => boolean): string {
  const folder = newFolder();
  log.write(folder, keeps);
  return folder;
}

function replayed(folder: string, change: Partial<ReplayLogOptions> = {}) {
  const [run, ...others] = findRuns(folder);
  if (run === undefined || others.length > 0) throw new Error('one engine left one log');
  return replayRun(run, { sources, configuration: null, ...change });
}

const isLog = ({ venue }: MarketConnection) => venue === 'engine';
const textOf = ({ bytes }: MarketFrame) => Buffer.from(bytes).toString('utf8');

/** Number of the first line that has this text. */
function numberOf(text: string): number {
  let found = 0;
  log.write(newFolder(), (connection, frame) => {
    if (found === 0 && isLog(connection) && textOf(frame).includes(text)) found = frame.inputNumber;
    return false;
  });
  return found;
}

describe('replaying the log of an engine', () => {
  it('M3, invariant 8: the same build and configuration come to the same effects, hash for hash', () => {
    const { result, verdict } = replayed(written());
    expect(verdict.kind).toBe('equal');
    expect(result.effects).toBeGreaterThan(30);
    expect(result.hashes.replayed).toBe(result.hashes.recorded);
    expect(result.holes).toEqual([]);
    expect(result.tornAt).toBeNull();
  });

  it('M3: what was delivered twice and in other objects counts once', () => {
    const folder = written();
    const once = replayed(folder);
    log.write(folder, (_connection, { sequence }) => sequence > 20 && sequence < 90);
    const { result, verdict } = replayed(folder);
    expect(verdict).toEqual(once.verdict);
    expect([result.inputs, result.hashes]).toEqual([once.result.inputs, once.result.hashes]);
  });

  it('M3: another limit changes a decision, and the first that differs is shown with its input and the state before', () => {
    const configuration = configured((before) => ({
      ...before,
      lanes: before.lanes.map((lane) => ({ ...lane, limits: { ...lane.limits, maxSpreadBps: 1e-9 } })),
    }));
    const { result, verdict } = replayed(written(), { configuration });
    expect(verdict.kind).toBe('changed decision');
    const { difference, view } = result;
    expect(difference?.input).toMatchObject({ kind: 'book' });
    expect(difference?.recorded).toMatchObject({ kind: 'event', note: { type: 'order.state' } });
    expect(difference?.replayed).toMatchObject({ kind: 'event', note: { type: 'order.denied' } });
    expect(view).toMatchObject({ state: 'Idle', position: '0', gate: { closed: null, fence: null } });
  });

  it('M3: another effect by the same build and configuration is a fault of the product, and called so', () => {
    const folder = newFolder();
    const changed = createKeptLog();
    let done = false;
    copyLog(changed, (connection, frame) => {
      const text = isLog(connection) ? textOf(frame) : '';
      if (done || !text.includes('"kind":"place"')) return frame.bytes;
      done = true;
      return Buffer.from(text.replace('"side":"buy"', '"side":"sell"').replace('"type":"limit"', '"type":"market"'));
    });
    changed.write(folder);
    const { verdict, result } = replayed(folder);
    expect(verdict.kind).toBe('broken replay');
    expect(result.difference?.input).toMatchObject({ kind: 'book' });
  });

  it('M3: another build that comes to the same effects is equal, and other settings of the strategy are a changed decision', () => {
    const { verdict } = replayed(written(), { sources: 'of another build' });
    expect(verdict.kind).toBe('equal');
    const configuration = configured((before) => ({
      ...before,
      lanes: before.lanes.map((lane) => ({ ...lane, strategy: { ...lane.strategy, entryTicks: 1e6, takeTicks: 1e6 } })),
    }));
    const changed = replayed(written(), { configuration });
    expect(changed.result.difference?.replayed).toBeNull();
    expect(changed.verdict.kind).toBe('changed decision');
  });

  it('M3: a window with a shed frame is not replayable from there on, and says which inputs are missing', () => {
    const placed = numberOf('"kind":"place"');
    const { result, verdict } = replayed(
      written(
        (connection, { inputNumber }) => isLog(connection) || inputNumber < placed + 20 || inputNumber > placed + 50,
      ),
    );
    expect(verdict.kind).toBe('not replayable');
    expect(result.difference).toBeNull();
    expect(result.holes[0]).toMatch(/^inputs \d+ to \d+ are missing: engine-test\/bybit-linear\//);
    expect(result.windows[0]?.broken).toBe(result.holes[0]);
    expect(result.effects).toBeGreaterThan(0);
  });

  it('M3: a shed line breaks every window, also one that took no number', () => {
    const lost = (kind: string) => {
      let done = false;
      return written((connection, frame) => {
        if (done || !isLog(connection) || !textOf(frame).includes(`"kind":"${kind}"`)) return true;
        done = true;
        return false;
      });
    };
    for (const kind of ['timer', 'effects', 'answer']) {
      const { result, verdict } = replayed(lost(kind));
      expect([kind, verdict.kind, result.difference]).toEqual([kind, 'not replayable', null]);
    }
  });

  it('M3: the log of an engine that was killed replays to where it was published', () => {
    const { result, verdict } = replayed(
      written((connection, { inputNumber }) => inputNumber < (isLog(connection) ? 400 : 500)),
    );
    expect(verdict.kind).toBe('equal');
    expect(result.tornAt).toBeLessThan(500);
    expect(result.tornAt).toBeGreaterThanOrEqual(399);
  });

  it('M3: without its beginning a log is not replayed, and not called equal', () => {
    const { result, verdict } = replayed(written((_connection, { inputNumber }) => inputNumber > 300));
    expect(verdict.kind).toBe('not replayable');
    expect(result.effects).toBe(0);
  });

  it('M3: the command tells a build with one line of the strategy changed, and shows the first difference', async () => {
    const build = copyBuild(newFolder());
    const kept = written();

    const same = await build.replay(kept);
    expect([same.code, same.output]).toEqual([0, expect.stringMatching(/\nequal\n$/)]);

    build.changeStrategy();
    const changed = await build.replay(kept);
    expect([changed.code, changed.output]).toEqual([3, expect.stringMatching(/\nchanged decision\n$/)]);
    expect(changed.output).toContain('first difference');
    expect(changed.output).toContain('state before');

    const nowhere = await build.replay(path.join(kept, 'nowhere'));
    expect(nowhere.code).toBe(2);
  });
});

/** Hands over every frame that was kept, with other bytes where `bytesOf` has such. */
function copyLog(
  to: ReturnType<typeof createKeptLog>,
  bytesOf: (connection: MarketConnection, frame: MarketFrame) => Uint8Array,
) {
  const sinks = new Map<MarketConnection, ReturnType<typeof to.publisher.open>>();
  log.write(newFolder(), (connection, frame) => {
    const sink = sinks.get(connection) ?? to.publisher.open(connection);
    sinks.set(connection, sink);
    sink.frame(bytesOf(connection, frame), frame.receivedAt, frame.inputNumber);
    return false;
  });
}
