import { describe, expect, it } from 'vitest';
import type { LedgerReader } from '#aws/ledger-reader.ts';
import type { UnitRef } from '#core/control/unit.ts';
import type { LedgerAdjustment, LedgerFill, LedgerLane, LedgerOrder } from '#core/ledger/ledger-entry.ts';
import { foldPositions } from '#core/ledger/position-fold.ts';
import type { Clock, EpochMs, MonoNanos } from '#core/time/clock.ts';
import { createLedgerView } from '#engine/ledger-view.ts';
import { intendedBody, stateBody } from '../support/trading-event-builder.ts';

const UNIT: UnitRef = { mode: 'paper', account: 'main', venue: 'binance-usdm' };
const DAY_MS = 86_400_000;
const TODAY = 20_000 * DAY_MS;
const clock: Clock = { monoNanos: () => 0 as MonoNanos, epochMs: () => (TODAY + 3_600_000) as EpochMs };

function fill(fillId: string, side: 'buy' | 'sell', price: string, venueTime: number, symbol = 'BTCUSDT'): LedgerFill {
  return {
    fillId,
    symbol,
    clientOrderId: null,
    venueOrderId: `v-${fillId}`,
    side,
    price,
    size: '0.1',
    fee: '0.5',
    feeCurrency: 'USDT',
    liquidity: 'taker',
    cause: 'trade',
    venueTime,
    venue: 'binance-usdm',
    epoch: 1,
    time: venueTime,
  };
}

/** A ledger of these entries. */
function ledgerOf(
  fills: readonly LedgerFill[],
  adjustments: readonly LedgerAdjustment[] = [],
  lanes: readonly LedgerLane[] = [],
  orders: readonly LedgerOrder[] = [],
): LedgerReader {
  return {
    readOrder: () => Promise.resolve(null),
    readOrders: () => Promise.resolve(orders),
    readFills: () => Promise.resolve(fills),
    readAdjustments: () => Promise.resolve(adjustments),
    readCash: async () => [],
    readBalances: () => Promise.resolve([]),
    readLanes: () => Promise.resolve(lanes),
    readPositions: (_account, only) =>
      Promise.resolve(foldPositions(fills, adjustments).filter((each) => each.symbol === only?.symbol)),
  };
}

function laneThatSaid(lane: string, state: 'Halted' | 'Idle', epoch: number, symbol = 'BTCUSDT'): LedgerLane {
  const origin = { venue: 'binance-usdm', epoch, time: TODAY } as const;
  return { lane, state: { lane, symbol, state, reason: `${lane} says so`, haltedUnder: 4, ...origin }, entries: null };
}

describe('what a recovery reads of the ledger', () => {
  it('H15: a lane’s halt, by the last word of the symbol’s lane, and under which wish it began', async () => {
    const haltOf = async (...lanes: LedgerLane[]) =>
      (await createLedgerView(ledgerOf([], [], lanes), clock)(UNIT, 'BTCUSDT')).halted;
    const halted = laneThatSaid('lane-1', 'Halted', 2);
    expect(await haltOf(halted)).toEqual({ reason: 'lane-1 says so', under: 4, epoch: 2 });
    expect(await haltOf(halted, laneThatSaid('lane-2', 'Idle', 3))).toBeUndefined();
    expect(await haltOf(laneThatSaid('lane-1', 'Halted', 2, 'ETHUSDT'))).toBeUndefined();
    expect(await haltOf(laneThatSaid('lane-1', 'Idle', 2))).toBeUndefined();
  });

  it('H12: which breakers were not closed, by the last word of each lane of the venue', async () => {
    const open = [{ breaker: 'latency', reason: 'slow', failures: 2, until: TODAY } as const];
    const lane = (name: string, venue: 'binance-usdm' | 'deribit'): LedgerLane => ({
      lane: name,
      state: null,
      entries: null,
      breakers: { lane: name, symbol: 'ETHUSDT', open, venue, epoch: 3, time: TODAY },
    });
    const silent: LedgerLane = { lane: 'silent', state: null, entries: null };
    const view = createLedgerView(ledgerOf([], [], [lane('a', 'binance-usdm'), lane('b', 'deribit'), silent]), clock);
    expect((await view(UNIT, 'BTCUSDT')).breakers).toEqual([{ lane: 'a', epoch: 3, time: TODAY, open }]);
    const none = createLedgerView(ledgerOf([], [], [silent]), clock);
    expect((await none(UNIT, 'BTCUSDT')).breakers).toBeUndefined();
  });

  it('F4: of an order without an end, whether the venue ever named it, what had filled, and since when it is Unknown', async () => {
    const origin = { venue: 'binance-usdm', epoch: 1, time: TODAY } as const;
    const order: LedgerOrder = {
      clientOrderId: 'o-1',
      intent: { ...intendedBody('o-1'), ...origin },
      state: {
        ...stateBody('o-1', 'Unknown', { cumulativeSize: '0.01' }),
        ...origin,
        state: 'Unknown',
        time: TODAY + 5,
      },
    };
    const { pendingOrders } = await createLedgerView(ledgerOf([], [], [], [order]), clock)(UNIT, 'BTCUSDT');
    expect(pendingOrders).toMatchObject([{ venueOrderId: '4711', cumulativeSize: '0.01', unknownSince: TODAY + 5 }]);
    const fresh = { ...order, state: null };
    const [pending] = (await createLedgerView(ledgerOf([], [], [], [fresh]), clock)(UNIT, 'BTCUSDT')).pendingOrders;
    expect([pending?.venueOrderId, pending?.cumulativeSize, pending?.unknownSince]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('H12: the day’s realised profit counts what was closed today, what it was bought for before, and today’s fees', async () => {
    const fills = [
      fill('1', 'buy', '60000', TODAY - 2_000),
      fill('2', 'sell', '59000', TODAY - 1_000),
      fill('3', 'buy', '60000', TODAY - 500),
      fill('4', 'sell', '59900', TODAY + 1_000),
      fill('5', 'buy', '1', TODAY + 2_000, 'ETHUSDT'),
    ];
    const view = await createLedgerView(ledgerOf(fills), clock)(UNIT, 'BTCUSDT');
    // 0.1 × (59900 − 60000) − 0.5; yesterday's loss of 100 is yesterday's.
    expect(view.realizedToday).toBeCloseTo(-10.5, 9);
    expect(view.positionSize).toBe('0');
    expect([...view.fillIds]).toEqual(['1', '2', '3', '4']);
  });

  it('H12: a ledger without fills has realised nothing', async () => {
    expect((await createLedgerView(ledgerOf([]), clock)(UNIT, 'BTCUSDT')).realizedToday).toBe(0);
  });

  it('H12: fees of fills that tell their worth count by it, whatever they were paid in; those of unknown worth do not', async () => {
    const terms = { contract: 'spot' } as const;
    const fills: LedgerFill[] = [
      {
        ...fill('1', 'buy', '60000', TODAY + 1),
        fee: '0.0001',
        feeCurrency: 'BTC',
        ...terms,
        positionFee: '0.0001',
        settlementFee: '6',
      },
      { ...fill('2', 'sell', '60000', TODAY + 2), size: '0.0999', fee: '5.9', ...terms, settlementFee: '5.9' },
      { ...fill('3', 'buy', '60000', TODAY + 3), fee: '0.02', feeCurrency: 'BNB', ...terms },
    ];
    const view = await createLedgerView(ledgerOf(fills), clock)(UNIT, 'BTCUSDT');
    expect(view.realizedToday).toBeCloseTo(-11.9, 9);
    expect(view.positionSize).toBe('0.1');
    expect(view.entryPrice).toBe('60000');
  });
});
