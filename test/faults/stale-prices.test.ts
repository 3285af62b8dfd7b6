import { describe, expect, it } from 'vitest';
import { LaneWorld } from '../support/lane-world.ts';

const FROZEN_SECONDS = 45 * 60;
/** As the lane of this world has it. */
const MAX_DATA_AGE_MS = 100;

// A naive client takes a message that has just come for news, and quotes the price that it has, however old.
describe('a book that is frozen', () => {
  it('F21: a venue that repeats the state of 45 minutes ago opens nothing from the first second on; cancels still pass, and fresh prices trade again', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.accept(entry);
    const placed = world.placed.length;

    // It goes on sending, with the stamp at which it froze.
    for (let second = 1; second <= FROZEN_SECONDS; second += 1) {
      world.pass(1_000);
      world.tick(1, second * 1_000);
      if (second === 10) world.report(entry, 'canceled', 0);
    }
    expect(world.canceled).toContain(entry.clientOrderId);
    expect(world.placed.length).toBe(placed);
    expect(world.told('order.denied').at(-1)).toMatchObject({ code: 'DATA_TOO_OLD' });

    for (let count = 0; count < 20 && world.placed.length === placed; count += 1) world.tick(1);
    expect(world.placed.length).toBe(placed + 1);
  });

  it('F21: what blocks is the configured age, to the millisecond', () => {
    const entered = (ageMs: number): number => {
      const world = new LaneWorld();
      for (let count = 0; count < 5; count += 1) world.tick(0);
      world.tick(1, ageMs);
      return world.placed.length;
    };
    expect(entered(MAX_DATA_AGE_MS - 1)).toBe(1);
    expect(entered(MAX_DATA_AGE_MS + 1)).toBe(0);
  });
});
