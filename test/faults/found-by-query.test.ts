import { afterEach, describe, expect, it } from 'vitest';
import type { Size } from '#core/market/scaled-decimal.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import { marketOrder } from '#simulation/exchange/market-order.ts';
import { type EngineWorld, openEngineWorld } from '../support/engine-world.ts';

/** The engine compares every 5 s; what it finds is told within a second. */
const FOUND_WITHIN_MS = 6_000;

const QUIET = {
  entryTicks: 100_000,
  takeTicks: 100_000,
  takeProfitTicks: 2_000,
  stopLossTicks: 2_000,
  holdMs: 600_000,
};

let world: EngineWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

/** An engine whose lane has no reason to trade by itself. */
async function openQuiet(venue: 'binance-usdm' | 'bybit-linear'): Promise<EngineWorld> {
  const here = await openEngineWorld({
    venue,
    change: (configuration) => ({
      ...configuration,
      lanes: configuration.lanes.map((lane) => ({
        ...lane,
        strategy: { ...lane.strategy, ...QUIET },
      })),
    }),
  });
  world = here;
  await here.until('it is reconciled', () => here.engine.units()[0]?.fence === null);
  return here;
}

function tradeByHand({ exchange, symbol, instrument }: EngineWorld, side: 'buy' | 'sell'): void {
  const outcome = exchange.place(
    'main',
    marketOrder({ symbol, side, size: (Math.max(instrument.minSize, instrument.lotSize) * 20) as Size }),
  );
  if (outcome.kind === 'refused') throw new Error(outcome.reason);
}

/** The account stream tells nothing of what happens next. */
function silence({ venue }: EngineWorld): void {
  venue.faults.arm('suppressNextFill', 20);
  venue.faults.arm('suppressNextReport', 20);
}

const held = ({ exchange, symbol, instrument }: EngineWorld) =>
  Number(
    formatScaled(exchange.positions('main').find((each) => each.symbol === symbol)?.size ?? 0, instrument.sizeScale),
  );
const known = ({ engine }: EngineWorld) => Number(engine.units()[0]?.lanes[0]?.position ?? '0');

async function foundWithin(here: EngineWorld, what: string): Promise<void> {
  await here.until(what, () => known(here) === held(here), FOUND_WITHIN_MS);
}

describe.each(['binance-usdm', 'bybit-linear'] as const)('what the account stream of %s never tells', (venue) => {
  it('F12, G13: is found by the questions of each interval: a trade, a close by hand, a liquidation', async () => {
    const here = await openQuiet(venue);
    silence(here);
    tradeByHand(here, 'buy');
    expect(held(here)).not.toBe(known(here));
    await foundWithin(here, 'a trade by hand');
    tradeByHand(here, 'sell');
    await foundWithin(here, 'the position closed by hand');
    expect(known(here)).toBe(0);
    tradeByHand(here, 'buy');
    await foundWithin(here, 'a trade by hand');

    const { exchange, instrument, publisher } = here;
    const currency = instrument.settlementCurrency;
    const wallet = exchange.balances('main').find((each) => each.currency === currency)?.walletBalance ?? '0';
    exchange.transfer('main', currency, `-${(Number(wallet) * 0.9999999).toFixed(8)}`);
    await here.until('the venue liquidated', () => held(here) === 0, 5_000);
    await foundWithin(here, 'the liquidation');
    const fills = publisher.told('fill').map((event) => event.body);
    // The trades that this venue lists do not say why.
    expect(fills.at(-1)?.cause).toBe(venue === 'binance-usdm' ? 'trade' : 'liquidation');
    // Each at the venue's own price and fee, and nothing adopted in their stead (F25).
    const atVenue = exchange.fills('main', here.symbol);
    expect(fills.map((fill) => [Number(fill.price), Number(fill.size)])).toEqual(
      atVenue.map((fill) => [
        Number(formatScaled(fill.price, instrument.priceScale)),
        Number(formatScaled(fill.size, instrument.sizeScale)),
      ]),
    );
    expect(publisher.told('position.adjusted').filter((event) => event.body.delta !== '0')).toEqual([]);
    expect(publisher.told('alert').some((event) => event.body.severity === 'critical')).toBe(true);
  }, 45_000);
});
