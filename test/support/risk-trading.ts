import { expect } from 'vitest';
import { POLICY } from '#core/config/policy.ts';
import type { UnitRef } from '#core/control/unit.ts';
import type { Price } from '#core/market/scaled-decimal.ts';
import type { OrderIntent } from '#core/orders/order.ts';
import { allotmentOf } from '#core/risk/allotment.ts';
import { RiskBook } from '#core/risk/risk-book.ts';
import type { LaneWorld } from './lane-world.ts';

/** The unit whose lanes share a book. */
export const RISK_UNIT: UnitRef = { account: 'main', mode: 'paper', venue: 'binance-usdm' };

/** The book of a unit under a policy, with the whole of each budget. */
export function bookOf(policy: Readonly<Record<string, unknown>>): RiskBook {
  const parsed = POLICY.parse({ version: 1, ...policy });
  return new RiskBook(parsed, allotmentOf(parsed, [{ ...RISK_UNIT, symbol: 'BTCUSDT' }], RISK_UNIT));
}

/** What the lane's last refusal says. */
export function refusal(world: LaneWorld): string | undefined {
  return world.told('order.denied').at(-1)?.code;
}

/** Moves the market until the lane asks to enter, and says what it was refused for; undefined: it entered. */
export function tryEntry(world: LaneWorld): string | undefined {
  const denied = world.told('order.denied').length;
  const placed = world.placed.length;
  for (let count = 0; count < 30; count += 1) {
    world.tick(1);
    if (world.told('order.denied').length > denied) return refusal(world);
    if (world.placed.length > placed) return undefined;
  }
  throw new Error('the lane asked for nothing');
}

/** The direction of the market in which an order gains. */
export function signOf(intent: OrderIntent): 1 | -1 {
  return intent.side === 'buy' ? 1 : -1;
}

/** Enters, fills and closes at a loss or a gain of `ticks`. */
export function trade(world: LaneWorld, ticks: number): void {
  const entry = world.enter();
  world.fill(entry, entry.size);
  world.report(entry, 'filled', entry.size);
  const before = world.placed.length;
  world.pass(1_100);
  world.tick(ticks * signOf(entry));
  world.pass(3_100);
  for (const intent of world.placed.slice(before)) {
    if (world.lane.position.size !== 0) {
      world.fill({ ...intent, price: world.middle as Price }, intent.size);
      world.report(intent, 'filled', intent.size);
    } else world.report(intent, 'canceled', 0);
  }
  expect(world.lane.position.size).toBe(0);
  expect(world.lane.state).toBe('Idle');
}
