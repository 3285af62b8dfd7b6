import { afterEach, describe, expect, it } from 'vitest';
import type { Size } from '#core/market/scaled-decimal.ts';
import type { AdjustmentReport } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { marketOrder } from '#simulation/exchange/market-order.ts';
import { readCashActivity } from '#venues/alpaca/cash-activities.ts';
import { type AccountWorld, openAccountWorld } from '../support/account-world.ts';

let world: AccountWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

/** Holds something where positions are paid for by funding. */
function hold({ exchange, instrument }: AccountWorld): void {
  const outcome = exchange.place(
    'main',
    marketOrder({
      symbol: instrument.symbol,
      side: 'buy',
      size: (Math.max(instrument.minSize, instrument.lotSize) * 10) as Size,
    }),
  );
  if (outcome.kind === 'refused') throw new Error(outcome.reason);
}

describe.each(['binance-usdm', 'bybit-linear', 'deribit'] as const)('the books of %s', (venue) => {
  it('invariant 2: funding and transfers are told under the same id by whatever way, and each once', async () => {
    world = await openAccountWorld(venue, { fundingIntervalMs: 400, fundingRate: '0.01' });
    const here = world;
    const { instrument, exchange, queries, stream, reports } = here;
    exchange.transfer('main', instrument.settlementCurrency, '1000');
    stream.start();
    await here.until('the stream is live', () => stream.status().state === 'live');
    hold(here);
    const from = (Date.now() - 3_600_000) as EpochMs;
    const ask = async () => (await queries.adjustmentsSince?.(from)) ?? [];
    let booked: readonly AdjustmentReport[] = [];
    for (let tries = 0; tries < 60 && booked.filter((each) => each.reason === 'funding').length < 2; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      booked = await ask();
    }
    const funding = booked.filter((each) => each.reason === 'funding');
    expect(funding.length).toBeGreaterThanOrEqual(2);
    expect(funding.every((each) => each.symbol === instrument.symbol && Number(each.amount) < 0)).toBe(true);
    expect(booked.find((each) => each.reason === 'transfer')).toMatchObject({
      currency: instrument.settlementCurrency,
      amount: '1000',
    });
    expect(new Set(booked.map((each) => each.id)).size).toBe(booked.length);
    const told = reports.filter((each): each is AdjustmentReport => each.kind === 'adjustment');
    const named = told.filter((each) => each.unnamed !== true && each.venueTime <= (booked.at(-1)?.venueTime ?? 0));
    for (const each of named) expect(booked.map(({ id }) => id)).toContain(each.id);
  }, 15_000);
});

describe('the books of alpaca', () => {
  it('invariant 2: what was paid in and out is told under the venue’s ids, page by page', async () => {
    world = await openAccountWorld('alpaca');
    const { exchange, queries } = world;
    for (let number = 1; number <= 130; number += 1) exchange.transfer('main', 'USD', String(number));
    exchange.transfer('main', 'USD', '-7');
    const booked = (await queries.adjustmentsSince?.((Date.now() - 3_600_000) as EpochMs)) ?? [];
    expect(new Set(booked.map((each) => each.id)).size).toBe(131);
    expect(booked.at(-1)).toMatchObject({ reason: 'transfer', currency: 'USD', amount: '-7', symbol: null });
    const tomorrow = (Date.now() + 3 * 86_400_000) as EpochMs;
    expect(await queries.adjustmentsSince?.(tomorrow)).toEqual([]);
  });

  it('invariant 2: a dividend and a fee are what holding and trading bring and cost, once by their ids', () => {
    const row = { id: '20260102::1', activity_type: 'DIV', date: '2026-01-02', net_amount: '1.02', symbol: 'AAPL' };
    expect(readCashActivity(row)).toMatchObject({ id: 'DIV-20260102::1', reason: 'settlement', amount: '1.02' });
    expect(readCashActivity({ ...row, activity_type: 'FEE', net_amount: '-0.02' })?.reason).toBe('settlement');
    expect(readCashActivity({ ...row, activity_type: 'CSD', net_amount: '500' })?.reason).toBe('transfer');
    expect(readCashActivity({ ...row, activity_type: 'SPLIT', net_amount: '0' })).toBeNull();
  });
});

describe.each(['binance-usdm', 'binance-spot', 'bybit-linear', 'bybit-spot'] as const)('%s', (venue) => {
  it('H12: says what a currency costs that fees are taken in', async () => {
    world = await openAccountWorld(venue);
    const { instrument, queries, exchange } = world;
    const quote = await queries.price?.(instrument.symbol);
    const near = Number(exchange.ticker(instrument.symbol).lastPrice) / 10 ** instrument.priceScale;
    expect(Math.abs(Number(quote?.price) / near - 1)).toBeLessThan(0.01);
    expect(quote?.venueAgeMs ?? 0).toBeLessThan(5_000);
  });
});
