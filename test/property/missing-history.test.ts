import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatExact } from '#core/ledger/exact-decimal.ts';
import type { LedgerAdjustment, LedgerFill } from '#core/ledger/ledger-entry.ts';
import { foldPosition } from '#core/ledger/position-fold.ts';
import { knownAdjustments } from '#core/ledger/superseded-adjustments.ts';
import type { Price } from '#core/market/scaled-decimal.ts';
import type { FillReport } from '#core/orders/order.ts';
import { type LedgerView, planRecovery } from '#core/orders/recovery.ts';
import { termsOfFill } from '#core/positions/fill-terms.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { BTC, LaneWorld, laneConfiguration } from '../support/lane-world.ts';

const LANE = { name: 'lane-1', reservedSize: '0' };

/** An execution, whether the ledger heard of it, and whether the venue still lists it. */
const execution = fc.record({
  size: fc.integer({ min: -9, max: 9 }).filter((size) => size !== 0),
  price: fc.integer({ min: 59_000, max: 61_000 }),
  heard: fc.boolean(),
  listed: fc.boolean(),
});
const text = (thousandths: number) => formatExact(BigInt(thousandths), 3);

function reportOf({ size, price }: { readonly size: number; readonly price: number }, index: number): FillReport {
  return {
    kind: 'fill',
    source: 'query',
    symbol: BTC.symbol,
    fillId: String(index + 1),
    clientOrderId: null,
    venueOrderId: `v${index}`,
    side: size > 0 ? 'buy' : 'sell',
    price: String(price),
    size: text(Math.abs(size)),
    fee: '0.01',
    feeCurrency: 'USDT',
    liquidity: 'taker',
    cause: 'trade',
    venueTime: (index + 1) as EpochMs,
  };
}

function entryOf(fill: FillReport): LedgerFill {
  const { kind: _kind, source: _source, ...body } = fill;
  return { ...body, ...termsOfFill(BTC, fill), venue: BTC.venue, epoch: 1, time: fill.venueTime };
}

it('F7, F8: whatever history is missing, a successor holds what the venue states, tells all of the difference, and only reduces where nothing explains it', () => {
  fc.assert(
    fc.property(fc.array(execution, { maxLength: 12 }), fc.boolean(), (executions, heardBefore) => {
      const reports = executions.map(reportOf);
      const heard = reports.filter((_, index) => executions[index]?.heard === true).map(entryOf);
      const listed = reports.filter((_, index) => executions[index]?.listed === true);
      const held = executions.reduce((sum, { size }) => sum + size, 0);
      const known = foldPosition(BTC.venue, BTC.symbol, heard, []);
      const hasHistory = heardBefore || heard.length > 0;
      const ledger: LedgerView = {
        positionSize: known.size,
        entryPrice: known.entryPrice,
        fillIds: new Set(heard.map((fill) => fill.fillId)),
        endedOrderIds: new Set(),
        pendingOrders: [],
        realizedToday: 0,
        lastKnownAt: null,
        hasHistory,
      };
      const position = {
        kind: 'position',
        source: 'query',
        symbol: BTC.symbol,
        size: text(held),
        entryPrice: held === 0 ? '0' : '60000',
        venueTime: 99 as EpochMs,
      } as const;
      const plan = planRecovery('p-', BTC, ledger, { orders: [], openOrders: [], fills: listed, position }, LANE);
      expect(plan.opening.positionSize).toBe(held);

      const told = plan.missingFills.map(entryOf);
      const adjusted: LedgerAdjustment[] =
        plan.adjustment === null
          ? []
          : [
              {
                adjustmentId: 'a',
                symbol: BTC.symbol,
                evidence: 'query',
                venue: BTC.venue,
                epoch: 2,
                time: 100,
                supersedes: { ...knownAdjustments([]), known: [] },
                ...plan.adjustment,
              },
            ];
      expect(foldPosition(BTC.venue, BTC.symbol, [...heard, ...told], adjusted).size).toBe(text(held));
      const unexplained = plan.adjustment !== null;
      expect(plan.opening.reducing !== undefined).toBe(unexplained && hasHistory);
      // A price is stated for what is all that is held, and for nothing else.
      const explained = Number(foldPosition(BTC.venue, BTC.symbol, [...heard, ...told], []).size);
      if (plan.adjustment !== null && (explained !== 0 || held === 0)) expect(plan.adjustment.price).toBeNull();
    }),
    { numRuns: 1_000 },
  );
});

/** A lane whose recovery adopted 0.02 that nothing explained. */
const adopted = () =>
  new LaneWorld(laneConfiguration(), {
    positionSize: 20,
    entryPrice: 600_000 as Price,
    reducing: 'the venue states 0.02, of which nothing explains 0.02',
  });

function entriesOf(world: LaneWorld): number {
  for (let count = 0; count < 12; count += 1) world.tick(1);
  return world.placed.filter((intent) => !intent.reduceOnly).length;
}

function closeAll(world: LaneWorld): void {
  world.tick(-40);
  const exit = world.placed.findLast((intent) => intent.type === 'market');
  if (exit === undefined) throw new Error('no exit');
  world.accept(exit);
  world.fill(exit, 20);
  world.report(exit, 'filled', 20);
  for (const order of world.lane.orders.pending()) world.report(order.intent, 'canceled', 0);
  expect(world.lane.state).toBe('Idle');
}

it('F7: it is told to people, exits pass, and entries wait for agreement or for people', () => {
  const world = adopted();
  expect(world.lane.unagreed).toBe(true);
  expect(world.told('alert')).toMatchObject([{ code: 'POSITION_DIFFERS', severity: 'critical' }]);
  closeAll(world);
  expect(entriesOf(world)).toBe(0);
  world.lane.onAgreed();
  expect(entriesOf(world)).toBeGreaterThan(0);

  const wished = adopted();
  closeAll(wished);
  const wish = { version: 4, wish: 'run', frozenSymbols: [], reason: 'looked', by: 'ops' } as const;
  wished.lane.onDesired(wish, wished.now());
  expect(entriesOf(wished)).toBe(0);
  wished.lane.onDesired({ ...wish, version: 5 }, wished.now());
  expect(entriesOf(wished)).toBeGreaterThan(0);
});
