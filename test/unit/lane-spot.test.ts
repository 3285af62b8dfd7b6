import { describe, expect, it } from 'vitest';
import type { DesiredState } from '#core/control/desired-state.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { OrderIntent } from '#core/orders/order.ts';
import { BTC, LaneWorld, laneConfiguration } from '../support/lane-world.ts';

const SPOT: Instrument = { ...BTC, kind: 'spot', minNotional: 0 };
const EQUITY: Instrument = { ...BTC, kind: 'equity', minNotional: 0 };

function spotWorld(changes: Partial<Instrument> = {}, opening = {}): LaneWorld {
  return new LaneWorld(laneConfiguration(), opening, { ...SPOT, ...changes });
}

/** Fills a buy whole, with a fee kept back from the base asset. */
function buy(world: LaneWorld, fee: string): OrderIntent {
  const intent = world.enter();
  world.accept(intent);
  world.lane.onFill({ ...world.fillReport(intent, intent.size), fee, feeCurrency: 'BTC' }, world.now());
  world.collect();
  return intent;
}

describe('a lane on spot', () => {
  it('H12: never proposes a sale of what it does not hold', () => {
    const world = spotWorld();
    for (let count = 0; count < 40; count += 1) world.tick(-1);
    expect(world.placed).toEqual([]);
    expect(world.told('order.denied')).toEqual([]);
    const short = new LaneWorld();
    for (let count = 0; count < 40; count += 1) short.tick(-1);
    expect(short.placed[0]?.side).toBe('sell');
  });

  it('S5: tells what a fee took from the holding, and sells what can be sold of the rest', () => {
    const world = spotWorld();
    const entry = buy(world, '0.0000137');
    expect(world.told('fill')[0]).toMatchObject({ contract: 'spot', positionFee: '0.0000137' });
    expect(entry.size).toBe(10);
    expect(world.lane.position.text).toBe('0.0099863');
    world.tick(0);
    const exit = world.placed[1];
    expect(exit).toMatchObject({ side: 'sell', size: 9, reduceOnly: true, purpose: 'takeProfit' });
  });

  it('H7: what is left below a lot is dust: the lane is flat and trades on, the books keep it', () => {
    const world = spotWorld();
    buy(world, '0.0000137');
    world.tick(0);
    const [, exit] = world.placed;
    if (exit === undefined) throw new Error('no exit');
    world.accept(exit);
    world.fill(exit, exit.size);
    expect(world.lane.state).toBe('Idle');
    expect(world.lane.position.text).toBe('0.0009863');
    expect(world.told('lane.state').at(-1)?.reason).toContain('0.0009863 BTC stays as dust');
    world.pass(3_100);
    const again = world.enter();
    expect(again).toMatchObject({ side: 'buy', purpose: 'entry' });
  });

  it('H7: what is worth less than the venue takes is dust too, and no longer once its price has risen', () => {
    const world = spotWorld(
      { minNotional: 300 },
      { positionText: '0.005', positionSize: 5, entryPrice: 600_000 as Price },
    );
    world.tick(-10);
    world.pass(10);
    expect(world.lane.state).toBe('Idle');
    world.tick(20_000);
    world.pass(10);
    expect(world.lane.state).not.toBe('Idle');
  });

  it('H7: what its price makes worth an order is a position from that price on: nothing is opened beside it', () => {
    const world = spotWorld(
      { minNotional: 300 },
      { positionText: '0.005', positionSize: 5, entryPrice: 600_000 as Price },
    );
    world.tick(-10);
    world.pass(10);
    expect(world.lane.state).toBe('Idle');
    for (let count = 0; count < 6; count += 1) world.tick(0);
    const placed = world.placed.length;
    const moved = world.told('lane.state').length;
    // The drift that signals an entry is the one that lifts it over the minimum.
    world.tick(20);
    expect(world.placed.slice(placed)).toMatchObject([{ side: 'sell', reduceOnly: true }]);
    const moves = world.told('lane.state').slice(moved);
    expect(moves.map(({ from, to }) => `${from} ${to}`)).toEqual(['Idle PositionOpen', 'PositionOpen Closing']);
  });

  it('H2: never buys to close what cannot be: a holding below nothing is an error of the books, and people are to look', () => {
    const world = spotWorld();
    // A sale that was found in the balance already is told after all.
    const entry = buy(world, '0');
    const sale = { ...world.fillReport(entry, 2 * entry.size, 'late'), side: 'sell' as const };
    world.lane.onFill(sale, world.now());
    expect(world.lane.position.text).toBe('-0.01');
    const before = world.placed.length;
    world.lane.onDesired({ version: 1, wish: 'flatten', frozenSymbols: [], reason: 'drill', by: 'me' }, world.now());
    world.collect();
    for (let count = 0; count < 40; count += 1) {
      world.tick(count < 20 ? 10 : -10);
      world.pass(200);
    }
    expect(world.placed.slice(before)).toEqual([]);
    for (const holding of [0, 0]) {
      world.verify(holding);
      world.pass(1_000);
    }
    expect(world.lane.state, 'what is held beyond it may be anybody’s').toBe('Halted');
    expect(world.lane.position.text).toBe('-0.01');
  });

  it('F24: sends no second exit while one can still fill: the resting one ends first', () => {
    for (const instrument of [SPOT, EQUITY]) {
      const world = new LaneWorld(laneConfiguration(), {}, instrument);
      const entry = world.enter();
      world.accept(entry);
      world.fill(entry, entry.size);
      world.tick(0);
      const rests = world.placed[1];
      if (rests === undefined) throw new Error('no take profit');
      world.accept(rests);
      world.tick(-40);
      world.tick(-1);
      expect(world.canceled).toEqual([rests.clientOrderId]);
      expect(world.placed).toHaveLength(2);
      world.fill(rests, 4);
      world.tick(-1);
      expect(world.placed).toHaveLength(2);
      world.report(rests, 'canceled', 4);
      world.tick(-1);
      expect(world.placed[2]).toMatchObject({ type: 'market', side: 'sell', size: entry.size - 4, reduceOnly: true });
    }
  });

  it('F24: where the venue knows reduce-only, the stop loss waits for nothing', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.accept(entry);
    world.fill(entry, entry.size);
    world.tick(0);
    const rests = world.placed[1];
    if (rests === undefined) throw new Error('no take profit');
    world.accept(rests);
    world.tick(-40);
    expect(world.placed[2]).toMatchObject({ type: 'market', size: entry.size });
  });

  it('S18: a holding that nothing explains halts the lane, is not taken over, and no wish to run changes that', () => {
    const world = spotWorld();
    world.verify(500);
    world.pass(600);
    world.verify(500);
    expect(world.lane.state).toBe('Halted');
    expect(world.lane.position.units).toBe(0n);
    expect(world.told('position.adjusted')).toEqual([]);
    expect(world.told('alert').at(-1)?.text).toContain('reservedSize to 0.5');
    const wish: DesiredState = { version: 1, wish: 'run', frozenSymbols: [], by: 'me', reason: 'go' };
    world.lane.onDesired(wish, world.now());
    expect(world.lane.state).toBe('Halted');
    for (let count = 0; count < 20; count += 1) world.tick(1);
    expect(world.placed).toEqual([]);
    world.verify(0);
    world.lane.onDesired({ ...wish, version: 2 }, world.now());
    expect(world.lane.state).toBe('Idle');
    expect(world.lane.entriesPaused).toBeNull();
  });

  it('S18: a smaller holding than the fills made is adopted, as everywhere', () => {
    const world = spotWorld({}, { positionText: '0.01', positionSize: 10, entryPrice: 600_000 as Price });
    world.verify(4);
    world.pass(600);
    world.verify(4);
    expect(world.lane.position.text).toBe('0.004');
    expect(world.told('position.adjusted')).toEqual([
      expect.objectContaining({ delta: '-0.006', reason: 'adopted', contract: 'spot' }),
    ]);
  });

  it('S18: an opening with a holding that the ledger does not explain halts before the first entry', () => {
    const world = spotWorld({}, { positionText: '0', unexplained: 'set its reservedSize to 0.5' });
    expect(world.lane.state).toBe('Halted');
    expect(world.lane.entriesPaused).toContain('reservedSize');
  });

  it('H12: a fee of which no price is known counts as more than it can be, and people are told once', () => {
    const world = spotWorld();
    const intent = world.enter();
    world.accept(intent);
    for (const part of [4, 6]) {
      world.lane.onFill({ ...world.fillReport(intent, part), fee: '0.01', feeCurrency: 'BNB' }, world.now());
      world.collect();
    }
    expect(world.lane.position.text).toBe('0.01');
    const entry = Number(intent.price) / 10;
    const bound = entry * 0.01 * 0.002;
    expect(world.lane.dailyProfit()).toBeCloseTo(((world.middle - 0.5) / 10 - entry) * 0.01 - bound, 9);
    world.pass(61_000);
    expect(world.told('alert').filter((alert) => alert.code === 'FEE_UNPRICED')).toHaveLength(1);
    expect(world.told('fill')[0]).not.toHaveProperty('settlementFee');
    expect(world.told('fill')[0]).toHaveProperty('feeBound');
  });
});

describe('a lane on an inverse contract', () => {
  it('H12: counts its profit, and the limit of the day, in the currency that it settles in', () => {
    const instrument: Instrument = {
      ...BTC,
      kind: 'inverse',
      quoteCurrency: 'USD',
      settlementCurrency: 'BTC',
      sizeScale: 0,
      lotSize: 10 as Size,
      minSize: 10 as Size,
      minNotional: 0,
    };
    const configuration = laneConfiguration();
    const world = new LaneWorld(
      {
        ...configuration,
        strategy: { ...configuration.strategy, baseSize: '6000' },
        limits: { ...configuration.limits, maxOrderSize: '10000', maxPositionSize: '10000', maxDailyLoss: 0.01 },
      },
      { positionSize: 6_000, entryPrice: 600_000 as Price },
      instrument,
    );
    world.tick(-60_000);
    // 6000 USD × (1/60000 − 1/54000).
    expect(world.lane.dailyProfit()).toBeCloseTo(0, 9);
    world.tick(-60_000);
    const middle = (world.middle - 0.5) / 10;
    expect(world.lane.dailyProfit()).toBeCloseTo(6_000 * (1 / 54_000 - 1 / middle), 5);
    expect(world.placed.at(-1)).toMatchObject({ size: 6_000, reduceOnly: true, type: 'market' });
  });
});

describe('a lane on an equity', () => {
  it('H16: rests by a plain limit order, since brokers know none that never takes', () => {
    const restOn = (instrument: Instrument) => {
      const world = new LaneWorld(laneConfiguration(), {}, instrument);
      for (let count = 0; count < 4; count += 1) world.tick(0);
      world.tick(1);
      return world.placed[0];
    };
    expect(restOn(EQUITY)).toMatchObject({ timeInForce: 'gtc', type: 'limit', purpose: 'entry' });
    expect(restOn(BTC)).toMatchObject({ timeInForce: 'postOnly' });
  });
});
