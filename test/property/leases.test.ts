import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { LeaseRow } from '#aws/control-item.ts';
import { createLeaseTable, type LeaseTable } from '#aws/lease-table.ts';
import { createLeaseKeeper } from '#aws/leases.ts';
import type { LeaseEvent } from '#core/control/control-ports.ts';
import type { Clock, EpochMs, MonoNanos, Timers } from '#core/time/clock.ts';
import { createFakeDynamoDb } from '../support/fake-dynamodb.ts';
import { createMemoryLeaseTable } from '../support/memory-lease-table.ts';
import { createTrueTime } from '../support/true-time.ts';

interface Span {
  readonly holder: number;
  readonly epoch: number;
  readonly from: number;
  until: number;
  /** When its holder may do its first work: what earlier ones signed is over by then. */
  readonly opensAt: number;
  /** Until when what is signed under it may be carried out. */
  signedUntil: number;
}

const callFate = fc.record({
  requestMs: fc.integer({ min: 1, max: 40 }),
  answerMs: fc.integer({ min: 1, max: 40 }),
  // Now and then a request that takes seconds, or nearly as long as an answer is waited for, is lost, or whose answer is.
  fate: fc.constantFrom(
    'fine',
    'fine',
    'fine',
    'fine',
    'fine',
    'slow',
    'sluggish',
    'sluggish',
    'lostRequest',
    'lostAnswer',
    'refusedByService',
  ),
});

const holderPlan = fc.record({
  rate: fc.integer({ min: 98, max: 102 }).map((percent) => percent / 100),
  wallOffset: fc.integer({ min: -3_600_000, max: 3_600_000 }),
  startsAt: fc.integer({ min: 0, max: 3000 }),
  /** Stopped (as by SIGSTOP) from, for so long. */
  pauses: fc.array(fc.tuple(fc.integer({ min: 0, max: 60_000 }), fc.integer({ min: 100, max: 9000 })), {
    maxLength: 3,
  }),
  /** Gives the lease up then, if it holds it; with nothing on its way any more, or not. */
  leaves: fc.array(fc.tuple(fc.integer({ min: 0, max: 60_000 }), fc.boolean()), { maxLength: 4 }),
  diesAt: fc.option(fc.integer({ min: 5_000, max: 50_000 }), { nil: null }),
});

it('M2, G12: no two holders ever hold one lease at the same true time, and none works before what earlier ones signed is over, whatever pauses, clocks and lost answers do', async () => {
  let acquisitions = 0;
  let takeovers = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(holderPlan, { minLength: 2, maxLength: 3 }),
      fc.infiniteStream(callFate),
      async (plans, fates) => {
        const world = createTrueTime();
        const memory = createMemoryLeaseTable();
        const spans: Span[] = [];
        const grants: { name: string; grant: string; epoch: number }[] = [];

        const keepers = plans.map((plan, holder) => {
          const resumed = (time: number) =>
            plan.pauses.reduce((at, [from, length]) => (at >= from && at < from + length ? from + length : at), time);
          const dead = () => plan.diesAt !== null && world.now() >= plan.diesAt;
          /** Runs something in the holder's process: not before it is resumed, never once it is dead. */
          const inProcess = (time: number, run: () => void) =>
            world.at(time, () => {
              const at = resumed(world.now());
              if (at > world.now()) world.at(at, () => dead() || run());
              else if (!dead()) run();
            });
          const clock: Clock = {
            monoNanos: () => (world.now() * plan.rate * 1e6 + 5e12) as MonoNanos,
            epochMs: () => (1.8e12 + world.now() + plan.wallOffset) as EpochMs,
          };
          const timers: Timers = {
            after(delayMs, run) {
              let cancelled = false;
              inProcess(world.now() + delayMs / plan.rate, () => cancelled || run());
              return () => {
                cancelled = true;
              };
            },
          };
          const trueTimeOf = (mono: MonoNanos) => (mono - 5e12) / 1e6 / plan.rate;

          function call<Answer>(run: () => Promise<Answer>): Promise<Answer> {
            const { requestMs, answerMs, fate } = fates.next().value;
            const arrives = world.now() + requestMs * (fate === 'slow' ? 100 : fate === 'sluggish' ? 22 : 1);
            return new Promise((resolve, reject) => {
              if (fate === 'lostRequest') return;
              world.at(arrives, () => {
                if (fate === 'refusedByService') {
                  inProcess(world.now() + answerMs, () => reject(new Error('throttled')));
                  return;
                }
                const done = run();
                if (fate === 'lostAnswer') return;
                const answersAt = world.now() + answerMs;
                inProcess(answersAt, () => done.then(resolve, reject));
              });
            });
          }
          const table: LeaseTable = {
            read: (name) => call(() => memory.read(name)),
            acquire: (grant, seen) => {
              grants.push(grant);
              return call(() => memory.acquire(grant, seen));
            },
            renew: (grant) => call(() => memory.renew(grant)),
            release: (grant) => call(() => memory.release(grant)),
            request: (name, seen, request) => call(() => memory.request(name, seen, request)),
          };
          let current: Span | null = null;
          let leavesSettled = false;
          const onEvent = (event: LeaseEvent) => {
            if (event.kind === 'acquired') {
              acquisitions += 1;
              if (event.tookOverFrom !== null && event.tookOverFrom !== `h${holder}`) takeovers += 1;
              const until = trueTimeOf(event.lease.fencedAt);
              const opensAt = world.now() + event.predecessorLeftMs / plan.rate;
              current = { holder, epoch: event.lease.epoch, from: world.now(), until, opensAt, signedUntil: until };
              spans.push(current);
            } else if (current !== null) {
              if (event.kind === 'renewed') {
                current.until = trueTimeOf(event.lease.fencedAt);
                current.signedUntil = current.until;
              } else if (event.kind === 'lost') {
                current.until = Math.min(current.until, world.now());
                // One that leaves before it may work has signed nothing.
                const worked = world.now() >= current.opensAt;
                if (!worked || (event.reason === 'released' && leavesSettled)) current.signedUntil = current.until;
                current = null;
              }
            }
          };
          let number = 0;
          const keeper = createLeaseKeeper({
            table,
            holder: `h${holder}`,
            names: ['unit'],
            clock,
            timers,
            onEvent,
            newGrant: () => {
              number += 1;
              return `h${holder}-${number}`;
            },
          });
          inProcess(plan.startsAt, () => keeper.start());
          for (const [at, settled] of plan.leaves)
            inProcess(at, () => {
              leavesSettled = settled;
              void keeper.release('unit', { settled, to: null });
            });
          return keeper;
        });

        await world.runUntil(60_000);
        for (const keeper of keepers) void keeper.stop({ release: false });

        const ordered = spans.toSorted((a, b) => a.from - b.from);
        for (const [index, span] of ordered.entries()) {
          const next = ordered[index + 1];
          if (next === undefined) continue;
          expect(next.from).toBeGreaterThanOrEqual(span.until);
          expect(next.epoch).toBeGreaterThan(span.epoch);
        }
        // But for a rounding error of true time.
        for (const [index, { opensAt, until }] of ordered.entries())
          for (const { signedUntil } of ordered.slice(0, index))
            if (opensAt < until) expect(opensAt).toBeGreaterThanOrEqual(signedUntil - 0.001);
        const owner = memory.rows.get('unit');
        for (const old of grants.filter((each) => each.grant !== owner?.grant)) {
          const answer = await memory.renew({ ...old, validUntil: 0 as EpochMs });
          expect(answer.kind).toBe('refused');
        }
      },
    ),
    { numRuns: 400 },
  );
  // The runs did exercise what they claim to.
  expect(acquisitions).toBeGreaterThan(60);
  expect(takeovers).toBeGreaterThan(10);
});

const operation = fc.record({
  kind: fc.constantFrom('read', 'acquire', 'renew', 'release', 'request'),
  grant: fc.constantFrom('g1', 'g2', 'g3'),
  /** How many reads ago the row was seen. */
  stale: fc.nat({ max: 2 }),
});

it('M2: the adapter answers every sequence of calls as the rules say', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async (operations) => {
      const memory = createMemoryLeaseTable();
      const adapter = createLeaseTable(createFakeDynamoDb().client, 'control');
      const seen: (LeaseRow | null)[] = [null];
      for (const { kind, grant, stale } of operations) {
        const row = seen.at(-1 - Math.min(stale, seen.length - 1)) ?? null;
        const validUntil = 77 as EpochMs;
        const epoch = (row?.epoch ?? 0) + (kind === 'acquire' ? 1 : 0);
        const reservedFor = stale === 0 ? null : 'g9';
        const request = {
          name: 'unit',
          grant,
          epoch,
          validUntil,
          holder: 'h',
          leaseMs: 4000,
          unsettledMs: stale * 100,
          reservedFor,
        };
        const held = { ...request, rvn: 1, released: false };
        const apply = (table: LeaseTable) => {
          if (kind === 'read') return table.read('unit');
          if (kind === 'request') return table.request('unit', row ?? held, { by: grant, holds: stale, id: grant });
          return kind === 'acquire'
            ? table.acquire(request, row)
            : table[kind === 'renew' ? 'renew' : 'release'](request);
        };
        const [expected, answer] = [await apply(memory), await apply(adapter)];
        expect(answer).toEqual(expected);
        if (kind === 'read') seen.push(await memory.read('unit'));
      }
    }),
    { numRuns: 120 },
  );
});
