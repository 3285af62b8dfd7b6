import { describe, expect, it } from 'vitest';
import type { Lane } from '#core/lanes/lane.ts';
import type { Verification } from '#core/lanes/lane-effects.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { UnitReconciliation, type UnitReconciliationOptions } from '#engine/unit-reconciliation.ts';
import { LaneWorld } from '../support/lane-world.ts';
import { createManualClock } from '../support/manual-clock.ts';

const START = 1.7e12;
const MINUTE = 60_000;

/** A unit of one lane on a venue in the test's hands: `answersAfterMs` of each question, from when on fills were asked for, and what the lane was given. */
function unit(wallAheadMs = 0, predecessorLeftMs = 0) {
  const time = createManualClock(START + wallAheadMs);
  const began = time.clock.monoNanos();
  const laneWorld = new LaneWorld();
  const { lane } = laneWorld;
  const venue = { answersAfterMs: 10, recoversAfterMs: 0, away: false, askedFrom: [] as number[] };
  const given: Verification[] = [];
  const lanes = [lane];
  const openedLanes: Lane[] = [];
  const answered = async <Answer>(answer: Answer): Promise<Answer> => {
    const { away, answersAfterMs } = venue;
    await new Promise<void>((resolve) => time.timers.after(answersAfterMs, resolve));
    if (away) throw new VenueError('retry', '503', 'unavailable');
    return answer;
  };
  const reconciliation: UnitReconciliation = new UnitReconciliation({
    unit: 'paper/main/binance-usdm',
    lanes: () => lanes,
    recovery: {
      prepare: async (each: Lane) => {
        if (venue.recoversAfterMs > 0)
          await new Promise<void>((resolve) => time.timers.after(venue.recoversAfterMs, resolve));
        return () => openedLanes.push(each);
      },
      sweep: async () => undefined,
      venueTimeAt: (mono: number) => START + (mono - began) / 1e6,
    },
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
    plan: () => ({ turns: 1, again: 1_000, ofOne: 1 }),
    clock: time.clock,
    timers: time.timers,
    now: () => ({ mono: time.clock.monoNanos(), epoch: time.clock.epochMs() }),
    predecessorLeftMs,
    onOpened: () => undefined,
    onChange: () => undefined,
    stopped: () => false,
  } as unknown as UnitReconciliationOptions);
  return { time, venue, given, laneWorld, lane, lanes, openedLanes, reconciliation };
}

async function opened(wallAheadMs = 0) {
  const world = unit(wallAheadMs);
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

  it('F12, G12: says by the venue’s clock when it was asked, however far ours is ahead of it', async () => {
    const { time, given, lane, reconciliation } = await opened(60 * MINUTE);
    const askedAt = time.clock.epochMs() - 60 * MINUTE;
    await Promise.all([reconciliation.verify(lane), time.advanceAsync(100)]);
    const last = given.at(-1);
    expect(last?.kind === 'complete' ? last.askedAt : null).toBe(askedAt);
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

  it('H2: an answer that reports overtook compares no position, and lets no entry pass', async () => {
    const { time, venue, laneWorld, lane, reconciliation } = await opened();
    const intent = laneWorld.enter();
    venue.answersAfterMs = 300;
    reconciliation.streamIsLive();
    await time.advanceAsync(100);
    laneWorld.accept(intent);
    await time.advanceAsync(300);
    expect(reconciliation.reconciled).toBe(false);
    await Promise.all([reconciliation.verify(lane), time.advanceAsync(400)]);
    expect(reconciliation.reconciled).toBe(true);
    reconciliation.stop();
  });

  it('H2: the last comparison of a run is made again where a report overtook it', async () => {
    const { time, venue, given, laneWorld, lane, reconciliation } = await opened();
    const intent = laneWorld.enter();
    given.length = 0;
    venue.answersAfterMs = 300;
    const last = reconciliation.verifyLast(lane);
    await time.advanceAsync(100);
    laneWorld.accept(intent);
    laneWorld.report(intent, 'canceled', 0);
    await time.advanceAsync(600);
    await last;
    const compared = given.map((each) => each.kind === 'complete' && each.activity === lane.activity);
    expect(compared).toEqual([false, true]);
    venue.away = true;
    given.length = 0;
    await Promise.all([reconciliation.verifyLast(lane), time.advanceAsync(1_000)]);
    expect(given, 'a venue that does not answer keeps nobody').toHaveLength(1);
    reconciliation.stop();
  });

  it('H2, R3: a lane that is configured while the unit recovers is recovered like the others', async () => {
    const { time, venue, lane, lanes, openedLanes, reconciliation } = unit();
    venue.recoversAfterMs = 500;
    reconciliation.streamIsLive();
    await time.advanceAsync(100);
    const { lane: added } = new LaneWorld();
    await reconciliation.recover(added);
    lanes.push(added);
    await time.advanceAsync(3_000);
    expect(reconciliation.reconciled).toBe(true);
    expect(openedLanes.map((each) => [lane, added].indexOf(each))).toEqual([0, 1]);
    reconciliation.stop();
  });

  it('R3: a lane that is taken out while the unit recovers is not begun', async () => {
    const { time, venue, lane, lanes, openedLanes, reconciliation } = unit();
    venue.recoversAfterMs = 500;
    reconciliation.streamIsLive();
    await time.advanceAsync(100);
    lanes.pop();
    reconciliation.forget(lane);
    await time.advanceAsync(3_000);
    expect([reconciliation.reconciled, openedLanes]).toEqual([true, []]);
    reconciliation.stop();
  });

  it('H4: an answer about a lane that has gone meanwhile corrects nothing', async () => {
    const { time, venue, lane, given, reconciliation } = await opened();
    given.length = 0;
    venue.answersAfterMs = 300;
    const late = reconciliation.verify(lane);
    await time.advanceAsync(100);
    reconciliation.forget(lane);
    await time.advanceAsync(300);
    expect([await late, given]).toEqual([null, []]);
    reconciliation.stop();
  });

  it.each([-60, 60])(
    'F12, G12: after a step of the wall clock by %i minutes, executions are asked for as before',
    async (minutes) => {
      const { time, venue, lane, reconciliation } = await opened();
      await time.advanceAsync(20 * MINUTE);
      await Promise.all([reconciliation.verify(lane), time.advanceAsync(100)]);
      time.stepWall(minutes * MINUTE);
      await Promise.all([reconciliation.verify(lane), time.advanceAsync(100)]);
      const trueNow = time.clock.epochMs() - minutes * MINUTE;
      expect(venue.askedFrom.at(-1)).toBeLessThan(trueNow - 5 * MINUTE);
      expect(venue.askedFrom.at(-1), 'never from before the unit began').toBeGreaterThanOrEqual(START - MINUTE);
      reconciliation.stop();
    },
  );

  it.each([-60, 60])(
    'F12, G12: a unit that began with its wall clock off by %i minutes asks for executions by the venue’s time',
    async (minutes) => {
      const { time, venue, lane, reconciliation } = await opened(minutes * MINUTE);
      await time.advanceAsync(20 * MINUTE);
      await Promise.all([reconciliation.verify(lane), time.advanceAsync(100)]);
      const trueNow = time.clock.epochMs() - minutes * MINUTE;
      await Promise.all([reconciliation.verify(lane), time.advanceAsync(100)]);
      const asked = venue.askedFrom.at(-1) ?? Number.NaN;
      expect([asked < trueNow - 5 * MINUTE, asked > trueNow - 8 * MINUTE]).toEqual([true, true]);
      reconciliation.stop();
    },
  );

  it.each([-60, 0, 60])(
    'G12: a unit recovers when its predecessor’s lease is over, whatever step of %i minutes the wall clock makes meanwhile',
    async (minutes) => {
      const { time, openedLanes, reconciliation } = unit(0, 3_000);
      time.stepWall(minutes * MINUTE);
      reconciliation.streamIsLive();
      await time.advanceAsync(2_900);
      expect(openedLanes).toEqual([]);
      await time.advanceAsync(1_000);
      expect(openedLanes).toHaveLength(1);
      reconciliation.stop();
    },
  );
});
