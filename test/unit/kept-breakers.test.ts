import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ledgerWriteOf } from '#core/ledger/ledger-write.ts';
import { type BreakerRule, type KeptBreaker, openedAsKept } from '#core/risk/breaker.ts';
import { keptBreakers } from '#core/risk/kept-breakers.ts';
import type { RiskBook } from '#core/risk/risk-book.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';
import { BTC, LaneWorld, laneConfiguration } from '../support/lane-world.ts';
import { bookOf, trade, tryEntry } from '../support/risk-trading.ts';
import { buildEvent } from '../support/trading-event-builder.ts';

const RULE = { window: 2, bad: 2, withinMs: 600_000, openMs: 5_000, maxOpenMs: 60_000, trials: 1 };
const POLICY = { breakers: { consecutiveLosses: RULE, rejectRate: RULE } };

const laneOf = (book: RiskBook, symbol = 'BTCUSDT') =>
  new LaneWorld(laneConfiguration({ name: symbol.toLowerCase(), symbol }), {}, { ...BTC, symbol }, book);
const lastTold = (world: LaneWorld) => world.told('risk.breakers').at(-1);
const alerts = (world: LaneWorld) => world.told('alert').map((alert) => alert.code);

/** A lane whose breaker has opened by losses in a row. */
function opened(): LaneWorld {
  const world = laneOf(bookOf(POLICY));
  trade(world, -30);
  trade(world, -30);
  return world;
}

/** What a successor goes on with: another book, whose lane is given what the first one told, `laterMs` after that. */
function successor(kept: readonly KeptBreaker[], at: LaneWorld, laterMs = 0) {
  const book = bookOf(POLICY);
  const world = laneOf(book);
  world.mono = at.mono + laterMs * 1e6;
  book.keepBreakers('btcusdt', kept, world.now());
  return { book, world };
}

describe('breakers over a takeover', () => {
  it('H12: a lane tells which breakers are not closed with each of their changes, and how long they stay so', () => {
    const world = opened();
    const told = lastTold(world);
    expect(told).toMatchObject({ lane: 'btcusdt', symbol: 'BTCUSDT' });
    expect(told?.open).toEqual([
      {
        breaker: 'consecutiveLosses',
        reason: expect.stringContaining('bad=2 of=2'),
        failures: 1,
        until: expect.any(Number),
      },
    ]);
    expect(Number(told?.open[0]?.until)).toBeGreaterThan(world.now().epoch);
    world.mono += 6e9;
    world.pass(60);
    expect(lastTold(world)?.open).toMatchObject([{ breaker: 'consecutiveLosses', until: null }]);
    trade(world, 60);
    expect(lastTold(world)?.open).toEqual([]);
  });

  it('H12, F29: a takeover closes none: what was open stops entries under the successor, which tells it', () => {
    const before = opened();
    const { world } = successor(lastTold(before)?.open ?? [], before);
    world.pass(60);
    expect(tryEntry(world)).toBe('BREAKER_LOSSES');
    expect(alerts(world)).toContain('BREAKER_OPENED');
    expect(lastTold(world)?.open).toMatchObject([{ breaker: 'consecutiveLosses', failures: 1 }]);
    world.mono += 6e9;
    world.pass(60);
    trade(world, 60);
    expect(alerts(world)).toContain('BREAKER_CLOSED');
    expect(tryEntry(world)).toBeUndefined();
  });

  it('H12: a trial that fails under the successor waits as long as it would have under the first', () => {
    const before = opened();
    const { world } = successor(lastTold(before)?.open ?? [], before);
    world.mono += 6e9;
    world.pass(60);
    trade(world, -30);
    expect(lastTold(world)?.open).toMatchObject([{ failures: 2 }]);
    world.mono += 6e9;
    world.pass(60);
    expect(tryEntry(world), 'twice the first wait').toBe('BREAKER_LOSSES');
  });

  it('H12: one of the unit stops all its lanes, whoever told of it', () => {
    const kept: KeptBreaker = { breaker: 'rejectRate', reason: 'bad=2 of=2', failures: 1, until: null };
    const before = opened();
    const { book } = successor([kept], before);
    const other = laneOf(book, 'ETHUSDT');
    other.mono = before.mono;
    expect(tryEntry(other)).toBe('BREAKER_REJECTS');
  });

  it('H12: what has opened and closed here since is not opened by older word, and no word counts twice', () => {
    const before = opened();
    const kept = lastTold(before)?.open ?? [];
    const { book, world } = successor(kept, before);
    world.mono += 6e9;
    world.pass(60);
    trade(world, 60);
    book.keepBreakers('btcusdt', kept, world.now());
    expect(tryEntry(world)).toBeUndefined();
  });

  it('H12: one that the policy no longer has is gone', () => {
    const before = opened();
    const book = bookOf({ breakers: { rejectRate: RULE } });
    const world = laneOf(book);
    world.mono = before.mono;
    book.keepBreakers('btcusdt', lastTold(before)?.open ?? [], world.now());
    expect(tryEntry(world)).toBeUndefined();
  });

  it('H12, G12: whatever the wall clock says, one that is kept waits no shorter than its first wait and no longer than its longest', () => {
    fc.assert(
      fc.property(
        fc.option(fc.integer({ min: -1e9, max: 1e9 }), { nil: null }),
        fc.integer({ min: 1, max: 5 }),
        (leftMs, failures) => {
          const now = { mono: 5e9 as MonoNanos, epoch: 1.7e12 as EpochMs };
          const rule: BreakerRule = RULE;
          const until = leftMs === null ? null : now.epoch + leftMs;
          const state = openedAsKept({ breaker: 'latency', reason: 'x', failures, until }, rule, now);
          if (state.kind !== 'open') throw new Error(state.kind);
          const waitMs = (state.until - now.mono) / 1e6;
          expect(state.failures).toBe(failures);
          expect(waitMs).toBeGreaterThanOrEqual(rule.openMs);
          expect(waitMs).toBeLessThanOrEqual(rule.maxOpenMs);
          if (leftMs !== null && leftMs >= rule.openMs && leftMs <= rule.maxOpenMs)
            expect(waitMs).toBeCloseTo(leftMs, 3);
        },
      ),
    );
  });

  it('H12: a lane goes on with its own breakers by its own word, and with the unit’s by the last word of any lane', () => {
    const kept = (breaker: KeptBreaker['breaker'], reason: string) => ({ breaker, reason, failures: 1, until: null });
    const told = [
      { lane: 'a', epoch: 2, time: 5, open: [kept('consecutiveLosses', 'a'), kept('latency', 'old')] },
      { lane: 'b', epoch: 3, time: 1, open: [kept('reconciliation', 'b'), kept('errorRate', 'new')] },
    ];
    const reasons = (lane: string) => keptBreakers(lane, told).map(({ reason }) => reason);
    expect(reasons('a')).toEqual(['a', 'new']);
    expect(reasons('b')).toEqual(['b', 'new']);
    expect(reasons('c')).toEqual(['new']);
    const [first, second] = told;
    if (first === undefined || second === undefined) throw new Error('none');
    const together = [
      { ...first, open: [] },
      { ...second, epoch: 2, time: 5 },
    ];
    expect(keptBreakers('c', together), 'of one moment: what is open rather stays so').toHaveLength(1);
    expect(keptBreakers('c', [...together].reverse())).toHaveLength(1);
    expect(keptBreakers('a', [])).toEqual([]);
  });

  it('H12: the ledger keeps the last word of each lane', () => {
    const open = [{ breaker: 'latency', reason: 'slow', failures: 1, until: 7 } as const];
    const event = buildEvent('risk.breakers', { lane: 'a', symbol: 'BTCUSDT', open }, { epoch: 4, sequence: 9 });
    expect(ledgerWriteOf(event)).toMatchObject({
      sort: 'LANE#a',
      part: 'breakers',
      keep: 'latest',
      content: { lane: 'a', epoch: 4, open },
    });
  });
});
