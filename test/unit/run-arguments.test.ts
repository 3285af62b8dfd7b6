import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfiguration } from '#core/config/runtime-configuration.ts';
import { parseRunArguments } from '../../local/start/arguments.ts';
import { runConfiguration } from '../../local/start/run-configuration.ts';
import { makeRunJournals } from '../../local/start/run-journals.ts';
import { openMarkets } from '../../local/start/venue-markets.ts';
import { BTC } from '../support/lane-world.ts';

describe('arguments of a run', () => {
  it('are all optional', () => {
    expect(parseRunArguments([])).toMatchObject({
      seconds: null,
      replay: [],
      live: false,
      speed: 1,
      venues: null,
      seed: 1,
      engines: 2,
    });
  });

  it('R3: every fault is listed at once, with what is possible', () => {
    const wrong = [
      '--seconds',
      'x',
      '--speed',
      '3',
      '--venues',
      'nyse',
      '--replay',
      'no-such-file.gz',
      '--seed',
      '-',
      '--engines',
      '0',
    ];
    expect(() => parseRunArguments(wrong)).toThrow(
      /--seconds[\s\S]*--seed[\s\S]*--engines[\s\S]*--speed[\s\S]*no-such-file[\s\S]*nyse/,
    );
  });

  it('R3: an unknown option is refused, and does not hide the other faults', () => {
    expect(() => parseRunArguments(['--fast', '--speed', '3', '--venues', 'nyse'])).toThrow(
      /--fast[\s\S]*--speed[\s\S]*nyse/,
    );
    expect(() => parseRunArguments(['stray', '--seed', 'x'])).toThrow(/stray[\s\S]*--seed/);
    expect(() => parseRunArguments(['--replay'])).toThrow(/--replay/);
  });

  it('speed `max` is for recordings: generated flow has no end', async () => {
    expect(() => parseRunArguments(['--speed', 'max'])).toThrow(/--speed max needs --replay/);
    const mixed = { ...parseRunArguments([]), speed: 'max' } as const;
    await expect(openMarkets(mixed)).rejects.toThrow(/SPEED_WITHOUT_END: .*binance-usdm, .*bybit-linear/);
  });

  it('R3: a venue or a file that is named twice is refused', () => {
    expect(() => parseRunArguments(['--venues', 'bybit-linear,bybit-linear'])).toThrow(/twice/);
    expect(() => parseRunArguments(['--replay', `${import.meta.filename},${import.meta.filename}`])).toThrow(/twice/);
  });

  it('R3: a summary that could not be written is refused before the run, not after it', () => {
    expect(() => parseRunArguments(['--summary', path.join(tmpdir(), 'no-such-folder', 's.json')])).toThrow(
      /no folder/,
    );
    expect(() => parseRunArguments(['--summary', tmpdir()])).toThrow(/not a file/);
    expect(parseRunArguments(['--summary', path.join(tmpdir(), 's.json')]).summaryFile).toBe(
      path.join(tmpdir(), 's.json'),
    );
  });

  it('the journals of a run that was cut off go with the next start, those of one that still runs stay', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'millrace-journals-'));
    try {
      const gone = spawnSync(process.execPath, ['--version']).pid;
      for (const pid of [gone, process.ppid])
        mkdirSync(path.join(folder, String(pid), 'engine-1'), { recursive: true });
      expect(makeRunJournals(folder)).toBe(path.join(folder, String(process.pid)));
      expect(readdirSync(folder).toSorted()).toEqual([String(process.ppid), String(process.pid)].toSorted());
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('R3: the configuration that a run makes is a valid one', () => {
    const configuration = runConfiguration([
      { venue: 'binance-usdm', symbols: [{ instrument: BTC, price: 600_000 }], channels: ['book', 'trades'] },
    ]);
    expect(loadConfiguration(JSON.stringify(configuration), 'test').configuration).toEqual(configuration);
  });
});
