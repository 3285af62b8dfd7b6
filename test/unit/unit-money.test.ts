import { describe, expect, it } from 'vitest';
import type { EventNote } from '#core/lanes/lane-effects.ts';
import type { AdjustmentReport, BalanceReport } from '#core/orders/order.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { UnitMoney, type UnitMoneyOptions } from '#engine/unit-money.ts';
import { UnitReconciliation, type UnitReconciliationOptions } from '#engine/unit-reconciliation.ts';
import { createManualClock } from '../support/manual-clock.ts';

const funding: AdjustmentReport = {
  kind: 'adjustment',
  reason: 'funding',
  id: 'FUNDING_FEE-1-USDT',
  symbol: 'BTCUSDT',
  currency: 'USDT',
  amount: '-0.5',
  venueTime: 1.7e12 as EpochMs,
};
const wallet: BalanceReport = {
  kind: 'balance',
  currency: 'USDT',
  walletBalance: '1000',
  availableBalance: '900',
  venueTime: 1.7e12 as EpochMs,
};

/** A unit's money with a venue in the test's hands; the rest of the unit hears nothing. */
function open(marginRate?: number) {
  const time = createManualClock(1.7e12);
  const venue = {
    refusals: 0,
    asked: [] as number[],
    booked: [] as AdjustmentReport[],
    balances: [wallet],
    booksRefused: false,
    keyIsWrong: false,
  };
  const told: EventNote[] = [];
  const free: (string | null)[] = [];
  const refuse = () => {
    if (venue.refusals === 0) return;
    venue.refusals -= 1;
    throw new VenueError('retry', '503', 'unavailable');
  };
  const options = {
    unit: { mode: 'paper', account: 'main', venue: 'binance-usdm' },
    queries: {
      async balances() {
        refuse();
        if (venue.keyIsWrong) throw new VenueError('keys', '-2015', 'invalid key');
        return venue.balances;
      },
      async adjustmentsSince(from: EpochMs) {
        if (venue.keyIsWrong) throw new VenueError('keys', '-2015', 'invalid key');
        if (venue.booksRefused) throw new VenueError('keys', '10005', 'permission denied');
        venue.asked.push(from);
        return venue.booked;
      },
    },
    instruments: new Map(),
    book: () => null,
    laneOf: () => null,
    inputs: {},
    risk: {
      balance: (report: BalanceReport) => free.push(report.availableBalance),
      book: { policy: { marginRate } },
    },
    tell: (note: EventNote) => told.push(note),
    timers: time.timers,
    runtime: { log: () => undefined },
    now: () => ({ mono: time.clock.monoNanos(), epoch: time.clock.epochMs() }),
    stopped: () => false,
  } as unknown as UnitMoneyOptions;
  const money = new UnitMoney(options);
  const cash = () => told.flatMap((note) => (note.type === 'cash.adjusted' ? [note.body.adjustmentId] : []));
  return { time, venue, told, free, money, options, cash };
}

describe('money beside fills', () => {
  it('invariant 2: what the stream tells without an id is booked from the venue’s books, once, as soon as they have it', async () => {
    const { money, venue, time, options, cash } = open();
    money.adjustment({ ...funding, id: 'FUNDING_FEE-1700-USDT', unnamed: true }, options.now());
    await time.advanceAsync(100);
    expect(cash()).toEqual([]);
    venue.booked = [funding];
    await time.advanceAsync(3_000);
    expect(cash()).toEqual([funding.id]);
    await time.advanceAsync(60_000);
    expect(cash()).toEqual([funding.id]);
  });

  it('invariant 2: what has the venue’s id counts once, in whatever order stream and books tell it', async () => {
    const { money, venue, options, cash } = open();
    venue.booked = [funding, { ...funding, id: 'TRANSFER-2-USDT', reason: 'transfer', symbol: null }];
    money.adjustment(funding, options.now());
    (await money.ask())();
    money.adjustment(funding, options.now());
    (await money.ask())();
    expect(cash()).toEqual([funding.id, 'TRANSFER-2-USDT']);
  });

  it('H2: a successor asks for a day of payments, and later for what came since, with room for late rows', async () => {
    const { money, venue, time } = open();
    const began = time.clock.epochMs();
    (await money.ask())();
    await time.advanceAsync(600_000);
    (await money.ask())();
    expect(venue.asked).toEqual([began - 25 * 3_600_000, began - 900_000]);
  });

  it('R1: a key that may not read the books is told of once, and what the stream tells is booked as it says', async () => {
    const { money, venue, told, options, cash } = open();
    venue.booksRefused = true;
    (await money.ask())();
    (await money.ask())();
    expect(told.filter((note) => note.type === 'alert')).toMatchObject([{ body: { code: 'PAYMENTS_NOT_READ' } }]);
    money.adjustment({ ...funding, id: 'FUNDING_FEE-1700-USDT', unnamed: true }, options.now());
    expect(cash()).toEqual(['FUNDING_FEE-1700-USDT']);
  });

  it('G9: a key that may read nothing at all says nothing of the books: they are read with the right one', async () => {
    const { money, venue, told, options, cash, time } = open();
    venue.keyIsWrong = true;
    await expect(money.ask()).rejects.toThrow('invalid key');
    venue.keyIsWrong = false;
    venue.booked = [funding];
    (await money.ask())();
    expect(cash()).toEqual([funding.id]);
    money.adjustment({ ...funding, id: 'FUNDING_FEE-1800-USDT', unnamed: true }, options.now());
    await time.advanceAsync(100);
    expect(cash()).toEqual([funding.id]);
    expect(told.filter((note) => note.type === 'alert')).toEqual([]);
  });

  it('G12: payments are asked for from the last time on, whatever the wall clock did meanwhile', async () => {
    const { money, venue, time } = open();
    (await money.ask())();
    const asked = time.clock.epochMs();
    time.stepWall(3_600_000);
    await time.advanceAsync(600_000);
    (await money.ask())();
    await time.advanceAsync(600_000);
    (await money.ask())();
    expect(venue.asked.at(-1)).toBeLessThanOrEqual(asked + 600_000);
  });

  it('S18: a balance that the stream changed and that is back is told again', async () => {
    const { money, told, options } = open();
    (await money.ask())();
    money.balance({ ...wallet, walletBalance: '990' }, options.now());
    (await money.ask())();
    const balances = told.flatMap((note) => (note.type === 'balance' ? [note.body.walletBalance] : []));
    expect(balances).toEqual(['1000', '990', '1000']);
  });

  it('H12: what is free is asked for every 10 s where the stream does not say it and limits need it', async () => {
    const asking = open(0.1);
    asking.money.balance({ ...wallet, availableBalance: null }, asking.options.now());
    asking.money.begin();
    await asking.time.advanceAsync(25_000);
    expect(asking.free.filter((each) => each === '900').length).toBeGreaterThanOrEqual(2);
    const idle = open();
    idle.money.balance({ ...wallet, availableBalance: null }, idle.options.now());
    idle.money.begin();
    await idle.time.advanceAsync(25_000);
    expect(idle.free.filter((each) => each === '900')).toHaveLength(1);
  });
});

describe('a unit whose account stream comes back', () => {
  function reconcile(world: ReturnType<typeof open>) {
    const { time, money, options } = world;
    const changes: boolean[] = [];
    const reconciliation: UnitReconciliation = new UnitReconciliation({
      unit: 'paper/main/binance-usdm',
      lanes: () => [],
      recovery: {},
      queries: options.queries,
      inputs: {},
      money,
      metrics: { errors: 0 },
      log: () => undefined,
      plan: () => ({ turns: 1, again: 1_000, ofOne: 1 }),
      clock: time.clock,
      timers: time.timers,
      now: options.now,
      predecessorLeftMs: 0,
      onOpened: () => undefined,
      onChange: () => changes.push(reconciliation.reconciled),
      stopped: () => false,
    } as unknown as UnitReconciliationOptions);
    return reconciliation;
  }

  it('H2: does not trade before balances and payments are known, at its start as after each absence', async () => {
    const world = open();
    world.venue.refusals = 1;
    const reconciliation = reconcile(world);
    reconciliation.streamIsLive();
    await world.time.advanceAsync(10);
    expect([reconciliation.opened, reconciliation.reconciled]).toEqual([false, false]);
    await world.time.advanceAsync(1_000);
    expect([reconciliation.opened, reconciliation.reconciled]).toEqual([true, true]);
    world.venue.refusals = 3;
    world.venue.booked = [funding];
    reconciliation.streamIsLive();
    await world.time.advanceAsync(400);
    expect([reconciliation.reconciled, world.cash()]).toEqual([false, []]);
    await world.time.advanceAsync(2_500);
    expect([reconciliation.reconciled, world.cash()]).toEqual([true, [funding.id]]);
    reconciliation.stop();
  });
});
