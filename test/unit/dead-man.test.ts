import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Alert } from '#aws/alerts.ts';
import { createDeadManRecords } from '#aws/dead-man-records.ts';
import { createLeaseTable } from '#aws/lease-table.ts';
import { DEAD_MAN_CASE, type DeadManCase, deadManExecutionName, judgeLease } from '#core/control/dead-man.ts';
import { unitId } from '#core/control/unit.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import { orderIdPrefix } from '#core/orders/client-order-id.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { type WatchParts, watchUnits } from '#functions/dead-man/watch-units.ts';
import { CANCEL_REQUEST, type CancelParts, cancelStep } from '#functions/dead-man-step/cancel-step.ts';
import { type AccountWorld, openAccountWorld } from '../support/account-world.ts';
import { machineOf } from '../support/confirmation-machine.ts';
import { deadManTemplate } from '../support/dead-man-machine.ts';
import { createFakeDynamoDb } from '../support/fake-dynamodb.ts';
import { type Execution, runMachine } from '../support/state-machine.ts';

const UNIT = { account: 'main', mode: 'paper', venue: 'binance-usdm' } as const;
const ID = unitId(UNIT);
const own = (number: number) => `${orderIdPrefix('paper', ID)}1-${number}`;
const GRANT = { name: ID, grant: 'g', epoch: 7, validUntil: 5_000 as EpochMs, unsettledMs: 0 };

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

describe('the watch over leases', () => {
  const TIMES = { standstillMs: 15_000, lookMs: 2_000, forMs: 80_000 };

  /** A watch on a clock of its own; `during` is what happens at its looks, by second. */
  function build(during: (second: number) => Promise<unknown> = async () => undefined) {
    const control = createFakeDynamoDb();
    const leases = createLeaseTable(control.client, 'control');
    const records = createDeadManRecords(control.client, 'control');
    const begun: { readonly at: number; readonly name: string }[] = [];
    let now = 0;
    const parts: WatchParts = {
      leases,
      records,
      begin: async (stands) => void begun.push({ at: now / 1e3, name: deadManExecutionName(stands) }),
      log: () => undefined,
      sleep: async (ms) => {
        now += ms;
        await during(now / 1e3);
      },
      monoMs: () => now,
      nowMs: () => 1_000_000 + now,
    };
    const hold = () => leases.acquire({ ...GRANT, holder: 'engine-1', leaseMs: 4_000 }, null);
    const watch = async () => (await watchUnits(parts, [UNIT, UNIT], TIMES))[0]?.verdict;
    return { leases, records, begun, parts, hold, watch };
  }

  it('M7: a standstill is found within 15 s and one look, and its execution is begun once', async () => {
    const { begun, hold, watch } = build();
    await hold();
    expect(await watch()).toBe('standstill');
    expect(begun).toEqual([{ at: 16, name: 'paper_main_binance-usdm-7-1' }]);
  });

  it('M7: renewals that stop at any time of a watch are found by it or by the next, which begins 20 s before it ends', async () => {
    for (let last = 0; last <= 60; last += 4) {
      const world = build(async (second) => (second <= last ? world.leases.renew(GRANT) : undefined));
      await world.hold();
      expect(await world.watch(), `renewed until ${last}`).toBe('standstill');
      expect(world.begun[0]?.at).toBeLessThanOrEqual(last + 18);
    }
  });

  it('touches nothing while the engine renews, another takes over, or it gave its lease up', async () => {
    const renewing = build(async () => renewing.leases.renew(GRANT));
    await renewing.hold();
    expect(await renewing.watch()).toBe('alive');
    const released = build();
    await released.hold();
    await released.leases.release({ ...GRANT, reservedFor: null });
    expect(await released.watch()).toBe('free');
    const taken = build(async (second) => {
      // Lost at once, and taken by another within ten seconds, who renews.
      const seen = await taken.leases.read(ID);
      if (second === 10)
        return taken.leases.acquire({ ...GRANT, grant: 'h', epoch: 8, holder: 'engine-2', leaseMs: 4_000 }, seen);
      return second > 10 ? taken.leases.renew({ ...GRANT, grant: 'h', epoch: 8 }) : undefined;
    });
    await taken.hold();
    expect(await taken.watch()).toBe('alive');
    expect([renewing, released, taken].flatMap(({ begun }) => begun)).toEqual([]);
  });

  it('is off while people have disarmed it', async () => {
    const { records, begun, hold, watch } = build();
    await hold();
    await records.disarm(ID, { until: 1_000_000 + 200_000, by: 'ops', reason: 'maintenance' });
    expect(await watch()).toBe('disarmed');
    expect(begun).toEqual([]);
    await records.disarm(ID, { until: 0, by: 'ops', reason: 'over' });
    expect(await watch()).toBe('standstill');
  });

  it('T4: a unit whose lease or record cannot be read leaves the others watched; the watch fails once they have been', async () => {
    const OTHER = { ...UNIT, account: 'other' } as const;
    for (const part of ['leases', 'records'] as const) {
      const { parts, begun, hold } = build();
      await hold();
      const spoilt = {
        ...parts,
        [part]: {
          read: (unit: string) =>
            unit === unitId(OTHER) ? Promise.reject(new Error('CONTROL_ITEM_INVALID')) : parts[part].read(unitId(UNIT)),
        },
      };
      await expect(watchUnits(spoilt, [OTHER, UNIT], TIMES)).rejects.toThrow('CONTROL_ITEM_INVALID');
      expect(begun, part).toMatchObject([{ at: 16 }]);
    }
  });

  it('M7: a standstill whose execution ended since people had disarmed it meanwhile is begun anew once they have not', async () => {
    const { parts, records, begun, hold, watch } = build();
    await hold();
    expect(await watch()).toBe('standstill');
    // It has seen this, and ended: Step Functions takes no name twice.
    await records.disarm(ID, { until: parts.nowMs() + 60_000, by: 'ops', reason: 'keys' });
    expect(await watch()).toBe('standstill');
    expect(await watch()).toBe('standstill');
    const names = begun.map(({ name }) => name);
    expect(new Set(names).size).toBe(2);
    expect(names[0]).toBe('paper_main_binance-usdm-7-1');
    for (const name of names) expect(name).toMatch(/^[\w-]{1,80}$/);
  });

  it('names the longest case in 80 characters', () => {
    const unit = unitId({ account: 'a'.repeat(31), mode: 'testnet', venue: 'binance-usdm' });
    const stands = { unit, epoch: 1_795_000_000_000, rvn: 99_999_999 };
    expect(deadManExecutionName(stands).length).toBeLessThanOrEqual(80);
    expect(deadManExecutionName({ ...stands, disarmedUntil: 1_795_000_000_000 }).length).toBeLessThanOrEqual(80);
  });

  it('T4: an execution that could not be begun is a failed watch, which the next one makes good', async () => {
    const { parts, hold } = build();
    await hold();
    const failing = { ...parts, begin: () => Promise.reject(new Error('ThrottlingException')) };
    await expect(watchUnits(failing, [UNIT], TIMES)).rejects.toThrow('ThrottlingException');
  });
});

describe('the execution of a standstill, on a simulated venue', () => {
  const machine = machineOf(deadManTemplate());
  const STANDS: DeadManCase = DEAD_MAN_CASE.parse({
    unit: ID,
    holder: 'engine-1',
    epoch: 7,
    rvn: 1,
    standstillSeconds: 15,
    foundAt: 1,
  });
  let world: AccountWorld;
  let alerts: Alert[];
  let control: ReturnType<typeof createFakeDynamoDb>;
  let parts: CancelParts;
  /** What happens while the machine waits. */
  let between: (seconds: number) => Promise<unknown>;

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
      symbols: async () => [world.instrument.symbol],
      alerts: {
        async publish(alert) {
          alerts.push(alert);
          return 'sent';
        },
      },
      log: () => undefined,
      nowMs: Date.now,
    };
    await world.until('a market', () => world.exchange.book(world.instrument.symbol, 1).bids.length > 0);
  });
  afterEach(() => world.close());

  /** Runs the deployed definition with the step's own code. */
  const execute = (): Promise<Execution> =>
    runMachine(machine, STANDS, {
      invoke: async (payload) => cancelStep(CANCEL_REQUEST.parse(payload).record, parts),
      wait: async () => undefined,
      pass: async (seconds) => void (await between(seconds)),
    });

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

  it('M7: cancels what a silent engine left open, keeps what protects and what others placed, and ends when the venue has said twice that nothing is open', async () => {
    holdPosition();
    rest(own(1));
    rest(own(2), true);
    rest('by-hand');
    const { status, path } = await execute();
    expect(status).toBe('SUCCEEDED');
    expect(path.filter((name) => name === 'LookAndCancel')).toHaveLength(3);
    expect(path.at(-1)).toBe('NothingOpen');
    expect(openIds()).toEqual(['by-hand', own(2)].sort());
    expect(alerts).toMatchObject([{ code: 'DEAD_MAN_ACTED', severity: 'critical', unit: ID }]);
    expect(alerts[0]?.text).toContain('engine-1 has not renewed its lease for 15 s');
    expect(alerts[0]?.text).toContain(`cancelled: ${own(1)}`);
    expect(alerts[0]?.text).toContain(`since they only close: ${own(2)}`);
    expect(await parts.records.read(ID)).toMatchObject({ doneFor: '7#1' });
  });

  it('M7: an order that was on its way when the first look was clean is cancelled as well', async () => {
    let looks = 0;
    between = async () => {
      looks += 1;
      if (looks === 1) rest(own(4));
    };
    expect(await execute()).toMatchObject({ status: 'SUCCEEDED' });
    expect(openIds()).toEqual([]);
    expect(alerts[0]?.text).toContain(own(4));
  });

  it('leaves everything to an engine that renewed or took over meanwhile, and while people have disarmed it', async () => {
    rest(own(1));
    const leases = createLeaseTable(control.client, 'control');
    await parts.records.read(ID);
    await createDeadManRecords(control.client, 'control').disarm(ID, {
      until: Date.now() + 60_000,
      by: 'ops',
      reason: 'x',
    });
    expect((await execute()).path.at(-1)).toBe('LookedAfter');
    await createDeadManRecords(control.client, 'control').disarm(ID, { until: 0, by: 'ops', reason: 'x' });
    await leases.renew(GRANT);
    expect((await execute()).path.at(-1)).toBe('LookedAfter');
    expect({ open: openIds(), alerts }).toEqual({ open: [own(1)], alerts: [] });
  });

  it('goes on each 15 s where the venue refuses, the keys are missing or the step fails, and tells people', async () => {
    rest(own(1));
    const [asks, waits]: [number[], number[]] = [[], []];
    const { venue, leases } = parts;
    parts = {
      ...parts,
      venue: async (unit) => {
        asks.push(asks.length);
        if (asks.length === 1) return { ...world.queries, cancelOrder: () => Promise.reject(new Error('HTTP 503')) };
        if (asks.length < 4) throw new Error('VENUE_KEYS_MISSING');
        return venue(unit);
      },
      leases: {
        read: async (name) => {
          if (waits.length === 2) {
            waits.push(0);
            throw new Error('ProvisionedThroughputExceededException');
          }
          return leases.read(name);
        },
      },
    };
    between = async (seconds) => void waits.push(seconds);
    expect(await execute()).toMatchObject({ status: 'SUCCEEDED' });
    expect(openIds()).toEqual([]);
    expect(waits).toEqual([15, 15, 0, 15, 15, 2, 2]);
    expect(alerts.map((alert) => alert.code)).toEqual(['DEAD_MAN_FAILED', 'DEAD_MAN_FAILED', 'DEAD_MAN_ACTED']);
    expect(alerts[0]?.text).toContain('NOT DONE, tried again each 15 s: VENUE_KEYS_MISSING');
  });

  it('gives up after four hours of failures, so that an alarm rings', async () => {
    parts = { ...parts, venue: () => Promise.reject(new Error('VENUE_KEYS_MISSING')) };
    const late = { ...STANDS, attempts: 998 };
    const end = await runMachine(machine, late, {
      invoke: async (payload) => cancelStep(CANCEL_REQUEST.parse(payload).record, parts),
      wait: async () => undefined,
    });
    expect(end).toMatchObject({ status: 'FAILED', output: 'DEAD_MAN_GIVEN_UP' });
    expect(alerts.at(-1)?.text).toContain('NOT DONE, given up');
  });
});
