import { describe, expect, it } from 'vitest';
import type { Instrument } from '#core/market/instrument.ts';
import type { Price } from '#core/market/scaled-decimal.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';
import { type DayHeights, DayOfSymbols } from '#engine/day-of-symbols.ts';
import { HeightTeller } from '#engine/height-teller.ts';
import { BTC, LaneWorld, laneConfiguration } from '../support/lane-world.ts';

const DAY_MS = 86_400_000;
const INSTRUMENTS = new Map<string, Instrument>(['BTCUSDT', 'ETHUSDT'].map((symbol) => [symbol, { ...BTC, symbol }]));
const base = laneConfiguration();
const LIMITED = laneConfiguration({ limits: { ...base.limits, maxDailyLoss: 30, maxDrawdown: 20 } });
/** Holds 0.5 bought at 60,000: a tick of 0.1 is 0.05. */
const HELD = { positionSize: 500, entryPrice: 600_000 as Price };

/** A lane on one of the symbols, whose day stands at `profit`. */
function laneAt(symbol: string, profit: number): LaneWorld {
  const world = new LaneWorld({ ...LIMITED, symbol }, HELD, { ...BTC, symbol });
  world.tick(1);
  const off = profit - world.lane.dailyProfit();
  world.tick(Math.round(off / 0.05));
  expect(world.lane.dailyProfit()).toBeCloseTo(profit, 1);
  return world;
}

const opened = (
  at: LaneWorld,
  realized: readonly (readonly [string, number])[] = [],
  told: DayHeights | null = null,
) => {
  const day = new DayOfSymbols();
  day.resume(new Map(realized), told, at.now().epoch);
  return day;
};
const moved = (world: LaneWorld, by: number) => world.tick(Math.round(by / 0.05));

describe('the day of a lane over all the symbols that it has had', () => {
  it('H12: falls from the height that it reached on another symbol: a change of symbol forgets no height', () => {
    const first = laneAt('BTCUSDT', 15);
    const day = opened(first);
    day.follow([first.lane], INSTRUMENTS, first.now().epoch);
    moved(first, -12);
    const second = laneAt('ETHUSDT', 0);
    const lanes = [second.lane, first.lane];
    const spent = () => {
      day.follow(lanes, INSTRUMENTS, second.now().epoch);
      return day.spent(second.lane, lanes, INSTRUMENTS, second.now().epoch);
    };
    // Neither symbol has fallen by as much as the lane may.
    expect(spent()).toBeNull();
    moved(second, -9);
    expect(spent()).toContain("fallen from the day's height by the limit of 20 USDT");
    moved(second, 2);
    expect(spent()).toBeNull();
  });

  it('H12: a takeover measures from the height that was told, of this day alone, and counts what the ledger has of other symbols', () => {
    const world = laneAt('ETHUSDT', 0);
    const today = Math.floor(world.now().epoch / DAY_MS);
    const spentBy = (told: DayHeights | null) =>
      opened(world, [['BTCUSDT', 5]], told).spent(world.lane, [world.lane], INSTRUMENTS, world.now().epoch);
    expect(spentBy({ day: today, of: new Map([['USDT', 25.5]]) })).toContain('fallen');
    expect(spentBy({ day: today, of: new Map([['USDT', 24]]) })).toBeNull();
    expect(spentBy({ day: today, of: new Map([['BTC', 100]]) })).toBeNull();
    expect(spentBy({ day: today - 1, of: new Map([['USDT', 100]]) })).toBeNull();
    expect(spentBy(null)).toBeNull();
  });

  it('H12: the daily loss is that of all its symbols, through a change and through a takeover', () => {
    const first = laneAt('BTCUSDT', -18);
    const second = laneAt('ETHUSDT', -11);
    const free = { ...LIMITED, limits: { ...base.limits, maxDailyLoss: 30 } };
    const third = new LaneWorld({ ...free, symbol: 'ETHUSDT' }, HELD, { ...BTC, symbol: 'ETHUSDT' });
    third.tick(1);
    const now = third.now().epoch;
    const lost = "lost the day's limit of 30";
    moved(second, -1.5);
    expect(opened(first).spent(second.lane, [second.lane, first.lane], INSTRUMENTS, now)).toContain(lost);
    expect(opened(third, [['BTCUSDT', -40]]).spent(third.lane, [third.lane], INSTRUMENTS, now)).toContain(lost);
    expect(opened(third, [['BTCUSDT', -20]]).spent(third.lane, [third.lane], INSTRUMENTS, now)).toBeNull();
  });

  it('H12: a new day begins at nothing, also for a lane that has seen nothing of it yet; a clock that steps back begins none', () => {
    const world = laneAt('BTCUSDT', 15);
    const day = opened(world);
    day.follow([world.lane], INSTRUMENTS, world.now().epoch);
    expect(day.heights.of.get('USDT')).toBeCloseTo(15, 1);
    const tomorrow = (world.now().epoch + DAY_MS) as EpochMs;
    day.follow([world.lane], INSTRUMENTS, tomorrow);
    expect([...day.heights.of]).toEqual([]);
    expect(day.spent(world.lane, [world.lane], INSTRUMENTS, tomorrow)).toBeNull();
    day.follow([world.lane], INSTRUMENTS, world.now().epoch);
    expect(day.heights.day).toBe(Math.floor(tomorrow / DAY_MS));
  });

  it('H12: heights are told as they rise, every five seconds at most', () => {
    const teller = new HeightTeller();
    const at = (seconds: number, height: number) =>
      teller.due('follower', { day: 7, of: new Map([['USDT', height]]) }, (seconds * 1e9) as MonoNanos);
    expect(at(0, 1)).toEqual({
      type: 'lane.heights',
      body: { lane: 'follower', day: 7, heights: { USDT: '1.00000000' } },
    });
    expect(at(4, 2)).toBeNull();
    expect(at(5, 2)?.body).toMatchObject({ heights: { USDT: '2.00000000' } });
    expect(at(60, 2)).toBeNull();
    expect(teller.due('follower', { day: 8, of: new Map() }, 99e9 as MonoNanos)).toBeNull();
  });
});
