import { describe, expect, it } from 'vitest';
import { loadConfiguration } from '#core/config/runtime-configuration.ts';
import { runConfiguration } from '../../local/start/run-configuration.ts';
import { BTC } from '../support/lane-world.ts';

const valid = () =>
  structuredClone(
    runConfiguration([
      { venue: 'binance-usdm', symbols: [{ instrument: BTC, price: 600_000 }], channels: ['book', 'trades'] },
    ]),
  ) as unknown as Record<string, never>;
const faultsOf = (change: (document: Record<string, Record<string, Record<string, unknown>>>) => void): string => {
  const document = valid();
  change(document as never);
  try {
    loadConfiguration(JSON.stringify(document), 'test.json');
  } catch (error) {
    return String(error);
  }
  return '';
};

describe('the runtime configuration', () => {
  it('R3: equal content has an equal hash, whatever the order of its keys and its white space', () => {
    const document = valid();
    const turned = Object.fromEntries(Object.entries(document).reverse());
    expect(loadConfiguration(JSON.stringify(turned, null, 4), 'b').hash).toBe(
      loadConfiguration(JSON.stringify(document), 'a').hash,
    );
  });

  it('R3: every fault is listed at once, each with its place', () => {
    const faults = faultsOf((document) => {
      Object.assign(document.lanes?.[0] ?? {}, { account: 'nobody', symbol: 'ETHUSDT', colour: 'red' });
      Object.assign(document.accounts?.[0] ?? {}, { onShutdown: 'panic' });
    });
    for (const place of ['lanes.0', 'colour', 'accounts.0.onShutdown']) expect(faults).toContain(place);
  });

  it('R3: a lane needs its account and its feed, and no second lane beside it', () => {
    const faults = faultsOf((document) => {
      const lanes = document.lanes as unknown as Record<string, unknown>[];
      lanes.push({ ...lanes[0] }, { ...lanes[0], name: 'other', account: 'nobody', symbol: 'ETHUSDT' });
    });
    expect(faults).toMatch(/declared twice[\s\S]*at most one lane[\s\S]*no account nobody[\s\S]*no feed/);
  });

  it('R8: several feeds of a venue have names of their own, and share no symbol', () => {
    const faults = faultsOf((document) => {
      const feeds = document.feeds as unknown as Record<string, unknown>[];
      feeds.push(
        { ...feeds[0] },
        { ...feeds[0], name: 'bybit-linear', symbols: ['ETHUSDT'] },
        { ...feeds[0], name: 'X' },
      );
    });
    expect(faults).toMatch(/feeds\.3\.name/);
    const others = faultsOf((document) => {
      const feeds = document.feeds as unknown as Record<string, unknown>[];
      feeds.push({ ...feeds[0] }, { ...feeds[0], name: 'bybit-linear', symbols: ['ETHUSDT'] });
    });
    expect(others).toMatch(
      /there are two feeds binance-usdm[\s\S]*carried by feed binance-usdm already[\s\S]*bybit-linear is another venue/,
    );
  });

  it('R8: all lanes of a unit lie in one feed', () => {
    const faults = faultsOf((document) => {
      const feeds = document.feeds as unknown as Record<string, unknown>[];
      feeds.push({ ...feeds[0], name: 'second', symbols: ['ETHUSDT'] });
      const lanes = document.lanes as unknown as Record<string, unknown>[];
      lanes.push({ ...lanes[0], name: 'other', symbol: 'ETHUSDT' });
    });
    expect(faults).toMatch(
      /1 fault[\s\S]*lanes\.1\.symbol: ETHUSDT is in feed second, other lanes of paper\/main\/binance-usdm in feed binance-usdm/,
    );
  });

  it('H18: live is asked for twice', () => {
    const faults = faultsOf((document) => {
      Object.assign(document.lanes?.[0] ?? {}, { mode: 'live' });
      Object.assign(document.accounts?.[0] ?? {}, { mode: 'live' });
    });
    expect(faults).toContain('liveConfirmed');
  });

  it('R3: what is no JSON is refused with its origin', () => {
    expect(() => loadConfiguration('{', 'file.json')).toThrow(/file\.json is not JSON/);
  });
});
