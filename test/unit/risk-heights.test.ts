import { describe, expect, it } from 'vitest';
import { POLICY } from '#core/config/policy.ts';
import type { UnitRef } from '#core/control/unit.ts';
import type { LedgerLane } from '#core/ledger/ledger-entry.ts';
import { LEDGER_ENTRY } from '#core/ledger/ledger-entry.ts';
import { ledgerWriteOf } from '#core/ledger/ledger-write.ts';
import type { Price } from '#core/market/scaled-decimal.ts';
import { allotmentOf } from '#core/risk/allotment.ts';
import { RiskBook } from '#core/risk/risk-book.ts';
import { worthOf } from '#core/risk/worth.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';
import { createLedgerView } from '#engine/ledger-view.ts';
import { LaneWorld, laneConfiguration } from '../support/lane-world.ts';
import { buildEvent } from '../support/trading-event-builder.ts';

const UNIT: UnitRef = { account: 'main', mode: 'paper', venue: 'binance-usdm' };
const DAY_MS = 86_400_000;

function bookOf(policy: Readonly<Record<string, unknown>>): RiskBook {
  const parsed = POLICY.parse({ version: 1, ...policy });
  return new RiskBook(parsed, allotmentOf(parsed, [{ ...UNIT, symbol: 'BTCUSDT' }], UNIT));
}

const limited = (book: RiskBook | null, opening = {}) => {
  const usual = laneConfiguration();
  const limits = { ...usual.limits, maxDrawdown: 5 };
  return new LaneWorld({ ...usual, limits }, opening, undefined, book);
};

/** Holds 0.5 bought at 60,000. */
const holding = { positionSize: 500, entryPrice: 600_000 as Price };

describe('the height of the day', () => {
  it('H12: is told as it rises, and a successor measures its drawdown from there', () => {
    const book = bookOf({ budgets: [{ name: 'all', mode: 'paper', maxDrawdown: 1_000 }] });
    const world = limited(book, holding);
    world.tick(0);
    world.tick(100);
    world.pass(6_000);
    const told = world.events.findLast((event) => event.type === 'profit.peak')?.body;
    expect(told).toMatchObject({ lane: 'lane-1', symbol: 'BTCUSDT', day: Math.floor(world.now().epoch / DAY_MS) });
    const height = Number((told as { peak: string }).peak);
    expect(height).toBeGreaterThan(4);
    const quiet = world.events.length;
    world.tick(-50);
    world.pass(6_000);
    expect(world.events.slice(quiet).filter((event) => event.type === 'profit.peak')).toEqual([]);

    const day = Math.floor(world.now().epoch / DAY_MS);
    const next = bookOf({ budgets: [{ name: 'all', mode: 'paper', maxDrawdown: 1_000 }] });
    const successor = limited(next, { dailyProfit: 0, peak: { day, lane: height, unit: height } });
    for (let count = 0; count < 12; count += 1) successor.tick(1);
    successor.pass(50);
    for (let count = 0; count < 12; count += 1) successor.tick(1);
    expect(next.drawdown).toBeGreaterThanOrEqual(height - 1);
    const forgotten = limited(null, { dailyProfit: 0, peak: { day: day - 1, lane: 1_000, unit: null } });
    for (let count = 0; count < 12; count += 1) forgotten.tick(1);
    expect(forgotten.placed.length).toBeGreaterThan(0);
    const remembered = limited(null, { dailyProfit: 0, peak: { day, lane: 6, unit: null } });
    for (let count = 0; count < 12; count += 1) remembered.tick(1);
    expect(remembered.told('order.denied').at(-1)?.code).toBe('DRAWDOWN_LIMIT');
  });

  it('H12: the ledger keeps it with its lane, and gives it to whoever recovers on that day', async () => {
    const epoch = 1.7e12 as EpochMs;
    const day = Math.floor(epoch / DAY_MS);
    const body = { lane: 'lane-1', symbol: 'BTCUSDT', day, peak: '12.5', unitPeak: '20' };
    const write = ledgerWriteOf(buildEvent('profit.peak', body));
    const lane: LedgerLane = {
      lane: 'lane-1',
      state: null,
      entries: null,
      peak: LEDGER_ENTRY.peak.parse(write?.content),
    };
    const none = async () => [];
    const reader = {
      readOrder: async () => null,
      readOrders: none,
      readFills: none,
      readAdjustments: none,
      readCash: none,
      readBalances: none,
      readPositions: none,
      readLanes: async () => [lane],
    };
    const at = (now: number) =>
      createLedgerView(reader, { monoNanos: () => 0 as MonoNanos, epochMs: () => now as EpochMs })(UNIT, 'BTCUSDT');
    expect((await at(epoch)).peak).toEqual({ day, lane: 12.5, unit: 20 });
    expect((await at(epoch + DAY_MS)).peak).toBeUndefined();
  });
});

describe('prices that limits count with', () => {
  it('H12: a position that nobody has seen a price of for a minute opens nothing in its unit', () => {
    const book = bookOf({ budgets: [{ name: 'all', mode: 'paper', maxExposure: 1e6 }] });
    const world = limited(book, holding);
    world.tick(0);
    world.pass(50);
    expect(book.unpriced).toBe(0);
    world.book.valid = false;
    world.pass(59_000);
    expect(book.unpriced).toBe(0);
    world.pass(2_000);
    expect(book.unpriced).toBe(1);
    world.book.valid = true;
    world.pass(50);
    expect(book.unpriced).toBe(0);
  });

  it('H12: worths that the policy states are worth nothing when they are too old, but for the reporting currency', () => {
    const policy = POLICY.parse({
      version: 1,
      worth: { USD: 1, BTC: 60_000 },
      worthAsOf: '2026-01-01T00:00:00Z',
      maxWorthAgeHours: 24,
    });
    const at = (hours: number) => (Date.parse('2026-01-01T00:00:00Z') + hours * 3_600_000) as EpochMs;
    expect([worthOf(policy, 'BTC', at(23)), worthOf(policy, 'BTC', at(25))]).toEqual([60_000, undefined]);
    expect([worthOf(policy, 'USD', at(1_000)), worthOf(policy, 'EUR', at(1))]).toEqual([1, undefined]);
    const ageless = POLICY.parse({ version: 1, worth: { BTC: 60_000 } });
    expect(worthOf(ageless, 'BTC', at(1e5))).toBe(60_000);
  });
});
