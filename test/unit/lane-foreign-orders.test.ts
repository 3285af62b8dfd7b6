import { describe, expect, it } from 'vitest';
import type { LaneOpening } from '#core/lanes/lane-opening.ts';
import type { FillReport, OrderReport } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { absentOrder } from '../support/absent-order.ts';
import { BTC, LaneWorld } from '../support/lane-world.ts';

const OWN = 'pabc-';

function report(changes: Partial<OrderReport> = {}): OrderReport {
  return {
    kind: 'orderReport',
    source: 'accountStream',
    symbol: 'BTCUSDT',
    clientOrderId: null,
    venueOrderId: '991',
    status: 'accepted',
    side: 'buy',
    price: '59000',
    size: '0.02',
    cumulativeSize: '0',
    reduceOnly: false,
    reason: '',
    venueTime: 1 as EpochMs,
    ...changes,
  };
}

function fill(fillId: string, size: string, changes: Partial<FillReport> = {}): FillReport {
  return {
    kind: 'fill',
    source: 'accountStream',
    symbol: 'BTCUSDT',
    fillId,
    clientOrderId: null,
    venueOrderId: '991',
    side: 'buy',
    price: '59000',
    size,
    fee: '0.5',
    feeCurrency: 'USDT',
    liquidity: 'maker',
    cause: 'trade',
    venueTime: 1 as EpochMs,
    ...changes,
  };
}

function worldWith(opening: Partial<LaneOpening> = {}) {
  const world = new LaneWorld(undefined, { ownPrefix: OWN, ...opening });
  const take = (...reports: (OrderReport | FillReport)[]) => {
    for (const each of reports) {
      if (each.kind === 'fill') world.lane.onFill(each, world.now());
      else world.lane.onOrderReport(each, world.now());
      world.collect();
    }
  };
  const tick = (times: number) => {
    for (let count = 0; count < times; count += 1) world.tick(1);
  };
  const alerts = (code: string) => world.told('alert').filter((alert) => alert.code === code);
  const states = () => world.told('order.state').filter((change) => change.clientOrderId === 'foreign-991');
  return { world, take, tick, alerts, states };
}

describe('an order that nobody here placed', () => {
  it('H3: is followed to its end with evidence, told once, and no entry is made while it could open a position', () => {
    const { world, take, tick, alerts, states } = worldWith();
    take(report(), report());
    expect(alerts('ORDER_FOREIGN')).toHaveLength(1);
    expect(states().map((change) => [change.to, change.foreign])).toEqual([
      ['Accepted', { side: 'buy', reduceOnly: false }],
    ]);
    expect(world.lane.state).toBe('Idle');
    expect(world.lane.entriesPaused).toContain('991');
    tick(10);
    expect(world.placed).toEqual([]);
    take(report({ status: 'canceled', venueTime: 2 as EpochMs }));
    expect(states().at(-1)).toMatchObject({
      to: 'Canceled',
      terminal: true,
      evidence: [{ kind: 'accountStream', venueOrderId: '991', venueTime: 2 }],
    });
    expect(world.lane.entriesPaused).toBeNull();
    tick(10);
    expect(world.placed.filter((intent) => intent.purpose === 'entry')).not.toEqual([]);
  });

  it('F6: counts in the exposure of the lane with what can still fill of it', () => {
    const { world, take } = worldWith();
    take(report(), report({ status: 'partiallyFilled', cumulativeSize: '0.005' }), fill('f1', '0.005'));
    expect(world.lane.orders.working()).toMatchObject({ count: 1, buySize: 15, buyAtRisk: 15, sellSize: 0, exits: 0 });
  });

  it('H7: one that only reduces neither blocks entries nor counts, and neither kind is ever cancelled from here', () => {
    const { world, take } = worldWith();
    take(report({ reduceOnly: true, side: 'sell' }));
    expect(world.lane.entriesPaused).toBeNull();
    expect(world.lane.orders.working()).toMatchObject({ count: 0, sellSize: 0, exits: 0 });
    take(report({ venueOrderId: '992' }));
    world.lane.onDesired({ version: 1, wish: 'flatten', frozenSymbols: [], reason: 'drill', by: 'me' }, world.now());
    world.lane.drain('SIGTERM', world.now());
    world.pass(60_000);
    expect(world.canceled).toEqual([]);
  });

  it.each(['liquidation', 'adl'] as const)(
    'F25: a position that the venue closed (%s) is taken over with its price and fee, and told once, however many fills it has',
    (cause) => {
      const { world, take, alerts } = worldWith();
      const entry = world.enter();
      world.fill(entry, entry.size);
      const closed = { side: 'sell', cause, price: '58000.5', fee: '1.25' } as const;
      take(fill('l1', '0.004', closed), fill('l2', '0.006', closed), fill('l2', '0.006', closed));
      expect(world.lane.position.size).toBe(0);
      expect(world.told('fill').filter((each) => each.cause === cause)).toMatchObject([
        { fillId: 'l1', price: '58000.5', fee: '1.25', size: '0.004' },
        { fillId: 'l2', price: '58000.5', fee: '1.25', size: '0.006' },
      ]);
      expect(alerts('FILL_FOREIGN').map((alert) => alert.text)).toEqual([expect.stringContaining(`(${cause}`)]);
      const report991 = report({ side: 'sell', status: 'filled', size: '0.01', cumulativeSize: '0.01', price: null });
      take({ ...report991, reduceOnly: true });
      expect(world.lane.orders.get('foreign-991')).toMatchObject({
        state: 'Filled',
        filledSize: 10,
        missesFills: false,
      });
    },
  );

  it('H3: one that is listed no longer is asked about, and without an answer it is for people, who can decide it', () => {
    const { world, take, states } = worldWith();
    take(report());
    world.pass(3_000);
    world.verify(0, []);
    expect(world.resolves).toContain('foreign-991');
    const { clientOrderId } = world.lane.orders.get('foreign-991')?.intent ?? {};
    if (clientOrderId === undefined) throw new Error('not followed');
    for (let second = 0; second < 40; second += 1) {
      world.pass(1_000);
      world.lane.onResolution(clientOrderId, absentOrder(), world.now());
      world.collect();
    }
    expect(states().at(-1)?.terminal).toBe(false);
    expect(world.told('alert').filter(({ code }) => code === 'ORDER_UNKNOWN')).toHaveLength(2);
    expect(world.lane.entriesPaused).not.toBeNull();
  });

  it('H8: a question about it that reaches back to before the lane began makes no execution of then new', () => {
    const began = 1_000_000 as EpochMs;
    const { world, take } = worldWith({ positionSize: 10, countedFillIds: ['listed'], fillsFrom: began });
    take(report());
    const order = world.lane.orders.get('foreign-991');
    if (order === null) throw new Error('not followed');
    const listed = (fillId: string, venueTime: number) =>
      fill(fillId, '0.003', { source: 'query', venueOrderId: '17', venueTime: venueTime as EpochMs });
    const fills = [listed('of-yesterday', began - 1), listed('listed', began + 1), listed('lost', began + 2)];
    const canceled = report({ source: 'query', status: 'canceled', venueTime: 2 as EpochMs });
    world.lane.onResolution(order.intent.clientOrderId, { kind: 'found', report: canceled, fills }, world.now());
    world.collect();
    expect(world.lane.position.size).toBe(13);
    expect(world.told('fill').map((each) => each.fillId)).toEqual(['lost']);
    world.lane.onFill(fill('streamed', '0.001'), world.now());
    expect(world.lane.position.size, 'the stream tells only what is new').toBe(14);
  });

  it('M2: one of the unit’s own that its lane does not know is an orphan: followed under its own id, and cancelled', () => {
    const { world, take, alerts } = worldWith();
    take(report({ clientOrderId: `${OWN}1-7` }));
    expect(world.canceled).toEqual([`${OWN}1-7`]);
    expect(alerts('ORDER_ORPHANED')).toHaveLength(1);
    expect(world.lane.state).toBe('OrderPending');
    take(report({ clientOrderId: `${OWN}1-7`, status: 'canceled' }));
    expect(world.lane.state).toBe('Idle');
  });

  it('H3: a report of an own order that ended long ago is no order of others, and opens nothing anew', () => {
    const { world, take, alerts } = worldWith();
    take(report({ clientOrderId: `${OWN}1-7`, status: 'filled', cumulativeSize: '0.02' }));
    expect([world.told('order.state'), alerts('ORDER_FOREIGN'), world.canceled]).toEqual([[], [], []]);
  });

  it('H3: on spot a sale of others can only reduce, and keeps nobody from anything', () => {
    const world = new LaneWorld(undefined, { ownPrefix: OWN }, { ...BTC, kind: 'spot' });
    world.lane.onOrderReport(report({ side: 'sell' }), world.now());
    expect(world.lane.entriesPaused).toBeNull();
    expect(world.lane.orders.working()).toMatchObject({ exits: 0, sellSize: 0 });
  });
});
