import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asJoining, countsFor, withWindow } from '#core/market/connection-window.ts';
import type { EpochMs } from '#core/time/clock.ts';

const time = fc.integer({ min: 1_500_000_000_000, max: 1_900_000_000_000 });

describe('windows of connections', () => {
  it('M8: what two connections received counts once, wherever the moment of change lies', () => {
    fc.assert(
      fc.property(time, time, fc.boolean(), (moment, at, chained) => {
        const from = moment as EpochMs;
        const old = withWindow('engine/venue/public', { from: null, until: from });
        const next = withWindow('engine/venue/public/1', { from, until: null });
        const names = chained ? [old, next, asJoining('engine/venue/public/2')] : [old, next];
        expect(names.filter((name) => countsFor(name, at as EpochMs)).length).toBe(1);
      }),
    );
  });

  it('a name without a window counts for everything', () => {
    for (const name of ['engine-1/binance-usdm/public', 'a@b/binance-usdm/public/3', '']) {
      expect(countsFor(name, 1 as EpochMs)).toBe(true);
    }
  });

  it('a connection between two changes counts for what lies between', () => {
    const name = withWindow('x', { from: 10 as EpochMs, until: 20 as EpochMs });
    expect([9, 10, 19, 20].map((at) => countsFor(name, at as EpochMs))).toEqual([false, true, true, false]);
  });
});
