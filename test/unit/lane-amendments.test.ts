import { describe, expect, it } from 'vitest';
import type { LaneConfiguration } from '#core/config/runtime-configuration.ts';
import { LaneOutbox } from '#core/lanes/lane-outbox.ts';
import type { Now } from '#core/lanes/now.ts';
import { OrderDesk } from '#core/lanes/order-desk.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { formatScaled, type Price, type Size } from '#core/market/scaled-decimal.ts';
import type { ClientOrderId, OrderIntent } from '#core/orders/order.ts';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';
import { BTC, LaneWorld, laneConfiguration } from '../support/lane-world.ts';

const TAKEN_IN: OrderAnswer = { kind: 'accepted', venueOrderId: 'v', venueTime: null };
const TIMEOUT: OrderAnswer = { kind: 'unknown', cause: 'timeout', code: '', text: 'no answer' };
const REFUSED: OrderAnswer = { kind: 'rejected', code: '170213', text: 'no', errorClass: 'reject' };
const NOT_THERE: OrderAnswer = { kind: 'rejected', code: '110001', text: 'not there', errorClass: 'notFound' };

function followingTouch(changes: Partial<LaneConfiguration> = {}): LaneConfiguration {
  const base = laneConfiguration(changes);
  return { ...base, strategy: { ...base.strategy, takeTicks: 100, repegTicks: 2, restMs: 60_000 } };
}

/** A lane whose entry rests at the venue, two ticks behind its touch: what was placed, and what it is amended to. */
function amending(instrument: Instrument = BTC, changes: Partial<LaneConfiguration> = {}) {
  const world = new LaneWorld(followingTouch(changes), {}, instrument);
  const entry = world.enter();
  world.accept(entry);
  world.report(entry, 'accepted', 0);
  world.mono += 3e8;
  world.tick(2);
  return { world, entry };
}

function answer(world: LaneWorld, { clientOrderId }: OrderIntent, said: OrderAnswer): void {
  world.lane.onAnswer(clientOrderId, 'amend', said, world.now());
  world.collect();
}

const stateOf = (world: LaneWorld, { clientOrderId }: OrderIntent) => world.lane.orders.get(clientOrderId)?.state;
const outcomes = (world: LaneWorld) => world.told('order.amended').map((each) => each.outcome);

describe('a resting entry that follows its touch', () => {
  it('F14: is amended to the new touch with its size, once, and has the new price when the venue says so', () => {
    const { world, entry } = amending();
    expect(world.amended).toHaveLength(1);
    const change = world.amended[0]?.change;
    expect(change).toEqual({ side: 'buy', price: world.middle - 1, size: entry.size });
    expect(change?.price).toBeGreaterThan(entry.price ?? 0);
    expect(stateOf(world, entry)).toBe('PendingReplace');

    world.mono += 3e8;
    world.tick(4);
    expect(world.amended, 'another one waits for the outcome').toHaveLength(1);
    answer(world, entry, TAKEN_IN);
    expect(outcomes(world), 'taken in is not carried out').toEqual([]);
    world.report({ ...entry, price: change?.price ?? entry.price }, 'accepted', 0);
    expect(outcomes(world)).toEqual(['applied']);
    expect(stateOf(world, entry)).toBe('Accepted');

    world.mono += 3e8;
    world.tick(1);
    expect(world.amended.map((each) => each.change.price)).toEqual([change?.price, world.middle - 1]);
  });

  it('F14: a fill during the amendment counts once, and the amendment has its outcome apart', () => {
    const { world, entry } = amending();
    world.fill(entry, 4, 'f-1');
    world.fill(entry, 4, 'f-1');
    expect(world.lane.position.size).toBe(4);
    expect(stateOf(world, entry)).toBe('PendingReplace');
    answer(world, entry, REFUSED);
    expect(outcomes(world)).toEqual(['refused']);
    expect(stateOf(world, entry)).toBe('PartiallyFilled');
    world.fill(entry, 6, 'f-2');
    expect(world.lane.position.size).toBe(10);
    expect(stateOf(world, entry)).toBe('Filled');
    expect(world.lane.refusedTransitions).toBe(0);
  });

  it('F14: an order that is filled while it is amended is filled, whatever the answer says', () => {
    const { world, entry } = amending();
    world.fill(entry, entry.size);
    expect(stateOf(world, entry)).toBe('Filled');
    expect(outcomes(world)).toEqual(['overtaken']);
    answer(world, entry, NOT_THERE);
    expect(outcomes(world)).toEqual(['overtaken']);
    expect(stateOf(world, entry)).toBe('Filled');
    expect(world.lane.position.size).toBe(entry.size);
  });

  it('H3: an unclear answer makes the order Unknown, and only the venue ends that', () => {
    const { world, entry } = amending();
    answer(world, entry, TIMEOUT);
    expect(stateOf(world, entry)).toBe('Unknown');
    expect(world.resolves).toContain(entry.clientOrderId);
    const report = {
      kind: 'orderReport' as const,
      source: 'query' as const,
      symbol: 'BTCUSDT',
      clientOrderId: entry.clientOrderId,
      venueOrderId: 'v',
      status: 'accepted' as const,
      side: entry.side,
      price: formatScaled(entry.price ?? 0, 1),
      size: formatScaled(entry.size, 3),
      cumulativeSize: '0',
      reduceOnly: false,
      reason: '',
      venueTime: 2 as EpochMs,
    };
    const found = (price: string) => {
      world.lane.onResolution(
        entry.clientOrderId,
        { kind: 'found', report: { ...report, price }, fills: [] },
        world.now(),
      );
      world.collect();
    };
    found(report.price);
    expect(outcomes(world), 'the request may still be carried out').toEqual([]);
    world.pass(4_000);
    expect(world.resolves.filter((id) => id === entry.clientOrderId).length, 'asked again').toBeGreaterThan(1);
    world.pass(3_000);
    found(report.price);
    expect(outcomes(world), 'that was asked when it might still be carried out').toEqual([]);
    world.pass(1_500);
    found(report.price);
    expect(outcomes(world)).toEqual(['lapsed']);
    expect(stateOf(world, entry)).toBe('Accepted');
  });

  it('H3: an unclear answer whose question finds the new terms was carried out', () => {
    const { world, entry } = amending();
    answer(world, entry, TIMEOUT);
    world.report({ ...entry, price: world.amended[0]?.change.price ?? null }, 'accepted', 0, 'query');
    expect(outcomes(world)).toEqual(['applied']);
    expect(stateOf(world, entry)).toBe('Accepted');
  });

  it('invariant 3: an amendment passes risk as an order does; one that is refused leaves the order where it is', () => {
    const world = new LaneWorld(followingTouch());
    const entry = world.enter();
    world.accept(entry);
    world.report(entry, 'accepted', 0);
    world.lane.pause('test', 'paused');
    world.mono += 3e8;
    world.tick(2);
    expect(world.amended).toEqual([]);
    expect(world.lane.denials.get('ENTRIES_PAUSED')).toBeGreaterThan(0);
    expect(stateOf(world, entry)).toBe('Accepted');
    expect(world.told('order.denied')).toEqual([]);
  });

  it('is left alone without the setting', () => {
    const world = new LaneWorld({ ...followingTouch(), strategy: { ...laneConfiguration().strategy, takeTicks: 100 } });
    const entry = world.enter();
    world.accept(entry);
    world.report(entry, 'accepted', 0);
    world.mono += 3e8;
    world.tick(20);
    expect(world.amended).toEqual([]);
    expect(world.canceled).toEqual([]);
  });
});

describe('a resting entry where the venue does not amend', () => {
  const STOCK: Instrument = { ...BTC, venue: 'alpaca', kind: 'equity' };

  it('F23: is cancelled, and what its fills leave is placed anew only when its end is proven', () => {
    const { world, entry } = amending(STOCK);
    expect(world.amended).toEqual([]);
    expect(world.canceled).toEqual([entry.clientOrderId]);
    expect(world.placed).toHaveLength(1);
    // The status text knows of four, their fills are still on the way.
    world.report(entry, 'canceled', 4);
    expect(world.placed, 'fills are missing').toHaveLength(1);
    world.fill(entry, 3);
    expect(world.placed).toHaveLength(1);
    world.fill(entry, 1);
    expect(world.placed).toHaveLength(2);
    const rest = world.placed[1];
    expect(rest).toMatchObject({ side: 'buy', size: 6, purpose: 'entry', reduceOnly: false, price: world.middle - 1 });
    expect(rest?.clientOrderId).not.toBe(entry.clientOrderId);
    expect(world.lane.state).toBe('OrderPending');
    if (rest !== undefined) world.fill(rest, 6);
    expect(world.lane.position.size).toBe(10);
    expect(world.lane.state).toBe('PositionOpen');
  });

  it('F23: what the venue says has filled is not ordered again, though it never lists those fills', () => {
    const { strategy } = laneConfiguration();
    const { world, entry } = amending(STOCK, { strategy: { ...strategy, holdMs: 600_000 } });
    world.report(entry, 'canceled', 4);
    for (let second = 0; second < 3; second += 1) {
      world.verify(4);
      world.pass(1_000);
    }
    expect(world.lane.position.size, 'adopted').toBe(4);
    world.pass(31_000);
    world.tick(0);
    world.verify(4);
    expect(world.told('alert').map(({ code }) => code)).toContain('FILLS_MISSING');
    const entries = world.placed.filter((intent) => intent.purpose === 'entry');
    expect(entries.slice(1).map((intent) => intent.size)).toEqual([6]);
  });

  it('F6, G4: is not placed anew when risk refuses, or when it was cancelled for another reason', () => {
    const { world, entry } = amending(STOCK);
    world.lane.pause('test', 'paused');
    world.report(entry, 'canceled', 0);
    expect(world.placed).toHaveLength(1);
    expect(world.lane.state).toBe('Idle');

    const timedOut = new LaneWorld(
      { ...followingTouch(), strategy: { ...laneConfiguration().strategy, takeTicks: 100 } },
      {},
      STOCK,
    );
    const other = timedOut.enter();
    timedOut.accept(other);
    timedOut.report(other, 'accepted', 0);
    timedOut.pass(600);
    expect(timedOut.canceled).toEqual([other.clientOrderId]);
    timedOut.fill(other, 5);
    timedOut.report(other, 'canceled', 5);
    expect(timedOut.placed).toHaveLength(1);
    expect(timedOut.lane.position.size).toBe(5);
  });
});

describe('an order whose size is amended', () => {
  const now = (ms: number): Now => ({ mono: (1e9 + ms * 1e6) as MonoNanos, epoch: (1.7e12 + ms) as EpochMs });

  function resting(size: number) {
    const outbox = new LaneOutbox();
    const desk = new OrderDesk('lane-1', BTC, outbox);
    const intent: OrderIntent = {
      clientOrderId: 'p-1' as ClientOrderId,
      venue: 'binance-usdm',
      symbol: 'BTCUSDT',
      side: 'buy',
      type: 'limit',
      timeInForce: 'gtc',
      price: 600_000 as Price,
      size: size as Size,
      reduceOnly: false,
      purpose: 'entry',
    };
    desk.place(intent, null, now(0));
    desk.answer(intent.clientOrderId, 'place', TAKEN_IN, now(1));
    const order = desk.orders.get(intent.clientOrderId);
    if (order === null) throw new Error('not placed');
    const fill = (id: string, filled: number, ms: number) =>
      desk.fill(
        {
          kind: 'fill',
          source: 'accountStream',
          symbol: 'BTCUSDT',
          fillId: id,
          clientOrderId: intent.clientOrderId,
          venueOrderId: 'v',
          side: 'buy',
          price: '60000',
          size: formatScaled(filled, 3),
          fee: '0',
          feeCurrency: 'USDT',
          liquidity: 'maker',
          cause: 'trade',
          venueTime: 1 as EpochMs,
        },
        now(ms),
      );
    return { desk, order, fill, intent, outbox };
  }

  it('F6: counts with the larger of both sizes until the outcome is known', () => {
    const { desk, order } = resting(10);
    desk.amend(order, order.intent.price ?? (0 as Price), 15 as Size, now(2));
    expect(desk.orders.working()).toMatchObject({ buySize: 15, buyAtRisk: 15 });
    desk.answer(order.intent.clientOrderId, 'amend', REFUSED, now(3));
    expect(desk.orders.working()).toMatchObject({ buySize: 10, buyAtRisk: 10 });

    const down = resting(10);
    down.desk.amend(down.order, 600_000 as Price, 4 as Size, now(2));
    expect(down.desk.orders.working()).toMatchObject({ buySize: 10, buyAtRisk: 10 });
  });

  it('F14: is not complete at its old size while a larger one is under way', () => {
    const { desk, order, fill } = resting(10);
    desk.amend(order, 600_000 as Price, 15 as Size, now(2));
    fill('f-1', 10, 3);
    expect(order.terminal).toBe(false);
    expect(desk.orders.working().buySize).toBe(5);
    fill('f-2', 5, 4);
    expect(order.state).toBe('Filled');
    expect(desk.position.size).toBe(15);
  });

  it('F14: fills that prove the amendment end it with its answer, and the order works on under its new terms', () => {
    const { desk, order, fill } = resting(10);
    desk.amend(order, 600_000 as Price, 20 as Size, now(2));
    fill('f-1', 12, 3);
    expect(order).toMatchObject({ state: 'PartiallyFilled', size: 20 });
    desk.answer(order.intent.clientOrderId, 'amend', TAKEN_IN, now(4));
    expect(order.amendment).toBeNull();
    expect(desk.canAmend(order, 30)).toBe(true);
  });

  it('F14: a report of before the amendment, later than the fills that proved it, ends nothing at the old size', () => {
    for (const answered of [false, true]) {
      const { desk, order, fill, intent } = resting(10);
      desk.amend(order, 600_000 as Price, 20 as Size, now(2));
      fill('f-1', 12, 3);
      if (answered) desk.answer(intent.clientOrderId, 'amend', TAKEN_IN, now(4));
      desk.report(
        {
          kind: 'orderReport',
          source: 'accountStream',
          symbol: 'BTCUSDT',
          clientOrderId: intent.clientOrderId,
          venueOrderId: 'v',
          status: 'accepted',
          side: 'buy',
          price: '60000',
          size: formatScaled(10, 3),
          cumulativeSize: '0',
          reduceOnly: false,
          reason: '',
          venueTime: 1 as EpochMs,
        },
        now(5),
      );
      fill('f-2', 1, 6);
      expect(order, 'seven are open').toMatchObject({ state: 'PartiallyFilled', size: 20 });
      expect(desk.orders.working().buySize).toBe(7);
    }
  });

  it('F14: an answer that was asked for while the amendment could still be carried out proves no old terms, however late it comes', () => {
    const { desk, order, intent } = resting(10);
    desk.amend(order, 600_000 as Price, 20 as Size, now(2));
    desk.timer(60_000, now(3_100));
    const report = {
      kind: 'orderReport',
      source: 'query',
      symbol: 'BTCUSDT',
      clientOrderId: intent.clientOrderId,
      venueOrderId: 'v',
      status: 'accepted',
      side: 'buy',
      price: '60000',
      size: formatScaled(10, 3),
      cumulativeSize: '0',
      reduceOnly: false,
      reason: '',
      venueTime: 1 as EpochMs,
    } as const;
    desk.resolved(intent.clientOrderId, { kind: 'found', report, fills: [] }, now(6_500));
    expect(order.amendment, 'it was asked after 3 s').not.toBeNull();
    expect(desk.orders.working().buySize).toBe(20);
    desk.timer(60_000, now(8_000));
    desk.resolved(intent.clientOrderId, { kind: 'found', report, fills: [] }, now(8_100));
    expect(order.amendment).toBeNull();
    expect(desk.orders.working().buySize).toBe(10);
  });

  it('M1: what people say of an order ends its amendment too, and a late answer says nothing more', () => {
    const { desk, order, outbox } = resting(10);
    const { clientOrderId } = order.intent;
    desk.amend(order, 600_000 as Price, 7 as Size, now(3));
    desk.answer(clientOrderId, 'amend', TIMEOUT, now(4));
    expect(order.state).toBe('Unknown');
    const decision = {
      id: 'd',
      clientOrderId,
      outcome: 'Canceled',
      who: 'Ada',
      note: 'seen',
      at: now(5_000).epoch,
    } as const;
    expect(desk.decide(decision, now(5_000))).toBe(true);
    expect(order.amendment).toBeNull();
    const amended = outbox.effects.filter((each) => each.kind === 'event' && each.note.type === 'order.amended');
    expect(amended).toMatchObject([{ note: { body: { outcome: 'overtaken' } } }]);
  });

  it('F14: is never amended to what is filled already, nor while it is cancelled or in doubt', () => {
    const { desk, order, fill } = resting(10);
    fill('f-1', 6, 2);
    expect(desk.canAmend(order, 6)).toBe(false);
    expect(desk.canAmend(order, 7)).toBe(true);
    desk.amend(order, 600_000 as Price, 7 as Size, now(3));
    expect(desk.canAmend(order, 8)).toBe(false);
    desk.answer(order.intent.clientOrderId, 'amend', { kind: 'notSent', reason: 'leaseEnds', text: '' }, now(4));
    expect(desk.canAmend(order, 8)).toBe(true);
    desk.cancel(order, now(5));
    expect(desk.canAmend(order, 8)).toBe(false);
  });
});
