import { afterEach, describe, expect, it } from 'vitest';
import type { VenueId } from '#core/market/instrument.ts';
import { type EngineWorld, openEngineWorld } from '../support/engine-world.ts';

const STOP_TICKS = 2;

let world: EngineWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

/** An engine whose positions end by their stop alone. */
function openWith(venue: VenueId, stop: 'venue' | 'engine'): Promise<EngineWorld> {
  return openEngineWorld({
    venue,
    change: (plain) => ({
      ...plain,
      lanes: plain.lanes.map((lane) => ({
        ...lane,
        protection: { stop },
        strategy: {
          ...lane.strategy,
          stopLossTicks: STOP_TICKS,
          takeProfitTicks: 1_000,
          holdMs: 600_000,
        },
      })),
    }),
  });
}

/** Watches the venue itself: how long after each breach the order that closes is at work there, ms, and what rested while something was held. */
function watch({ exchange, instrument, symbol }: EngineWorld) {
  const delays: number[] = [];
  const stopsHeld: string[] = [];
  const faults: string[] = [];
  let breachedAt: number | null = null;
  const position = () => exchange.positions('main').find((each) => each.symbol === symbol && each.size !== 0) ?? null;
  const closes = () => {
    if (breachedAt !== null) delays.push(performance.now() - breachedAt);
    breachedAt = null;
  };
  exchange.listen({
    onMarket: () => {
      const held = position();
      if (held === null) return;
      const { bids, asks } = exchange.book(symbol, 1);
      const closing = held.size > 0 ? bids[0]?.[0] : asks[0]?.[0];
      const entry = Number(held.entryPrice) * 10 ** instrument.priceScale;
      const loss = closing === undefined ? 0 : Math.sign(held.size) * (entry - closing);
      if (loss >= STOP_TICKS * instrument.tickSize) breachedAt ??= performance.now();
      const stops = exchange.openOrders('main', symbol).filter((order) => order.type === 'stopMarket');
      for (const { reduceOnly, side, size } of stops) {
        stopsHeld.push(side);
        const fits = reduceOnly && (side === 'sell') === held.size > 0 && size <= Math.abs(held.size);
        if (!fits) faults.push(`${side} ${size} of ${held.size}`);
      }
      if (stops.length > 1) faults.push(`${stops.length} stops`);
    },
    onAccount: (event) => {
      if (event.kind !== 'order') return;
      const { order, change } = event;
      if (change === 'triggered' || (change === 'new' && order.reduceOnly && order.type === 'market')) closes();
    },
  });
  return {
    delays,
    stopsHeld,
    faults,
    stopsLeft: () => exchange.openOrders('main', symbol).filter((order) => order.type === 'stopMarket'),
  };
}

describe('a stop loss on a simulated venue', () => {
  it.each([
    ['bybit-linear', 'venue'],
    ['bybit-linear', 'engine'],
    ['deribit', 'venue'],
  ] as const)(
    'H12, F24: on %s, held by the %s: closes within a second of each breach, and nothing is left of it',
    async (venue, stop) => {
      world = await openWith(venue, stop);
      const here = world;
      const seen = watch(here);
      // A breach may come before the venue has taken the stop: then the engine closes, and the next position is looked at.
      const enough = () => seen.delays.length >= 2 && (stop === 'engine' || seen.stopsHeld.length > 0);
      await here.until('two positions were stopped', enough, 40_000);
      expect(Math.max(...seen.delays)).toBeLessThan(1_000);
      expect(seen.stopsHeld.length > 0).toBe(stop === 'venue');
      expect(seen.faults).toEqual([]);
      await here.until(
        'nothing rests where nothing is held',
        () => {
          const flat = here.exchange.positions('main').every((each) => each.size === 0);
          return !flat || seen.stopsLeft().length === 0;
        },
        5_000,
      );
      await here.engine.stop('test ends', 5_000);
      expect(here.publisher.told('position.checked').at(-1)?.body.agree).toBe(true);
    },
    60_000,
  );
});
