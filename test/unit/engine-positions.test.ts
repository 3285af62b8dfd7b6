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

describe.each(VENUES)('positions on the simulated %s', (venue) => {
  it('S18: engine, the fold of what it told, and the venue hold the same after real trading', async () => {
    world = await openEngineWorld({ venue });
    const here = world;
    await here.until('it has bought and sold', () => here.publisher.told('fill').length >= 4, 25_000);
    await here.engine.stop('test ends', 5_000);
    const fills = here.publisher
      .told('fill')
      .map((event): LedgerFill => ({ ...event.body, venue, epoch: event.epoch, time: event.time }));
    const adjusted = here.publisher.told('position.adjusted');
    expect(adjusted).toEqual([]);
    const folded = foldPosition(venue, here.symbol, fills, []);
    expect(folded.size).toBe(heldAtVenue(here));
    expect(here.publisher.told('position.checked').at(-1)?.body).toMatchObject({ engine: folded.size, agree: true });
    expect(fills.every((fill) => fill.contract === here.instrument.kind && fill.settlementFee !== undefined)).toBe(
      true,
    );
  }, 60_000);
});
