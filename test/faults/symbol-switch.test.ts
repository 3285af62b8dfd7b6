import { afterEach, describe, expect, it } from 'vitest';
import type { ScannerConfiguration } from '#core/config/scanner-configuration.ts';
import { type Instrument, notional } from '#core/market/instrument.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { marketOrder } from '#simulation/exchange/market-order.ts';
import type { SimulatedExchange } from '#simulation/exchange/simulated-exchange.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { startPriceOf } from '#simulation/market-sources/generated-market.ts';
import { type EngineWorld, type EngineWorldOptions, openEngineWorld } from '../support/engine-world.ts';
import { openFeedWorld } from '../support/feed-world.ts';
import { followingLane, switchFaults } from '../support/following-lane.ts';

const VENUE = 'bybit-linear';
const UNIT = `paper/main/${VENUE}`;
const [FIRST, SECOND] = builtInInstruments(VENUE);
if (FIRST === undefined || SECOND === undefined) throw new Error('too few instruments');

let world: EngineWorld | null = null;
afterEach(async () => {
  const faults = world === null ? [] : switchFaults(world.publisher.events);
  await world?.close();
  world = null;
  // Of every one of these runs: no entry outside Trading, none on a symbol that is not the lane's.
  expect(faults).toEqual([]);
});

async function opened(
  options: Partial<EngineWorldOptions> = {},
  changes: Partial<ScannerConfiguration> = {},
): Promise<EngineWorld> {
  world = await openEngineWorld({ venue: VENUE, symbols: 2, change: followingLane(VENUE, changes), ...options });
  return world;
}

const unit = (of: EngineWorld) => of.engine.units().find((each) => each.unit === UNIT);
const change = (of: EngineWorld) => unit(of)?.switches[0];
const trades = (of: EngineWorld, { symbol }: Instrument) =>
  change(of)?.state === 'Trading' && change(of)?.symbol === symbol;
const steps = (of: EngineWorld) => of.publisher.told('lane.symbol').map(({ body }) => `${body.from} > ${body.to}`);
const late = (of: EngineWorld) => of.engine.metrics.dropped.get('bookNotCarried') ?? 0;
const held = (of: EngineWorld, { symbol }: Instrument) =>
  of.exchange.positions('main').find((each) => each.symbol === symbol)?.size ?? 0;

/** Somebody buys in the venue's own page. */
function buyByHand(exchange: SimulatedExchange, instrument: Instrument): void {
  const { symbol, lotSize } = instrument;
  const lots = Math.ceil(3_000 / notional(instrument, startPriceOf(instrument) as Price, lotSize));
  exchange.place(
    'main',
    marketOrder({ clientOrderId: `by-hand-${symbol}`, symbol, side: 'buy', size: (lots * lotSize) as Size }),
  );
}

describe('a lane whose symbol a scanner picks, on the feeds of an engine', () => {
  it('H4, H17: begins on its first symbol by confirmed steps; of the other only quotes and trades are carried; it leaves when its quotes are old', async () => {
    const here = await opened();
    await here.until('it trades', () => trades(here, FIRST));
    expect(steps(here)).toEqual([
      'Locating > Subscribing',
      'Subscribing > AwaitingBook',
      'AwaitingBook > Recovering',
      'Recovering > Trading',
    ]);
    expect(here.engine.feeds()[0]?.books.map((book) => book.symbol)).toEqual([FIRST.symbol]);
    buyByHand(here.exchange, FIRST);
    await here.until('it holds something', () => unit(here)?.lanes[0]?.position !== '0');
    here.venue.faults.pausePublic(FIRST.symbol);
    await here.until('it trades the other', () => trades(here, SECOND));
    here.venue.faults.resumePublic(FIRST.symbol);
    expect(steps(here).slice(4)).toEqual([
      'Trading > Closing',
      'Closing > Unsubscribing',
      'Unsubscribing > Subscribing',
      'Subscribing > AwaitingBook',
      'AwaitingBook > Recovering',
      'Recovering > Trading',
    ]);
    expect(held(here, FIRST)).toBe(0);
    expect(here.engine.feeds()[0]?.books.map((book) => book.symbol)).toEqual([SECOND.symbol]);
    const [proposal] = here.publisher.told('scanner.proposed');
    expect(proposal?.body.figures.map(({ symbol, reason }) => [symbol, reason])).toEqual([
      [FIRST.symbol, 'stale'],
      [SECOND.symbol, null],
    ]);
    expect(unit(here)?.lanes.map((lane) => [lane.symbol, lane.entriesPaused])).toEqual([[SECOND.symbol, null]]);
  }, 60_000);

  it('G5: an unsubscription that is refused keeps the lane from any symbol, old ticks reach nobody, and it is asked again until it is confirmed', async () => {
    const here = await opened();
    await here.until('it trades', () => trades(here, FIRST));
    here.venue.faults.arm('unsubscribeRefused', 1);
    here.venue.faults.pausePublic(FIRST.symbol);
    await here.until('it was refused', () => (change(here)?.failed ?? 0) > 0);
    // The old symbol's frames come again, and nobody has unsubscribed them.
    here.venue.faults.resumePublic(FIRST.symbol);
    const before = late(here);
    await here.until('old ticks come', () => late(here) > before + 20);
    expect(unit(here)?.lanes).toEqual([]);
    expect(here.engine.health().parts[`lane/${UNIT}/follower`]?.ok).toBe(false);
    expect(here.publisher.told('alert').map(({ body }) => body.code)).toContain('SYMBOL_SWITCH_FAILED');
    await here.until('it trades the other', () => trades(here, SECOND));
    expect(here.venue.faults.happened('unsubscribeRefused')).toBe(1);
    const after = late(here);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(late(here)).toBe(after);
  }, 60_000);

  it('G6: proposals that come faster than a change takes: the latest wins, and none waits', async () => {
    const here = await opened();
    await here.until('it trades', () => trades(here, FIRST));
    here.venue.faults.setAnswerDelayMs(700);
    for (const paused of [FIRST, SECOND, FIRST]) {
      here.venue.faults.pausePublic(paused.symbol);
      const other = paused === FIRST ? SECOND : FIRST;
      await here.until(`${other.symbol} is wanted`, () => change(here)?.wanted === other.symbol);
      here.venue.faults.resumePublic(paused.symbol);
    }
    here.venue.faults.setAnswerDelayMs(0);
    await here.until('it trades the last', () => trades(here, SECOND));
    expect(change(here)?.dropped.replaced).toBeGreaterThan(0);
    expect(here.publisher.told('scanner.proposed').length).toBeGreaterThanOrEqual(3);
  }, 60_000);

  it('H2, H4: a takeover in the middle of a change begins where something is held, and closes what is held elsewhere before anything is entered', async () => {
    const here = await opened({
      before: (exchange) => {
        exchange.advanceTo((exchange.now() + 50) as EpochMs);
        buyByHand(exchange, FIRST);
        buyByHand(exchange, SECOND);
      },
      readLaneMemory: async () => ({ symbol: SECOND.symbol, heights: null }),
    });
    await here.until('it trades', () => change(here)?.state === 'Trading');
    expect(change(here)?.symbol).toBe(SECOND.symbol);
    expect(held(here, FIRST)).toBe(0);
    const closing = here.publisher.told('order.intended').filter(({ body }) => body.symbol === FIRST.symbol);
    expect(closing.map(({ body }) => [body.reduceOnly, body.purpose])).toEqual([[true, 'flatten']]);
  }, 60_000);

  it('R3: a changed scanner, and lanes with fixed symbols in its place and back, are taken while it trades', async () => {
    const here = await opened();
    await here.until('it trades', () => trades(here, FIRST));
    buyByHand(here.exchange, FIRST);
    await here.until('it holds something', () => unit(here)?.lanes[0]?.position !== '0');
    const books = () => here.engine.feeds()[0]?.books.map((book) => book.symbol);
    const changed = here.configured(followingLane(VENUE, { margin: 50 }));
    await here.engine.reconfigure(changed);
    expect(here.engine.health().parts.configuration).toEqual({ ok: true, state: changed.hash });
    // It begins where its position is.
    await here.until('it trades again', () => trades(here, FIRST));
    const fixed = here.configured((plain) => plain);
    await here.engine.reconfigure(fixed);
    expect(here.engine.health().parts.configuration).toEqual({ ok: true, state: fixed.hash });
    expect(unit(here)?.switches).toEqual([]);
    expect(unit(here)?.lanes.map((lane) => lane.symbol)).toEqual([FIRST.symbol, SECOND.symbol]);
    expect(books()).toEqual([FIRST.symbol, SECOND.symbol]);
    await here.engine.reconfigure(changed);
    await here.until('it follows again', () => change(here)?.state === 'Trading');
    expect(books()).toEqual([change(here)?.symbol]);
    expect(here.publisher.told('alert').map(({ body }) => body.code)).not.toContain('POSITION_WITHOUT_LANE');
  }, 60_000);

  it('H12, H17: what was lost on its other symbols today counts, whoever held the lease: it begins, and enters nothing', async () => {
    const here = await opened({
      ledgerOf: (symbol) => (symbol === SECOND.symbol ? { realizedToday: -1e9 } : {}),
    });
    await here.until('it trades', () => trades(here, FIRST));
    await here.until(
      'entries stop',
      () => unit(here)?.lanes[0]?.entriesPaused?.includes('together have lost') === true,
    );
  }, 60_000);

  it('H12, H17: the height that the day of its symbols reached counts, whoever held the lease: it begins, and enters nothing', async () => {
    const heights = { day: Math.floor(Date.now() / 86_400_000), of: new Map([[FIRST.settlementCurrency, 1e9]]) };
    const here = await opened({
      readLaneMemory: async () => ({ symbol: FIRST.symbol, heights }),
      change: (plain) => {
        const following = followingLane(VENUE, {})(plain);
        const limited = following.lanes.map((lane) => ({ ...lane, limits: { ...lane.limits, maxDrawdown: 1_000 } }));
        return { ...following, lanes: limited };
      },
    });
    await here.until('it trades', () => trades(here, FIRST));
    await here.until(
      'entries stop',
      () => unit(here)?.lanes[0]?.entriesPaused?.includes("fallen from the day's height") === true,
    );
    await here.until('it is told to whoever comes next', () => here.publisher.told('lane.heights').length > 0);
    expect(here.publisher.told('lane.heights')[0]?.body.heights).toEqual({
      [FIRST.settlementCurrency]: '1000000000.00000000',
    });
  }, 60_000);

  it('H4: what is filled on a symbol that was left stops entries, is closed, and entries go on', async () => {
    const here = await opened();
    await here.until('it trades', () => trades(here, FIRST));
    here.venue.faults.pausePublic(FIRST.symbol);
    await here.until('it trades the other', () => trades(here, SECOND));
    here.venue.faults.resumePublic(FIRST.symbol);
    const paused = () =>
      here.publisher.told('lane.entries').filter(({ body }) => body.symbol === SECOND.symbol && body.paused);
    const before = paused().length;
    buyByHand(here.exchange, FIRST);
    await here.until('entries stop', () => paused().length > before);
    expect(paused().at(-1)?.body.reason).toBe(`${FIRST.symbol} is not at rest`);
    await here.until('it is closed', () => held(here, FIRST) === 0);
    await here.until('entries go on', () => unit(here)?.lanes.at(-1)?.entriesPaused === null);
    expect(trades(here, SECOND)).toBe(true);
  }, 60_000);
});

describe('what a feed carries for lanes that change their symbols', () => {
  it('G5: an answer that is lost counts as none: the book is gone at once, and it is asked again until the venue confirms', async () => {
    const here = await openFeedWorld({ venue: VENUE, watched: true });
    try {
      const [symbol = ''] = here.symbols;
      await here.until('it is live', () => here.feed.status().connections[0]?.status.state === 'live');
      expect(here.feed.status().books).toEqual([]);
      let carried = false;
      void here.feed.carry(symbol, 'lane').then(() => {
        carried = true;
      });
      await here.until('it is carried', () => carried);
      await here.until('its book is whole', () => here.feed.book(symbol)?.valid === true);
      here.server.faults.arm('unsubscribeLost', 1);
      let outcome = '';
      const release = () =>
        void here.feed.release(symbol, 'lane').then(
          () => {
            outcome = 'confirmed';
          },
          (error: unknown) => {
            outcome = String(error);
          },
        );
      release();
      expect(here.feed.book(symbol)).toBeNull();
      const told = here.quoted.get(symbol) ?? 0;
      await here.until('nobody answered', () => outcome !== '', 30_000);
      expect(outcome).toContain('ACK_MISSING');
      outcome = '';
      release();
      await here.until('it is confirmed', () => outcome !== '', 30_000);
      expect(outcome).toBe('confirmed');
      expect(here.server.faults.happened('unsubscribeLost')).toBe(1);
      expect(here.quoted.get(symbol) ?? 0).toBe(told);
    } finally {
      await here.close();
    }
  }, 60_000);

  it('H4: what another lane holds, or the configuration wants, stays', async () => {
    const here = await openFeedWorld({ venue: VENUE, watched: true });
    try {
      const [symbol = ''] = here.symbols;
      await here.until('it is live', () => here.feed.status().connections[0]?.status.state === 'live');
      const done: string[] = [];
      const note = (what: string, run: Promise<void>) => void run.then(() => done.push(what));
      note('one', here.feed.carry(symbol, 'one'));
      note('two', here.feed.carry(symbol, 'two'));
      await here.until('both', () => done.length === 2);
      note('released', here.feed.release(symbol, 'one'));
      await here.until('released', () => done.includes('released'));
      await here.until('its book is whole', () => here.feed.book(symbol)?.valid === true);
      note('again', here.feed.release(symbol, 'two'));
      expect(here.feed.book(symbol)).toBeNull();
      await here.until('again', () => done.includes('again'));
      // Given back before its turn came: nothing is left subscribed for nobody.
      const outcomes: string[] = [];
      const carrying = [here.feed.carry(symbol, 'one'), here.feed.carry(here.symbols[1] ?? '', 'two')];
      for (const each of carrying)
        each.then(
          () => outcomes.push('carried'),
          (error: unknown) => outcomes.push(String(error)),
        );
      note('at once', here.feed.release(here.symbols[1] ?? '', 'two'));
      await here.until('all are answered', () => outcomes.length === 2 && done.includes('at once'));
      expect(outcomes.filter((each) => each === 'carried')).toHaveLength(1);
      expect(outcomes.some((each) => each.includes('SUBSCRIBE_OVERTAKEN'))).toBe(true);
      expect(here.feed.book(here.symbols[1] ?? '')).toBeNull();
      await expect(here.feed.carry('GONE', 'one')).rejects.toThrow('SYMBOL_NOT_FED');
    } finally {
      await here.close();
    }
  }, 60_000);
});
