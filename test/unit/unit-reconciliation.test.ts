import { describe, expect, it } from 'vitest';
import type { Verification } from '#core/lanes/lane-effects.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { UnitReconciliation, type UnitReconciliationOptions } from '#engine/unit-reconciliation.ts';
import { LaneWorld } from '../support/lane-world.ts';
import { createManualClock } from '../support/manual-clock.ts';

const START = 1.7e12;
const MINUTE = 60_000;

/** A unit of one lane on a venue in the test's hands: `answersAfterMs` of each question, from when on fills were asked for, and what the lane was given. */
function unit() {
  const time = createManualClock(START);
  const { lane } = new LaneWorld();
  const venue = { answersAfterMs: 10, away: false, askedFrom: [] as number[] };
  const given: Verification[] = [];
  const answered = async <Answer>(answer: Answer): Promise<Answer> => {
    const { away, answersAfterMs } = venue;
    await new Promise<void>((resolve) => time.timers.after(answersAfterMs, resolve));
    if (away) throw new VenueError('retry', '503', 'unavailable');
    return answer;
  };
  const reconciliation: UnitReconciliation = new UnitReconciliation({
    unit: 'paper/main/binance-usdm',
    lanes: () => [lane],
    recovery: { prepare: async () => () => undefined, sweep: async () => undefined },
    queries: {
      openOrders: () => answered([]),
      positions: () => answered([]),
      fillsSince(_symbol: string, from: EpochMs) {
        venue.askedFrom.push(from);
        return answered([]);
      },
    },
    inputs: { verification: (_lane: unknown, verification: Verification) => given.push(verification) },
    money: { ask: async () => () => undefined, begin: () => undefined },
    metrics: { errors: 0 },
    log: () => undefined,
    clock: time.clock,
    timers: time.timers,
    now: () => ({ mono: time.clock.monoNanos(), epoch: time.clock.epochMs() }),
    predecessorValidUntil: null,
    onOpened: () => undefined,
    onChange: () => undefined,
    stopped: () => false,
  } as unknown as UnitReconciliationOptions);
  return { time, venue, given, lane, reconciliation };
}

async function opened() {
  const world = unit();
  world.reconciliation.streamIsLive();
  await world.time.advanceAsync(100);
  expect([world.reconciliation.opened, world.reconciliation.reconciled]).toEqual([true, true]);
  return world;
}

describe('the comparison of a unit with its venue', () => {
  it('F10, F11: no entry passes after a recovery before the venue was asked for what the stream told meanwhile', async () => {
    const { time, venue, reconciliation } = unit();
    venue.answersAfterMs = 500;
    reconciliation.streamIsLive();
    await time.advanceAsync(400);
    expect([reconciliation.opened, reconciliation.reconciled]).toEqual([true, false]);
    await time.advanceAsync(200);
    expect(reconciliation.reconciled).toBe(true);
    reconciliation.stop();
  });

  it('F10, G8: after an outage of half an hour, executions are asked for from before it', async () => {
    const { time, venue, lane, reconciliation } = await opened();
    await time.advanceAsync(20 * MINUTE);
    await Promise.all([reconciliation.verify(lane), time.advanceAsync(100)]);
    expect(Math.min(...venue.askedFrom), 'never from before the unit began').toBeGreaterThanOrEqual(START - MINUTE);
    const last = time.clock.epochMs();
    venue.away = true;
    for (let minute = 0; minute < 30; minute += 1) {
      await Promise.all([reconciliation.verify(lane), time.advanceAsync(MINUTE)]);
    }
    venue.away = false;
    await Promise.all([reconciliation.verify(lane), time.advanceAsync(100)]);
    expect(venue.askedFrom.at(-1)).toBeLessThan(last);
    await Promise.all([reconciliation.verify(lane), time.advanceAsync(100)]);
    expect(venue.askedFrom.at(-1), 'and then no further than before').toBeGreaterThan(
      time.clock.epochMs() - 7 * MINUTE,
    );
    reconciliation.stop();
  });

  it('F10: an answer to a question of before the stream came back lets no entry pass', async () => {
    const { time, venue, lane, reconciliation } = await opened();
    venue.answersAfterMs = 300;
    const early = reconciliation.verify(lane);
    await time.advanceAsync(200);
    venue.away = true;
    reconciliation.streamIsLive();
    await time.advanceAsync(150);
    await early;
    expect(reconciliation.reconciled).toBe(false);
    await time.advanceAsync(500);
    venue.away = false;
    await Promise.all([reconciliation.verify(lane), time.advanceAsync(400)]);
    expect(reconciliation.reconciled).toBe(true);
    reconciliation.stop();
  });
});
