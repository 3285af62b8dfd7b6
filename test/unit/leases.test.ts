import { describe, expect, it } from 'vitest';
import { createDesiredStates } from '#aws/desired-state.ts';
import { createLeaseTable } from '#aws/lease-table.ts';
import { createLeaseKeeper } from '#aws/leases.ts';
import type { LeaseEvent } from '#core/control/control-ports.ts';
import { DESIRED_COMMAND } from '#core/control/desired-command.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { createFakeDynamoDb } from '../support/fake-dynamodb.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { createMemoryLeaseTable, type MemoryLeaseTable } from '../support/memory-lease-table.ts';

const UNIT = 'paper/main/binance-usdm';

function keep(table: MemoryLeaseTable, manual: ManualClock, holder: string, names = [UNIT], maximum = names.length) {
  const events: LeaseEvent[] = [];
  const errors: unknown[] = [];
  const keeper = createLeaseKeeper({
    table,
    holder,
    names,
    maximum,
    clock: manual.clock,
    timers: manual.timers,
    onEvent: (event) => events.push(event),
    onError: (_name, error) => errors.push(error),
  });
  return { keeper, events, errors, kinds: () => events.map((event) => event.kind) };
}

describe('leases', () => {
  it('R8: the first holder acquires at once, renews each second, and is told the desired state', async () => {
    const table = createMemoryLeaseTable();
    const manual = createManualClock();
    table.desired = { version: 3, wish: 'reduce', frozenSymbols: ['BTCUSDT'], reason: 'night', by: 'ops' };
    const first = keep(table, manual, 'engine-1');

    first.keeper.start();
    await manual.advanceAsync(2500);

    expect(first.kinds()).toEqual(['acquired', 'renewed', 'renewed']);
    const [acquired] = first.events;
    expect(acquired).toMatchObject({ tookOverFrom: null, predecessorLeftMs: 0 });
    expect(first.keeper.held()[0]).toMatchObject({ name: UNIT, desired: { wish: 'reduce', version: 3 } });
    await first.keeper.stop({ release: false });
    expect(manual.pending).toBe(0);
  });

  it('R8: after a SIGKILL a standby holds the lease within 10 s, with a higher epoch, once no old order can live any more', async () => {
    const table = createMemoryLeaseTable();
    const manual = createManualClock();
    const first = keep(table, manual, 'engine-1');
    const second = keep(table, manual, 'engine-2');
    first.keeper.start();
    await manual.advanceAsync(10);
    second.keeper.start();
    await manual.advanceAsync(30_000);
    expect(second.kinds()).toEqual([]);
    const old = first.keeper.held()[0];

    await first.keeper.stop({ release: false });
    await manual.advanceAsync(6_000);

    const [event] = second.events;
    expect(event).toMatchObject({ kind: 'acquired', tookOverFrom: 'engine-1', predecessorLeftMs: 0 });
    expect(manual.clock.monoNanos()).toBeGreaterThan(old?.fencedAt ?? Number.NaN);
    expect(second.keeper.held()[0]?.epoch).toBe((old?.epoch ?? 0) + 1);
    await second.keeper.stop({ release: false });
  });

  /** Until when an acquisition says that earlier orders may live, by the monotonic clock. */
  const settledFrom = (at: number, event: LeaseEvent | undefined) =>
    event?.kind === 'acquired' ? at + event.predecessorLeftMs * 1e6 : Number.NaN;

  it.each([-3_600_000, 0, 3_600_000])(
    'G12: a lease given up before its orders are settled says for how long they may live, whatever wall clocks say (%i ms apart)',
    async (apartMs) => {
      const table = createMemoryLeaseTable();
      const manual = createManualClock();
      const first = keep(table, manual, 'engine-1');
      first.keeper.start();
      await manual.advanceAsync(5_300);
      const old = first.keeper.held()[0]?.fencedAt ?? Number.NaN;
      await first.keeper.stop({ release: true, settled: false });
      manual.stepWall(apartMs);
      const second = keep(table, manual, 'engine-2');
      second.keeper.start();
      await manual.advanceAsync(1);

      const at = manual.clock.monoNanos();
      expect(settledFrom(at, second.events[0])).toBeGreaterThanOrEqual(old);
      expect(settledFrom(at, second.events[0])).toBeLessThan(old + 550e6);
      await second.keeper.stop({ release: false });
    },
  );

  it('G12, T7: what an earlier holder signed outlives a lease that is given up, settled, before it is over', async () => {
    const table = createMemoryLeaseTable();
    const manual = createManualClock();
    const first = keep(table, manual, 'engine-1');
    first.keeper.start();
    await manual.advanceAsync(5_300);
    const old = first.keeper.held()[0]?.fencedAt ?? Number.NaN;
    await first.keeper.stop({ release: true, settled: false });
    const second = keep(table, manual, 'engine-2');
    second.keeper.start();
    await manual.advanceAsync(200);
    expect(second.kinds()).toEqual(['acquired']);
    await second.keeper.stop({ release: true, settled: true });
    const third = keep(table, manual, 'engine-3');
    third.keeper.start();
    await manual.advanceAsync(1);

    expect(settledFrom(manual.clock.monoNanos(), third.events[0])).toBeGreaterThanOrEqual(old);
    await third.keeper.stop({ release: false });
  });

  it('G12, M2: an acquisition whose answer was lost forgets nothing of what the holder before it said', async () => {
    const table = createMemoryLeaseTable();
    const manual = createManualClock();
    const first = keep(table, manual, 'engine-1');
    first.keeper.start();
    await manual.advanceAsync(5_300);
    const old = first.keeper.held()[0]?.fencedAt ?? Number.NaN;
    await first.keeper.stop({ release: true, settled: false });
    let lost = 1;
    const lossy: MemoryLeaseTable = {
      ...table,
      async acquire(grant, seen) {
        const answer = await table.acquire(grant, seen);
        lost -= 1;
        if (lost >= 0) throw new Error('connection reset');
        return answer;
      },
    };
    const second = keep(lossy, manual, 'engine-2');
    second.keeper.start();
    await manual.advanceAsync(1_500);

    expect([second.errors.length, second.kinds()[0]]).toEqual([1, 'acquired']);
    const at = manual.clock.monoNanos();
    expect(settledFrom(at, second.events[0])).toBeGreaterThanOrEqual(old);
    await second.keeper.stop({ release: false });
  });

  it('M2: a call that is still unanswered when the lease is lost takes it no second time', async () => {
    const table = createMemoryLeaseTable();
    const manual = createManualClock();
    const began = manual.clock.monoNanos();
    const within = (fromMs: number, toMs: number) => {
      const at = (manual.clock.monoNanos() - began) / 1e6;
      return at >= fromMs && at < toMs;
    };
    /** Slow to answer while it has to be; never, of the renewals before the lease ends. */
    const answered = async <Answer>(answer: Promise<Answer>): Promise<Answer> => {
      if (within(4_300, 6_100)) await new Promise<void>((resolve) => manual.timers.after(900, resolve));
      return answer;
    };
    const first = keep(
      {
        ...table,
        read: (name) => answered(table.read(name)),
        acquire: (grant, seen) => answered(table.acquire(grant, seen)),
        async renew(grant) {
          if (within(1_500, 4_100)) throw new Error('throttled');
          return within(4_100, 4_500) ? new Promise(() => undefined) : table.renew(grant);
        },
      },
      manual,
      'engine-1',
      [UNIT],
      2,
    );
    first.keeper.start();
    for (let elapsed = 0; elapsed < 8_000; elapsed += 10) await manual.advanceAsync(10);

    expect(first.kinds().filter((kind) => kind !== 'renewed')).toEqual(['acquired', 'lost', 'acquired']);
    await first.keeper.stop({ release: false });
  });

  it('T7: a graceful release is taken over at once, without waiting for the old validity once all is settled', async () => {
    const table = createMemoryLeaseTable();
    const manual = createManualClock();
    const first = keep(table, manual, 'engine-1');
    const second = keep(table, manual, 'engine-2');
    first.keeper.start();
    second.keeper.start();
    await manual.advanceAsync(5_000);
    const [active, standby] = first.keeper.held().length === 1 ? [first, second] : [second, first];

    await active.keeper.stop({ release: true, settled: true });
    await manual.advanceAsync(1_100);

    const taken = standby.events.at(-1);
    expect(taken).toMatchObject({ kind: 'acquired', predecessorLeftMs: 0 });
    expect(active.events.at(-1)).toMatchObject({ kind: 'lost', reason: 'released' });
    await standby.keeper.stop({ release: false });
  });

  it('M2: a holder whose renewals go unanswered fences itself before anyone else can hold the lease', async () => {
    const table = createMemoryLeaseTable();
    const manual = createManualClock();
    const silent: MemoryLeaseTable = { ...table, renew: () => new Promise(() => undefined) };
    const first = keep(silent, manual, 'engine-1');
    const second = keep(table, manual, 'engine-2');
    first.keeper.start();
    await manual.advanceAsync(1);
    second.keeper.start();

    await manual.advanceAsync(3_490);
    expect(first.keeper.held()).toHaveLength(1);
    await manual.advanceAsync(20);
    expect(first.events.find((event) => event.kind === 'lost')).toMatchObject({ reason: 'not renewed in time' });
    expect(first.errors.length).toBeGreaterThan(0);
    await Promise.all([first.keeper.stop({ release: false }), second.keeper.stop({ release: false })]);
  });

  it('M2: a renewal that was written but whose answer was lost keeps the lease', async () => {
    const table = createMemoryLeaseTable();
    const manual = createManualClock();
    let lost = 0;
    const flaky: MemoryLeaseTable = {
      ...table,
      async renew(grant) {
        const answer = await table.renew(grant);
        lost += 1;
        if (lost === 1) throw new Error('connection reset');
        return answer;
      },
    };
    const first = keep(flaky, manual, 'engine-1');
    first.keeper.start();
    await manual.advanceAsync(10_000);

    expect(first.kinds()).not.toContain('lost');
    expect(lost).toBeGreaterThan(5);
    await first.keeper.stop({ release: false });
  });

  it('R8: answers that take longer than a renewal keep the lease, as long as they come before its fence', async () => {
    const table = createMemoryLeaseTable();
    const manual = createManualClock();
    const slow: MemoryLeaseTable = {
      ...table,
      renew: (grant) =>
        new Promise((resolve) => {
          const answer = table.renew(grant);
          manual.timers.after(2_200, () => resolve(answer));
        }),
    };
    const first = keep(slow, manual, 'engine-1');
    const second = keep(table, manual, 'engine-2');
    first.keeper.start();
    await manual.advanceAsync(10);
    second.keeper.start();
    await manual.advanceAsync(30_000);

    expect(first.kinds()).not.toContain('lost');
    expect(first.keeper.held()).toHaveLength(1);
    expect(second.kinds()).toEqual([]);
    expect(first.errors.length).toBeGreaterThan(5);
    await Promise.all([first.keeper.stop({ release: false }), second.keeper.stop({ release: false })]);
  });

  it('R8: an engine holds no more leases than it may', async () => {
    const table = createMemoryLeaseTable();
    const manual = createManualClock();
    const one = keep(table, manual, 'engine-1', ['a', 'b', 'c'], 2);
    const two = keep(table, manual, 'engine-2', ['a', 'b', 'c'], 2);
    one.keeper.start();
    await manual.advanceAsync(100);
    two.keeper.start();
    await manual.advanceAsync(5_000);

    expect(one.keeper.held()).toHaveLength(2);
    expect(two.keeper.held()).toHaveLength(1);
    await Promise.all([one.keeper.stop({ release: false }), two.keeper.stop({ release: false })]);
  });

  it('R8: a lease that the engine may not take now is left to others, and taken once it may', async () => {
    const manual = createManualClock();
    const events: LeaseEvent[] = [];
    let may = false;
    const { clock, timers } = manual;
    const keeper = createLeaseKeeper({
      table: createMemoryLeaseTable(),
      holder: 'engine-1',
      names: [UNIT],
      clock,
      timers,
      onEvent: (event) => events.push(event),
      mayAcquire: () => may,
    });
    keeper.start();
    await manual.advanceAsync(5_000);
    expect(events).toEqual([]);
    may = true;
    await manual.advanceAsync(1_100);
    expect(keeper.held()).toHaveLength(1);
    await keeper.stop({ release: false });
  });

  it('M2: an epoch never comes again, even when the table is made anew', async () => {
    const manual = createManualClock(Date.UTC(2026, 10, 1));
    const epochs: number[] = [];
    for (let life = 0; life < 3; life += 1) {
      const table = createMemoryLeaseTable();
      for (const holder of ['engine-1', 'engine-2', 'engine-3']) {
        const each = keep(table, manual, holder);
        each.keeper.start();
        await manual.advanceAsync(1_500);
        epochs.push(...each.keeper.held().map((lease) => lease.epoch));
        await each.keeper.stop({ release: true, settled: true });
      }
    }
    expect(epochs).toHaveLength(9);
    expect([...epochs].sort((a, b) => a - b)).toEqual(epochs);
    expect(new Set(epochs).size).toBe(9);
  });

  it('R3: times that leave no room for a failed renewal are refused', () => {
    const manual = createManualClock();
    const { clock, timers } = manual;
    const options = {
      table: createMemoryLeaseTable(),
      holder: 'e',
      names: [],
      clock,
      timers,
      onEvent: () => undefined,
    };
    expect(() => createLeaseKeeper({ ...options, leaseMs: 2000, renewMs: 1000 })).toThrow('LEASE_TIMES');
  });
});

describe('lease table', () => {
  const validUntil = 5 as EpochMs;
  const grant = {
    name: UNIT,
    grant: 'g1',
    epoch: 9,
    holder: 'engine-1',
    leaseMs: 4000,
    validUntil,
    unsettledMs: 0,
    reservedFor: null,
  };

  it('M2: an old grant can neither renew nor release', async () => {
    const table = createLeaseTable(createFakeDynamoDb().client, 'control');
    await table.acquire(grant, null);
    const seen = await table.read(UNIT);
    await table.acquire({ ...grant, grant: 'g2', epoch: 10, holder: 'engine-2' }, seen);

    expect(await table.renew(grant)).toMatchObject({ kind: 'refused', row: { holder: 'engine-2', epoch: 10 } });
    expect(await table.release(grant)).toMatchObject({ kind: 'refused' });
    expect(await table.acquire({ ...grant, grant: 'g3', epoch: 10 }, seen)).toMatchObject({ kind: 'refused' });
    expect(await table.renew({ ...grant, grant: 'g2', epoch: 10 })).toMatchObject({ kind: 'done' });
  });

  it('M2: the own acquisition is recognised when its answer was lost and the client tried again', async () => {
    const fake = createFakeDynamoDb();
    const table = createLeaseTable(fake.client, 'control');
    fake.fault = () => 'lostAnswer';
    await expect(table.acquire(grant, null)).rejects.toThrow('connection reset');
    fake.fault = () => 'none';

    expect(await table.acquire(grant, null)).toMatchObject({ kind: 'done' });
    expect((await table.read(UNIT))?.rvn).toBe(1);
  });

  it('H15: a renewal brings the desired state that was wished meanwhile, and neither write disturbs the other', async () => {
    const fake = createFakeDynamoDb();
    const table = createLeaseTable(fake.client, 'control');
    const desired = createDesiredStates(fake.client, 'control');
    const command = DESIRED_COMMAND.parse({ id: 'c1', unit: UNIT, wish: 'stop', reason: 'drill', by: 'ops' });
    await desired.apply(command, 1000);
    await table.acquire(grant, null);
    await desired.apply({ ...command, id: 'c2', wish: 'flatten' }, 2000);

    expect(await table.renew(grant)).toMatchObject({
      kind: 'done',
      desired: { wish: 'flatten', version: 2, by: 'ops' },
    });
    expect(fake.items()).toHaveLength(1);
  });

  it('M7: a lease that is let go on purpose stands still for those who watch it, and is taken again under a new epoch after its rest', async () => {
    const table = createMemoryLeaseTable();
    const manual = createManualClock();
    const first = keep(table, manual, 'engine-1');
    first.keeper.start();
    await manual.advanceAsync(2_500);
    const before = table.rows.get(UNIT);
    first.keeper.lapse(UNIT, 25_000, 'cut off');
    expect(first.keeper.held()).toEqual([]);
    expect(first.events.at(-1)).toMatchObject({ kind: 'lost', reason: 'cut off' });
    await manual.advanceAsync(24_000);
    expect(table.rows.get(UNIT)).toEqual(before);
    await manual.advanceAsync(8_000);
    expect(first.keeper.held()).toMatchObject([{ name: UNIT, epoch: (before?.epoch ?? 0) + 1 }]);
    await first.keeper.stop({ release: false });
  });
});
