import { describe, expect, it } from 'vitest';
import { OrderBook } from '#core/market/order-book.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import { MomentumScalper } from '#core/strategies/momentum-scalper.ts';
import type { MonoNanos } from '#core/time/clock.ts';
import { BTC, laneConfiguration } from '../support/lane-world.ts';

const settings = { ...laneConfiguration().strategy, entryTicks: 2, takeTicks: 5, maxSizeFactor: 3 };
const at = (ms: number) => (ms * 1e6) as MonoNanos;

function bookAt(middle: number): OrderBook {
  const book = new OrderBook('BTCUSDT');
  book.set('buy', (middle - 1) as Price, 100 as Size);
  book.set('sell', (middle + 1) as Price, 100 as Size);
  book.valid = true;
  return book;
}

function signalAfter(middles: readonly number[]) {
  const scalper = new MomentumScalper(settings, BTC);
  return middles.map((middle) => ({ ...scalper.onBook(bookAt(middle), at(0)) })).at(-1);
}

describe('the momentum scalper', () => {
  it('S19: says nothing before its window is full', () => {
    expect(signalAfter([600_000, 600_100, 600_200, 600_300])?.side).toBeNull();
  });

  it('S6: rests at its own touch on a small drift and takes at the other on a large one', () => {
    expect(signalAfter([600_000, 600_000, 600_000, 600_000, 600_002])).toMatchObject({
      side: 'buy',
      style: 'rest',
      price: 600_001,
    });
    expect(signalAfter([600_000, 600_000, 600_000, 600_000, 600_005])).toMatchObject({
      side: 'buy',
      style: 'take',
      price: 600_006,
    });
    expect(signalAfter([600_000, 600_000, 600_000, 600_000, 599_995])).toMatchObject({
      side: 'sell',
      style: 'take',
      price: 599_994,
    });
  });

  it('S10: its size grows with the drift, up to its factor, in whole lots', () => {
    const base = signalAfter([600_000, 600_000, 600_000, 600_000, 600_002])?.size ?? 0;
    expect(signalAfter([600_000, 600_000, 600_000, 600_000, 600_004])?.size).toBe(base * 2);
    expect(signalAfter([600_000, 600_000, 600_000, 600_000, 600_900])?.size).toBe(base * 3);
  });

  it('H12: calls the stop loss where closing would lose the limit, on either side, and the end of the holding time', () => {
    const scalper = new MomentumScalper(settings, BTC);
    const long = { size: 10, entryPrice: 600_000, openedAt: at(0) };
    expect(scalper.exitCall(long, bookAt(600_000), at(1))).toBeNull();
    expect(scalper.exitCall(long, bookAt(600_000 - 9), at(1))).toBe('stopLoss');
    expect(scalper.exitCall({ ...long, size: -10 }, bookAt(600_000 + 9), at(1))).toBe('stopLoss');
    expect(scalper.exitCall(long, bookAt(600_000), at(3_000))).toBe('holdTime');
  });

  it('G16: an empty book is no signal', () => {
    const scalper = new MomentumScalper(settings, BTC);
    expect(scalper.onBook(new OrderBook('BTCUSDT'), at(0)).side).toBeNull();
  });
});
