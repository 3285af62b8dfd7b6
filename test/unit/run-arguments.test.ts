import { describe, expect, it } from 'vitest';
import { loadConfiguration } from '#core/config/runtime-configuration.ts';
import { parseRunArguments } from '../../local/start/arguments.ts';
import { runConfiguration } from '../../local/start/run-configuration.ts';
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
    });
  });

  it('R3: every fault is listed at once, with what is possible', () => {
    const wrong = ['--seconds', 'x', '--speed', '3', '--venues', 'nyse', '--replay', 'no-such-file.gz', '--seed', '-'];
    expect(() => parseRunArguments(wrong)).toThrow(
      /--seconds[\s\S]*--seed[\s\S]*--speed[\s\S]*no-such-file[\s\S]*nyse/,
    );
  });

  it('an unknown option is refused', () => {
    expect(() => parseRunArguments(['--fast'])).toThrow(/--fast/);
  });

  it('R3: the configuration that a run makes is a valid one', () => {
    const configuration = runConfiguration([
      { venue: 'binance-usdm', symbols: [{ instrument: BTC, price: 600_000 }], channels: ['book', 'trades'] },
    ]);
    expect(loadConfiguration(JSON.stringify(configuration), 'test').configuration).toEqual(configuration);
  });
});
