import { expect, it } from 'vitest';
import type { OrderDecision } from '#core/control/order-decision.ts';
import type { UnitId } from '#core/control/unit.ts';
import type { EventNote } from '#core/lanes/lane-effects.ts';
import { LaneOrders } from '#core/lanes/lane-orders.ts';
import { UnitDecisions } from '#engine/unit-decisions.ts';
import { LaneWorld } from '../support/lane-world.ts';

const UNIT = 'paper/main/binance-usdm' as UnitId;
const decision = (clientOrderId: string): OrderDecision => ({
  id: `d-${clientOrderId}`,
  clientOrderId,
  outcome: 'Canceled',
  who: 'Ada',
  note: 'order history',
  at: 1,
});

it('H3: a decision on an order that no lane of the unit follows is refused and told, once', () => {
  const told: EventNote[] = [];
  const decisions = new UnitDecisions(UNIT, (note) => told.push(note));
  const lanes = [{ orders: new LaneOrders() }];
  decisions.heed([], lanes);
  decisions.heed([decision('o-1')], lanes);
  decisions.heed([decision('o-1'), decision('o-2')], lanes);
  expect(told.map((note) => note.type === 'alert' && note.body.text)).toEqual([
    expect.stringContaining('order o-1 is Canceled, but no lane of paper/main/binance-usdm follows it'),
    expect.stringContaining('order o-2'),
  ]);
});

it('H3: what a predecessor was told, and what a lane follows and judges itself, is not told again', () => {
  const told: EventNote[] = [];
  const decisions = new UnitDecisions(UNIT, (note) => told.push(note));
  const world = new LaneWorld();
  const { clientOrderId } = world.enter();
  decisions.heed([decision('o-1')], [world.lane]);
  decisions.heed([decision('o-1'), decision(clientOrderId)], [world.lane]);
  expect(told).toEqual([]);
});
