import { afterEach, describe, expect, it } from 'vitest';
import type { RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import { notional, VENUES } from '#core/market/instrument.ts';
import { type Price, parseScaled, type Size } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { marketOrder } from '#simulation/exchange/market-order.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { startPriceOf } from '#simulation/market-sources/generated-market.ts';
import { type EngineWorld, openEngineWorld } from '../support/engine-world.ts';

let world: EngineWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

/** Orders that were told to have ended, by id. */
function ended(of: EngineWorld): Set<string> {
  return new Set(
    of.publisher
      .told('order.state')
      .filter((event) => event.body.terminal)
      .map((event) => event.body.clientOrderId),
  );
}

const submitted = (of: EngineWorld) =>
  of.publisher.told('order.state').filter((event) => event.body.to === 'Submitted').length;
const unit = (of: EngineWorld) => of.engine.units()[0];
const trading = (of: EngineWorld) => unit(of)?.closed === null && unit(of)?.fence === null;

describe.each(VENUES)('an engine on the simulated %s', (venue) => {
  it('H1, H3, M8: trades, follows every order to its end, and accounts for every frame', async () => {
    world = await openEngineWorld({ venue });
    const here = world;
    await here.until('three orders have ended', () => ended(here).size >= 3, 20_000);
    await here.engine.stop('test ends', 5_000);
    // A position that is left keeps its stop at the venue.
    const left = here.exchange.openOrders('main', null);
    expect(left.every((order) => order.type === 'stopMarket')).toBe(true);
    expect(ended(here).size + left.length).toBe(submitted(here));
    const received = here.publisher
      .accounts()
      .filter((account) => account.venue === venue)
      .reduce((sum, account) => sum + account.received, 0);
    expect(received).toBe(here.venue.stats().framesSent);
    const orders = here.exchange.orders('main', null);
    expect(new Set(orders.map((order) => order.clientOrderId)).size).toBe(orders.length);
    const fills = here.exchange.fills('main', null);
    expect(here.publisher.told('fill')).toHaveLength(fills.length);
  }, 40_000);

  it('R2, R10, R14: a venue that cuts every connection is found again: the gap is declared and the account reconciled before it trades', async () => {
    world = await openEngineWorld({ venue });
    const here = world;
    await here.until('it trades', () => trading(here));
    here.venue.closeAll();
    await here.until('the fence is up', () => !trading(here));
    const checksBefore = here.publisher.told('position.checked').length;
    await here.until('it trades again', () => trading(here), 20_000);
    await here.until('a gap is declared', () => here.publisher.told('feed.gap').length > 0);
    expect(here.publisher.told('position.checked').length).toBeGreaterThan(checksBefore);
    const [gap] = here.publisher.told('feed.gap');
    // A book that nobody changed meanwhile comes back under the number that it had.
    expect(Number(gap?.body.firstSequence)).toBeGreaterThanOrEqual(Number(gap?.body.lastSequence));
  }, 40_000);

  it('H2, F7: a position that was there before is taken over as the opening, and told with its evidence', async () => {
    const [instrument] = builtInInstruments(venue);
    if (instrument === undefined) throw new Error('no instrument');
    const { symbol, lotSize } = instrument;
    const size = Math.ceil(3_000 / notional(instrument, startPriceOf(instrument) as Price, lotSize)) * lotSize;
    world = await openEngineWorld({
      venue,
      before: (exchange) => {
        exchange.advanceTo((exchange.now() + 50) as EpochMs);
        exchange.place('main', marketOrder({ clientOrderId: 'by-hand', symbol, side: 'buy', size: size as Size }));
      },
    });
    const here = world;
    await here.until('it has recovered', () => unit(here)?.reconciled === true);
    // The fill lies within the recovery's window: it is told as the fill that it is, and needs no adjustment.
    const byHand = here.publisher
      .told('fill')
      .filter(({ body }) => body.clientOrderId === null || body.clientOrderId === 'by-hand')
      .reduce((sum, { body }) => sum + parseScaled(body.size, instrument.sizeScale), 0);
    expect(byHand).toBe(size);
    await here.until('it agrees with the venue', () =>
      here.publisher.told('position.checked').some((event) => event.body.agree),
    );
  }, 30_000);

  it('R1, T6: without keys the account is degraded, market data flows on, and keys that come later are taken', async () => {
    world = await openEngineWorld({ venue });
    const here = world;
    await here.until('it trades', () => trading(here));
    here.useKeys(null);
    await here.until('health says so', () => here.engine.health().parts[`keys/paper/main/${venue}`]?.ok === false);
    const messages = () => here.engine.feeds()[0]?.books[0]?.messages ?? 0;
    const before = messages();
    await here.until('the book goes on', () => messages() > before + 20);
    expect(here.engine.health().ok).toBe(true);
  }, 30_000);

  it('H15: a wish to stop pauses entries, cancels what works, and is told; a wish to run lifts it', async () => {
    world = await openEngineWorld({ venue });
    const here = world;
    await here.until('it trades', () => trading(here));
    here.leases.desired = { version: 1, wish: 'stop', frozenSymbols: [], reason: 'drill', by: 'test' };
    await here.until('entries are paused', () => unit(here)?.lanes[0]?.entriesPaused?.includes('drill') === true);
    expect(here.publisher.told('command.applied').at(-1)?.body).toMatchObject({ wish: 'stop', by: 'test' });
    here.leases.desired = { version: 2, wish: 'run', frozenSymbols: [], reason: 'over', by: 'test' };
    await here.until('entries go on', () => unit(here)?.lanes[0]?.entriesPaused === null);
  }, 30_000);

  it('M2, F29: a holder whose lease is not renewed sends nothing after its fence', async () => {
    world = await openEngineWorld({ venue });
    const here = world;
    await here.until('it trades', () => trading(here));
    here.leases.pause();
    await here.until('the fence has come', () => unit(here)?.closed === 'the lease has ended', 8_000);
    const placed = here.exchange.orders('main', null).length;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(here.exchange.orders('main', null)).toHaveLength(placed);
  }, 30_000);

  it('R9: while the trading stream is absent nothing is opened, and it goes on when the stream is back', async () => {
    world = await openEngineWorld({ venue });
    const here = world;
    await here.until('it trades', () => trading(here));
    here.publisher.blocked = 'no trading event acknowledged for 2 s';
    await here.until('the fence says why', () => unit(here)?.fence?.includes('no trading event') === true);
    here.publisher.blocked = null;
    await here.until('it trades again', () => trading(here));
  }, 30_000);
});

describe('a configuration that changes while an engine trades', () => {
  const lane = (configuration: RuntimeConfiguration) => {
    const [first] = configuration.lanes;
    if (first === undefined) throw new Error('no lane');
    return first;
  };

  it('R3: new limits are taken by the lane after its orders have come to rest, and stand on every event from then on', async () => {
    world = await openEngineWorld({ venue: 'bybit-linear' });
    const here = world;
    await here.until('an order is sent', () => submitted(here) > 0, 20_000);
    const tight = here.configured((configuration) => ({
      ...configuration,
      lanes: [{ ...lane(configuration), limits: { ...lane(configuration).limits, maxOrderSize: '0.001' } }],
    }));
    await here.engine.reconfigure(tight);
    const toldBefore = here.publisher.events.length;
    await here.until(
      'risk refuses by the new limit',
      () => here.publisher.told('order.denied').some((event) => event.body.code === 'ORDER_SIZE_LIMIT'),
      20_000,
    );
    for (const event of here.publisher.events.slice(toldBefore)) expect(event.configurationHash).toBe(tight.hash);
    expect(here.engine.health().parts.configuration).toEqual({ ok: true, state: tight.hash });
  }, 60_000);

  it('R3, R11: a symbol is added with its book and lane, and taken away again', async () => {
    world = await openEngineWorld({ venue: 'binance-usdm', symbols: 2 });
    const here = world;
    await here.until('it trades', () => trading(here));
    const both = here.configured((configuration) => configuration);
    const [feed] = both.configuration.feeds;
    const one = here.configured((configuration) => ({
      ...configuration,
      lanes: configuration.lanes.slice(0, 1),
      feeds: configuration.feeds.map((each) => ({ ...each, symbols: each.symbols.slice(0, 1) })),
    }));
    await here.engine.reconfigure(one);
    expect(here.engine.feeds()[0]?.books.map((book) => book.symbol)).toEqual(['BTCUSDT']);
    expect(unit(here)?.lanes.map((each) => each.symbol)).toEqual(['BTCUSDT']);
    await here.engine.reconfigure(both);
    expect(feed?.symbols).toEqual(['BTCUSDT', 'ETHUSDT']);
    await here.until(
      'the book of the new symbol is whole',
      () => here.engine.feeds()[0]?.books.find((book) => book.symbol === 'ETHUSDT')?.valid === true,
    );
    await here.until(
      'its lane sends an order',
      () =>
        here.publisher
          .told('order.intended')
          .some((event) => event.body.symbol === 'ETHUSDT' && event.configurationHash === both.hash),
      30_000,
    );
  }, 90_000);
});
