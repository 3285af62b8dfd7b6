import { afterEach, describe, expect, it } from 'vitest';
import { VENUES } from '#core/market/instrument.ts';
import { seededRandom } from '#core/time/seeded-random.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { type EngineWorld, openEngineWorld } from '../support/engine-world.ts';
import { followingLane, switchFaults } from '../support/following-lane.ts';

let world: EngineWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

const change = (of: EngineWorld) => of.engine.units()[0]?.switches[0];
const trades = (of: EngineWorld, symbol: string) => change(of)?.state === 'Trading' && change(of)?.symbol === symbol;
const heldOf = (of: EngineWorld, symbol: string) =>
  of.exchange.positions('main').find((each) => each.symbol === symbol)?.size ?? 0;

describe('a lane that changes its symbol', () => {
  it.each(VENUES)(
    'H4, H17: on %s it goes to the other symbol and back',
    async (venue) => {
      const [first, second] = builtInInstruments(venue);
      if (first === undefined || second === undefined) throw new Error('too few instruments');
      world = await openEngineWorld({ venue, symbols: 2, change: followingLane(venue, { maxAgeMs: 3_000 }) });
      const here = world;
      await here.until('it trades', () => change(here)?.state === 'Trading', 30_000);
      for (let turn = 0; turn < 3; turn += 1) {
        const from = change(here)?.symbol ?? '';
        const to = from === first.symbol ? second.symbol : first.symbol;
        here.venue.faults.pausePublic(from);
        await here.until(`it trades ${to}`, () => trades(here, to), 40_000);
        here.venue.faults.resumePublic(from);
      }
      expect(switchFaults(here.publisher.events)).toEqual([]);
    },
    180_000,
  );

  it.each([1, 2, 3])(
    'H2, H4, G5, G6: a minute of changes under faults, seed %s: never two symbols, and what is held is what the venue says',
    async (seed) => {
      const random = seededRandom(seed);
      const venue = 'bybit-linear';
      const [first, second] = builtInInstruments(venue);
      if (first === undefined || second === undefined) throw new Error('too few instruments');
      world = await openEngineWorld({ venue, seed, symbols: 2, change: followingLane(venue) });
      const here = world;
      const { faults } = here.venue;
      const strikes = [
        () => faults.arm('unsubscribeRefused', 1 + Math.floor(random.next() * 3)),
        () => faults.arm('unsubscribeLost'),
        () => faults.arm('placeTimesOutButAccepted'),
        () => faults.arm('cancelAnswerLost'),
        () => faults.arm('suppressNextFill'),
        () => faults.arm('queryNotFound'),
        () => here.venue.closeAll(),
        () => faults.setAnswerDelayMs(random.next() * 800),
      ];
      const until = performance.now() + 60_000;
      let paused = '';
      while (performance.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, 500 + random.next() * 2_500));
        if (random.next() < 0.4) strikes[Math.floor(random.next() * strikes.length)]?.();
        if (paused !== '') faults.resumePublic(paused);
        paused = random.next() < 0.7 ? (random.next() < 0.5 ? first.symbol : second.symbol) : '';
        if (paused !== '') faults.pausePublic(paused);
      }
      if (paused !== '') faults.resumePublic(paused);
      faults.setAnswerDelayMs(0);
      await here.until('it trades again', () => change(here)?.state === 'Trading', 90_000);
      expect(change(here)?.done).toBeGreaterThan(2);
      expect(switchFaults(here.publisher.events)).toEqual([]);
      const agree = () =>
        [first, second].every(({ symbol, sizeScale }) => {
          const lane = here.engine.units()[0]?.lanes.find((each) => each.symbol === symbol);
          return Number(lane?.position ?? '0') === heldOf(here, symbol) / 10 ** sizeScale;
        });
      await here.until('engine and venue hold the same', agree, 30_000);
      const ids = here.exchange.orders('main', null).map((order) => order.clientOrderId);
      expect(new Set(ids).size).toBe(ids.length);
      const intended = new Set(here.publisher.told('order.intended').map(({ body }) => body.clientOrderId));
      expect(ids.filter((id) => id !== null && !intended.has(id))).toEqual([]);
    },
    240_000,
  );
});
