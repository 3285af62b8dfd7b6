import { describe, expect, it } from 'vitest';
import type { Channel, Subscription } from '#core/market/market-message.ts';
import { createRhythms } from '#venues/connection/channel-rhythm.ts';
import { createSilenceWatch } from '#venues/connection/silence-watch.ts';
import { createManualClock } from '../support/manual-clock.ts';

const PACE_MS: Readonly<Partial<Record<Channel, number>>> = { book: 30_000, quotes: 30_000, ticker: 15_000 };

function setUp(channels: readonly Channel[], rhythms = createRhythms()) {
  const manual = createManualClock();
  const found: string[] = [];
  const watch = createSilenceWatch({
    clock: manual.clock,
    timers: manual.timers,
    rhythms,
    silenceMs: ({ channel }) => PACE_MS[channel] ?? Number.POSITIVE_INFINITY,
    onSilent: ({ subscription, before, evidence }) => found.push(`${subscription.channel} ${before} ${evidence}`),
  });
  const subscriptions = channels.map((channel): Subscription => ({ channel, symbol: 'A' }));
  watch.watch(subscriptions);
  /** Time in which these come every so many ms; a ticker's last price moves with each. */
  const flow = (forMs: number, every: Partial<Record<Channel, number>>, moved = true): void => {
    for (let passed = 0; passed < forMs; passed += 50) {
      manual.advance(50);
      for (const [channel, everyMs] of Object.entries(every)) {
        if ((passed + 50) % everyMs === 0) watch.heard(channel as Channel, 'A', manual.clock.monoNanos(), moved);
      }
    }
  };
  return { manual, watch, subscriptions, found, flow, rhythms };
}

describe('silence of a channel', () => {
  it('R10: a busy channel is found within its own rhythm, long before the pace that its protocol states', () => {
    const { flow, found, manual } = setUp(['book']);
    flow(10_000, { book: 100 });
    manual.advance(4_900);
    expect(found).toEqual([]);
    manual.advance(1_100);
    expect(found).toEqual(['book 0 rhythm']);
  });

  it('R10: a channel with long gaps of its own is waited for longer, and does not flap', () => {
    const { flow, found } = setUp(['book']);
    flow(600_000, { book: 25_000 });
    expect(found).toEqual([]);
    flow(75_000, {});
    expect(found).toEqual([]);
    flow(40_000, {});
    expect(found).toEqual(['book 0 rhythm']);
  });

  it('F17: a mute book is found by best prices that move, and by nothing that stands still', () => {
    const { flow, found } = setUp(['book', 'quotes', 'trades', 'ticker']);
    flow(10_000, { book: 100, quotes: 100, trades: 500, ticker: 1_000 });
    flow(2_500, { quotes: 100, trades: 500, ticker: 1_000 });
    expect(found).toEqual(['book 0 peer']);
  });

  it('a book that moves while best prices and trades are quiet is normal', () => {
    const { flow, found } = setUp(['book', 'quotes', 'trades', 'ticker']);
    flow(10_000, { book: 100, quotes: 2_000, trades: 500, ticker: 1_000 });
    flow(7_000, { book: 100 });
    flow(1_000, { book: 100, ticker: 1_000 });
    expect(found.filter((each) => each.startsWith('trades') || each.startsWith('quotes'))).toEqual([]);
  });

  it('F17: mute trades are found by last prices that move, and not by tickers that repeat the last one', () => {
    const still = setUp(['trades', 'ticker']);
    still.flow(10_000, { trades: 500, ticker: 1_000 });
    still.flow(60_000, { ticker: 1_000 }, false);
    expect(still.found).toEqual([]);
    const moving = setUp(['trades', 'ticker']);
    moving.flow(10_000, { trades: 500, ticker: 1_000 });
    moving.flow(12_000, { ticker: 1_000 });
    expect(moving.found).toEqual(['trades 0 peer']);
  });

  it('a symbol that stays silent through a new connection is waited for twice as long each time', () => {
    const rhythms = createRhythms();
    const waits: number[] = [];
    for (let connection = 0; connection < 9; connection += 1) {
      const { manual, found, watch } = setUp(['book'], rhythms);
      let waited = 0;
      while (found.length < 2) {
        manual.advance(1_000);
        waited += 1_000;
      }
      waits.push(waited / 60_000);
      watch.clear();
      expect(manual.pending).toBe(0);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 64, 64]);
  });
});
