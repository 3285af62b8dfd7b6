import { expect, it } from 'vitest';
import type { Resolution } from '#core/lanes/lane-effects.ts';
import type { OrderAction, OrderAnswer } from '#core/orders/venue-ports.ts';
import { absentOrder } from '../support/absent-order.ts';
import { LaneWorld } from '../support/lane-world.ts';

const ABSENT = absentOrder();

it('F4: an order that the venue acknowledged and then does not find has not ended, and nothing is opened beside it', () => {
  const world = new LaneWorld();
  const intent = world.enter();
  world.accept(intent);
  world.pass(1_000);
  world.pass(10_000);

  world.lane.onResolution(intent.clientOrderId, ABSENT, world.now());
  world.collect();
  const before = world.placed.length;
  for (let ticks = 0; ticks < 10; ticks += 1) world.tick(1);

  expect(world.lane.orders.get(intent.clientOrderId)?.terminal).toBe(false);
  expect(world.placed.length).toBe(before);
  world.pass(31_000);
  expect(world.told('alert').map(({ code }) => code)).toContain('ORDER_UNKNOWN');
});

it('F3: an order of which the venue never said anything has never lived once order, fills and position agree, three times in a row', () => {
  const world = new LaneWorld();
  const intent = world.enter();
  world.pass(10_000);
  const answers: Resolution[] = [ABSENT, ABSENT, { kind: 'failed', reason: 'timeout' }, ABSENT, ABSENT];
  for (const answer of answers) {
    world.lane.onResolution(intent.clientOrderId, answer, world.now());
    expect(world.lane.orders.get(intent.clientOrderId)?.terminal).toBe(false);
  }

  world.lane.onResolution(intent.clientOrderId, ABSENT, world.now());
  world.collect();

  expect(world.lane.orders.get(intent.clientOrderId)?.state).toBe('Rejected');
  expect(world.told('order.state').at(-1)).toMatchObject({ to: 'Rejected', evidence: [{ kind: 'agreedAbsence' }] });
});

it.each<[string, OrderAction, OrderAnswer]>([
  ['a cancel that is taken', 'cancel', { kind: 'accepted', venueOrderId: '4711', venueTime: null }],
  [
    'a placing under an id in use',
    'place',
    { kind: 'rejected', code: '110072', text: 'used', errorClass: 'alreadySo' },
  ],
])('F4: the answer to %s shows that the order has lived: no absence ends it', (_, action, answer) => {
  const world = new LaneWorld();
  const { clientOrderId } = world.enter();
  world.pass(10_000);
  world.lane.onAnswer(clientOrderId, action, answer, world.now());
  for (let times = 0; times < 5; times += 1) {
    world.pass(3_000);
    world.lane.onResolution(clientOrderId, ABSENT, world.now());
  }
  expect(world.lane.orders.get(clientOrderId)?.state).toBe('Unknown');
});

it.each<[string, OrderAnswer]>([
  ['unknown order sent', { kind: 'rejected', code: '-2011', text: 'Unknown order sent.', errorClass: 'alreadySo' }],
  ['not found', { kind: 'rejected', code: '110001', text: 'not exists or too late', errorClass: 'notFound' }],
  ['unknown', { kind: 'unknown', cause: 'timeout', code: '', text: 'no answer' }],
])('F3: that a cancel is answered with "%s" shows nothing of the kind', (_, answer) => {
  const world = new LaneWorld();
  const { clientOrderId } = world.enter();
  world.pass(10_000);
  world.lane.onAnswer(clientOrderId, 'cancel', answer, world.now());
  for (let times = 0; times < 5; times += 1) {
    world.pass(3_000);
    world.lane.onResolution(clientOrderId, ABSENT, world.now());
  }
  expect(world.lane.orders.get(clientOrderId)?.state).toBe('Rejected');
});
