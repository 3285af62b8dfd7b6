import { describe, expect, it } from 'vitest';
import type { OrderState } from '#core/events/trading-event.ts';
import type { LedgerFill, LedgerOrder } from '#core/ledger/ledger-entry.ts';
import type { EngineStatus } from '../../local/start/engine-status.ts';
import { countOrders } from '../../local/start/order-counts.ts';
import { explainDifferences, type RunFacts, summarize } from '../../local/start/summary.ts';

function order(clientOrderId: string, state: OrderState, cumulativeSize = '0', evidence = 1): LedgerOrder {
  const origin = { venue: 'binance-usdm', epoch: 1, time: 1 } as const;
  return {
    clientOrderId,
    intent: {
      ...origin,
      clientOrderId,
      lane: 'lane',
      symbol: 'BTCUSDT',
      side: 'buy',
      orderType: 'limit',
      timeInForce: 'ioc',
      price: '1',
      size: '1',
      reduceOnly: false,
      purpose: 'entry',
      signalPrice: '1',
      signalAgeMs: 0,
      confirm: true,
    },
    state: {
      ...origin,
      clientOrderId,
      lane: 'lane',
      symbol: 'BTCUSDT',
      terminal: true,
      venueOrderId: 'v',
      cumulativeSize,
      reason: '',
      state,
      evidence: Array.from({ length: evidence }, () => ({
        kind: 'accountStream' as const,
        venueOrderId: 'v',
        venueTime: 1,
      })),
    },
  };
}

function engine(received: number, published = received): EngineStatus {
  const quantiles = { count: 1, p50: 1, p99: 2 };
  return {
    engine: 'engine-1',
    inputs: 1,
    feeds: [],
    units: [],
    accounts: [{ venue: 'binance-usdm', connection: 'c', received, published, shed: 0, bytes: 1 }],
    publisher: { lagMs: 0, circuit: 'closed', journalBytes: 0 },
    latencyUs: { decision: quantiles, tickToOrder: quantiles, orderToAck: quantiles },
    badFrames: 0,
    errors: 0,
    takeovers: 0,
    memoryBytes: 1,
  };
}

function facts(changes: Partial<RunFacts> = {}): RunFacts {
  const fill = { venue: 'binance-usdm', fillId: 'f1' } as LedgerFill;
  return {
    seconds: 60,
    paced: true,
    venues: [{ venue: 'binance-usdm', framesSent: 10, clientOrderIds: ['a'], stops: [], fillIds: ['f1'] }],
    engines: [engine(10)],
    killedEngines: 0,
    events: [],
    archived: { 'binance-usdm': 10 },
    orders: [order('a', 'Filled', '1'), order('d', 'Denied')],
    fills: [fill],
    positions: [{ venue: 'binance-usdm', symbol: 'BTCUSDT', engine: '1', ledger: '1', simulated: '1' }],
    confirmations: { confirmed: 1, confirmedByQuery: 0, unconfirmed: 0, endings: new Map([['a', 'confirmed']]) },
    pipelineErrors: 0,
    drained: true,
    ...changes,
  };
}

describe('the summary of a run', () => {
  it('holds every invariant where all accounts agree', () => {
    const { invariants, orders, frames } = summarize(facts());
    expect(Object.entries(invariants).filter(([, held]) => !held)).toEqual([]);
    expect(orders).toMatchObject({
      intended: 2,
      denied: 1,
      submitted: 1,
      filled: 1,
      terminal: 1,
      confirmed: 1,
      unknown: 0,
    });
    expect(frames['binance-usdm']).toMatchObject({ sent: 10, received: 10, published: 10, shed: 0, archived: 10 });
  });

  it.each<[string, Partial<RunFacts>]>([
    ['framesConserved', { archived: { 'binance-usdm': 9 } }],
    ['framesConserved', { engines: [engine(10, 9)] }],
    ['ordersEnded', { orders: [order('a', 'Unknown')] }],
    ['evidenceOnEveryEnd', { orders: [order('a', 'Filled', '1', 0)] }],
    ['ordersConfirmed', { confirmations: { confirmed: 0, confirmedByQuery: 0, unconfirmed: 1, endings: new Map() } }],
    [
      'noDuplicateOrders',
      { venues: [{ venue: 'binance-usdm', framesSent: 10, clientOrderIds: ['a', 'a'], stops: [], fillIds: ['f1'] }] },
    ],
    [
      'noOrphanOrders',
      { venues: [{ venue: 'binance-usdm', framesSent: 10, clientOrderIds: ['a', 'x'], stops: [], fillIds: ['f1'] }] },
    ],
    [
      'fillsAgree',
      { venues: [{ venue: 'binance-usdm', framesSent: 10, clientOrderIds: ['a'], stops: [], fillIds: ['f1', 'f2'] }] },
    ],
    [
      'positionsAgree',
      { positions: [{ venue: 'binance-usdm', symbol: 'BTCUSDT', engine: '1', ledger: '2', simulated: '1' }] },
    ],
    ['gapsDeclared', { killedEngines: 1 }],
    ['pipelineDrained', { drained: false }],
    ['nothingLost', { pipelineErrors: 1 }],
  ])('finds %s broken', (name, changes) => {
    expect(summarize(facts(changes)).invariants[name]).toBe(false);
  });

  it('F24: a stop may rest on where the venue lists it for what is held, and nowhere else', () => {
    const venue = { venue: 'binance-usdm', framesSent: 10, clientOrderIds: ['a', 's'], fillIds: ['f1'] };
    const orders = [order('a', 'Filled', '1'), order('s', 'Accepted')];
    const stop = { clientOrderId: 's', symbol: 'BTCUSDT' };
    const held = summarize(facts({ orders, venues: [{ ...venue, stops: [stop] }] }));
    expect(held.orders).toMatchObject({ submitted: 2, terminal: 1, protecting: 1, unknown: 0 });
    expect(Object.entries(held.invariants).filter(([, holds]) => !holds)).toEqual([]);
    const flat = { venue: 'binance-usdm', symbol: 'BTCUSDT', engine: '0', ledger: '0', simulated: '0' };
    for (const changes of [
      { venues: [{ ...venue, stops: [] }] },
      { venues: [{ ...venue, stops: [stop] }], positions: [flat] },
    ]) {
      const { invariants } = summarize(facts({ orders, ...changes }));
      expect(invariants).toMatchObject({ ordersEnded: false, ordersConfirmed: false, evidenceOnEveryEnd: false });
    }
  });

  it('M1: explains each end that the judged invariant does not take for proven, and no other', () => {
    const proven = order('a', 'Filled', '1');
    const weak: LedgerOrder = {
      ...proven,
      // An answer proves that an order was refused, never that it was executed.
      state: proven.state && { ...proven.state, evidence: [{ kind: 'answer', code: '0', text: 'accepted' }] },
    };
    const told = (orders: readonly LedgerOrder[]) => ({
      holds: summarize(facts({ orders })).invariants.evidenceOnEveryEnd,
      lines: explainDifferences(facts({ orders })),
    });
    expect(told([proven, order('d', 'Denied')])).toEqual({ holds: true, lines: [] });
    expect(told([weak])).toEqual({
      holds: false,
      lines: ['order a is Filled in the ledger, and nothing proves it: answer does not prove Filled; told: nothing'],
    });
    expect(told([order('a', 'Filled', '1', 0)])).toEqual({
      holds: false,
      lines: ['order a is Filled in the ledger, and nothing proves it: there is no evidence; told: nothing'],
    });
    expect(told([order('a', 'Unknown')]).lines).toEqual(['order a stands at Unknown in the ledger; told: nothing']);
  });

  it('counts a cancelled order with fills as partly filled, and one that did not end as unknown', () => {
    const counts = countOrders([
      order('a', 'Canceled', '0.5'),
      order('b', 'Canceled'),
      order('c', 'Accepted'),
      order('d', 'Rejected'),
    ]);
    expect(counts).toMatchObject({ submitted: 4, canceled: 2, partlyFilled: 1, unknown: 1, rejected: 1, terminal: 3 });
  });
});
