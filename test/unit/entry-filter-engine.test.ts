import { afterEach, describe, expect, it } from 'vitest';
import type { EntryFilterModel } from '#core/strategies/entry-filter-model.ts';
import { type EngineWorld, openEngineWorld } from '../support/engine-world.ts';

let world: EngineWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

const byFlow = (threshold: number): EntryFilterModel => ({
  version: 1,
  features: ['sideFlow'],
  means: [0],
  scales: [1],
  coefficients: [1],
  intercept: 0,
  threshold,
});

describe('an engine whose lane has a learned filter', () => {
  it('H16: judges entries by the trades that came over its market connection', async () => {
    world = await openEngineWorld({
      venue: 'bybit-linear',
      change: (plain) => ({
        ...plain,
        lanes: plain.lanes.map((lane) => ({ ...lane, entryFilter: { model: byFlow(9) } })),
      }),
    });
    const here = world;
    const details = () =>
      here.publisher
        .told('order.denied')
        .filter(({ body }) => body.code === 'ENTRY_FILTERED')
        .map(({ body }) => body.detail);
    await here.until('entries are judged', () => details().some((detail) => detail.includes('logit=')), 25_000);
    expect(here.publisher.told('order.state')).toEqual([]);
    expect(here.publisher.told('fill')).toEqual([]);
  }, 40_000);
});
