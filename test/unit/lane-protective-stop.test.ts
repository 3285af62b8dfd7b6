import { describe, expect, it } from 'vitest';
import type { LaneConfiguration } from '#core/config/runtime-configuration.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { ClientOrderId, OrderIntent, OrderReport } from '#core/orders/order.ts';
import { TrackedOrder } from '#core/orders/tracked-order.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { BTC, LaneWorld, laneConfiguration } from '../support/lane-world.ts';

const HELD: LaneConfiguration = (() => {
  const base = laneConfiguration({ protection: {} });
  return { ...base, strategy: { ...base.strategy, takeTicks: 100, holdMs: 3_600_000 } };
})();

const stops = (world: LaneWorld) => world.placed.filter((each) => each.type === 'stopMarket');
const markets = (world: LaneWorld) => world.placed.filter((each) => each.type === 'market');

/** A lane that has bought ten lots at a known price, and whose stop the venue has. */
function protectedWorld(configuration = HELD, instrument: Instrument = BTC): { world: LaneWorld; stop: OrderIntent } {
  const world = new LaneWorld(configuration, {}, instrument);
  const entry = world.enter();
  world.accept(entry);
  world.fill(entry, entry.size);
  const [stop] = stops(world);
  if (stop === undefined) throw new Error('no stop was placed');
  world.accept(stop);
  world.report(stop, 'accepted', 0);
  return { world, stop };
}

/** Lets prices fall through the stop. */
function breach(world: LaneWorld): void {
  world.tick(-30);
}

describe('a stop loss that the venue holds', () => {
  it('H3, F24: no confirmation waits for it while it rests; the change by which it leaves its rest asks for one, once', () => {
    for (const confirm of ['every', 'unseen'] as const) {
      const { world, stop } = protectedWorld({ ...HELD, confirm });
      const told = () =>
        world.told('order.state').filter((each) => each.clientOrderId === stop.clientOrderId && each.confirm === true);
      expect(world.told('order.intended').find((each) => each.clientOrderId === stop.clientOrderId)?.confirm).toBe(
        false,
      );
      expect(told()).toEqual([]);
      world.fill(stop, stop.size);
      expect(told().map((each) => each.to)).toEqual(confirm === 'every' ? ['Filled'] : []);
    }
  });

  it('F24: is one reduce-only stop of the position’s side, size and price, as soon as something is held', () => {
    const { world, stop } = protectedWorld();
    expect(stops(world)).toHaveLength(1);
    expect(stop).toMatchObject({ side: 'sell', size: 10, reduceOnly: true, purpose: 'stopLoss', price: null });
    const [entry] = world.placed;
    expect(stop.triggerPrice).toBe((entry?.price ?? 0) - HELD.strategy.stopLossTicks);
    world.pass(1_000);
    world.tick(1);
    expect(stops(world), 'and no second one').toHaveLength(1);
    expect(world.canceled).not.toContain(stop.clientOrderId);
  });

  it('F24: covers each part of an entry as it fills, by another stop; the old one goes when that one rests', () => {
    const world = new LaneWorld(HELD);
    const entry = world.enter();
    world.accept(entry);
    world.fill(entry, 4);
    const [first] = stops(world);
    expect(first?.size).toBe(4);
    if (first === undefined) return;
    world.accept(first);
    world.report(first, 'accepted', 0);
    world.fill(entry, 6);
    world.pass(300);
    expect(stops(world).map((each) => each.size)).toEqual([4, 10]);
    const [, second] = stops(world);
    if (second === undefined) return;
    world.pass(300);
    expect(world.canceled, 'the first is all that rests').not.toContain(first.clientOrderId);
    world.accept(second);
    world.report(second, 'accepted', 0);
    expect(world.canceled).toContain(first.clientOrderId);
    world.report(first, 'canceled', 0);
    world.pass(1_000);
    expect(stops(world), 'and no third one').toHaveLength(2);
    expect(world.canceled).not.toContain(second.clientOrderId);
  });

  it.each([
    [
      'refused',
      (world: LaneWorld, stop: OrderIntent) => {
        const refused = { kind: 'rejected', code: 'X', text: 'too many', errorClass: 'reject' } as const;
        world.lane.onAnswer(stop.clientOrderId, 'place', refused, world.now());
      },
    ],
    [
      'Unknown',
      (world: LaneWorld, stop: OrderIntent) => {
        const unclear = { kind: 'unknown', cause: 'timeout', code: '', text: '' } as const;
        world.lane.onAnswer(stop.clientOrderId, 'place', unclear, world.now());
      },
    ],
    ['not answered', () => undefined],
  ] as const)('F24: while the stop that takes its place is %s, the old one rests on', (_what, becomes) => {
    const { world, stop } = protectedWorld();
    const byHand = { ...world.fillReport(stop, 4), clientOrderId: null, venueOrderId: 'hand', side: 'sell' as const };
    world.lane.onFill(byHand, world.now());
    world.collect();
    for (let step = 0; step < 100; step += 1) {
      world.pass(50);
      const last = stops(world).at(-1);
      if (last !== undefined && last !== stop) becomes(world, last);
      world.collect();
      expect(world.canceled).not.toContain(stop.clientOrderId);
    }
    expect(stops(world).length).toBeGreaterThan(1);
    const rests = world.lane.orders.stops().filter((each) => each.alive);
    expect(rests.length, 'never more than one beside it').toBeLessThanOrEqual(2);
  });

  it('F24: follows a position that goes on changing with no more than two stops, one of which rests', () => {
    const world = new LaneWorld(HELD);
    const entry = world.enter();
    world.accept(entry);
    world.fill(entry, 1);
    for (let part = 2; part <= 10; part += 1) {
      world.fill(entry, 1);
      world.pass(260);
      const living = world.lane.orders.stops();
      expect(living.length).toBeLessThanOrEqual(2);
      for (const order of living) if (order.state === 'Submitted') world.report(order.intent, 'accepted', 0);
      expect(world.lane.orders.stops().some((order) => order.state === 'Accepted' && !order.cancelWished)).toBe(true);
      for (const order of world.lane.orders.stops()) if (order.cancelWished) world.report(order.intent, 'canceled', 0);
    }
    world.pass(300);
    const last = stops(world).at(-1);
    if (last !== undefined) world.report(last, 'accepted', 0);
    for (const order of world.lane.orders.stops()) if (order.cancelWished) world.report(order.intent, 'canceled', 0);
    world.pass(1_000);
    expect(world.lane.orders.stops().map((order) => [order.state, order.size])).toEqual([['Accepted', 10]]);
  });

  it('F24: never outlives the position: a flat lane is idle only when its stop can fill no more', () => {
    const { world, stop } = protectedWorld();
    const take = world.placed.find((each) => each.purpose === 'takeProfit') ?? world.enter(0);
    expect(world.lane.state).toBe('Closing');
    world.accept(take);
    world.fill(take, take.size);
    expect(world.lane.position.size).toBe(0);
    expect(world.canceled).toContain(stop.clientOrderId);
    expect(world.lane.state).toBe('Closing');
    expect(world.lane.quiet).toBe(false);
    world.report(stop, 'canceled', 0);
    expect(world.lane.state).toBe('Idle');
    world.pass(5_000);
    expect(stops(world)).toHaveLength(1);
  });

  it('F24: is placed again when it vanished, with growing pauses, and people hear of a venue that does not keep it', () => {
    const { world, stop } = protectedWorld();
    world.report(stop, 'canceled', 0);
    const times: number[] = [];
    const from = world.mono;
    for (let step = 0; step < 400; step += 1) {
      const before = stops(world).length;
      world.pass(20);
      const placed = stops(world)[before];
      if (placed === undefined) continue;
      times.push(Math.round((world.mono - from) / 1e6));
      world.lane.onAnswer(
        placed.clientOrderId,
        'place',
        { kind: 'rejected', code: 'X', text: 'no', errorClass: 'reject' },
        world.now(),
      );
      world.collect();
    }
    expect(times.length).toBeGreaterThanOrEqual(4);
    const waits = times.map((each, index) => each - (times[index - 1] ?? 0));
    expect(waits.slice(1).every((wait, index) => wait > (waits[index] ?? 0) * 1.5)).toBe(true);
    expect(world.told('alert').filter((each) => each.code === 'STOP_NOT_HELD')).toHaveLength(1);
  });

  it('F24: goes with a position that turns out to be smaller, or on the other side', () => {
    const { world, stop } = protectedWorld();
    const byHand = { ...world.fillReport(stop, 4), clientOrderId: null, venueOrderId: 'hand', side: 'sell' as const };
    world.lane.onFill(byHand, world.now());
    world.collect();
    world.pass(300);
    const fitting = stops(world).at(-1);
    expect(fitting).toMatchObject({ side: 'sell', size: 6 });
    if (fitting !== undefined) world.report(fitting, 'accepted', 0);
    expect(world.canceled).toContain(stop.clientOrderId);
    // Sixteen more are sold: what protected a long position protects nothing now.
    world.lane.onFill({ ...byHand, fillId: 'other', size: '0.016' }, world.now());
    world.collect();
    world.pass(300);
    expect(world.canceled).toContain(fitting?.clientOrderId);
    world.report(stop, 'canceled', 0);
    world.pass(300);
    expect(stops(world).at(-1)).toMatchObject({ side: 'buy', size: 10 });
  });

  it('H12: the engine closes within a second of the breach where the venue’s stop did not, and only once', () => {
    const { world } = protectedWorld();
    const began = world.mono;
    breach(world);
    expect(markets(world), 'the venue has the first word').toHaveLength(0);
    while (markets(world).length === 0 && world.mono - began < 5e9) world.pass(50);
    expect((world.mono - began) / 1e6).toBeLessThan(1_000);
    const [exit] = markets(world);
    expect(exit).toMatchObject({ side: 'sell', size: 10, reduceOnly: true, purpose: 'stopLoss' });
    for (let step = 0; step < 40; step += 1) world.pass(50);
    expect(markets(world)).toHaveLength(1);
  });

  it('H12: a price that comes back takes nothing back: the engine closes all the same', () => {
    const { world } = protectedWorld();
    const touched = world.mono;
    world.tick(-30);
    world.tick(30);
    while (markets(world).length === 0 && world.mono - touched < 5e9) world.pass(50);
    expect((world.mono - touched) / 1e6).toBeLessThan(1_000);
  });

  it('H12: prices that flap about the stop do not put the engine’s own off for ever', () => {
    const { world } = protectedWorld();
    const began = world.mono;
    for (let step = 0; step < 40 && markets(world).length === 0; step += 1) {
      world.tick(step % 2 === 0 ? -30 : 30);
      world.mono += 50e6;
    }
    expect(markets(world)).toHaveLength(1);
    expect((world.mono - began) / 1e6).toBeLessThan(1_000);
  });

  it.each([
    ['is not acknowledged', (world: LaneWorld, stop: OrderIntent) => void [world, stop]],
    [
      'is Unknown',
      (world: LaneWorld, stop: OrderIntent) => {
        const unclear = { kind: 'unknown', cause: 'timeout', code: '', text: '' } as const;
        world.lane.onAnswer(stop.clientOrderId, 'place', unclear, world.now());
      },
    ],
    ['was refused', (world: LaneWorld, stop: OrderIntent) => world.report(stop, 'rejected', 0)],
  ])('H12: the engine closes at once where the stop %s', (_case, becomes) => {
    const world = new LaneWorld(HELD);
    const entry = world.enter();
    world.accept(entry);
    world.fill(entry, entry.size);
    const [stop] = stops(world);
    if (stop === undefined) throw new Error('no stop was placed');
    becomes(world, stop);
    world.collect();
    breach(world);
    expect(markets(world)).toHaveLength(1);
  });

  it('F24: closing at the market leaves it in place until nothing is held', () => {
    const { world, stop } = protectedWorld();
    breach(world);
    while (markets(world).length === 0) world.pass(50);
    expect(world.canceled).not.toContain(stop.clientOrderId);
    const [exit] = markets(world);
    if (exit === undefined) return;
    world.fill(exit, 4);
    world.pass(300);
    expect(stops(world), 'nor is it fitted to what is being closed').toHaveLength(1);
    expect(world.canceled).not.toContain(stop.clientOrderId);
    world.fill(exit, 6);
    expect(world.canceled).toContain(stop.clientOrderId);
  });

  it('F24: the venue’s stop closes the position, and the lane takes it for its exit', () => {
    const { world, stop } = protectedWorld();
    breach(world);
    world.fill(stop, 10);
    world.pass(50);
    expect(world.lane.position.size).toBe(0);
    expect(markets(world)).toHaveLength(0);
    for (const take of world.placed.filter((each) => each.purpose === 'takeProfit')) world.report(take, 'canceled', 0);
    expect(world.lane.state).toBe('Idle');
    expect(world.lane.orders.get(stop.clientOrderId)?.state).toBe('Filled');
  });

  it('H15: an engine that is stopped leaves it at the venue for what is held, and is at rest with it', () => {
    const { world, stop } = protectedWorld();
    world.lane.drain('SIGTERM', world.now());
    world.collect();
    for (const take of world.placed.filter((each) => each.purpose === 'takeProfit')) {
      expect(world.canceled).toContain(take.clientOrderId);
      world.report(take, 'canceled', 0);
    }
    expect(world.canceled).not.toContain(stop.clientOrderId);
    expect(world.lane.quiet).toBe(true);
  });

  it('T4: nothing is placed or taken away under a lease that has ended', () => {
    const { world, stop } = protectedWorld();
    world.lane.onGate('the lease has ended', 'the lease has ended');
    const placed = world.placed.length;
    world.report(stop, 'canceled', 0);
    breach(world);
    for (let step = 0; step < 40; step += 1) world.pass(50);
    expect(world.placed).toHaveLength(placed);
  });

  it('T1: its confirmation does not begin with it: a deadline would take it away', () => {
    const { world, stop } = protectedWorld();
    const told = world.told('order.intended').find((each) => each.clientOrderId === stop.clientOrderId);
    expect(told).toMatchObject({ confirm: false, orderType: 'stopMarket' });
    expect(world.told('order.intended')[0]?.confirm).toBe(true);
  });

  it('H9: a successor follows its predecessor’s stop, and replaces it only where it does not fit', () => {
    const opening = { positionSize: 10, entryPrice: 600_000 as Price };
    const fitting = takeOver(opening, 10, 599_990);
    fitting.pass(2_000);
    expect(stops(fitting)).toHaveLength(0);
    expect(fitting.canceled).toEqual([]);

    const other = takeOver(opening, 7, 599_990);
    other.pass(2_000);
    expect(stops(other).map((each) => each.size)).toEqual([10]);
    expect(other.canceled, 'it is all that rests').toEqual([]);
    const [stop] = stops(other);
    if (stop !== undefined) other.report(stop, 'accepted', 0);
    expect(other.canceled).toEqual(['old-stop']);

    // Killed between the two: both rest, and the one that fits stays.
    const both = takeOver(opening, 7, 599_990, 10);
    both.pass(2_000);
    expect(both.canceled).toEqual(['old-stop']);
    expect(stops(both)).toHaveLength(0);

    const flat = takeOver({ positionSize: 0, entryPrice: 0 as Price }, 10, 599_990);
    flat.pass(100);
    expect(flat.canceled).toEqual(['old-stop']);
    expect(flat.lane.state).not.toBe('Idle');
  });
});

describe('a stop loss that the engine holds', () => {
  it.each([
    ['spot', 'binance-spot'],
    ['equity', 'alpaca'],
  ] as const)('F24: on %s, where a resting stop could sell twice, whatever is configured', (kind, venue) => {
    const world = new LaneWorld({ ...HELD, protection: { stop: 'venue' } }, {}, { ...BTC, kind, venue });
    const entry = world.enter();
    world.accept(entry);
    world.fill(entry, entry.size);
    world.pass(1_000);
    expect(stops(world)).toEqual([]);
  });

  it('H12: where the lane wishes it: no stop rests, and the breach closes at once', () => {
    const world = new LaneWorld({ ...HELD, protection: { stop: 'engine' } });
    const entry = world.enter();
    world.accept(entry);
    world.fill(entry, entry.size);
    breach(world);
    expect(stops(world)).toEqual([]);
    expect(markets(world)).toHaveLength(1);
  });
});

describe('a take profit that follows the position', () => {
  const FOLLOWING = { ...HELD, protection: { stop: 'engine', takeProfit: 'following' } } as const;
  const takes = (world: LaneWorld) => world.placed.filter((each) => each.purpose === 'takeProfit');

  it('F14: rests beside an entry that goes on filling, and is amended to what is held', () => {
    const world = new LaneWorld(FOLLOWING);
    const entry = world.enter();
    world.accept(entry);
    world.report(entry, 'accepted', 0);
    world.fill(entry, 4);
    world.pass(50);
    expect(takes(world).map((each) => each.size)).toEqual([4]);
    const [take] = takes(world);
    if (take === undefined) return;
    world.accept(take);
    world.report(take, 'accepted', 0);
    world.fill(entry, 3);
    world.pass(300);
    expect(world.amended.map((each) => each.change)).toEqual([{ side: 'sell', price: take.price, size: 7 }]);
    expect(takes(world)).toHaveLength(1);
    // A fill while it is amended: four of seven are sold, three are left, and that is what is held.
    world.fill(take, 4);
    world.report({ ...take, size: 7 as Size }, 'partiallyFilled', 4);
    expect(world.lane.position.size).toBe(3);
    expect(world.told('order.amended')).toEqual([]);
    world.lane.onAnswer(
      take.clientOrderId,
      'amend',
      { kind: 'accepted', venueOrderId: 'v', venueTime: null },
      world.now(),
    );
    world.collect();
    expect(world.told('order.amended').map((each) => each.outcome)).toEqual(['applied']);
    world.pass(300);
    expect(world.amended).toHaveLength(1);
  });

  it('H7: comes after the entry without the setting', () => {
    const world = new LaneWorld({ ...FOLLOWING, protection: { stop: 'engine' } });
    const entry = world.enter();
    world.accept(entry);
    world.report(entry, 'accepted', 0);
    world.fill(entry, 4);
    world.pass(50);
    expect(takes(world)).toEqual([]);
  });
});

function takeOver(
  opening: { positionSize: number; entryPrice: Price },
  size: number,
  trigger: number,
  another?: number,
): LaneWorld {
  const world = new LaneWorld(HELD, opening);
  world.lane.onGate('not recovered yet', 'not recovered yet');
  adoptStop(world, 'old-stop', size, trigger);
  if (another !== undefined) adoptStop(world, 'next-stop', another, trigger);
  world.lane.onGate(null, null);
  world.collect();
  return world;
}

/** A stop that the predecessor left at the venue. */
function adoptStop(world: LaneWorld, id: string, size: number, trigger: number): void {
  const intent: OrderIntent = {
    clientOrderId: id as ClientOrderId,
    venue: 'binance-usdm',
    symbol: 'BTCUSDT',
    side: 'sell',
    type: 'stopMarket',
    timeInForce: 'gtc',
    price: null,
    triggerPrice: trigger as Price,
    size: size as Size,
    reduceOnly: true,
    purpose: 'stopLoss',
  };
  const order = new TrackedOrder(intent);
  order.step('submit', world.now().mono, []);
  const report: OrderReport = {
    kind: 'orderReport',
    source: 'query',
    symbol: 'BTCUSDT',
    clientOrderId: id,
    venueOrderId: `v-${id}`,
    status: 'accepted',
    side: 'sell',
    price: null,
    size: String(size / 1_000),
    cumulativeSize: '0',
    reduceOnly: true,
    orderType: 'stopMarket',
    reason: '',
    venueTime: 1 as EpochMs,
  };
  world.lane.adopt(order, report, world.now());
}
