import { describe, expect, it } from 'vitest';
import type { LedgerAdjustment, LedgerFill } from '#core/ledger/ledger-entry.ts';
import { foldPosition } from '#core/ledger/position-fold.ts';
import { formatScaled, type Price } from '#core/market/scaled-decimal.ts';
import type { FillReport } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { BTC, LaneWorld } from '../support/lane-world.ts';

/** By the venue's own clock. */
const ASKED = 1_800_000_000_000 as EpochMs;

function execution(id: string, side: 'buy' | 'sell', size: number, price: number, venueTime: number): FillReport {
  return {
    kind: 'fill',
    source: 'accountStream',
    symbol: 'BTCUSDT',
    fillId: id,
    clientOrderId: null,
    venueOrderId: 'by-hand',
    side,
    price: formatScaled(price, 1),
    size: formatScaled(size, 3),
    fee: '0',
    feeCurrency: 'USDT',
    liquidity: 'taker',
    cause: 'trade',
    venueTime: venueTime as EpochMs,
  };
}

function tell(world: LaneWorld, report: FillReport): void {
  world.lane.onFill(report, world.now());
  world.collect();
}

/** The venue says this position in two looks, a second apart. */
function adopt(world: LaneWorld, position: number, entryPrice: string): void {
  for (const askedAt of [ASKED - 1_000, ASKED] as EpochMs[]) {
    world.mono += 1e9;
    world.verify(position, [], [], entryPrice, askedAt);
  }
}

/** What the ledger makes of all that was told: its executions by the venue's clock, its adjustments by that of the engine, which is behind. */
function folded(world: LaneWorld) {
  const origin = { venue: 'binance-usdm', epoch: 7, time: ASKED } as const;
  const fills = world.events
    .filter(({ type }) => type === 'fill')
    .map(({ body }): LedgerFill => ({ ...(body as FillReport), ...origin }));
  const adjustments = world
    .told('position.adjusted')
    .map((body, sequence): LedgerAdjustment => ({ ...body, ...origin, sequence, time: ASKED + sequence }));
  return foldPosition('binance-usdm', 'BTCUSDT', fills, adjustments);
}

describe('a position that was taken over, and the execution that made it', () => {
  it('F12: an execution that opened it moves nothing when it is told, and the cost is that of the execution', () => {
    const world = new LaneWorld();
    adopt(world, 10, '60100');
    expect(world.lane.position.size).toBe(10);
    tell(world, execution('late', 'buy', 10, 600_000, ASKED - 5_000));
    expect(world.lane.position.size).toBe(10);
    expect(world.lane.position.entryPrice).toBe(600_000);
    expect(world.told('position.adjusted').map(({ adjustmentId, delta }) => [adjustmentId, delta])).toEqual([
      [expect.any(String), '0.01'],
      ['in-place-of/late', '-0.01'],
    ]);
    expect(Number(folded(world).size)).toBe(0.01);
    // Told once more it is known.
    tell(world, execution('late', 'buy', 10, 600_000, ASKED - 5_000));
    expect(world.lane.position.size).toBe(10);
  });

  it('F12: one that closed it brings its profit, in the lane as in the ledger', () => {
    const world = new LaneWorld();
    tell(world, execution('known', 'buy', 10, 600_000, ASKED - 60_000));
    adopt(world, 0, '0');
    expect([world.lane.position.size, world.lane.position.realizedProfit]).toEqual([0, 0]);
    tell(world, execution('late', 'sell', 10, 601_000, ASKED - 5_000));
    expect(world.lane.position.size).toBe(0);
    expect(world.lane.position.realizedProfit).toBeCloseTo(1, 6);
    expect(folded(world)).toMatchObject({ size: '0', realizedProfit: '1' });
  });

  it('F12: one that happened shortly before the second look, and that its answer lacked, is none of it', () => {
    const world = new LaneWorld();
    adopt(world, 10, '60000');
    tell(world, execution('new', 'buy', 3, 600_000, ASKED - 100));
    expect(world.lane.position.size).toBe(13);
    tell(world, execution('late', 'buy', 10, 600_000, ASKED - 900));
    expect(world.lane.position.size).toBe(13);
  });

  it('F12: one that happened after the venue was asked is none of it, nor is any where the venue’s time is not known', () => {
    const world = new LaneWorld();
    adopt(world, 10, '60000');
    tell(world, execution('new', 'buy', 3, 600_000, ASKED + 1));
    expect(world.lane.position.size).toBe(13);

    const timeless = new LaneWorld();
    for (let look = 0; look < 2; look += 1) {
      timeless.mono += 1e9;
      timeless.verify(10);
    }
    tell(timeless, execution('late', 'buy', 10, 600_000, ASKED - 5_000));
    expect(timeless.lane.position.size).toBe(20);
    for (let look = 0; look < 2; look += 1) {
      timeless.mono += 1e9;
      timeless.verify(10);
    }
    expect(timeless.lane.position.size, 'the next looks find it').toBe(10);
  });

  it('F12: each execution is in the first position that was taken over after it', () => {
    const world = new LaneWorld();
    adopt(world, 10, '60000');
    for (const askedAt of [ASKED + 10_000, ASKED + 11_000] as EpochMs[]) {
      world.mono += 1e9;
      world.verify(14, [], [], '60000', askedAt);
    }
    tell(world, execution('second', 'buy', 4, 600_000, ASKED + 5_000));
    tell(world, execution('first', 'buy', 10, 600_000, ASKED - 5_000));
    expect(world.lane.position.size).toBe(14);
    // Both are explained: what else is told of that time is more than anybody took over.
    tell(world, execution('third', 'buy', 1, 600_000, ASKED - 4_000));
    expect(world.lane.position.size).toBe(15);
  });

  it('H2: what a recovery took over is explained in the same way, also by several executions that partly undo one another', () => {
    const adopted = { delta: '0.006', price: null, through: ASKED };
    const world = new LaneWorld(undefined, { positionSize: 6, entryPrice: 600_000 as Price, adopted });
    tell(world, execution('one', 'buy', 10, 600_000, ASKED - 9_000));
    expect(world.lane.position.size).toBe(6);
    tell(world, execution('other', 'sell', 4, 600_000, ASKED - 8_000));
    expect(world.lane.position.size).toBe(6);
    tell(world, execution('new', 'sell', 1, 600_000, ASKED + 8_000));
    expect(world.lane.position.size).toBe(5);
  });

  it('H2: a difference that is another one at each look is not taken over before the fifth, and none that something was told of between', () => {
    const world = new LaneWorld();
    for (const position of [1, 2, 3, 4]) {
      world.mono += 1e9;
      world.verify(position);
      expect(world.lane.position.size).toBe(0);
    }
    world.mono += 1e9;
    world.verify(5);
    expect(world.lane.position.size).toBe(5);
    expect(world.told('position.adjusted').at(-1)?.evidence).toContain('each of which found another');

    const told = new LaneWorld();
    told.mono += 1e9;
    told.verify(5);
    tell(told, execution('some', 'buy', 2, 600_000, ASKED));
    told.mono += 1e9;
    told.verify(5);
    expect(told.lane.position.size, 'three are missing, seen once').toBe(2);
    told.mono += 1e9;
    told.verify(5);
    expect(told.lane.position.size).toBe(5);
  });

  it('S18: the ledger is given each comparison that says something new, and one each ten seconds', () => {
    const world = new LaneWorld();
    const kept: boolean[] = [];
    for (const [ms, position] of [
      [5_000, 0],
      [5_000, 0],
      [5_000, 0],
      [1_000, 3],
      [1_000, 3],
      [5_000, 3],
      [5_000, 3],
    ] as const) {
      world.mono += ms * 1e6;
      world.verify(position);
      kept.push(world.told('position.checked').at(-1)?.lane === 'lane-1');
    }
    // The second look at three adopts it: the next one finds another.
    expect(kept).toEqual([true, false, true, true, false, true, false]);
  });

  it('H2: spot: what the fee took of an execution is taken back with it', () => {
    const spot = { ...BTC, venue: 'binance-spot', kind: 'spot', settlementCurrency: 'USDT' } as const;
    const world = new LaneWorld(undefined, {}, spot);
    tell(world, execution('known', 'buy', 10, 600_000, ASKED - 60_000));
    for (const askedAt of [ASKED - 1_000, ASKED] as EpochMs[]) {
      world.mono += 1e9;
      world.lane.onVerification(
        {
          kind: 'complete',
          activity: world.lane.activity,
          askedAt,
          openOrders: [],
          fills: [],
          position: {
            kind: 'position',
            source: 'query',
            symbol: 'BTCUSDT',
            size: '0.00399',
            entryPrice: '0',
            venueTime: ASKED,
          },
        },
        world.now(),
      );
      world.collect();
    }
    expect(world.lane.position.text).toBe('0.00399');
    tell(world, { ...execution('late', 'sell', 6, 600_000, ASKED - 5_000), fee: '0.00001', feeCurrency: 'BTC' });
    expect(world.lane.position.text).toBe('0.00399');
  });
});
