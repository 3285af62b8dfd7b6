import { describe, expect, it } from 'vitest';
import { absentOrder } from '../support/absent-order.ts';
import { LaneWorld, laneConfiguration } from '../support/lane-world.ts';

describe('a lane', () => {
  it('H7: a fill before its acknowledgement never allows a second entry (G1)', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.fill(entry, entry.size);
    for (let count = 0; count < 10; count += 1) world.tick(1);
    world.accept(entry);
    for (let count = 0; count < 10; count += 1) world.tick(1);
    expect(world.placed.filter((intent) => intent.purpose === 'entry')).toHaveLength(1);
    expect(world.lane.position.size).toBe(entry.size);
  });

  it('H7: an order reported filled whose fill is late keeps the lane from entering again (G2)', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.report(entry, 'filled', entry.size);
    expect(world.lane.state).toBe('OrderPending');
    for (let count = 0; count < 20; count += 1) world.tick(1);
    expect(world.placed).toHaveLength(1);
    world.fill(entry, entry.size);
    expect(world.lane.state).toBe('PositionOpen');
  });

  it('H3: an order that was accepted, then rejected, leaves the lane idle with the reason and nothing assumed filled (G3)', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.accept(entry);
    world.report(entry, 'rejected', 0);
    expect(world.lane.state).toBe('Idle');
    expect(world.lane.position.size).toBe(0);
    const last = world.told('order.state').at(-1);
    expect(last).toMatchObject({ to: 'Rejected', terminal: true });
    expect(last?.evidence).toHaveLength(1);
  });

  it('H16: half filled and the rest cancelled: the position is the half, and its take profit covers that half (G4)', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.accept(entry);
    world.fill(entry, 4);
    world.report(entry, 'canceled', 4);
    expect(world.lane.position.size).toBe(4);
    expect(world.lane.state).toBe('PositionOpen');
    world.tick(0);
    const exit = world.placed.at(-1);
    expect(exit).toMatchObject({ purpose: 'takeProfit', size: 4, reduceOnly: true, side: 'sell' });
  });

  it('H3: a timed-out placing is Unknown, is asked about, and blocks entries until the venue has spoken (F1)', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.lane.onAnswer(
      entry.clientOrderId,
      'place',
      { kind: 'unknown', cause: 'timeout', code: '', text: 'no answer' },
      world.now(),
    );
    world.collect();
    expect(world.resolves).toEqual([entry.clientOrderId]);
    for (let count = 0; count < 20; count += 1) world.tick(1);
    expect(world.placed).toHaveLength(1);
    world.report(entry, 'accepted', 0, 'query');
    expect(world.lane.orders.get(entry.clientOrderId)?.state).toBe('Accepted');
  });

  it('H3: not found is believed only when the request can no longer be executed and the position agrees (F3, F4)', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.lane.onAnswer(
      entry.clientOrderId,
      'place',
      { kind: 'unknown', cause: 'timeout', code: '', text: '' },
      world.now(),
    );
    world.lane.onResolution(entry.clientOrderId, absentOrder('0'), world.now());
    expect(world.lane.orders.get(entry.clientOrderId)?.state).toBe('Unknown');
    world.pass(7_000);
    world.lane.onResolution(entry.clientOrderId, absentOrder('0.01'), world.now());
    expect(world.lane.orders.get(entry.clientOrderId)?.state).toBe('Unknown');
    world.lane.onResolution(entry.clientOrderId, absentOrder('0'), world.now());
    world.collect();
    expect(world.told('order.state').at(-1)).toMatchObject({ to: 'Rejected', evidence: [{ kind: 'agreedAbsence' }] });
    expect(world.lane.state).toBe('Idle');
  });

  it('H3: a refused cancel is resolved by a query, never taken as an end (F13)', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.accept(entry);
    world.pass(600);
    expect(world.canceled).toEqual([entry.clientOrderId]);
    world.lane.onAnswer(
      entry.clientOrderId,
      'cancel',
      { kind: 'rejected', code: '-2011', text: 'unknown order', errorClass: 'notFound' },
      world.now(),
    );
    world.collect();
    expect(world.lane.orders.get(entry.clientOrderId)?.state).toBe('Unknown');
    expect(world.resolves).toContain(entry.clientOrderId);
    world.fill(entry, entry.size);
    expect(world.lane.orders.get(entry.clientOrderId)?.state).toBe('Filled');
  });

  it('H12: the stop loss goes out with the tick that breaches it, reduce-only, beside the cancelled take profit', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.accept(entry);
    world.fill(entry, entry.size);
    world.tick(0);
    const takeProfit = world.placed.at(-1);
    if (takeProfit === undefined) throw new Error('no take profit');
    world.accept(takeProfit);
    world.tick(-20);
    expect(world.placed.at(-1)).toMatchObject({
      purpose: 'stopLoss',
      type: 'market',
      reduceOnly: true,
      size: entry.size,
    });
    expect(world.canceled).toContain(takeProfit.clientOrderId);
  });

  it('H10: data older than the limit opens nothing, and exits still pass', () => {
    const world = new LaneWorld();
    for (let count = 0; count < 5; count += 1) world.tick(0);
    world.tick(1, 500);
    expect(world.placed).toHaveLength(0);
    expect(world.told('order.denied').at(-1)).toMatchObject({ code: 'DATA_TOO_OLD' });
  });

  it('H2: a position that differs twice from the venue is adopted with its reason and an alert; entries wait meanwhile (G13)', () => {
    const world = new LaneWorld();
    world.verify(30);
    expect(world.lane.entriesPaused).toContain('position differs');
    // Two questions at once see the same report on its way: that is no second witness.
    world.verify(30);
    expect(world.lane.position.size).toBe(0);
    world.pass(1_000);
    world.verify(30);
    expect(world.lane.position.size).toBe(30);
    expect(world.told('position.adjusted').at(-1)).toMatchObject({ delta: '0.03', reason: 'adopted' });
    expect(world.told('alert').some((alert) => alert.code === 'POSITION_DIFFERS')).toBe(true);
    world.verify(30);
    expect(world.lane.entriesPaused).toBeNull();
  });

  it('H2: a fill whose report was lost is found by the next verification and counted once (F12)', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.accept(entry);
    const lost = world.fillReport(entry, entry.size, 'lost');
    world.verify(entry.size, [], [lost]);
    expect(world.lane.position.size).toBe(entry.size);
    world.verify(entry.size, [], [lost]);
    expect(world.lane.position.size).toBe(entry.size);
    expect(world.told('fill')).toHaveLength(1);
  });

  it('H2: the verification is asked for at least every 5 s', () => {
    const world = new LaneWorld();
    for (let second = 0; second < 30; second += 1) {
      const before = world.verifies;
      world.pass(1_000);
      if (world.verifies > before) world.verify(0);
    }
    expect(world.verifies).toBeGreaterThanOrEqual(5);
  });

  it('H5: a size above the limit is denied with a code and counted', () => {
    const configuration = laneConfiguration();
    const world = new LaneWorld({ ...configuration, limits: { ...configuration.limits, maxOrderSize: '0.005' } });
    for (let count = 0; count < 6; count += 1) world.tick(1);
    expect(world.placed).toHaveLength(0);
    expect(world.lane.denials.get('ORDER_SIZE_LIMIT')).toBeGreaterThan(0);
  });

  it('T7: a lane that drains with a position rests no new order for it, and still stops its loss', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.accept(entry);
    world.fill(entry, entry.size);
    world.tick(0);
    const takeProfit = world.placed.at(-1);
    if (takeProfit === undefined) throw new Error('no take profit');
    world.accept(takeProfit);
    world.lane.drain('end of run', world.now());
    world.collect();
    world.report(takeProfit, 'canceled', 0);
    for (let count = 0; count < 5; count += 1) world.tick(0);
    expect(world.lane.quiet).toBe(true);
    expect(world.placed).toHaveLength(2);
    world.tick(-20);
    expect(world.placed.at(-1)?.purpose).toBe('stopLoss');
  });

  it('T7: a drain stops entries, cancels what works and is quiet when the venue has confirmed it', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.accept(entry);
    world.lane.drain('end of run', world.now());
    world.collect();
    expect(world.lane.quiet).toBe(false);
    world.report(entry, 'canceled', 0);
    expect(world.lane.quiet).toBe(true);
    for (let count = 0; count < 20; count += 1) world.tick(1);
    expect(world.placed).toHaveLength(1);
  });
});
