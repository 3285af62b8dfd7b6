import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Alert } from '#aws/alerts.ts';
import { createDeadManRecords } from '#aws/dead-man-records.ts';
import { createLeaseTable } from '#aws/lease-table.ts';
import { judgeLease } from '#core/control/dead-man.ts';
import { unitId } from '#core/control/unit.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import { orderIdPrefix } from '#core/orders/client-order-id.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { type WatchParts, watchUnits } from '#functions/dead-man/watch-units.ts';
import { type AccountWorld, openAccountWorld } from '../support/account-world.ts';
import { createFakeDynamoDb } from '../support/fake-dynamodb.ts';

const UNIT = { account: 'main', mode: 'paper', venue: 'binance-usdm' } as const;
const ID = unitId(UNIT);
const own = (number: number) => `${orderIdPrefix('paper', ID)}1-${number}`;
const GRANT = { name: ID, grant: 'g', epoch: 7, validUntil: 5_000 as EpochMs };

describe('the dead-man switch judges a lease', () => {
  const pulse = { holder: 'engine-1', epoch: 7, rvn: 3, released: false };
  const armed = { doneFor: null, disarmedUntil: 0 };
  it.each([
    ['alive', pulse, { ...pulse, rvn: 4 }, armed],
    ['alive', pulse, { ...pulse, epoch: 8 }, armed],
    ['free', pulse, { ...pulse, released: true }, armed],
    ['free', null, pulse, armed],
    ['standstill', pulse, pulse, armed],
    ['standstill', pulse, pulse, { doneFor: '7#2', disarmedUntil: 999 }],
    ['done', pulse, pulse, { doneFor: '7#3', disarmedUntil: 0 }],
    ['disarmed', pulse, pulse, { doneFor: null, disarmedUntil: 1_001 }],
  ] as const)('%s', (verdict, first, second, record) => {
    expect(judgeLease(first, second, record, 1_000)).toBe(verdict);
  });
});

describe('the dead-man switch, on a simulated venue', () => {
  let world: AccountWorld;
  let alerts: Alert[];
  let control: ReturnType<typeof createFakeDynamoDb>;
  let parts: WatchParts;
  /** What happens between the two looks. */
  let between: () => Promise<unknown>;

  beforeEach(async () => {
    world = await openAccountWorld('binance-usdm');
    control = createFakeDynamoDb();
    alerts = [];
    between = async () => undefined;
    const leases = createLeaseTable(control.client, 'control');
    await leases.acquire({ ...GRANT, holder: 'engine-1', leaseMs: 4_000 }, null);
    parts = {
      leases,
      records: createDeadManRecords(control.client, 'control'),
      venue: async () => world.queries,
      alerts: {
        async publish(alert) {
          alerts.push(alert);
          return 'sent';
        },
      },
      log: () => undefined,
      sleep: () => between().then(() => undefined),
      nowMs: Date.now,
    };
    await world.until('a market', () => world.exchange.book(world.instrument.symbol, 1).bids.length > 0);
  });
  afterEach(() => world.close());

  const watch = async () => {
    const [report] = await watchUnits(parts, [{ unit: UNIT, symbols: [world.instrument.symbol] }], 30_000);
    return report;
  };
  const openIds = () =>
    world.exchange
      .openOrders('main', world.instrument.symbol)
      .map((order) => order.clientOrderId)
      .sort();

  /** Rests below the market; `protects`: a stop that only closes. */
  function rest(clientOrderId: string, protects = false): void {
    const { instrument, exchange } = world;
    const best = exchange.book(instrument.symbol, 1).bids[0]?.[0] ?? 0;
    const below = (Math.floor((best * 0.97) / instrument.tickSize) * instrument.tickSize) as Price;
    const outcome = exchange.place('main', {
      clientOrderId,
      symbol: instrument.symbol,
      side: protects ? 'sell' : 'buy',
      type: protects ? 'stopMarket' : 'limit',
      timeInForce: protects ? 'ioc' : 'gtc',
      price: protects ? null : below,
      triggerPrice: protects ? below : null,
      size: (instrument.lotSize * 20) as Size,
      reduceOnly: protects,
    });
    expect(outcome.kind).toBe('accepted');
  }

  function holdPosition(): void {
    const { instrument, exchange } = world;
    const size = (instrument.lotSize * 20) as Size;
    const order = { symbol: instrument.symbol, side: 'buy', type: 'market', timeInForce: 'ioc', size } as const;
    exchange.place('main', { ...order, clientOrderId: own(9), price: null, triggerPrice: null, reduceOnly: false });
  }

  it('M7: cancels what a silent engine left open, keeps what protects and what others placed, and tells once', async () => {
    holdPosition();
    rest(own(1));
    rest(own(2), true);
    rest('by-hand');
    expect(await watch()).toMatchObject({ verdict: 'standstill', cancelled: [own(1)] });
    expect(openIds()).toEqual(['by-hand', own(2)].sort());
    expect(alerts).toMatchObject([{ code: 'DEAD_MAN_ACTED', severity: 'critical', unit: ID }]);
    expect(alerts[0]?.text).toContain('engine-1 has not renewed');
    expect(alerts[0]?.text).toContain(`since they only close: ${own(2)}`);
    rest(own(3));
    expect(await watch()).toMatchObject({ verdict: 'done', cancelled: [] });
    expect(alerts).toHaveLength(1);
    // An engine lived again and fell silent again: another stop.
    await createLeaseTable(control.client, 'control').renew(GRANT);
    expect(await watch()).toMatchObject({ verdict: 'standstill', cancelled: [own(3)] });
  });

  it('touches nothing while the engine renews, another takes over, or it gave its lease up', async () => {
    rest(own(1));
    const leases = createLeaseTable(control.client, 'control');
    between = () => leases.renew(GRANT);
    expect(await watch()).toMatchObject({ verdict: 'alive' });
    between = async () => {
      const seen = await leases.read(ID);
      return leases.acquire({ ...GRANT, grant: 'h', epoch: 8, holder: 'engine-2', leaseMs: 4_000 }, seen);
    };
    expect(await watch()).toMatchObject({ verdict: 'alive' });
    between = () => leases.release({ ...GRANT, grant: 'h', epoch: 8, reservedFor: null });
    expect(await watch()).toMatchObject({ verdict: 'free' });
    expect({ open: openIds(), alerts }).toEqual({ open: [own(1)], alerts: [] });
  });

  it('is off while people have disarmed it', async () => {
    rest(own(1));
    await parts.records.disarm(ID, { until: Date.now() + 60_000, by: 'ops', reason: 'maintenance' });
    expect(await watch()).toMatchObject({ verdict: 'disarmed' });
    await parts.records.disarm(ID, { until: Date.now() - 1, by: 'ops', reason: 'over' });
    expect(await watch()).toMatchObject({ verdict: 'standstill', cancelled: [own(1)] });
  });

  it('goes on trying where the venue refuses or cannot be asked, and says so', async () => {
    rest(own(1));
    const refusing = { ...world.queries, cancelOrder: () => Promise.reject(new Error('HTTP 503')) };
    parts = { ...parts, venue: async () => refusing };
    expect(await watch()).toMatchObject({ verdict: 'failed', cancelled: [] });
    parts = { ...parts, venue: () => Promise.reject(new Error('VENUE_KEYS_MISSING')) };
    expect(await watch()).toMatchObject({ verdict: 'failed' });
    expect(alerts.map((alert) => alert.code)).toEqual(['DEAD_MAN_FAILED', 'DEAD_MAN_FAILED']);
    expect(alerts[0]?.text).toContain(`${own(1)} (${world.instrument.symbol}): HTTP 503`);
    parts = { ...parts, venue: async () => world.queries };
    expect(await watch()).toMatchObject({ verdict: 'standstill', cancelled: [own(1)] });
    expect(openIds()).toEqual([]);
  });
});
