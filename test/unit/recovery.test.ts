import { describe, expect, it } from 'vitest';
import type { Instrument } from '#core/market/instrument.ts';
import type { FillReport, OrderReport } from '#core/orders/order.ts';
import { type LedgerView, planRecovery, type VenueView } from '#core/orders/recovery.ts';
import { holdingOfLane, sharedHolding } from '#core/positions/spot-holding.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { EMPTY_LEDGER } from '../support/empty-ledger.ts';
import { BTC } from '../support/lane-world.ts';

const PREFIX = 'pabc-';
const LANE = { name: 'lane-1', reservedSize: '0' };

function order(clientOrderId: string, changes: Partial<OrderReport> = {}): OrderReport {
  return {
    kind: 'orderReport',
    source: 'query',
    symbol: 'BTCUSDT',
    clientOrderId,
    venueOrderId: `v-${clientOrderId}`,
    status: 'accepted',
    side: 'buy',
    price: '60000',
    size: '0.01',
    cumulativeSize: '0',
    reduceOnly: false,
    reason: '',
    venueTime: 1 as EpochMs,
    ...changes,
  };
}

function fill(fillId: string, size: string): FillReport {
  return {
    kind: 'fill',
    source: 'query',
    symbol: 'BTCUSDT',
    fillId,
    clientOrderId: null,
    venueOrderId: 'v',
    side: 'buy',
    price: '60000',
    size,
    fee: '0',
    feeCurrency: 'USDT',
    liquidity: 'taker',
    cause: 'trade',
    venueTime: 1 as EpochMs,
  };
}

function venue(size: string, changes: Partial<VenueView> = {}): VenueView {
  const position = {
    kind: 'position',
    source: 'query',
    symbol: 'BTCUSDT',
    size,
    entryPrice: '60000',
    venueTime: 1 as EpochMs,
  } as const;
  return { orders: [], openOrders: [], fills: [], position, ...changes };
}

describe('recovery', () => {
  it('H2: a fill that nobody had told is told again, and the position needs no adjustment (F10, G10)', () => {
    const plan = planRecovery(
      PREFIX,
      BTC,
      { ...EMPTY_LEDGER, hasHistory: true },
      venue('0.01', { fills: [fill('1', '0.01')] }),
      LANE,
    );
    expect(plan.missingFills.map((each) => each.fillId)).toEqual(['1']);
    expect(plan.adjustment).toBeNull();
    expect(plan.opening).toMatchObject({ positionSize: 10, countedFillIds: ['1'] });
  });

  it('H2: a fill that the ledger has is not told again', () => {
    const ledger = { ...EMPTY_LEDGER, positionSize: '0.01', fillIds: new Set(['1']), hasHistory: true };
    const plan = planRecovery(PREFIX, BTC, ledger, venue('0.01', { fills: [fill('1', '0.01')] }), LANE);
    expect(plan.missingFills).toEqual([]);
    expect(plan.adjustment).toBeNull();
  });

  it('H2: a position that no fill explains is an opening on a fresh ledger and adopted on one with a history (F7)', () => {
    expect(planRecovery(PREFIX, BTC, EMPTY_LEDGER, venue('-0.065'), LANE).adjustment).toEqual({
      delta: '-0.065',
      reason: 'opening',
      price: '60000',
    });
    const known = { ...EMPTY_LEDGER, positionSize: '0.075', hasHistory: true };
    expect(planRecovery(PREFIX, BTC, known, venue('-0.065'), LANE).adjustment).toEqual({
      delta: '-0.14',
      reason: 'adopted',
      // Nobody stated at what price 0.075 went: what the venue says is of the rest alone.
      price: null,
    });
  });

  it('H12: what fills brought that the ledger lacks is of the day, less their fees; without a history it is nobody’s', () => {
    const known = {
      ...EMPTY_LEDGER,
      positionSize: '0.02',
      entryPrice: '60000',
      hasHistory: true,
      realizedToday: -1,
      dayStart: 5,
    };
    const sold = (fillId: string, price: string, venueTime: number) => ({
      ...fill(fillId, '0.01'),
      side: 'sell' as const,
      fee: '0.3',
      price,
      venueTime: venueTime as EpochMs,
    });
    const fills = [sold('1', '59000', 4), sold('2', '59000', 6)];
    const { opening } = planRecovery(PREFIX, BTC, known, { ...venue('0'), fills }, LANE);
    expect(opening.dailyProfit).toBeCloseTo(-1 - 10 - 0.3, 9);
    const unheard = { ...known, hasHistory: false };
    expect(planRecovery(PREFIX, BTC, unheard, { ...venue('0'), fills }, LANE).opening.dailyProfit).toBe(-1);
  });

  it('F7: a lane whose position nothing explains only reduces, but for the first start of all', () => {
    const known = { ...EMPTY_LEDGER, positionSize: '0.075', hasHistory: true };
    expect(planRecovery(PREFIX, BTC, known, venue('-0.065'), LANE).opening.reducing).toContain('-0.14');
    expect(planRecovery(PREFIX, BTC, known, venue('0.075'), LANE).opening).not.toHaveProperty('reducing');
    expect(planRecovery(PREFIX, BTC, EMPTY_LEDGER, venue('-0.065'), LANE).opening).not.toHaveProperty('reducing');
  });

  it('T4: each order of ours whose end the ledger lacks is followed, whether or not its intent was told; others are not ours (F9, G10)', () => {
    const ledger: LedgerView = {
      ...EMPTY_LEDGER,
      endedOrderIds: new Set([`${PREFIX}1-1`]),
      pendingOrders: [
        {
          clientOrderId: `${PREFIX}1-2`,
          side: 'buy',
          price: '1',
          size: '1',
          reduceOnly: false,
          orderType: 'limit',
          placedAt: 1 as EpochMs,
        },
      ],
    };
    const orders = [
      order(`${PREFIX}1-1`, { status: 'filled' }),
      order(`${PREFIX}1-2`),
      order(`${PREFIX}1-3`),
      order('by-hand'),
    ];
    const plan = planRecovery(PREFIX, BTC, ledger, venue('0', { orders }), LANE);
    expect(plan.orders.map(({ report, intent }) => [report.clientOrderId, intent !== null])).toEqual([
      [`${PREFIX}1-2`, true],
      [`${PREFIX}1-3`, false],
    ]);
    expect(plan.absent).toEqual([]);
  });

  it('T4: an order that the ledger waits for and the venue never had is absent', () => {
    const pending = {
      clientOrderId: `${PREFIX}1-9`,
      side: 'buy',
      price: '1',
      size: '1',
      reduceOnly: false,
      orderType: 'limit',
      placedAt: 1 as EpochMs,
    } as const;
    expect(planRecovery(PREFIX, BTC, { ...EMPTY_LEDGER, pendingOrders: [pending] }, venue('0'), LANE).absent).toEqual([
      pending,
    ]);
  });

  describe('of a spot holding', () => {
    const SPOT: Instrument = { ...BTC, kind: 'spot' };
    const held = (size: string, fills: readonly FillReport[] = []) => {
      const view = venue(size, { fills });
      return { ...view, position: { ...view.position, entryPrice: '0' } };
    };

    it('H2: fees that were kept back from the asset are part of what fills explain', () => {
      const bought = { ...fill('1', '0.01'), fee: '0.0000123', feeCurrency: 'BTC' };
      const plan = planRecovery(PREFIX, SPOT, { ...EMPTY_LEDGER, hasHistory: true }, held('0.0099877', [bought]), LANE);
      expect(plan.adjustment).toBeNull();
      expect(plan.opening).toMatchObject({ positionText: '0.0099877', positionSize: 9, entryPrice: 600_000 });
      expect(plan.opening.unexplained).toBeUndefined();
    });

    it('S18: more than the fills explain is not adopted: what they do explain is the position, and the lane is told to halt', () => {
      const known = { ...EMPTY_LEDGER, positionSize: '0.01', entryPrice: '58000', hasHistory: true };
      const plan = planRecovery(PREFIX, SPOT, known, held('0.51'), { name: 'lane-1', reservedSize: '0.25' });
      expect(plan.adjustment).toBeNull();
      expect(plan.opening).toMatchObject({ positionText: '0.01', entryPrice: 580_000 });
      expect(plan.opening.unexplained).toContain('set its reservedSize to 0.75');
      expect(planRecovery(PREFIX, SPOT, EMPTY_LEDGER, held('0.5'), LANE).opening).toMatchObject({
        positionText: '0',
        unexplained: expect.any(String),
      });
    });

    it('S18: less than the fills explain is adopted', () => {
      const known = { ...EMPTY_LEDGER, positionSize: '0.01', hasHistory: true };
      const plan = planRecovery(PREFIX, SPOT, known, held('0.0049'), LANE);
      expect(plan.adjustment).toEqual({ delta: '-0.0051', reason: 'adopted', price: null });
      expect(plan.opening.positionText).toBe('0.0049');
    });

    it('S18: what is reserved is not in the position, and never makes it less than nothing', () => {
      const { position } = held('0.75');
      expect(holdingOfLane(SPOT, position, '0.25').size).toBe('0.5');
      expect(holdingOfLane(SPOT, position, '1').size).toBe('0');
      expect(holdingOfLane(BTC, position, '0.25').size).toBe('0.75');
    });

    it('S18: an asset that two symbols move cannot be two positions', () => {
      const other = (symbol: string, baseCurrency: string, quoteCurrency: string): Instrument => ({
        ...SPOT,
        symbol,
        baseCurrency,
        quoteCurrency,
      });
      const shared = (...all: Instrument[]) => sharedHolding(all)?.[2] ?? null;
      expect(shared(SPOT, other('BTCUSDC', 'BTC', 'USDC'))).toBe('BTC');
      expect(shared(SPOT, other('ETHBTC', 'ETH', 'BTC'))).toBe('BTC');
      expect(shared(other('ETHBTC', 'ETH', 'BTC'), SPOT)).toBe('BTC');
      expect(shared(SPOT, other('ETHUSDT', 'ETH', 'USDT'))).toBeNull();
      expect(shared(SPOT, { ...BTC, symbol: 'BTCUSDT-PERP' })).toBeNull();
    });
  });
});
