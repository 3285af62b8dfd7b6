import { describe, expect, it } from 'vitest';
import type { FillReport, PositionReport } from '#core/orders/order.ts';
import type { VenueQueries } from '#core/orders/venue-ports.ts';
import type { Clock, EpochMs, MonoNanos } from '#core/time/clock.ts';
import { askForRecovery } from '#engine/venue-questions.ts';
import { BTC } from '../support/lane-world.ts';

const LANE = { symbol: 'BTCUSDT', instrument: BTC, configuration: { reservedSize: '0' } };
const clock: Clock = { monoNanos: () => 0 as MonoNanos, epochMs: () => 0 as EpochMs };

/** An account that fills 0.01 more at each of the first `moves` questions for its position, after the list of fills was given. */
function movingAccount(moves: number): { readonly queries: VenueQueries; readonly asked: () => number } {
  const fills: FillReport[] = [];
  let asked = 0;
  const refuse = () => Promise.reject(new Error('not asked in a recovery'));
  const queries: VenueQueries = {
    serverTime: refuse,
    instruments: refuse,
    orderByClientId: refuse,
    openOrders: () => Promise.resolve([]),
    ordersSince: () => Promise.resolve([]),
    fillsSince: () => Promise.resolve([...fills]),
    positions: () => {
      asked += 1;
      if (asked <= moves) fills.push(fillOf(fills.length));
      return Promise.resolve([positionOf(fills.length)]);
    },
    balances: refuse,
    cancelOrder: refuse,
  };
  return { queries, asked: () => asked };
}

function fillOf(index: number): FillReport {
  return {
    kind: 'fill',
    source: 'query',
    symbol: 'BTCUSDT',
    fillId: String(index),
    clientOrderId: null,
    venueOrderId: 'v',
    side: 'buy',
    price: '60000',
    size: '0.01',
    fee: '0',
    feeCurrency: 'USDT',
    liquidity: 'maker',
    cause: 'trade',
    venueTime: index as EpochMs,
  };
}

function positionOf(fills: number): PositionReport {
  return {
    kind: 'position',
    source: 'query',
    symbol: 'BTCUSDT',
    size: String(fills / 100),
    entryPrice: '60000',
    venueTime: 0 as EpochMs,
  };
}

describe('the questions of a recovery', () => {
  it('H2: fills and position are of one moment, though the account trades between the questions', async () => {
    const view = await askForRecovery(movingAccount(2).queries, LANE, 0 as EpochMs, clock);
    expect({ fills: view.fills.length, position: view.position.size }).toEqual({ fills: 2, position: '0.02' });
  });

  it('H2: an account that never rests is asked a bounded number of times, and the recovery tried again later', async () => {
    const account = movingAccount(1_000);
    await expect(askForRecovery(account.queries, LANE, 0 as EpochMs, clock)).rejects.toThrow('ACCOUNT_MOVES');
    expect(account.asked()).toBeLessThanOrEqual(5);
  });
});
