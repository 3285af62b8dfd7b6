import { Decimal } from 'decimal.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import type { VenueId } from '#core/market/instrument.ts';
import type { SimulatedFill, SimulatedOrder } from '#simulation/exchange/simulated-exchange.ts';
import type { BotAct } from '#simulation/scenarios/bot-act.ts';
import { isEntry, isNew } from '#simulation/scenarios/conditions.ts';
import { type EngineProcesses, openEngineProcesses, type ProcessVenue } from '../support/engine-process.ts';
import { comeToRest, tradeOn } from '../support/engine-process-truth.ts';
import { eventsOf } from '../support/events-of.ts';

const MINUTES = 60_000;
/** The engine compares with the venue in this interval; a second more may pass. */
const FOUND_MS = 5_000 + 1_000;
const STOP_MS = 1_000;
const TIMES = 5;
const STOPS = 12;
/** Takes what it wants at once. */
const QUICK: VenueId = 'bybit-linear';
/** Lets its entries rest, and gives up soon when the price goes the other way. */
const RESTING: VenueId = 'binance-usdm';
const LATE_MS = 2_500;
const PATIENT_LEASES = { MILLRACE_LEASE_MS: '20000', MILLRACE_LEASE_RENEW_MS: '2000' };
/** What is left in the wallet of an account that is to be liquidated. */
const LEFT = '0.000001';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
function configured(configuration: RuntimeConfiguration): RuntimeConfiguration {
  for (const lane of configuration.lanes) {
    const { strategy } = lane;
    lane.confirm = 'unseen';
    strategy.cooldownMs = 1_000;
    // A busy machine is late.
    lane.limits.maxDataAgeMs = 1_000;
    // Held until it is taken away, or the stop loss calls.
    strategy.holdMs = 20_000;
    strategy.takeProfitTicks = 20 * strategy.stopLossTicks;
    if (lane.venue === QUICK) {
      strategy.takeTicks = strategy.entryTicks;
      strategy.stopLossTicks = 20 * strategy.stopLossTicks;
    } else {
      strategy.takeTicks = 20 * strategy.entryTicks;
      strategy.restMs = 60_000;
      strategy.stopLossTicks = 10;
    }
  }
  return configuration;
}

/** `least`, `middle` and `most` of what was measured, whole milliseconds. */
function summaryOf(times: readonly number[]): string {
  const sorted = times.map(Math.round).sort((left, right) => left - right);
  return `${sorted[0]} / ${sorted[Math.floor(sorted.length / 2)]} / ${sorted.at(-1)} ms (least, middle, most of ${sorted.length})`;
}

function tell(what: string, times: readonly number[]): void {
  process.stdout.write(`measured ${what}: ${summaryOf(times)}\n`);
}

describe('M6: how soon the engine finds what it was not told, and acts', () => {
  let world: EngineProcesses;

  beforeAll(async () => {
    world = await openEngineProcesses({
      name: 'faults-measured',
      venues: [
        { venue: QUICK, market: { eventsPerSecond: 50 } },
        { venue: RESTING, market: { eventsPerSecond: 50 } },
      ],
      environment: PATIENT_LEASES,
      configure: configured,
    });
    await world.start('a');
    for (const { venue } of world.venues) await tradeOn(world, venue, MINUTES);
  }, 5 * MINUTES);
  afterAll(() => world?.close(), 2 * MINUTES);

  const symbolOf = (venue: ProcessVenue) => venue.symbols[0]?.instrument.symbol ?? '';

  function nextAct<Found>(venue: ProcessVenue, look: (act: BotAct) => Found | null): Promise<Found> {
    return new Promise((resolve) => {
      const stop = venue.watch.onAct((act) => {
        const found = look(act);
        if (found === null) return;
        stop();
        resolve(found);
      });
    });
  }

  const heldBy = (venue: ProcessVenue) =>
    venue.exchange.positions(venue.account).find(({ symbol }) => symbol === symbolOf(venue))?.size ?? 0;

  /** Wall clock at which the engine has told a fill, by the venue's id, or has taken over the venue's position after `since`. */
  async function foundAt(venue: ProcessVenue, since: number, fillId: string): Promise<number> {
    const told = (): number | null => {
      const fill = eventsOf(world.events, 'fill').find((event) => event.body.fillId === fillId);
      const adjusted = eventsOf(world.events, 'position.adjusted').find(
        (event) => event.venue === venue.venue && event.time >= since,
      );
      return fill?.time ?? adjusted?.time ?? null;
    };
    await world.until(`${fillId} is found`, () => told() !== null, 3 * FOUND_MS);
    return told() ?? Number.POSITIVE_INFINITY;
  }

  /** Keeps from the account stream what happens next, until it is taken back. */
  function mute(venue: ProcessVenue): () => void {
    const { faults } = venue.server;
    faults.arm('suppressNextFill', 50);
    faults.arm('suppressNextReport', 50);
    return () => {
      for (const fault of ['suppressNextFill', 'suppressNextReport'] as const)
        while (faults.armed(fault) > 0) faults.take(fault);
    };
  }

  /** Waits until something is held, and nothing works that could change it by itself. */
  async function untilHeld(venue: ProcessVenue): Promise<number> {
    await world.until('something is held', () => heldBy(venue) !== 0, MINUTES);
    await pause(300);
    const held = heldBy(venue);
    return held === 0 ? untilHeld(venue) : held;
  }

  const lastFillId = (venue: ProcessVenue) => venue.fillIds().at(-1) ?? '';

  it('F12: a fill that is never told is found within the interval and a second', async () => {
    const venue = world.venue(QUICK);
    const times: number[] = [];
    while (times.length < TIMES) {
      await world.until('nothing is held', () => heldBy(venue) === 0, MINUTES);
      const stop = mute(venue);
      await nextAct(venue, (act): SimulatedFill | null => (act.kind === 'fill' ? act.fill : null));
      const at = Date.now();
      await pause(0);
      const id = lastFillId(venue);
      times.push((await foundAt(venue, at, id)) - at);
      stop();
    }
    tell('F12, a fill that was not told', times);
    expect(Math.max(...times)).toBeLessThan(FOUND_MS);
    await comeToRest(world, QUICK, MINUTES);
    await tradeOn(world, QUICK, MINUTES);
  });

  it('G13: a position that is closed by hand, told or not, is found within the interval and a second', async () => {
    const venue = world.venue(QUICK);
    const times: Record<'told' | 'untold', number[]> = { told: [], untold: [] };
    for (const [kind, list] of Object.entries(times)) {
      while (list.length < TIMES) {
        const held = await untilHeld(venue);
        const stop = kind === 'untold' ? mute(venue) : () => undefined;
        const at = Date.now();
        if (venue.trade(symbolOf(venue), held > 0 ? 'sell' : 'buy', Math.abs(held), true))
          list.push((await foundAt(venue, at, lastFillId(venue))) - at);
        stop();
        // Differences that come often halt a lane until people wish it to run.
        await world.wish(QUICK, 'run', 'go on');
      }
    }
    tell('G13, closed by hand and told', times.told);
    tell('G13, closed by hand and not told', times.untold);
    expect(Math.max(...times.told, ...times.untold)).toBeLessThan(FOUND_MS);
    await comeToRest(world, QUICK, MINUTES);
    await tradeOn(world, QUICK, MINUTES);
  });

  it('F25: a liquidation is found within the interval and a second, with the venue’s price and fee', async () => {
    const venue = world.venue(QUICK);
    const { exchange, account } = venue;
    const times: number[] = [];
    while (times.length < TIMES) {
      await untilHeld(venue);
      const currency = venue.symbols[0]?.instrument.settlementCurrency ?? '';
      const wallet = exchange.balances(account).find((each) => each.currency === currency)?.walletBalance ?? '0';
      const amount = new Decimal(wallet).sub(LEFT).toFixed();
      const untold = times.length % 2 === 1;
      const stop = untold ? mute(venue) : () => undefined;
      exchange.transfer(account, currency, `-${amount}`);
      const liquidated = nextAct(venue, (act) =>
        act.kind === 'fill' && act.fill.cause === 'liquidation' ? act.fill : null,
      );
      const fill = await Promise.race([liquidated, pause(5_000).then(() => null)]);
      const at = Date.now();
      await pause(0);
      exchange.transfer(account, currency, amount);
      if (fill !== null) {
        // It may take several prices: the first of its fills is looked for.
        const id =
          venue.fillIds()[exchange.fills(account, null).findIndex((each) => each.fillId === fill.fillId)] ?? '';
        times.push((await foundAt(venue, at, id)) - at);
        await world.until('the fill is told', () =>
          eventsOf(world.events, 'fill').some(({ body }) => body.fillId === id),
        );
        const told = eventsOf(world.events, 'fill').find(({ body }) => body.fillId === id);
        expect(Number(told?.body.fee)).toBeCloseTo(Number(fill.fee), 6);
      }
      stop();
      await world.wish(QUICK, 'run', 'go on');
    }
    tell('F25, liquidated, every other time untold', times);
    expect(Math.max(...times)).toBeLessThan(FOUND_MS);
    await comeToRest(world, QUICK, MINUTES);
    await tradeOn(world, QUICK, MINUTES);
  });

  it('H9: a stop loss is on the wire less than a second after the price has passed it', async () => {
    const venue = world.venue(RESTING);
    const { exchange, account } = venue;
    const [traded] = venue.symbols;
    if (traded === undefined) throw new Error('nothing is traded');
    const { symbol, priceScale, tickSize } = traded.instrument;
    const distance = 10 * tickSize;
    const times: number[] = [];
    const late: string[] = [];
    let since: number | null = null;
    const look = (): void => {
      const position = exchange.positions(account).find((each) => each.symbol === symbol);
      const book = exchange.book(symbol, 1);
      if (position === undefined || position.size === 0) {
        since = null;
        return;
      }
      const entry = Number(position.entryPrice) * 10 ** priceScale;
      const touch = (position.size > 0 ? book.bids[0] : book.asks[0])?.[0];
      const loss = touch === undefined ? 0 : position.size > 0 ? entry - touch : touch - entry;
      if (loss < distance) since = null;
      else since ??= venue.nowMs();
      if (since !== null && venue.nowMs() - since > STOP_MS)
        late.push(`${position.size} lots at ${position.entryPrice}`);
    };
    const unlisten = exchange.listen({
      onMarket: (event) => {
        if (event.kind === 'bookChange' && event.symbol === symbol) look();
      },
      onAccount: () => undefined,
    });
    const unwatch = venue.watch.onAct((act) => {
      const exits = act.kind === 'request' && act.asked === 'place' && act.reduceOnly;
      const triggered = act.kind === 'order' && act.change === 'triggered';
      if ((!exits && !triggered) || since === null) return;
      times.push(venue.nowMs() - since);
      since = null;
    });
    try {
      await world.until('enough stops', () => times.length >= STOPS || late.length > 0, 8 * MINUTES);
    } finally {
      unlisten();
      unwatch();
    }
    expect(late).toEqual([]);
    tell('stop loss, from the breach to the wire', times);
    expect(Math.max(...times)).toBeLessThan(STOP_MS);
  });

  it('F11: a fill that is told while the account is not reconciled counts at once', async () => {
    const venue = world.venue(RESTING);
    const statusOf = async () =>
      (await world.engines()[0]?.status())?.units.find((unit) => unit.unit === venue.unit) ?? null;
    const resting = async (): Promise<SimulatedOrder> => {
      for (;;) {
        const order = await nextAct(venue, (act) =>
          isNew(act) && isEntry(venue.exchange, act.order, act.held) && act.order.status === 'open' ? act.order : null,
        );
        await pause(500);
        const now = venue.exchange.order(venue.account, { orderId: order.orderId, clientOrderId: null });
        if (now?.status === 'open') return now;
      }
    };
    const order = await resting();
    // Nobody else takes it, and every answer is late: the stream is open again long before the account is compared.
    venue.pause();
    venue.server.faults.setAnswerDelayMs(LATE_MS);
    const opened = nextAct(venue, (act) => (act.kind === 'connected' && act.stream === 'private' ? act : null));
    venue.server.faults.arm('privateStreamExpires');
    await opened;
    await pause(LATE_MS / 2);
    expect((await statusOf())?.fence ?? null).not.toBeNull();
    const at = Date.now();
    expect(venue.fill(order)).toBe(true);
    const told = () =>
      eventsOf(world.events, 'fill').find(({ body }) => body.clientOrderId === order.clientOrderId) ?? null;
    await world.until('the fill is told', () => told() !== null, 10_000);
    tell('F11, a fill while the account is not reconciled', [(told()?.time ?? 0) - at]);
    expect((await statusOf())?.fence ?? null).not.toBeNull();
    venue.server.faults.setAnswerDelayMs(0);
    venue.resume();
    await comeToRest(world, RESTING, MINUTES);
  });
});

describe('F20', () => {
  it(
    'F20: ten times the usual rate: every frame that the venue sent is received, none is shed, no book has a gap',
    async () => {
      const world = await openEngineProcesses({
        name: 'faults-rate',
        venues: [{ venue: 'bybit-linear', symbols: 2, speed: 10 }],
        configure: configured,
        environment: PATIENT_LEASES,
      });
      try {
        const engine = await world.start('a');
        const venue = world.venue('bybit-linear');
        const books = async () => (await engine.status())?.feeds.flatMap((feed) => feed.books) ?? [];
        const whole = async () => (await books()).filter(({ valid }) => valid).length === 2;
        await world.until('the books are whole', whole, MINUTES);
        const before = venue.server.stats().framesSent;
        const began = performance.now();
        await pause(20_000);
        venue.pause();
        const seconds = (performance.now() - began) / 1e3;
        const framesSent = () => venue.server.stats().framesSent;
        const received = async () =>
          (await engine.status())?.accounts
            .filter((each) => each.venue === 'bybit-linear')
            .reduce((sum, each) => ({ received: sum.received + each.received, shed: sum.shed + each.shed }), {
              received: 0,
              shed: 0,
            });
        await world.until('all is received', async () => (await received())?.received === framesSent(), 30_000);
        process.stdout.write(`measured F20: ${Math.round((framesSent() - before) / seconds)} frames a second\n`);
        expect((await received())?.shed).toBe(0);
        expect((await books()).map(({ gaps }) => gaps)).toEqual([0, 0]);
        expect(eventsOf(world.events, 'feed.gap')).toEqual([]);
      } finally {
        await world.close();
      }
    },
    5 * MINUTES,
  );
});
