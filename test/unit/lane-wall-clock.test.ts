import { describe, expect, it } from 'vitest';
import { LaneWorld } from '../support/lane-world.ts';

describe('a lane whose wall clock steps', () => {
  it('G12, F1: asks about an order from before it was sent, although the clock was an hour ahead then', () => {
    const world = new LaneWorld();
    world.wallMs = 3_600_000;
    const entry = world.enter();
    const sentAt = world.now().epoch - world.wallMs;
    world.wallMs = 0;
    const unclear = { kind: 'unknown', cause: 'timeout', code: '', text: '' } as const;
    world.lane.onAnswer(entry.clientOrderId, 'place', unclear, world.now());
    world.collect();
    expect(world.resolves).toEqual([entry.clientOrderId]);
    expect(world.askedFrom[0]).toBeLessThanOrEqual(sentAt);
    expect(world.askedFrom[0]).toBeGreaterThan(sentAt - 1_000);
  });
});
