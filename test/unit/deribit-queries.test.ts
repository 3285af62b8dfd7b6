import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { ClientOrderId } from '#core/orders/order.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { VenueQueries } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { expiryOf } from '#venues/deribit/deliveries.ts';
import { deribit } from '#venues/deribit/venue.ts';
import {
  askVenue,
  createDeribitWorld,
  type DeribitWorld,
  INVERSE_BTC,
  intentOf,
  listenToAccount,
} from '../support/deribit-world.ts';
import { hastened } from '../support/hastened.ts';
import { until } from '../support/until.ts';

const SYMBOL = 'BTC-PERPETUAL';
let world: DeribitWorld;
let queries: VenueQueries;

function put(clientOrderId: string): void {
  const { symbol, side, type, timeInForce, price, size, reduceOnly } = intentOf(clientOrderId);
  world.exchange.place('main', {
    clientOrderId,
    symbol,
    side,
    type,
    timeInForce,
    price,
    triggerPrice: null,
    size,
    reduceOnly,
  });
}

async function classOf(question: Promise<unknown>): Promise<string> {
  const error = await question.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof VenueError)) throw new Error(`no VenueError: ${String(error)}`);
  return `${error.venueClass} ${error.venueCode}`;
}

describe('Deribit queries against the simulated venue', () => {
  beforeEach(async () => {
    world = await createDeribitWorld({ timers: hastened(5_000, 150) });
    queries = askVenue(world);
  });
  afterEach(async () => {
    await world.close();
    expect(world.venue.stats().errors).toEqual([]);
  });

  it('F3: an order is found by its label, whether it works or has ended; one that nobody placed is not found', async () => {
    put('q-1');
    expect(await queries.orderByClientId(SYMBOL, 'q-1')).toMatchObject({
      kind: 'found',
      report: { status: 'accepted', source: 'query' },
    });
    world.exchange.fill('q-1', 100);
    expect(await queries.orderByClientId(SYMBOL, 'q-1')).toMatchObject({
      kind: 'found',
      report: { status: 'filled', cumulativeSize: '100' },
    });
    expect(await queries.orderByClientId(SYMBOL, 'nobody')).toEqual({ kind: 'notFound' });
  });

  it('F4: a venue that forgets the label is asked for its history as well', async () => {
    put('f-1');
    world.exchange.fill('f-1', 100);
    world.venue.faults.arm('queryNotFound');
    expect(await queries.orderByClientId(SYMBOL, 'f-1')).toMatchObject({ kind: 'found' });
    expect(world.venue.faults.happened('queryNotFound')).toBe(1);
  });

  it('F3: orders and fills that are no longer at hand are found in the history', async () => {
    const from = Date.now() as EpochMs;
    put('old');
    world.exchange.fill('old', 100);
    for (const hours of [1, 25]) {
      world.venue.faults.setClockOffsetMs(hours * 3_600_000);
      const asked = askVenue(world);
      expect(await asked.orderByClientId(SYMBOL, 'old')).toMatchObject({ kind: 'found', report: { status: 'filled' } });
      expect((await asked.ordersSince(SYMBOL, from)).map((each) => each.clientOrderId)).toEqual(['old']);
      expect((await asked.fillsSince(SYMBOL, from)).map((each) => each.size)).toEqual(['100']);
    }
  });

  it('M1: what lives, what ended and what filled since a time is found, once each, oldest first', async () => {
    const from = Date.now() as EpochMs;
    for (const id of ['a', 'b', 'c']) put(id);
    world.exchange.fill('a', 100);
    world.exchange.fill('b', 30);
    world.exchange.cancel('main', { orderId: null, clientOrderId: 'c' });
    expect((await queries.openOrders(SYMBOL)).map((each) => each.clientOrderId)).toEqual(['b']);
    const orders = await queries.ordersSince(SYMBOL, from);
    expect(orders.map((each) => [each.clientOrderId, each.status])).toEqual([
      ['a', 'filled'],
      ['b', 'partiallyFilled'],
      ['c', 'canceled'],
    ]);
    const fills = await queries.fillsSince(SYMBOL, from);
    expect(fills.map((each) => [each.clientOrderId, each.size])).toEqual([
      ['a', '100'],
      ['b', '30'],
    ]);
    expect(await queries.fillsSince(SYMBOL, (Date.now() + 5_000) as EpochMs)).toEqual([]);
    expect(await queries.positions([SYMBOL])).toMatchObject([{ symbol: SYMBOL, size: '130' }]);
    expect(await queries.balances()).toMatchObject([
      { currency: 'USDT', walletBalance: '1000', availableBalance: '900' },
    ]);
  });

  it('an order is cancelled by REST, by its own id or by the label', async () => {
    put('x');
    put('y');
    const target = { symbol: SYMBOL, clientOrderId: 'x' as ClientOrderId, venueOrderId: null };
    expect(await queries.cancelOrder(target)).toMatchObject({ kind: 'accepted' });
    const [open] = await queries.openOrders(SYMBOL);
    expect(await queries.cancelOrder({ ...target, venueOrderId: open?.venueOrderId ?? '' })).toMatchObject({
      kind: 'accepted',
    });
    expect(await queries.cancelOrder(target)).toMatchObject({ kind: 'rejected', errorClass: 'alreadySo' });
    expect(await queries.cancelOrder({ ...target, clientOrderId: 'z' as ClientOrderId })).toMatchObject({
      errorClass: 'notFound',
    });
  });

  it('F6: a cancel whose answer is lost is unknown', async () => {
    put('l');
    await queries.openOrders(SYMBOL);
    world.venue.faults.arm('cancelAnswerLost');
    const target = {
      symbol: SYMBOL,
      clientOrderId: 'l' as ClientOrderId,
      venueOrderId: world.exchange.orders('main', null)[0]?.orderId ?? '',
    };
    expect(await queries.cancelOrder(target)).toMatchObject({ kind: 'unknown', code: 'TIMEOUT' });
    expect(world.exchange.openOrders('main', null)).toEqual([]);
  });

  it('S3: wrong keys, no keys, credits and maintenance are told apart', async () => {
    world.venue.faults.arm('rateLimited');
    expect(await classOf(queries.balances())).toBe('retry 10028');
    world.setCredentials({ key: 'test-key', secret: 'wrong' });
    expect(await classOf(askVenue(world).balances())).toBe('keys 13009');
    world.setCredentials(null);
    expect(await classOf(askVenue(world).balances())).toBe('keys CREDENTIALS_MISSING');
    world.venue.faults.setMaintenance(true);
    expect(await classOf(askVenue(world).serverTime())).toBe('retry 11051');
    expect(await deribit.fetchMarketStatus?.(world.runtime)).toMatchObject({ state: 'maintenance' });
  });

  it('G12: with the venue an hour off, signed requests follow its clock', async () => {
    world.venue.faults.setClockOffsetMs(3_600_000);
    expect(await askVenue(world).balances()).toHaveLength(1);
  });

  it('F27: the clock of signed requests follows the venue with each answer, not only with the first', async () => {
    await queries.balances();
    world.venue.faults.setClockOffsetMs(30_000);
    for (let each = 0; each < 9; each += 1) await queries.balances();
    // Beyond what the venue would take of the first reading.
    world.venue.faults.setClockOffsetMs(75_000);
    expect(await queries.balances()).toHaveLength(1);
  });

  it('the venue says that it trades, and which instruments it has', async () => {
    expect(await deribit.fetchMarketStatus?.(world.runtime)).toMatchObject({ state: 'open' });
    expect(await deribit.fetchInstruments(world.runtime)).toMatchObject([
      { symbol: SYMBOL, kind: 'inverse', tickSize: 5, priceScale: 1, lotSize: 10, settlementCurrency: 'BTC' },
    ]);
  });
});

describe('Deribit dated contracts', () => {
  it('H2: a position that was delivered is explained by a fill of the venue, by stream and by query, once', async () => {
    const dated = { ...INVERSE_BTC, symbol: 'BTC-27JUN25' };
    const instruments = new Map([[dated.symbol, dated]]);
    world = await createDeribitWorld(
      { timers: hastened(60_000, 50), instruments: () => instruments },
      undefined,
      dated,
    );
    const { stream, reports } = listenToAccount(world);
    stream.start();
    await until('live', () => stream.status().state === 'live');
    const from = (Date.now() - 1_000) as EpochMs;
    const { clientOrderId, side, type, timeInForce, price, size, reduceOnly } = intentOf('held');
    const placed = { clientOrderId, symbol: dated.symbol, side, type, timeInForce, price, size, reduceOnly };
    world.exchange.place('main', { ...placed, triggerPrice: null });
    const [order] = world.exchange.orders('main', null);
    if (order === undefined) throw new Error('no order');
    world.exchange.tellAccount({
      kind: 'fill',
      fill: {
        fillId: '77',
        orderId: '0',
        clientOrderId: null,
        accountId: 'main',
        symbol: dated.symbol,
        side: 'sell',
        price: 1_050_000 as Price,
        size: 50 as Size,
        fee: '0.00000012',
        feeCurrency: 'BTC',
        liquidity: 'taker',
        realizedProfit: '0.0001',
        cause: 'settlement',
        time: Date.now() as EpochMs,
      },
      order,
      time: Date.now() as EpochMs,
    });
    const expected = { symbol: dated.symbol, side: 'sell', size: '50', price: '105000', cause: 'settlement' };
    const told = () => reports.filter((report) => report.kind === 'fill');
    await until('told', () => told().length > 0);
    expect(told()).toMatchObject([expected]);
    const fills = await askVenue(world).fillsSince(dated.symbol, from);
    expect(fills).toMatchObject([{ ...expected, fillId: told()[0]?.fillId, fee: '0.00000012' }]);
    expect(await askVenue(world).positions(['BTC-26JUN20'])).toEqual([]);
    await stream.stop();
    await world.close();
  });

  it.each([
    ['BTC-27JUN25', '2025-06-27T08:00:00.000Z'],
    ['ETH_USDC-5JUN26', '2026-06-05T08:00:00.000Z'],
    ['BTC-27JUN25-100000-C', '2025-06-27T08:00:00.000Z'],
  ])('%s expires at %s', (symbol, time) => {
    expect(new Date(expiryOf(symbol) ?? 0).toISOString()).toBe(time);
  });

  it('a perpetual has no expiry', () => {
    expect([expiryOf('BTC-PERPETUAL'), expiryOf('SOL_USDC-PERPETUAL')]).toEqual([null, null]);
  });
});
