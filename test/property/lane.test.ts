import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasReduceOnly, type Instrument } from '#core/market/instrument.ts';
import type { OrderIntent } from '#core/orders/order.ts';
import { BTC, LaneWorld } from '../support/lane-world.ts';

/** The venue's truth of one order in this small world. */
interface VenueOrder {
  readonly intent: OrderIntent;
  filled: number;
  open: boolean;
  /** Whether the request reached the venue at all. */
  readonly arrived: boolean;
}

type Step =
  | { kind: 'tick'; ticks: number }
  | { kind: 'pass'; ms: number }
  | { kind: 'ack' | 'timeout' | 'notSent' | 'refuseCancel'; pick: number }
  | { kind: 'fill'; pick: number; share: number; told: 'both' | 'reportAlone' | 'nothing'; reportedFirst: boolean }
  | { kind: 'cancelDone'; pick: number; told: boolean }
  | { kind: 'verify' };

const pick = fc.nat(5);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('tick' as const), ticks: fc.integer({ min: -15, max: 15 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(20, 200, 600, 1_500, 4_000) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('ack' as const, 'timeout' as const, 'notSent' as const, 'refuseCancel' as const),
      pick,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('fill' as const),
      pick,
      share: fc.constantFrom(0.3, 0.5, 1),
      told: fc.constantFrom('both' as const, 'reportAlone' as const, 'nothing' as const),
      reportedFirst: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancelDone' as const), pick, told: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('verify' as const) }) },
);

/** Runs the steps against a lane and the venue's own account of its orders and fills. */
function run(
  steps: readonly Step[],
  instrument: Instrument = BTC,
): { world: LaneWorld; venue: VenueOrder[]; venuePosition: () => number } {
  const world = new LaneWorld(undefined, {}, instrument);
  const venue: VenueOrder[] = [];
  const notArrived = new Set<string>();
  const fills: ReturnType<LaneWorld['fillReport']>[] = [];
  const position = () =>
    venue.reduce((sum, order) => sum + (order.intent.side === 'buy' ? order.filled : -order.filled), 0);
  const sync = () => {
    for (const intent of world.placed) {
      if (venue.some((order) => order.intent === intent)) continue;
      venue.push({ intent, filled: 0, open: true, arrived: true });
    }
  };
  const choose = (orders: VenueOrder[], index: number) => orders[index % Math.max(1, orders.length)];
  const lawful = () => {
    const aliveEntries = venue.filter(
      (order) => order.open && !order.intent.reduceOnly && !notArrived.has(order.intent.clientOrderId),
    );
    expect(aliveEntries.length, 'two entries can fill at once').toBeLessThanOrEqual(1);
    const entered = Math.max(...venue.map((order) => order.intent.size), 0);
    expect(Math.abs(position()), 'the venue holds more than one entry').toBeLessThanOrEqual(entered);
    if (hasReduceOnly(instrument.kind)) return;
    const exits = venue.filter(
      (order) => order.open && order.intent.reduceOnly && !notArrived.has(order.intent.clientOrderId),
    );
    expect(exits.length, 'two exits can fill at once').toBeLessThanOrEqual(1);
    for (const { intent, filled } of exits) {
      const held = intent.side === 'sell' ? position() : -position();
      expect(intent.size - filled, 'an exit is larger than what is held').toBeLessThanOrEqual(held);
    }
    if (instrument.kind === 'spot') expect(position(), 'spot was sold short').toBeGreaterThanOrEqual(0);
  };
  for (const each of steps) {
    sync();
    const open = venue.filter((order) => order.open && !notArrived.has(order.intent.clientOrderId));
    switch (each.kind) {
      case 'tick':
        world.tick(each.ticks);
        break;
      case 'pass':
        world.pass(each.ms);
        break;
      case 'ack': {
        const order = choose(open, each.pick);
        if (order !== undefined) world.accept(order.intent);
        break;
      }
      case 'timeout': {
        const order = choose(open, each.pick);
        if (order === undefined) break;
        world.lane.onAnswer(
          order.intent.clientOrderId,
          'place',
          { kind: 'unknown', cause: 'timeout', code: '', text: '' },
          world.now(),
        );
        world.collect();
        break;
      }
      case 'notSent': {
        // Only what the venue has not touched can have stayed here.
        const order = choose(
          open.filter((o) => o.filled === 0 && world.lane.orders.get(o.intent.clientOrderId)?.state === 'Submitted'),
          each.pick,
        );
        if (order === undefined) break;
        order.open = false;
        notArrived.add(order.intent.clientOrderId);
        world.lane.onAnswer(
          order.intent.clientOrderId,
          'place',
          { kind: 'notSent', reason: 'notReady', text: '' },
          world.now(),
        );
        world.collect();
        break;
      }
      case 'refuseCancel': {
        const order = choose(
          venue.filter((o) => world.canceled.includes(o.intent.clientOrderId)),
          each.pick,
        );
        if (order === undefined) break;
        world.lane.onAnswer(
          order.intent.clientOrderId,
          'cancel',
          { kind: 'rejected', code: '-2011', text: '', errorClass: 'notFound' },
          world.now(),
        );
        world.collect();
        break;
      }
      case 'fill': {
        const order = choose(open, each.pick);
        if (order === undefined) break;
        const left = order.intent.size - order.filled;
        // Reduce-only: the venue never fills beyond the position.
        const room =
          order.intent.reduceOnly && hasReduceOnly(instrument.kind)
            ? Math.min(left, Math.max(0, order.intent.side === 'sell' ? position() : -position()))
            : left;
        const size = Math.min(room, Math.max(1, Math.floor(left * each.share)));
        if (size <= 0) break;
        order.filled += size;
        if (order.filled === order.intent.size) order.open = false;
        const fill = world.fillReport(order.intent, size);
        fills.push(fill);
        if (each.told === 'nothing') break;
        const status = order.open ? 'partiallyFilled' : 'filled';
        if (each.reportedFirst || each.told === 'reportAlone') world.report(order.intent, status, order.filled);
        if (each.told === 'reportAlone') break;
        world.lane.onFill(fill, world.now());
        world.collect();
        if (!each.reportedFirst) world.report(order.intent, status, order.filled);
        break;
      }
      case 'cancelDone': {
        const order = choose(
          open.filter((o) => world.canceled.includes(o.intent.clientOrderId) || o.intent.timeInForce === 'ioc'),
          each.pick,
        );
        if (order === undefined) break;
        order.open = false;
        if (each.told) world.report(order.intent, 'canceled', order.filled);
        break;
      }
      case 'verify':
        reconcile();
        break;
    }
    sync();
    lawful();
  }
  function reconcile(): void {
    sync();
    for (const order of venue) {
      if (notArrived.has(order.intent.clientOrderId)) continue;
      const tracked = world.lane.orders.get(order.intent.clientOrderId);
      if (tracked === null || (tracked.terminal && !tracked.missesFills)) continue;
      const status = order.open
        ? order.filled > 0
          ? 'partiallyFilled'
          : 'accepted'
        : order.filled >= order.intent.size
          ? 'filled'
          : 'canceled';
      if (world.resolves.includes(order.intent.clientOrderId))
        world.report(order.intent, status, order.filled, 'query');
    }
    world.verify(position(), [], fills);
  }
  return { world, venue, venuePosition: position };
}

describe('a lane under any order of the venue’s reports', () => {
  it('H7: never has two entries that can fill, nor holds more than one entry', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 120, size: 'max' }), (steps) => void run(steps)),
      { numRuns: 1_500 },
    );
  });

  it.each(['spot', 'equity'] as const)(
    'F24: on %s, where the venue knows no reduce-only, no two exits can fill, and none is larger than what is held',
    (kind) => {
      fc.assert(
        fc.property(
          fc.array(step, { minLength: 5, maxLength: 120, size: 'max' }),
          (steps) => void run(steps, { ...BTC, kind }),
        ),
        { numRuns: 600 },
      );
    },
  );

  it('H2: once the venue has been asked, the lane holds what the venue holds, however many reports were lost', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 80, size: 'max' }), (steps) => {
        const { world, venuePosition } = run([...steps, { kind: 'verify' }, { kind: 'verify' }]);
        expect(world.lane.position.size).toBe(venuePosition());
        expect(world.told('position.adjusted')).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('H3: every terminal state that is told carries evidence', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 80, size: 'max' }), (steps) => {
        for (const change of run(steps).world.told('order.state')) {
          if (change.terminal) expect(change.evidence.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 200 },
    );
  });
});
