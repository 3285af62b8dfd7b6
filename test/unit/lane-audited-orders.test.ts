import { describe, expect, it } from 'vitest';
import type { DesiredState } from '#core/control/desired-state.ts';
import type { OrderDecision } from '#core/control/order-decision.ts';
import { giveLane } from '#core/input-log/lane-input.ts';
import type { Resolution } from '#core/lanes/lane-effects.ts';
import { formatScaled, type Size } from '#core/market/scaled-decimal.ts';
import type { ClientOrderId, OrderIntent, OrderReport } from '#core/orders/order.ts';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { absentOrder } from '../support/absent-order.ts';
import { LaneWorld, laneConfiguration } from '../support/lane-world.ts';

const LINK_LOST: OrderAnswer = { kind: 'unknown', cause: 'linkLost', code: 'LINK', text: 'closed' };
const NOT_THERE: OrderAnswer = { kind: 'rejected', code: '-2011', text: 'unknown order', errorClass: 'alreadySo' };
const ABSENT = absentOrder();

function answer(world: LaneWorld, { clientOrderId }: OrderIntent, action: 'place' | 'cancel', said: OrderAnswer): void {
  world.lane.onAnswer(clientOrderId, action, said, world.now());
  world.collect();
}

function resolve(world: LaneWorld, { clientOrderId }: OrderIntent, resolution: Resolution): void {
  world.lane.onResolution(clientOrderId, resolution, world.now());
  world.collect();
}

/** As the venue's answers show it while it works. */
function openReport({ clientOrderId, side, price, size }: OrderIntent): OrderReport {
  return {
    kind: 'orderReport',
    source: 'query',
    symbol: 'BTCUSDT',
    clientOrderId,
    venueOrderId: `v-${clientOrderId}`,
    status: 'accepted',
    side,
    price: formatScaled(price ?? 0, 1),
    size: formatScaled(size, 3),
    cumulativeSize: '0',
    reduceOnly: false,
    reason: '',
    venueTime: 2 as EpochMs,
  };
}

const stateOf = (world: LaneWorld, { clientOrderId }: OrderIntent) => world.lane.orders.get(clientOrderId)?.state;

describe('an order whose cancel was lost', () => {
  const stop: DesiredState = { version: 1, wish: 'stop', frozenSymbols: [], reason: 'drill', by: 'me' };

  it('F1, F6: one that the venue had not taken in yet when it was to be cancelled is cancelled when it comes to work', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    answer(world, entry, 'place', LINK_LOST);
    world.lane.onDesired(stop, world.now());
    world.collect();
    answer(world, entry, 'cancel', NOT_THERE);
    resolve(world, entry, ABSENT);
    expect(world.canceled).toEqual([entry.clientOrderId]);

    world.report(entry, 'accepted', 0);
    world.pass(50);

    expect(world.canceled).toEqual([entry.clientOrderId, entry.clientOrderId]);
    expect(stateOf(world, entry)).toBe('PendingCancel');
  });

  it('F6: nor does a fill that comes between leave the rest of it working', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.accept(entry);
    world.lane.onDesired(stop, world.now());
    world.collect();
    answer(world, entry, 'cancel', LINK_LOST);
    world.fill(entry, 3);
    resolve(world, entry, { kind: 'failed', reason: 'TIMEOUT' });
    world.pass(50);

    expect(world.canceled).toEqual([entry.clientOrderId, entry.clientOrderId]);
  });
});

describe('an order whose end was told', () => {
  it('M2: and that the venue goes on listing as open is cancelled, whenever it is listed', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.accept(entry);
    world.report(entry, 'expired', 0);
    expect(stateOf(world, entry)).toBe('Expired');
    const listed = { ...openReport(entry), venueOrderId: `v-${entry.clientOrderId}` };
    world.pass(5_000);
    world.verify(0, [listed]);
    expect(world.canceled, 'a list may be old').toEqual([]);
    world.pass(6_000);
    world.verify(0, [listed]);
    answer(world, entry, 'cancel', LINK_LOST);
    world.pass(5_000);
    world.verify(0, [listed]);
    expect(world.canceled).toEqual([entry.clientOrderId, entry.clientOrderId]);
    expect(world.told('alert').filter(({ code }) => code === 'ORDER_ORPHANED')).not.toEqual([]);
    world.fill(entry, 2);
    expect(world.lane.position.size).toBe(2);
  });

  it('F14: more than anybody knows it to have does not complete it: somebody amended it, and the rest may be open', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.accept(entry);
    world.fill(entry, entry.size + 2);
    expect(stateOf(world, entry)).toBe('PartiallyFilled');
    world.pass(600);
    expect(world.canceled).toEqual([entry.clientOrderId]);
    world.report({ ...entry, size: (entry.size + 5) as Size }, 'canceled', entry.size + 2);
    expect(stateOf(world, entry)).toBe('Canceled');
    expect(world.lane.state).toBe('PositionOpen');
  });

  it('F14, G10: nor does it one of a predecessor, whose amendment the ledger does not have', () => {
    const world = new LaneWorld();
    const intent = { ...world.enter(), clientOrderId: 'p-old-1' as ClientOrderId, reduceOnly: true };
    const unfound = { intent, placedAt: 1 as EpochMs, venueOrderId: '7', unknownAt: 1 as EpochMs };
    giveLane(
      world.lane,
      { kind: 'unfound', body: { ...unfound, fillIds: ['a'], filledSize: (intent.size + 2) as Size } },
      null,
      world.now(),
    );
    world.collect();
    expect(stateOf(world, intent)).toBe('Unknown');
    expect(world.resolves).toContain(intent.clientOrderId);
    const whole = { ...intent, clientOrderId: 'p-old-2' as ClientOrderId };
    const body = { ...unfound, intent: whole, fillIds: ['b'], filledSize: intent.size };
    giveLane(world.lane, { kind: 'unfound', body }, null, world.now());
    expect(stateOf(world, whole)).toBe('Filled');
  });
});

describe('an order that nobody finds', () => {
  it('F1: never lived only by questions that were asked when its request could no longer be carried out, however late they are answered', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    answer(world, entry, 'place', LINK_LOST);
    for (const ms of [100, 1_500]) {
      world.pass(ms);
      resolve(world, entry, ABSENT);
    }
    world.pass(1_500);
    expect(world.resolves).toHaveLength(3);
    world.pass(6_000);
    resolve(world, entry, ABSENT);
    expect(stateOf(world, entry), 'asked 3 s after it was sent, answered after 9 s').toBe('Unknown');

    world.pass(1_500);
    expect(world.resolves).toHaveLength(4);
    resolve(world, entry, ABSENT);
    expect(stateOf(world, entry)).toBe('Rejected');
  });

  it('F24: one whose question failed is asked about until it is known again, though the venue lists it', () => {
    const world = new LaneWorld(laneConfiguration({ strategy: { ...laneConfiguration().strategy, restMs: 600_000 } }));
    const entry = world.enter();
    world.accept(entry);
    world.report(entry, 'accepted', 0);
    world.pass(3_000);
    world.verify(0, []);
    resolve(world, entry, { kind: 'failed', reason: 'TIMEOUT' });
    world.pass(1_500);
    expect(world.resolves).toEqual([entry.clientOrderId, entry.clientOrderId]);

    const known = world.lane.orders.get(entry.clientOrderId);
    const report = openReport(entry);
    resolve(world, entry, { kind: 'found', report, fills: [] });
    world.pass(60_000);
    expect(known?.unclearSince).toBeNull();
    expect(world.told('alert').map((alert) => alert.code)).not.toContain('ORDER_UNKNOWN');
  });

  it('F4: one that works and that the venue forgets is Unknown in the end, so that people can decide it', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.accept(entry);
    world.report(entry, 'accepted', 0);
    world.pass(400);
    for (let second = 0; second < 10; second += 1) {
      world.verify(0, []);
      resolve(world, entry, ABSENT);
      world.pass(1_500);
    }
    expect(stateOf(world, entry)).toBe('Unknown');
    expect(world.told('order.state').at(-1)).toMatchObject({ to: 'Unknown', terminal: false });

    const { clientOrderId } = entry;
    const at = world.now().epoch;
    const decided: OrderDecision = { id: 'd', clientOrderId, outcome: 'Canceled', who: 'Ada', note: 'history', at };
    const plain: DesiredState = { version: 1, wish: 'run', frozenSymbols: [], reason: 'go', by: 'me' };
    world.lane.onDesired({ ...plain, decisions: [decided] }, world.now());
    world.collect();
    expect(stateOf(world, entry)).toBe('Canceled');
    expect(world.told('alert').map((alert) => alert.code)).not.toContain('DECISION_REFUSED');
    expect(world.lane.state).toBe('Idle');
  });
});
