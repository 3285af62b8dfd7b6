import { describe, expect, it } from 'vitest';
import type { UnitId, UnitRef } from '#core/control/unit.ts';
import { giveLane, type LaneGiven } from '#core/input-log/lane-input.ts';
import { Lane } from '#core/lanes/lane.ts';
import type { EventNote } from '#core/lanes/lane-effects.ts';
import { createOrderIds, orderIdPrefix } from '#core/orders/client-order-id.ts';
import type { ClientOrderId, FillReport, OrderReport, PositionReport } from '#core/orders/order.ts';
import type { LedgerView, PendingLedgerOrder } from '#core/orders/recovery.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { VenueQueries } from '#core/orders/venue-ports.ts';
import type { KeptBreaker } from '#core/risk/breaker.ts';
import type { Clock, EpochMs, MonoNanos } from '#core/time/clock.ts';
import { UnitRecovery } from '#engine/unit-recovery.ts';
import { EMPTY_LEDGER } from '../support/empty-ledger.ts';
import { BTC, laneConfiguration } from '../support/lane-world.ts';

const UNIT: UnitRef = { mode: 'paper', account: 'main', venue: 'binance-usdm' };
const clock: Clock = { monoNanos: () => 0 as MonoNanos, epochMs: () => 1.7e12 as EpochMs };

/** A venue that states a position of 0.01 for every symbol, and refuses the first `refusals` questions about ETHUSDT. */
function venue(refusals: number): VenueQueries {
  let left = refusals;
  const unasked = () => Promise.reject(new Error('not asked in a recovery'));
  const position = (symbol: string): PositionReport => ({
    kind: 'position',
    source: 'query',
    symbol,
    size: '0.01',
    entryPrice: '60000',
    venueTime: 0 as EpochMs,
  });
  return {
    serverTime: unasked,
    instruments: unasked,
    orderByClientId: unasked,
    openOrders: () => Promise.resolve([]),
    async ordersSince(symbol) {
      if (symbol !== 'ETHUSDT' || left === 0) return [];
      left -= 1;
      throw new VenueError('retry', '-1001', 'busy');
    },
    fillsSince: () => Promise.resolve([]),
    positions: (symbols) => Promise.resolve(symbols.map(position)),
    balances: unasked,
    cancelOrder: unasked,
  };
}

function laneOn(symbol: string): Lane {
  const ids = createOrderIds('paper', 'paper/main/binance-usdm' as UnitId, 1);
  return new Lane(laneConfiguration({ name: symbol.toLowerCase(), symbol }), { ...BTC, symbol }, ids);
}

function recoveryOn(
  queries: VenueQueries,
  told: EventNote[] = [],
  ledger: LedgerView = EMPTY_LEDGER,
  given: LaneGiven[] = [],
  kept: { lane: string; breakers: readonly KeptBreaker[] }[] = [],
): UnitRecovery {
  return new UnitRecovery({
    unit: UNIT,
    epoch: 1,
    queries,
    readLedger: () => Promise.resolve(ledger),
    take: (lane, input, now) => {
      given.push(input);
      giveLane(lane, input, null, now);
    },
    clock,
    log: () => undefined,
    tell: (note) => told.push(note),
    keepBreakers: (lane, breakers) => kept.push({ lane, breakers }),
    perform: () => undefined,
    stopped: () => false,
  });
}

/** A purchase of 0.01 on BTCUSDT, as the venue's list of executions has it. */
function fillNamed(fillId: string, told: Partial<FillReport>): FillReport {
  return {
    kind: 'fill',
    source: 'query',
    symbol: 'BTCUSDT',
    fillId,
    clientOrderId: null,
    venueOrderId: 'v-9',
    side: 'buy',
    price: '60000',
    size: '0.01',
    fee: '0',
    feeCurrency: 'USDT',
    liquidity: 'taker',
    cause: 'trade',
    venueTime: 6 as EpochMs,
    ...told,
  };
}

describe('the recovery of a unit with several lanes', () => {
  it('H2: a lane whose neighbour could not be asked about is opened once, with its position counted once', async () => {
    const told: EventNote[] = [];
    const recovery = recoveryOn(venue(1), told);
    const [btc, eth] = [laneOn('BTCUSDT'), laneOn('ETHUSDT')];
    await recovery.prepare(btc);
    await expect(recovery.prepare(eth)).rejects.toThrow('VENUE_REFUSED');
    expect([btc.position.size, told]).toEqual([0, []]);
    const openings = [await recovery.prepare(btc), await recovery.prepare(eth)];
    for (const open of openings) open();
    expect([btc.position.size, eth.position.size]).toEqual([10, 10]);
    expect(told.filter((note) => note.type === 'position.adjusted')).toHaveLength(2);
  });

  it('H12, F29: what predecessors told of their breakers is kept, at the opening and when the ledger says it later; what this lease told is not', async () => {
    const kept: { lane: string; breakers: readonly KeptBreaker[] }[] = [];
    const open = [{ breaker: 'consecutiveLosses', reason: 'bad=2', failures: 1, until: null } as const];
    const told = { lane: 'btcusdt', time: 1, open };
    const breakers = [
      { ...told, epoch: 0 },
      { ...told, lane: 'ethusdt', epoch: 1 },
    ];
    const recovery = recoveryOn(venue(0), [], { ...EMPTY_LEDGER, breakers }, [], kept);
    const lane = laneOn('BTCUSDT');
    (await recovery.prepare(lane))();
    expect(kept).toEqual([{ lane: 'btcusdt', breakers: open }]);
    await recovery.sweep([lane]);
    expect(kept).toHaveLength(2);
    const own = recoveryOn(venue(0), [], { ...EMPTY_LEDGER, breakers: breakers.slice(1) }, [], kept);
    await own.sweep([laneOn('ETHUSDT')]);
    expect(kept).toHaveLength(2);
  });

  it('F12, G10: an execution that the venue’s list lacked, and that is told later, is in the position that was taken over', async () => {
    const asked = 1.7e12 as EpochMs;
    const recovery = recoveryOn({ ...venue(0), serverTime: () => Promise.resolve(asked) });
    const lane = laneOn('BTCUSDT');
    (await recovery.prepare(lane))();
    expect(lane.position.size).toBe(10);
    const late = (fillId: string, venueTime: number) =>
      fillNamed(fillId, { source: 'accountStream', venueOrderId: 'v', venueTime: venueTime as EpochMs });
    const now = { mono: 1e9 as MonoNanos, epoch: asked };
    lane.onFill(late('late', asked - 50), now);
    expect(lane.position.size).toBe(10);
    lane.onFill(late('new', asked + 50), now);
    expect(lane.position.size).toBe(20);
  });

  it('H2: a lane is never opened on top of what it holds', async () => {
    const recovery = recoveryOn(venue(0));
    const lane = laneOn('BTCUSDT');
    (await recovery.prepare(lane))();
    const again = await recovery.prepare(lane);
    expect(again).toThrow('LANE_OPENED_TWICE');
    expect(lane.position.size).toBe(10);
  });

  it('H2: the venue is asked for everything since the last that the ledger knows, however far its writers are behind', async () => {
    const asked: number[] = [];
    const queries = venue(0);
    const recorder: VenueQueries = {
      ...queries,
      fillsSince: (symbol, from) => {
        asked.push(from);
        return queries.fillsSince(symbol, from);
      },
    };
    const threeHoursAgo = (clock.epochMs() - 3 * 3_600_000) as EpochMs;
    await recoveryOn(recorder, [], { ...EMPTY_LEDGER, hasHistory: true, lastKnownAt: threeHoursAgo }).prepare(
      laneOn('BTCUSDT'),
    );
    expect(Math.max(...asked)).toBeLessThan(threeHoursAgo);
  });

  it('H8: a lane knows from when on its fills are counted one by one, by the venue’s clock, not by ours that may be ahead', async () => {
    const openingsWith = async (serverTime: VenueQueries['serverTime']) => {
      const asked: number[] = [];
      const given: LaneGiven[] = [];
      const queries = venue(0);
      const fillsSince: VenueQueries['fillsSince'] = (symbol, from) => {
        asked.push(from);
        return queries.fillsSince(symbol, from);
      };
      const lane = laneOn('BTCUSDT');
      (await recoveryOn({ ...queries, serverTime, fillsSince }, [], EMPTY_LEDGER, given).prepare(lane))();
      return { asked: Math.min(...asked), opening: given.find((each) => each.kind === 'open')?.body };
    };
    const anHourBehind = (clock.epochMs() - 3_600_000) as EpochMs;
    const behind = await openingsWith(() => Promise.resolve(anHourBehind));
    expect(behind.opening).toMatchObject({ fillsFrom: anHourBehind - 600_000 });
    expect(behind.asked).toBe(anHourBehind - 600_000);
    const untold = await openingsWith(() => Promise.reject(new VenueError('retry', '-1001', 'busy')));
    expect(untold.opening).not.toHaveProperty('fillsFrom');
  });

  it('F24: a working stop order of a predecessor is followed as what it is: reduce-only, waiting for its trigger, no open entry', async () => {
    const clientOrderId = `${orderIdPrefix('paper', 'paper/main/binance-usdm' as UnitId, 1)}7`;
    const stop: OrderReport = {
      kind: 'orderReport',
      source: 'query',
      symbol: 'BTCUSDT',
      clientOrderId,
      venueOrderId: 'v-7',
      status: 'accepted',
      side: 'sell',
      price: null,
      size: '0.01',
      cumulativeSize: '0',
      reduceOnly: true,
      orderType: 'stopMarket',
      triggerPrice: '58000.1',
      reason: '',
      venueTime: 1 as EpochMs,
    };
    const queries: VenueQueries = { ...venue(0), ordersSince: () => Promise.resolve([stop]) };
    const told: EventNote[] = [];
    const lane = laneOn('BTCUSDT');
    (await recoveryOn(queries, told).prepare(lane))();
    const order = lane.orders.get(clientOrderId as ClientOrderId);
    expect(order?.intent).toMatchObject({
      type: 'stopMarket',
      triggerPrice: 580_001,
      price: null,
      reduceOnly: true,
      purpose: 'stopLoss',
    });
    expect(lane.orders.working()).toMatchObject({ count: 1, exits: 1, buySize: 0, sellSize: 0 });
    expect(told.find((note) => note.type === 'order.intended')?.body).toMatchObject({
      orderType: 'stopMarket',
      triggerPrice: '58000.1',
      reduceOnly: true,
    });
  });

  it('F24: where the venue knows no reduce-only, the ledger says which of its orders were exits; a sale on spot is one', async () => {
    const prefix = orderIdPrefix('paper', 'paper/main/binance-usdm' as UnitId, 1);
    const report = (counter: string): OrderReport => ({
      kind: 'orderReport',
      source: 'query',
      symbol: 'BTCUSDT',
      clientOrderId: `${prefix}${counter}`,
      venueOrderId: `v-${counter}`,
      status: 'accepted',
      side: 'sell',
      price: '61000',
      size: '0.01',
      cumulativeSize: '0',
      reduceOnly: false,
      reason: '',
      venueTime: 1 as EpochMs,
    });
    const queries: VenueQueries = { ...venue(0), ordersSince: () => Promise.resolve([report('1'), report('2')]) };
    const known = {
      clientOrderId: `${prefix}1`,
      side: 'sell',
      price: '61000',
      size: '0.01',
      reduceOnly: true,
      orderType: 'limit',
      placedAt: 1 as EpochMs,
    } as const;
    const exitsOn = async (kind: 'equity' | 'spot') => {
      const ids = createOrderIds('paper', 'paper/main/binance-usdm' as UnitId, 2);
      const lane = new Lane(laneConfiguration(), { ...BTC, kind }, ids);
      (
        await recoveryOn(queries, [], { ...EMPTY_LEDGER, positionSize: '0.01', pendingOrders: [known] }).prepare(lane)
      )();
      return lane.orders.working();
    };
    expect(await exitsOn('equity')).toMatchObject({ count: 2, exits: 1, sellSize: 10 });
    expect(await exitsOn('spot')).toMatchObject({ count: 2, exits: 2, sellSize: 0 });
  });

  it('H3: an order of others that is open at the venue is followed from the beginning: no entry is made beside it', async () => {
    const report: OrderReport = {
      kind: 'orderReport',
      source: 'query',
      symbol: 'BTCUSDT',
      clientOrderId: null,
      venueOrderId: '991',
      status: 'partiallyFilled',
      side: 'buy',
      price: '59000',
      size: '0.05',
      cumulativeSize: '0.01',
      reduceOnly: false,
      reason: '',
      venueTime: 1 as EpochMs,
    };
    const lane = laneOn('BTCUSDT');
    (await recoveryOn({ ...venue(0), openOrders: () => Promise.resolve([report]) }).prepare(lane))();
    expect(lane.entriesPaused).toContain('991');
    expect(lane.orders.working()).toMatchObject({ count: 1, buySize: 40 });
    expect(lane.orders.get('foreign-991')?.missesFills).toBe(false);
  });

  describe('of orders that the venue’s lists leave out', () => {
    const prefix = orderIdPrefix('paper', 'paper/main/binance-usdm' as UnitId, 1);
    const pending: PendingLedgerOrder = {
      clientOrderId: `${prefix}9`,
      side: 'buy',
      price: '60000',
      size: '0.01',
      reduceOnly: false,
      orderType: 'limit',
      placedAt: 5 as EpochMs,
    };
    const flat: VenueQueries = { ...venue(0), positions: () => Promise.resolve([]) };
    const recovered = async (order: PendingLedgerOrder, queries = flat) => {
      const told: EventNote[] = [];
      const lane = laneOn('BTCUSDT');
      (await recoveryOn(queries, told, { ...EMPTY_LEDGER, pendingOrders: [order] }).prepare(lane))();
      const ended = [...told, ...lane.effects.flatMap((effect) => (effect.kind === 'event' ? [effect.note] : []))];
      return {
        lane,
        order: lane.orders.get(order.clientOrderId),
        ended: ended.filter((note) => note.type === 'order.state'),
      };
    };

    it('F4: one is Unknown and asked for by its own id: a list that leaves it out proves nothing', async () => {
      const { lane, order, ended } = await recovered(pending);
      expect(order?.state).toBe('Unknown');
      expect(lane.state).toBe('OrderPending');
      expect(ended.map((note) => note.body.to)).toEqual(['Unknown']);
      expect(lane.effects.filter((effect) => effect.kind === 'resolve')).toMatchObject([
        { target: { clientOrderId: pending.clientOrderId }, windowFrom: 5 },
      ]);
    });

    it('F4: one that the venue once named has lived, and no absence ends it', async () => {
      const { lane, order } = await recovered({ ...pending, venueOrderId: 'v-9' });
      const { intent } = order ?? {};
      if (intent === undefined) throw new Error('not followed');
      const position: PositionReport = {
        kind: 'position',
        source: 'query',
        symbol: 'BTCUSDT',
        size: '0',
        entryPrice: '0',
        venueTime: 0 as EpochMs,
      };
      const absent = {
        kind: 'absent',
        fills: [],
        position,
        queriedAt: 9 as EpochMs,
        windowFrom: 1 as EpochMs,
      } as const;
      const now = { mono: 20e9 as MonoNanos, epoch: 1.7e12 as EpochMs };
      for (let round = 0; round < 10; round += 1) lane.onResolution(intent.clientOrderId, absent, now);
      expect(order?.state).toBe('Unknown');
    });

    it('M1: executions that come to all of it end it, and they are the evidence', async () => {
      const queries: VenueQueries = { ...venue(0), fillsSince: () => Promise.resolve([fillNamed('f1', {})]) };
      const { lane, order, ended } = await recovered({ ...pending, venueOrderId: 'v-9' }, queries);
      expect(order?.state).toBe('Filled');
      expect(ended.at(-1)?.body).toMatchObject({ to: 'Filled', evidence: [{ kind: 'fills', fillIds: ['f1'] }] });
      expect(lane.position.size).toBe(10);
    });
  });

  describe('of orders that neither the ledger knows nor the venue’s list of the past held at first', () => {
    const prefix = orderIdPrefix('paper', 'paper/main/binance-usdm' as UnitId, 0);
    const ended = (id: string): OrderReport => ({
      kind: 'orderReport',
      source: 'query',
      symbol: 'BTCUSDT',
      clientOrderId: id,
      venueOrderId: `v-${id}`,
      status: 'canceled',
      side: 'buy',
      price: '60000',
      size: '0.01',
      cumulativeSize: '0',
      reduceOnly: false,
      venueTime: 6 as EpochMs,
      reason: 'user',
    });
    /** What is told of orders: by the recovery itself, by the lane. */
    const toldOf = (told: readonly EventNote[], lane: Lane) =>
      [...told, ...lane.effects.flatMap((effect) => (effect.kind === 'event' ? [effect.note] : []))].flatMap((note) =>
        note.type === 'order.intended' || note.type === 'order.state'
          ? [`${note.body.clientOrderId} ${note.type === 'order.state' ? note.body.to : 'intended'}`]
          : [],
      );

    it('M1, F4: one that the list holds by a later look is told then, once', async () => {
      const told: EventNote[] = [];
      const lane = laneOn('BTCUSDT');
      let past: readonly OrderReport[] = [];
      const ledger = { ...EMPTY_LEDGER, endedOrderIds: new Set([`${prefix}known`]) };
      const queries: VenueQueries = { ...venue(0), ordersSince: () => Promise.resolve(past) };
      const recovery = recoveryOn(queries, told, ledger);
      (await recovery.prepare(lane))();
      expect(toldOf(told, lane)).toEqual([]);
      const own = `${orderIdPrefix('paper', 'paper/main/binance-usdm' as UnitId, 1)}1`;
      past = [ended(`${prefix}late`), ended(`${prefix}known`), ended(own), ended('somebody’s')];
      await recovery.sweep([lane]);
      expect(toldOf(told, lane)).toEqual([`${prefix}late intended`, `${prefix}late Canceled`]);
      await recovery.sweep([lane]);
      expect(toldOf(told, lane)).toHaveLength(2);
    });

    it('M1, F4: one that an execution names is asked for by its own id', async () => {
      const told: EventNote[] = [];
      const lane = laneOn('BTCUSDT');
      const id = `${prefix}7`;
      const fill = fillNamed('f7', { clientOrderId: id, venueOrderId: `v-${id}` });
      const asked: string[] = [];
      const queries: VenueQueries = {
        ...venue(0),
        fillsSince: () => Promise.resolve([fill]),
        async orderByClientId(_symbol, clientOrderId) {
          asked.push(clientOrderId);
          return { kind: 'found', report: { ...ended(clientOrderId), status: 'filled', cumulativeSize: '0.01' } };
        },
      };
      (await recoveryOn(queries, told).prepare(lane))();
      expect(asked).toEqual([id]);
      expect(toldOf(told, lane)).toEqual([`${id} intended`, `${id} Filled`]);
      expect(lane.position.size).toBe(10);
    });
  });

  it('H15: a lane that had halted by the ledger’s word is opened halted, and one whose halt comes late halts', async () => {
    const halted = { reason: 'the position differed', under: 3, epoch: 0 };
    const lane = laneOn('BTCUSDT');
    (await recoveryOn(venue(0), [], { ...EMPTY_LEDGER, halted }).prepare(lane))();
    expect(lane.state).toBe('Halted');
    const views: LedgerView[] = [
      EMPTY_LEDGER,
      { ...EMPTY_LEDGER, halted },
      { ...EMPTY_LEDGER, halted: { ...halted, epoch: 1 } },
    ];
    const states: string[] = [];
    for (const view of views) {
      const late = laneOn('BTCUSDT');
      (await recoveryOn({ ...venue(0), positions: () => Promise.resolve([]) }).prepare(late))();
      await recoveryOn(venue(0), [], view).sweep([late]);
      states.push(late.state);
    }
    expect(states).toEqual(['Idle', 'Halted', 'Idle']);
  });
});
