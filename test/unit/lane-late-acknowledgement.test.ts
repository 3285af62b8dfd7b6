import { expect, it } from 'vitest';
import { LaneWorld } from '../support/lane-world.ts';

it('G3: an acknowledgement that comes after the matching engine’s refusal is no news, and nobody is alarmed', () => {
  const world = new LaneWorld();
  const intent = world.enter();

  world.report(intent, 'rejected', 0);
  world.accept(intent);

  expect(world.lane.orders.get(intent.clientOrderId)?.state).toBe('Rejected');
  expect(world.lane.state).toBe('Idle');
  expect(world.told('alert')).toEqual([]);
});

it('F6: a cancel that goes out again, because a question found the order alive, is no misfit', () => {
  const world = new LaneWorld();
  const intent = world.enter();
  world.report(intent, 'accepted', 0);
  world.pass(1_000);
  expect(world.canceled).toHaveLength(1);

  world.pass(4_000);
  world.lane.onResolution(
    intent.clientOrderId,
    {
      kind: 'found',
      fills: [],
      report: {
        kind: 'orderReport',
        source: 'query',
        symbol: 'BTCUSDT',
        clientOrderId: intent.clientOrderId,
        venueOrderId: `v-${intent.clientOrderId}`,
        status: 'accepted',
        side: intent.side,
        price: null,
        size: '0.01',
        cumulativeSize: '0',
        reduceOnly: false,
        reason: '',
        venueTime: world.now().epoch,
      },
    },
    world.now(),
  );
  world.collect();

  expect(world.canceled).toHaveLength(2);
  expect(world.lane.orders.get(intent.clientOrderId)?.state).toBe('PendingCancel');
  expect(world.told('alert')).toEqual([]);
});

it.each(['PendingCancel', 'Unknown'] as const)(
  'F3, M1: a refusal of what the venue has acknowledged ends nothing that is %s: the venue is asked which of the two is so',
  (state) => {
    const world = new LaneWorld();
    const intent = world.enter();
    const stateNow = () => world.lane.orders.get(intent.clientOrderId)?.state;
    world.report(intent, 'accepted', 0);
    world.pass(1_000);
    if (state === 'Unknown') {
      const answer = { kind: 'unknown', cause: 'timeout', code: '', text: 'no answer' } as const;
      world.lane.onAnswer(intent.clientOrderId, 'cancel', answer, world.now());
    }
    expect(stateNow()).toBe(state);

    const refused = { kind: 'rejected', code: '110007', text: 'no margin', errorClass: 'reject' } as const;
    world.lane.onAnswer(intent.clientOrderId, 'place', refused, world.now());
    world.pass(5_000);

    expect(stateNow()).toBe('Unknown');
    expect(world.lane.state).toBe('OrderPending');
    expect(world.resolves).toContain(intent.clientOrderId);
  },
);
