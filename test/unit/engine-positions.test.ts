import { afterEach, describe, expect, it } from 'vitest';
import type { LedgerFill } from '#core/ledger/ledger-entry.ts';
import { foldPosition } from '#core/ledger/position-fold.ts';
import { VENUES } from '#core/market/instrument.ts';
import { canonicalDecimal, formatScaled } from '#core/market/scaled-decimal.ts';
import { type EngineWorld, openEngineWorld } from '../support/engine-world.ts';

let world: EngineWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

/** What the venue says is held: of spot the base asset, else the position. */
function heldAtVenue({ exchange, instrument }: EngineWorld): string {
  if (instrument.kind === 'spot') {
    const balance = exchange.balances('main').find((each) => each.currency === instrument.baseCurrency);
    return canonicalDecimal(balance?.walletBalance ?? '0');
  }
  const position = exchange.positions('main').find((each) => each.symbol === instrument.symbol);
  return formatScaled(position?.size ?? 0, instrument.sizeScale);
}

/** Changes of position that no fill explains; a recovery tells one of nothing. */
function unexplained({ publisher }: EngineWorld) {
  return publisher.told('position.adjusted').filter((event) => event.body.reason !== 'recovered');
}

describe.each(VENUES)('positions on the simulated %s', (venue) => {
  it('S18: engine, the fold of what it told, and the venue hold the same after real trading', async () => {
    world = await openEngineWorld({ venue });
    const here = world;
    await here.until('it has bought and sold', () => here.publisher.told('fill').length >= 4, 25_000);
    await here.engine.stop('test ends', 5_000);
    const fills = here.publisher
      .told('fill')
      .map((event): LedgerFill => ({ ...event.body, venue, epoch: event.epoch, time: event.time }));
    expect(unexplained(here)).toEqual([]);
    const folded = foldPosition(venue, here.symbol, fills, []);
    expect(folded.size).toBe(heldAtVenue(here));
    expect(here.publisher.told('position.checked').at(-1)?.body).toMatchObject({ engine: folded.size, agree: true });
    expect(fills.every((fill) => fill.contract === here.instrument.kind && fill.settlementFee !== undefined)).toBe(
      true,
    );
  }, 60_000);
});

describe('a spot account that held the asset before', () => {
  const openWith = (reservedSize: string) =>
    openEngineWorld({
      venue: 'bybit-spot',
      before: (exchange) => exchange.transfer('main', 'BTC', '0.75'),
      change: (configuration) => ({
        ...configuration,
        lanes: configuration.lanes.map((lane) => ({ ...lane, reservedSize })),
      }),
    });

  it('S18: is not traded: the lane halts and says what to reserve', async () => {
    world = await openWith('0.25');
    const here = world;
    await here.until('it is reconciled', () => here.engine.units()[0]?.reconciled === true);
    await here.until('the lane is halted', () => here.engine.units()[0]?.lanes[0]?.state === 'Halted');
    expect(
      here.publisher
        .told('alert')
        .map((event) => event.body.text)
        .join(),
    ).toContain('reservedSize to 0.75');
    expect(unexplained(here)).toEqual([]);
    expect(here.exchange.orders('main', null)).toEqual([]);
  }, 30_000);

  it('S18: is traded beside what is reserved, which is never sold', async () => {
    world = await openWith('0.75');
    const here = world;
    await here.until('it has bought and sold', () => here.publisher.told('fill').length >= 3, 25_000);
    await here.engine.stop('test ends', 5_000);
    expect(here.publisher.told('position.checked').every((event) => event.body.agree)).toBe(true);
    expect(here.publisher.told('order.intended').every((event) => event.body.reservedSize === '0.75')).toBe(true);
    expect(Number(heldAtVenue(here))).toBeGreaterThanOrEqual(0.75);
  }, 60_000);
});
