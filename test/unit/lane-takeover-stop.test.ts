import { describe, expect, it } from 'vitest';
import { type UnitId, type UnitRef, unitId } from '#core/control/unit.ts';
import { giveLane } from '#core/input-log/lane-input.ts';
import { Lane } from '#core/lanes/lane.ts';
import { createOrderIds, orderIdPrefix } from '#core/orders/client-order-id.ts';
import type { ClientOrderId, OrderReport } from '#core/orders/order.ts';
import type { VenueQueries } from '#core/orders/venue-ports.ts';
import type { Clock, EpochMs, MonoNanos } from '#core/time/clock.ts';
import { UnitRecovery } from '#engine/unit-recovery.ts';
import { BTC, laneConfiguration } from '../support/lane-world.ts';

const UNIT: UnitRef = { mode: 'paper', account: 'main', venue: 'binance-usdm' };
const clock: Clock = { monoNanos: () => 0 as MonoNanos, epochMs: () => 1.7e12 as EpochMs };
const predecessor = orderIdPrefix(UNIT.mode, unitId(UNIT), 6);

const left = (name: string, changes: Partial<OrderReport>): OrderReport => ({
  kind: 'orderReport',
  source: 'query',
  symbol: 'BTCUSDT',
  clientOrderId: `${predecessor}${name}`,
  venueOrderId: `v-${name}`,
  status: 'accepted',
  side: 'sell',
  price: '60010',
  size: '0.01',
  cumulativeSize: '0',
  reduceOnly: true,
  orderType: 'limit',
  reason: '',
  venueTime: 1.7e12 as EpochMs,
  ...changes,
});

describe('taking over a position that its predecessor protected', () => {
  it('H9, F24: cancels what the predecessor left but its stop, which is followed and covers what is held', async () => {
    const stop = left('stop', { orderType: 'stopMarket', price: null, triggerPrice: '59999' });
    let open = [left('entry', { side: 'buy', reduceOnly: false }), left('take', {}), stop];
    const canceled: string[] = [];
    const unasked = () => Promise.reject(new Error('not asked in a recovery'));
    const queries: VenueQueries = {
      serverTime: unasked,
      instruments: unasked,
      orderByClientId: unasked,
      balances: unasked,
      openOrders: () => Promise.resolve(open),
      ordersSince: () => Promise.resolve(open),
      fillsSince: () => Promise.resolve([]),
      positions: () =>
        Promise.resolve([
          {
            kind: 'position',
            source: 'query',
            symbol: 'BTCUSDT',
            size: '0.01',
            entryPrice: '60000',
            venueTime: 0 as EpochMs,
          },
        ]),
      cancelOrder: ({ clientOrderId }) => {
        canceled.push(clientOrderId.slice(predecessor.length));
        open = open.filter((each) => each.clientOrderId !== clientOrderId);
        return Promise.resolve({ kind: 'accepted', venueOrderId: '', venueTime: null });
      },
    };
    const lane = new Lane(
      laneConfiguration({ protection: {} }),
      BTC,
      createOrderIds('paper', unitId(UNIT) as UnitId, 7),
    );
    const recovery = new UnitRecovery({
      unit: UNIT,
      epoch: 7,
      queries,
      readLedger: () =>
        Promise.resolve({
          positionSize: '0.01',
          entryPrice: '60000',
          fillIds: new Set<string>(),
          endedOrderIds: new Set<string>(),
          pendingOrders: [],
          realizedToday: 0,
          lastKnownAt: null,
          hasHistory: true,
        }),
      take: (each, input, now) => giveLane(each, input, null, now),
      clock,
      log: () => undefined,
      tell: () => undefined,
      keepBreakers: () => undefined,
      perform: () => undefined,
      stopped: () => false,
    });
    (await recovery.prepare(lane))();
    expect(canceled).toEqual(['entry', 'take']);
    expect(lane.orders.get(stop.clientOrderId as ClientOrderId)).toMatchObject({ state: 'Accepted' });
    expect(lane.orders.stops()).toHaveLength(1);
    expect(lane.position.size).toBe(10);
    expect(lane.quiet).toBe(true);

    lane.onGate(null, null);
    const now = { mono: 1e9 as MonoNanos, epoch: clock.epochMs() };
    lane.onTimer(null, now);
    const wished = lane.effects.filter((each) => each.kind === 'place' || each.kind === 'cancel');
    expect(wished, 'it fits: neither placed anew nor taken away').toEqual([]);
  });
});
