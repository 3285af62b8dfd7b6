import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import { Position } from '#core/positions/position.ts';
import { BTC } from '../support/lane-world.ts';

const fills = fc.array(
  fc.record({
    side: fc.constantFrom('buy' as const, 'sell' as const),
    price: fc.integer({ min: 1, max: 10_000_000 }),
    size: fc.integer({ min: 1, max: 1_000_000 }),
  }),
  { maxLength: 60, size: 'max' },
);

describe('a position', () => {
  it('S5: is the sum of its fills, and its profit is the cash that went in and out plus what is held', () => {
    fc.assert(
      fc.property(fills, fc.integer({ min: 1, max: 10_000_000 }), (all, mark) => {
        const position = new Position(BTC);
        let size = 0;
        let cash = 0n;
        for (const fill of all) {
          position.fill(fill.side, fill.price as Price, fill.size as Size);
          const signed = fill.side === 'buy' ? fill.size : -fill.size;
          size += signed;
          cash -= BigInt(fill.price) * BigInt(signed);
        }
        expect(position.size).toBe(size);
        const exact = Number(cash + BigInt(mark) * BigInt(size)) / 1e4;
        const told = position.realizedProfit + position.unrealizedProfit(mark);
        // Doubles at the edge: relative to the sums that were added up.
        expect(Math.abs(told - exact)).toBeLessThanOrEqual(
          1e-9 * Math.max(1, Math.abs(position.realizedProfit), Math.abs(exact)) + all.length * 1e-4,
        );
      }),
    );
  });

  it('S1: a flat position has no entry price and no unrealised profit at any price', () => {
    const position = new Position(BTC);
    position.fill('buy', 100 as Price, 5 as Size);
    position.fill('sell', 110 as Price, 5 as Size);
    expect(position.entryPrice).toBe(0);
    expect(position.unrealizedProfit(1_000_000)).toBe(0);
    expect(position.realizedProfit).toBeCloseTo(50 / 1e4);
  });

  it('H16: a fill through zero closes the one side at its cost and opens the other at the fill price', () => {
    const position = new Position(BTC);
    position.fill('buy', 100 as Price, 5 as Size);
    position.fill('sell', 120 as Price, 8 as Size);
    expect(position.size).toBe(-3);
    expect(position.entryPrice).toBe(120);
    expect(position.realizedProfit).toBeCloseTo(100 / 1e4);
  });
});
