import { afterEach, describe, expect, it } from 'vitest';
import type { VenueId } from '#core/market/instrument.ts';
import { marketOrder } from '#simulation/exchange/market-order.ts';
import { type EngineWorld, openEngineWorld } from '../support/engine-world.ts';

const STOP_TICKS = 2;

let world: EngineWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

/** An engine whose positions end by their stop alone. */
function openWith(venue: VenueId, stop: 'venue' | 'engine', stopLossTicks = STOP_TICKS): Promise<EngineWorld> {
  return openEngineWorld({
    venue,
    change: (plain) => ({
      ...plain,
      lanes: plain.lanes.map((lane) => ({
        ...lane,
        protection: { stop },
        strategy: {
          ...lane.strategy,
          stopLossTicks,
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
  /** Side whose position has had a stop; null: the position is new, or gone. */
  let covered: 'buy' | 'sell' | null = null;
  const position = () => exchange.positions('main').find((each) => each.symbol === symbol && each.size !== 0) ?? null;
  const closes = () => {
    if (breachedAt !== null) delays.push(performance.now() - breachedAt);
    breachedAt = null;
  };
  exchange.listen({
    onMarket: () => {
      const held = position();
      if (held === null) {
        covered = null;
        return;
      }
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
      const side = held.size > 0 ? 'sell' : 'buy';
      if (covered === side && stops.length === 0 && breachedAt === null) faults.push('nothing rests any more');
      covered = stops.length > 0 ? side : null;
      // While one takes another's place, both rest.
      if (stops.length > 2) faults.push(`${stops.length} stops`);
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

  it.each(['binance-usdm', 'bybit-linear', 'deribit'] as const)(
    'F24: on %s it follows a position that others change, and at no moment does none rest',
    async (venue) => {
      world = await openWith(venue, 'venue', 2_000);
      const { exchange, symbol, instrument, until } = world;
      const stops = () => exchange.openOrders('main', symbol).filter((order) => order.type === 'stopMarket');
      const held = () => exchange.positions('main').find((each) => each.symbol === symbol)?.size ?? 0;
      const fits = () => stops().length === 1 && stops()[0]?.size === Math.abs(held()) && held() !== 0;
      await until('the position has its stop', () => fits() && Math.abs(held()) > 2 * instrument.lotSize, 30_000);
      let fewest = Number.POSITIVE_INFINITY;
      let most = 0;
      exchange.listen({
        onMarket: () => undefined,
        onAccount: () => {
          fewest = Math.min(fewest, stops().length);
          most = Math.max(most, stops().length);
        },
      });
      const before = stops()[0]?.orderId;
      const side = held() > 0 ? 'sell' : 'buy';
      const byHand = { clientOrderId: 'by-hand', symbol, side, size: instrument.lotSize, reduceOnly: true } as const;
      expect(exchange.place('main', marketOrder(byHand)).kind).toBe('accepted');
      await until('another one rests', () => fits() && stops()[0]?.orderId !== before, 10_000);
      expect([fewest, most]).toEqual([1, 2]);
    },
    60_000,
  );
});
