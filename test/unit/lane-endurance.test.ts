import { describe, expect, it } from 'vitest';
import type { DesiredState } from '#core/control/desired-state.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { OrderIntent } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { BTC, LaneWorld, laneConfiguration } from '../support/lane-world.ts';

const DAY_MS = 86_400_000;

/** Enters, fills the entry and lets the take profit rest. */
function withTakeProfit(world: LaneWorld): { readonly entry: OrderIntent; readonly takeProfit: OrderIntent } {
  const entry = world.enter();
  world.accept(entry);
  world.fill(entry, entry.size);
  world.tick(0);
  const takeProfit = world.placed.at(-1);
  if (takeProfit?.purpose !== 'takeProfit') throw new Error('no take profit');
  world.accept(takeProfit);
  return { entry, takeProfit };
}

/** An execution that no order of the lane caused. */
function foreignFill(world: LaneWorld, like: OrderIntent, side: 'buy' | 'sell', size: number): void {
  const fill = {
    ...world.fillReport(like, size, `foreign-${size}`),
    side,
    clientOrderId: null,
    venueOrderId: 'by-hand',
  };
  world.lane.onFill(fill, world.now());
  world.collect();
}

function desired(wish: DesiredState['wish'], version: number): DesiredState {
  return { wish, version, frozenSymbols: [], reason: 'looked at', by: 'operator' };
}

describe('a lane that has to come to rest by itself', () => {
  it('H7: an order that was taken for rejected and turns out to live keeps the lane from entering again', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.lane.onAnswer(
      entry.clientOrderId,
      'place',
      { kind: 'rejected', code: '-1000', text: 'wrongly refused', errorClass: 'reject' },
      world.now(),
    );
    world.collect();
    expect(world.lane.state).toBe('Idle');
    world.report(entry, 'accepted', 0);
    world.report(entry, 'accepted', 0, 'query');
    expect(world.lane.orders.get(entry.clientOrderId)?.state).toBe('Accepted');
    for (let count = 0; count < 20; count += 1) world.tick(1);
    expect(world.placed).toHaveLength(1);
    world.report(entry, 'canceled', 0);
    expect(world.lane.state).toBe('Idle');
  });

  it('H7: a cancelled order that turns out to be filled, its fill still missing, keeps the lane from entering again', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.accept(entry);
    world.report(entry, 'canceled', 0);
    expect(world.lane.state).toBe('Idle');
    world.report(entry, 'filled', entry.size, 'query');
    for (let count = 0; count < 20; count += 1) world.tick(1);
    expect(world.placed).toHaveLength(1);
  });

  it('H2: a position closed by hand takes its resting take profit with it, and the lane is idle again (G13, F24)', () => {
    const world = new LaneWorld();
    const { entry, takeProfit } = withTakeProfit(world);
    foreignFill(world, entry, 'sell', entry.size);
    expect(world.lane.position.size).toBe(0);
    world.pass(50);
    expect(world.canceled).toContain(takeProfit.clientOrderId);
    world.report(takeProfit, 'canceled', 0);
    expect(world.lane.state).toBe('Idle');
  });

  it('H2: fills that the venue reports and never lists hold the lane no longer than the position is in doubt (F9)', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.accept(entry);
    world.report(entry, 'filled', entry.size);
    for (let second = 0; second < 40; second += 1) {
      world.pass(1_000);
      world.verify(entry.size);
    }
    expect(world.lane.position.size).toBe(entry.size);
    expect(world.lane.orders.get(entry.clientOrderId)?.missesFills).toBe(false);
    expect(world.told('alert').filter((alert) => alert.code === 'FILLS_MISSING')).toHaveLength(1);
    expect(world.lane.state).not.toBe('OrderPending');
  });

  it('H3: an order that no question finds and no rule ends is told to people after 10 s and after 30 s, whatever its state', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.accept(entry);
    world.report(entry, 'partiallyFilled', 3);
    world.fill(entry, 3);
    const unanswered = { kind: 'failed' as const, reason: 'the venue does not answer' };
    for (let second = 0; second < 40; second += 1) {
      world.pass(1_000);
      world.lane.onResolution(entry.clientOrderId, unanswered, world.now());
      world.collect();
    }
    const told = world.told('alert').filter((alert) => alert.code === 'ORDER_UNKNOWN');
    expect(told.map((alert) => alert.severity)).toEqual(['warning', 'critical']);
  });

  it('H11: a cancel that the venue takes and does not carry out is asked about and sent again at most once a second', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.accept(entry);
    let answered = 0;
    for (let step = 0; step < 200; step += 1) {
      world.pass(50);
      for (; answered < world.resolves.length; answered += 1) {
        world.lane.onResolution(
          entry.clientOrderId,
          { kind: 'found', report: openReport(entry), fills: [] },
          world.now(),
        );
        world.collect();
      }
    }
    expect(world.canceled.length).toBeGreaterThan(3);
    expect(world.canceled.length).toBeLessThanOrEqual(11);
    expect(world.resolves.length).toBeLessThanOrEqual(11);
  });

  it('H11: a cancel that cannot be sent leads to one question a second, not to a storm (F26)', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.accept(entry);
    let answeredCancels = 0;
    let answered = 0;
    for (let step = 0; step < 200; step += 1) {
      world.pass(50);
      for (; answeredCancels < world.canceled.length; answeredCancels += 1) {
        world.lane.onAnswer(
          entry.clientOrderId,
          'cancel',
          { kind: 'notSent', reason: 'rateLimited', text: '' },
          world.now(),
        );
        world.collect();
      }
      for (; answered < world.resolves.length; answered += 1) {
        world.lane.onResolution(
          entry.clientOrderId,
          { kind: 'found', report: openReport(entry), fills: [] },
          world.now(),
        );
        world.collect();
      }
    }
    expect(world.resolves.length).toBeGreaterThan(3);
    expect(world.resolves.length).toBeLessThanOrEqual(11);
  });

  it('H2: while a fill is missing the venue is asked at most once a second', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.accept(entry);
    world.report(entry, 'filled', entry.size);
    for (let step = 0; step < 200; step += 1) {
      const before = world.verifies;
      world.pass(50);
      if (world.verifies > before) world.verify(0);
    }
    expect(world.verifies).toBeGreaterThanOrEqual(5);
    expect(world.verifies).toBeLessThanOrEqual(11);
  });

  it('H12: a position beyond what the venue takes in one order is closed in parts', () => {
    const small = { ...BTC, maxSize: 4 as Size };
    const world = new LaneWorld(laneConfiguration(), { positionSize: 10, entryPrice: 600_000 as Price }, small);
    world.tick(-20);
    const first = world.placed.at(-1);
    expect(first).toMatchObject({ purpose: 'stopLoss', size: 4 });
    if (first === undefined) return;
    world.fill(first, 4);
    world.pass(1_100);
    expect(world.placed.at(-1)).toMatchObject({ reduceOnly: true, size: 4 });
    expect(world.placed.length).toBeGreaterThan(1);
  });

  it('H2: a difference that keeps coming back halts the lane, and people set it going again', () => {
    const world = new LaneWorld();
    world.lane.onDesired(desired('run', 0), world.now());
    let venue = 0;
    for (let round = 0; round < 3; round += 1) {
      venue += 1;
      for (let twice = 0; twice < 2; twice += 1) {
        world.pass(1_000);
        world.verify(venue);
      }
    }
    expect(world.lane.state).toBe('Halted');
    expect(world.told('alert').some((alert) => alert.code === 'LANE_HALTED')).toBe(true);
    world.lane.onDesired(desired('run', 1), world.now());
    world.collect();
    expect(world.lane.state).toBe('PositionOpen');
  });
});

describe('the money of a lane', () => {
  it('H12: an execution that cannot be read counts when it comes again readable', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    const fill = world.fillReport(entry, entry.size, 'x-1');
    expect(() => world.lane.onFill({ ...fill, price: '60000.123' }, world.now())).toThrow('DECIMAL_PRECISION');
    world.lane.onFill(fill, world.now());
    world.collect();
    expect(world.lane.position.size).toBe(entry.size);
  });

  it('H12: a position that vanished without a stated price brings neither profit nor loss, in events as in the lane', () => {
    const world = new LaneWorld(laneConfiguration(), { positionSize: 10, entryPrice: 600_000 as Price });
    world.tick(0);
    for (let twice = 0; twice < 2; twice += 1) {
      world.pass(1_000);
      world.verify(0, [], [], '0');
    }
    expect(world.lane.position.size).toBe(0);
    expect(world.lane.dailyProfit()).toBeCloseTo(0, 2);
    expect(world.told('position.adjusted').at(-1)).toMatchObject({ delta: '-0.01', price: null });
  });

  it('H12: a position that grew unseen has the venue’s average price afterwards', () => {
    const world = new LaneWorld(laneConfiguration(), { positionSize: 10, entryPrice: 600_000 as Price });
    world.tick(0);
    for (let twice = 0; twice < 2; twice += 1) {
      world.pass(1_000);
      world.verify(30, [], [], '60100');
    }
    expect(world.lane.position.size).toBe(30);
    expect(world.lane.position.entryPrice).toBeCloseTo(601_000, 6);
  });

  it('H12: the profit of the day is the same whether or not anybody looked at it, before the first price or after', () => {
    const seen = new LaneWorld(laneConfiguration(), { positionSize: 10, entryPrice: 600_000 as Price });
    const unseen = new LaneWorld(laneConfiguration(), { positionSize: 10, entryPrice: 600_000 as Price });
    expect(seen.lane.dailyProfit()).toBe(0);
    for (const world of [seen, unseen]) {
      world.tick(0);
      world.tick(-5);
    }
    expect(seen.lane.dailyProfit()).toBe(unseen.lane.dailyProfit());
    expect(seen.lane.dailyProfit()).toBeCloseTo(-0.005, 9);
  });

  it('H12: a book with one empty side does not halve the price by which losses are judged', () => {
    const world = new LaneWorld(laneConfiguration(), { positionSize: 10, entryPrice: 600_000 as Price });
    world.tick(0);
    for (const [price] of world.book.levels('buy')) world.book.set('buy', price, 0 as Size);
    const now = world.now();
    world.lane.onBook(world.book, now.mono, now.epoch, now);
    world.collect();
    expect(world.lane.dailyProfit()).toBeCloseTo(0, 6);
  });

  it('H12: what the day had cost before a restart still counts against the limit of the day', () => {
    const world = new LaneWorld(laneConfiguration(), { dailyProfit: -1_000 });
    for (let count = 0; count < 8; count += 1) world.tick(1);
    expect(world.placed).toHaveLength(0);
    expect(world.lane.denials.get('DAILY_LOSS_LIMIT')).toBeGreaterThan(0);
    world.mono += DAY_MS * 1e6;
    for (let count = 0; count < 8; count += 1) world.tick(1);
    expect(world.placed).toHaveLength(1);
  });
});

/** The venue still lists the order as open. */
function openReport(intent: OrderIntent) {
  return {
    kind: 'orderReport' as const,
    source: 'query' as const,
    symbol: intent.symbol,
    clientOrderId: intent.clientOrderId,
    venueOrderId: `v-${intent.clientOrderId}`,
    status: 'accepted' as const,
    side: intent.side,
    price: '60000',
    size: '0.01',
    cumulativeSize: '0',
    reduceOnly: false,
    reason: '',
    venueTime: 1 as EpochMs,
  };
}
