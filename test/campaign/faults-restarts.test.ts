import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import type { Instrument, VenueId } from '#core/market/instrument.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import { orderIdPrefix } from '#core/orders/client-order-id.ts';
import type { SimulatedOrder } from '#simulation/exchange/simulated-exchange.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import type { OrderAct } from '#simulation/scenarios/bot-act.ts';
import { isEntry, isNew } from '#simulation/scenarios/conditions.ts';
import { type EngineProcess, type EngineProcesses, openEngineProcesses } from '../support/engine-process.ts';
import { comeToRest, tradeOn, watchEntries } from '../support/engine-process-truth.ts';
import { eventsOf } from '../support/events-of.ts';

const MINUTES = 60_000;
/** What is judged here is what the successor knows; how soon it is there is judged where the machine has nothing else to do (`test/emulator/engines.test.ts`). */
const TAKEOVER_MS = MINUTES;
/** A busy machine is not to cost an engine its leases. */
const LEASES = { MILLRACE_LEASE_MS: '9000', MILLRACE_LEASE_RENEW_MS: '2000' };
/** Trades all the time. */
const QUICK: VenueId = 'binance-usdm';
/** Fourteen lanes whose entries rest until they are taken. */
const MANY: VenueId = 'bybit-linear';
const WORKING = 14;
/** Holds what it holds, and remembers little. */
const OLD: VenueId = 'deribit';
const REMEMBERED = 20;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Markets alike but for their names. */
function manyInstruments(): readonly Instrument[] {
  const [first] = builtInInstruments(MANY);
  if (first === undefined) throw new Error(`${MANY} has no instrument`);
  return Array.from({ length: WORKING }, (_, index) => {
    const baseCurrency = `M${String.fromCharCode(65 + index)}`;
    return { ...first, baseCurrency, symbol: `${baseCurrency}USDT` };
  });
}

function configured(configuration: RuntimeConfiguration): RuntimeConfiguration {
  for (const lane of configuration.lanes) {
    const { venue, strategy } = lane;
    // What follows each order outside the engines is another test's business.
    lane.confirm = 'unseen';
    strategy.takeTicks = 8 * strategy.entryTicks;
    // Each entry that is refused is told as well, and a lane at rest is refused all the time.
    strategy.cooldownMs = venue === QUICK ? 1_000 : 10_000;
    lane.limits.maxDataAgeMs = 1_000;
    if (venue === QUICK) strategy.restMs = 4_000;
    if (venue === MANY) strategy.restMs = 600_000;
    if (venue === OLD) {
      strategy.holdMs = 3_600_000;
      strategy.takeProfitTicks = 1_000_000;
      strategy.stopLossTicks = 1_000_000;
    }
  }
  return configuration;
}

describe('M5: engines that end in the middle of it, and their successors', () => {
  let world: EngineProcesses;
  let engines = 0;

  beforeAll(async () => {
    const many = manyInstruments();
    world = await openEngineProcesses({
      name: 'faults-restarts',
      venues: [
        { venue: QUICK, market: { eventsPerSecond: 50 } },
        {
          venue: MANY,
          instruments: many,
          market: { eventsPerSecond: 5, startPrices: Object.fromEntries(many.map(({ symbol }) => [symbol, '61800'])) },
        },
        { venue: OLD, exchange: { historyLimit: REMEMBERED }, market: { eventsPerSecond: 10 } },
      ],
      configure: configured,
      environment: LEASES,
    });
    const old = world.venue(OLD);
    old.trade(symbolOf(OLD), 'buy', 75 * (old.symbols[0]?.instrument.lotSize ?? 1));
    await world.wish(OLD, 'reduce', 'holds what it holds');
    await world.wish(MANY, 'reduce', 'not yet');
  }, 5 * MINUTES);
  afterAll(() => world?.close(), 2 * MINUTES);

  /** Two engines, one of which trades. */
  beforeEach(async () => {
    while (world.engines().length < 2) {
      engines += 1;
      await world.start(`e${engines}`);
    }
    await tradeOn(world, QUICK, MINUTES);
  }, 2 * MINUTES);

  const symbolOf = (id: VenueId) => world.venue(id).symbols[0]?.instrument.symbol ?? '';

  async function traderOf(id: VenueId): Promise<EngineProcess> {
    const trader = await world.trader(id);
    if (trader === null) throw new Error(`nobody trades ${id}`);
    return trader;
  }

  /** The first act of the venue's watch that fits. */
  function nextAct<Found>(
    id: VenueId,
    look: (act: Parameters<Parameters<ReturnType<typeof watchOf>['onAct']>[0]>[0]) => Found | null,
  ): Promise<Found> {
    return new Promise((resolve) => {
      const stop = watchOf(id).onAct((act) => {
        const found = look(act);
        if (found === null) return;
        stop();
        resolve(found);
      });
    });
  }
  const watchOf = (id: VenueId) => world.venue(id).watch;

  /** The next entry of a venue's lanes, once the venue has it. */
  const nextEntry = (id: VenueId) =>
    nextAct(id, (act): OrderAct | null =>
      isNew(act) && isEntry(world.venue(id).exchange, act.order, act.held) ? act : null,
    );

  /** The same as the venue has it now. */
  function orderNow(id: VenueId, { orderId }: SimulatedOrder): SimulatedOrder {
    const { exchange, account } = world.venue(id);
    const order = exchange.order(account, { orderId, clientOrderId: null });
    if (order === null) throw new Error(`the venue has forgotten ${orderId}`);
    return order;
  }

  /** How long it takes until another engine than `gone` may trade. */
  const takenOver = (id: VenueId, gone: EngineProcess) =>
    world.until(
      `${id} is taken over`,
      async () => {
        const trader = await world.trader(id);
        return trader !== null && trader !== gone;
      },
      TAKEOVER_MS,
    );

  it('G10: killed between the intent and the request: the order never reaches the venue, and the successor proves that it never lived', async () => {
    const trader = await traderOf(QUICK);
    const venue = world.venue(QUICK);
    const entries = watchEntries(venue);
    const placed = () => new Set(venue.exchange.orders(venue.account, null).map((order) => order.clientOrderId));
    const laneOf = async () =>
      (await trader.status())?.units.find((unit) => unit.unit === venue.unit)?.lanes.at(0) ?? null;
    let id: string | null = null;
    for (let attempt = 0; id === null && attempt < 10; attempt += 1) {
      await world.until('its lane is idle', async () => (await laneOf())?.state === 'Idle', MINUTES);
      const before = world.events.length;
      // What it sends from now on stays in the line; what the venue tells still comes.
      trader.link('venues', 'mute');
      const unsent = () =>
        eventsOf(world.events.slice(before), 'order.intended').find(
          (event) => event.venue === QUICK && !placed().has(event.body.clientOrderId),
        );
      await world.until('an intent that was not sent', () => unsent() !== undefined, 15_000).catch(() => undefined);
      id = unsent()?.body.clientOrderId ?? null;
      if (id === null) trader.link('venues', 'open');
    }
    if (id === null) throw new Error('no intent stayed in the line');
    await trader.kill();
    await takenOver(QUICK, trader);
    await comeToRest(world, QUICK, MINUTES);
    expect(placed().has(id)).toBe(false);
    const order = await world.ledger.readOrder(world.account, id);
    expect(order?.state).toMatchObject({ state: expect.stringMatching(/Rejected|Denied/) });
    expect(entries.doubled).toEqual([]);
  });

  it('G10: killed between the request and its acknowledgement: the successor finds the order, and nothing is doubled', async () => {
    const trader = await traderOf(QUICK);
    const entries = watchEntries(world.venue(QUICK));
    // The venue hears the request before it carries it out.
    await nextAct(QUICK, (act) => {
      if (act.kind !== 'request' || act.asked !== 'place' || act.reduceOnly) return null;
      void trader.kill();
      return act;
    });
    const { order } = await nextEntry(QUICK);
    await takenOver(QUICK, trader);
    await comeToRest(world, QUICK, MINUTES);
    const known = await world.ledger.readOrder(world.account, order.clientOrderId ?? '');
    expect(known?.state?.evidence.length).toBeGreaterThan(0);
    expect(entries.doubled).toEqual([]);
  });

  it('G10: killed between the acknowledgement and the fill: the successor finds the fill and holds the position', async () => {
    const venue = world.venue(QUICK);
    const entries = watchEntries(venue);
    let struck: { readonly trader: EngineProcess; readonly order: SimulatedOrder } | null = null;
    while (struck === null) {
      const trader = await traderOf(QUICK);
      const { order } = await nextEntry(QUICK);
      const accepted = () =>
        eventsOf(world.events, 'order.state').some(
          ({ body }) => body.clientOrderId === order.clientOrderId && body.to === 'Accepted',
        );
      await world.until('acknowledged, or gone', () => accepted() || orderNow(QUICK, order).status !== 'open');
      if (!accepted() || orderNow(QUICK, order).status !== 'open') continue;
      await trader.kill();
      if (venue.fill(order)) struck = { trader, order };
      else throw new Error('the order could not be filled');
    }
    await takenOver(QUICK, struck.trader);
    await comeToRest(world, QUICK, MINUTES);
    const known = await world.ledger.readOrder(world.account, struck.order.clientOrderId ?? '');
    expect(known?.state).toMatchObject({ state: 'Filled' });
    expect(entries.doubled).toEqual([]);
  });

  it('G11: stopped, and going on when its successor trades: it places nothing', async () => {
    const trader = await traderOf(QUICK);
    const venue = world.venue(QUICK);
    const entries = watchEntries(venue);
    const unit = (await trader.status())?.units.find((each) => each.unit === venue.unit);
    if (unit === undefined) throw new Error(`${trader.name} has no ${venue.unit}`);
    const prefix = orderIdPrefix('paper', venue.unit, unit.epoch);
    const placed = () =>
      venue.exchange.orders(venue.account, null).filter((order) => order.clientOrderId?.startsWith(prefix) === true)
        .length;
    trader.signal('SIGSTOP');
    await takenOver(QUICK, trader);
    const before = placed();
    const requests = venue.watch.acts.length;
    trader.signal('SIGCONT');
    await pause(5_000);
    expect(placed()).toBe(before);
    const tried = venue.watch.acts
      .slice(requests)
      .filter((act) => act.kind === 'request' && act.asked === 'place' && act.ids.some((id) => id.startsWith(prefix)));
    expect(tried).toEqual([]);
    await comeToRest(world, QUICK, MINUTES);
    expect(entries.doubled).toEqual([]);
  });

  it('F5: started while every question fails: an old order stays open and its lane takes no entries; it is followed once it can be asked', async () => {
    const venue = world.venue(QUICK);
    const entries = watchEntries(venue);
    const trader = await traderOf(QUICK);
    const statusOf = async () =>
      (await Promise.all(world.engines().map((each) => each.status())))
        .flatMap((status) => status?.units ?? [])
        .find((unit) => unit.unit === venue.unit);
    let { order } = await nextEntry(QUICK);
    while (orderNow(QUICK, order).status !== 'open') order = (await nextEntry(QUICK)).order;
    // Nobody takes it meanwhile.
    venue.pause();
    await trader.kill();
    try {
      venue.server.faults.setMaintenance(true);
      await world.until('a successor holds it', async () => (await statusOf()) !== undefined, TAKEOVER_MS);
      await pause(8_000);
      const unit = await statusOf();
      expect(unit?.closed ?? unit?.fence).toMatch(/not recovered|maintenance/);
      const meanwhile = await world.ledger.readOrder(world.account, order.clientOrderId ?? '');
      expect(orderNow(QUICK, order).status).toBe('open');
      expect(meanwhile?.state?.state ?? 'not told').not.toMatch(/Canceled|Rejected|Expired|Filled/);
    } finally {
      venue.server.faults.setMaintenance(false);
      venue.resume();
    }
    await world.until('trading is open again', async () => (await statusOf())?.fence === null, MINUTES);
    await comeToRest(world, QUICK, MINUTES);
    expect(entries.doubled).toEqual([]);
  });

  it.each([
    'F5: killed with a working order, and its first questions are refused: nothing beside it',
    'F7: traded by hand while it was away: asked what is held before any entry',
    'F9: killed with a working order: asked before any entry',
    'G10: killed with an order on its way: asked before any entry',
  ])('the card’s %s', async (title) => {
    const venue = world.venue(QUICK);
    const entries = watchEntries(venue);
    const trader = await traderOf(QUICK);
    const row = title.slice(0, title.indexOf(':'));
    const verdict = await venue.judge(row, MINUTES, () => void trader.kill());
    process.stdout.write(`${row} on ${QUICK}: ${verdict.kind}: ${verdict.because}\n`);
    expect(verdict.kind, verdict.because).toBe('survived');
    await comeToRest(world, QUICK, MINUTES);
    expect(entries.doubled).toEqual([]);
  });

  it('F9: killed with fourteen working orders: each is found again and followed to its end', async () => {
    const venue = world.venue(MANY);
    const entries = watchEntries(venue);
    await world.wish(MANY, 'run', 'enter everywhere');
    const working = () =>
      venue.exchange.openOrders(venue.account, null).filter((order) => order.clientOrderId !== null);
    await world.until('it is traded', async () => (await world.trader(MANY)) !== null, MINUTES);
    const trader = await traderOf(MANY);
    let before: readonly SimulatedOrder[] = [];
    const struck = (): boolean => {
      const now = working();
      if (now.length < WORKING) return false;
      before = now;
      // Nobody takes any of them while nobody is there.
      venue.pause();
      void trader.kill();
      return true;
    };
    // That so many rest at one moment is a matter of luck.
    await world.until('fourteen work', struck, 6 * MINUTES);
    venue.resume();
    await takenOver(MANY, trader);
    await world.wish(MANY, 'flatten', 'it is over');
    await comeToRest(world, MANY, 2 * MINUTES);
    for (const { clientOrderId } of before) {
      const known = await world.ledger.readOrder(world.account, clientOrderId ?? '');
      expect(known?.state?.evidence.length, clientOrderId ?? '').toBeGreaterThan(0);
    }
    expect(entries.doubled).toEqual([]);
  });

  it('F7: started with a position that nobody told and whose fills the venue has forgotten: it is taken over with the reason, and entries wait', async () => {
    const venue = world.venue(OLD);
    const symbol = symbolOf(OLD);
    const instrument = venue.symbols[0]?.instrument;
    if (instrument === undefined) throw new Error(`${OLD} has no instrument`);
    const text = (lots: number) => formatScaled(lots * instrument.lotSize, instrument.sizeScale);
    await Promise.all(world.engines().map((each) => each.stop()));
    const ledgerSize = async () =>
      (await world.ledger.readPositions(world.account, { venue: OLD, symbol })).at(0)?.size ?? '0';
    await world.until('the ledger has the old position', async () => Number(await ledgerSize()) === Number(text(75)));
    // 75 are known here; the venue comes to −65 by trades that it no longer lists.
    expect(venue.trade(symbol, 'sell', 140 * instrument.lotSize)).toBe(true);
    for (let trade = 0; trade < 2 * REMEMBERED; trade += 1)
      venue.trade(symbol, trade % 2 === 0 ? 'buy' : 'sell', instrument.lotSize);
    expect(Number(venue.position(symbol))).toBe(Number(text(-65)));
    // It may trade, as far as people wish.
    await world.wish(OLD, 'run', 'as before');
    const before = world.events.length;
    const entries = watchEntries(venue);
    engines += 1;
    await world.start(`e${engines}`);
    const adjusted = () =>
      eventsOf(world.events.slice(before), 'position.adjusted').filter((each) => each.venue === OLD);
    await world.until('it is taken over', async () => Number(await ledgerSize()) === Number(text(-65)), MINUTES);
    expect(adjusted().length).toBeGreaterThan(0);
    for (const { body } of adjusted()) expect(body.reason).not.toBe('');
    const lane = (await (await traderOf(OLD)).status())?.units
      .find((unit) => unit.unit === venue.unit)
      ?.lanes.find((each) => each.symbol === symbol);
    expect(Number(lane?.position)).toBe(Number(text(-65)));
    expect(lane?.state).toBe('PositionOpen');
    const reduces = () =>
      eventsOf(world.events.slice(before), 'lane.entries').some(
        ({ venue: of, body }) => of === OLD && /nothing explains/.test(body.reason ?? ''),
      );
    await world.until('it only reduces', reduces);
    expect(entries.entries).toBe(0);
  });
});
