import { describe, expect, it } from 'vitest';
import type { ClientOrderId, FillReport, OrderReport, PositionReport } from '#core/orders/order.ts';
import type { VenueQueries } from '#core/orders/venue-ports.ts';
import type { Clock, EpochMs, MonoNanos } from '#core/time/clock.ts';
import { askAboutOrder, askForRecovery } from '#engine/venue-questions.ts';
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

describe('the question about one order', () => {
  const order = (changes: Partial<OrderReport> = {}): OrderReport => ({
    kind: 'orderReport',
    source: 'query',
    symbol: 'BTCUSDT',
    clientOrderId: 'o-1',
    venueOrderId: 'v-1',
    status: 'canceled',
    side: 'buy',
    price: '60000',
    size: '0.01',
    cumulativeSize: '0',
    reduceOnly: false,
    reason: '',
    venueTime: 1 as EpochMs,
    ...changes,
  });
  const asked = (lists: { past?: OrderReport[]; open?: OrderReport[] }, id: string, venueOrderId: string | null) => {
    const queries: VenueQueries = {
      ...movingAccount(0).queries,
      orderByClientId: (_symbol, clientOrderId) =>
        clientOrderId === 'o-1' ? Promise.resolve({ kind: 'notFound' }) : Promise.reject(new Error('not ours to ask')),
      openOrders: () => Promise.resolve(lists.open ?? []),
      ordersSince: () => Promise.resolve(lists.past ?? []),
    };
    const target = { symbol: 'BTCUSDT', clientOrderId: id as ClientOrderId, venueOrderId };
    return askAboutOrder(queries, LANE, target, 0 as EpochMs, clock);
  };

  it('F3, F4: an order that its own endpoint does not find is looked for in the lists of open and past orders', async () => {
    expect(await asked({ past: [order()] }, 'o-1', null)).toMatchObject({ kind: 'found', report: order() });
    const open = order({ status: 'accepted' });
    expect(await asked({ open: [open] }, 'o-1', null)).toMatchObject({ kind: 'found', report: open });
    // That it has ended is newer than that it was open.
    expect(await asked({ open: [open], past: [order()] }, 'o-1', null)).toMatchObject({ report: order() });
    expect(await asked({ past: [order({ clientOrderId: 'o-2' })] }, 'o-1', null)).toMatchObject({ kind: 'absent' });
  });

  it('H3: one that nobody here placed is asked for by the venue’s own id, in the lists alone', async () => {
    const foreign = order({ clientOrderId: null, venueOrderId: '99' });
    expect(await asked({ past: [order(), foreign] }, 'foreign-99', '99')).toMatchObject({ report: foreign });
    expect(await asked({ past: [order()] }, 'foreign-99', '99')).toMatchObject({ kind: 'absent' });
  });
});

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
