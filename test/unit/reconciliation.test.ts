import { describe, expect, it } from 'vitest';
import { unitId } from '#core/control/unit.ts';
import { orderIdPrefix } from '#core/orders/client-order-id.ts';
import type { BalanceReport, OrderReport } from '#core/orders/order.ts';
import { inPlaceOf } from '#core/positions/in-place-of.ts';
import { compareBalances, standingBalances } from '#core/reconciliation/compare-balances.ts';
import { planSymbol } from '#core/reconciliation/plan-reconciliation.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { RECONCILED_INSTRUMENT, RECONCILED_UNIT, ReconciliationModel } from '../support/reconciliation-model.ts';
import { buildEvent, intendedBody, stateBody } from '../support/trading-event-builder.ts';

const RULES = { settleMs: 10_000, unprovenAfterMs: 600_000, writersBehindMs: 7_200_000 };
const ORIGIN = { configurationHash: 'c0ffee', build: 'test' };
const NOW = 1_700_000_000_000;
const OWN = `${orderIdPrefix('paper', unitId(RECONCILED_UNIT))}1-1`;

const plan = (model: ReconciliationModel, at = NOW) =>
  planSymbol(model.look(at), model.look(at + RULES.settleMs), RULES, ORIGIN);

function report(clientOrderId: string | null, status: OrderReport['status'], cumulativeSize = '0'): OrderReport {
  return {
    kind: 'orderReport',
    source: 'query',
    symbol: RECONCILED_INSTRUMENT.symbol,
    clientOrderId,
    venueOrderId: 'v1',
    status,
    side: 'buy',
    price: '100.5',
    size: '0.02',
    cumulativeSize,
    reduceOnly: false,
    reason: '',
    venueTime: (NOW - 60_000) as EpochMs,
  };
}

/** A ledger that waits for an order it was told of `age` ago. */
function waiting(age: number): ReconciliationModel {
  const model = new ReconciliationModel();
  model.apply(buildEvent('order.intended', intendedBody(OWN), { sequence: 1, time: NOW - age }));
  model.apply(buildEvent('order.state', stateBody(OWN, 'Unknown'), { sequence: 2, time: NOW - age }));
  return model;
}

describe('orders in a reconciliation', () => {
  it.each(['filled', 'canceled', 'rejected', 'expired'] as const)(
    'M1: an end that the ledger missed is written with the venue’s answer for evidence: %s',
    (status) => {
      const model = waiting(60_000);
      model.orders = [report(OWN, status)];
      const { corrections, freeze } = plan(model);
      expect(freeze).toBeNull();
      for (const event of corrections) expect(model.apply(event)).toBe('written');
      expect(model.look(NOW).ledger.orders[0]?.state).toMatchObject({
        terminal: true,
        lane: 'scalper',
        evidence: [{ kind: 'query', venueOrderId: 'v1' }],
      });
      expect(plan(model, NOW + 60_000).findings).toEqual([]);
    },
  );

  it('F4: an order that the venue does not know gets no end, and its symbol no entries, once the others had their time', () => {
    expect(plan(waiting(60_000)).findings).toEqual([]);
    const late = plan(waiting(700_000));
    expect(late.corrections).toEqual([]);
    expect(late.freeze).toContain('the venue does not know it');
  });

  it('leaves alone what is on its way: an order told of a moment ago', () => {
    const model = waiting(-5_000);
    model.orders = [report(OWN, 'filled')];
    expect(plan(model)).toMatchObject({ findings: [], corrections: [], freeze: null });
  });

  it('H2: an order of ours that the ledger never had, or has as ended, freezes the symbol', () => {
    const model = new ReconciliationModel();
    model.openOrders = [report(OWN, 'accepted')];
    expect(plan(model).freeze).toContain('never heard of it');
    model.apply(buildEvent('order.state', stateBody(OWN, 'Canceled'), { time: NOW - 60_000 }));
    expect(plan(model).freeze).toContain('has it as Canceled');
  });

  it('H3: an order that nobody here placed and the ledger follows is known by the venue’s name: open it is no finding of an unproven order, ended its end is written', () => {
    const model = new ReconciliationModel();
    const followed = {
      foreign: { side: 'buy', reduceOnly: false },
      venueOrderId: report('by-hand', 'accepted').venueOrderId,
    } as const;
    const id = `foreign-${followed.venueOrderId}`;
    model.apply(buildEvent('order.state', stateBody(id, 'Accepted', followed), { time: NOW - 3_600_000 }));
    model.openOrders = [report('by-hand', 'accepted')];
    expect(plan(model)).toMatchObject({ corrections: [], freeze: null });
    model.openOrders = [];
    model.orders = [report('by-hand', 'canceled')];
    expect(plan(model)).toMatchObject({
      corrections: [{ type: 'order.state', body: { clientOrderId: id, to: 'Canceled' } }],
      freeze: null,
    });
  });

  it('tells of an order that nobody here placed, and neither corrects nor freezes', () => {
    const model = new ReconciliationModel();
    model.openOrders = [report('by-hand', 'accepted')];
    const { findings, corrections, freeze } = plan(model);
    expect(findings).toMatchObject([{ severity: 'warning', difference: { kind: 'foreignOrder' } }]);
    expect({ corrections, freeze }).toEqual({ corrections: [], freeze: null });
  });

  it('knows an execution without a client id by its order, and counts it as ours', () => {
    const model = new ReconciliationModel();
    model.fill(1, 20, NOW - 60_000, null);
    model.orders = [report(OWN, 'filled', '0.02')];
    const { corrections, freeze } = plan(model);
    expect(freeze).toBeNull();
    expect(corrections).toMatchObject([{ type: 'fill', body: { clientOrderId: OWN, size: '0.02' } }]);
  });
});

describe('positions in a reconciliation', () => {
  it('G13: closed by hand: the venue’s execution is written, the symbol frozen', () => {
    const model = new ReconciliationModel();
    const { kind: _kind, source: _source, ...opening } = model.fill(1, 20, NOW - 120_000, OWN);
    model.apply(buildEvent('fill', opening, { time: NOW - 120_000 }));
    model.fill(2, -20, NOW - 60_000, 'by-hand');
    const { corrections, freeze, findings } = plan(model);
    expect(corrections).toMatchObject([{ type: 'fill', body: { fillId: '2', price: '102' } }]);
    expect(freeze).toContain('was not placed here');
    expect(findings.map((each) => each.difference.kind)).toEqual(['missingFill', 'position']);
  });

  describe('while the engine may still correct by itself', () => {
    /** The engine took a position over that no execution explains, and the ledger has not heard of it. */
    const adopting = () => {
      const model = new ReconciliationModel();
      model.apply(buildEvent('lane.entries', { lane: 'scalper', symbol: 'BTCUSDT', paused: false, reason: '' }));
      model.moved = 20;
      return model;
    };

    it('S18: the writers of the ledger are behind: nothing is corrected, the symbol is frozen, and with the engine’s own adoption the ledger is right', () => {
      const model = adopting();
      model.engine = { held: '0', venue: '0', time: NOW - 60_000 };
      const { corrections, freeze, findings } = plan(model);
      expect(corrections).toEqual([]);
      expect(freeze).toContain('not corrected: the ledger has an engine');
      expect(findings).toMatchObject([{ severity: 'critical' }]);
      const adoption = { adjustmentId: 'a1', symbol: 'BTCUSDT', delta: '0.02', price: null, evidence: 'two looks' };
      model.apply(buildEvent('position.adjusted', { ...adoption, reason: 'adopted' }, { time: NOW - 1_000 }));
      expect(plan(model, NOW + 60_000).findings).toEqual([]);
    });

    it('S18: no engine has ever compared: the same', () => {
      const model = adopting();
      model.engine = null;
      expect(plan(model)).toMatchObject({
        corrections: [],
        freeze: expect.stringContaining('no engine has said what it holds'),
      });
    });

    it('S18: the engine has seen the difference and acts on it by itself: neither corrected nor frozen', () => {
      const model = adopting();
      model.engine = { held: '0', venue: '0.02', time: NOW + 5_000 };
      expect(plan(model)).toMatchObject({
        corrections: [],
        freeze: null,
        unsettled: expect.stringContaining('it compares by itself'),
      });
    });

    it('S18: the engine agreed with the venue after it had been asked, and the ledger still differs: what it told is lost, and is corrected', () => {
      const model = adopting();
      model.engine = { held: '0.020', venue: '0.02', time: NOW + 1 };
      expect(plan(model).corrections).toMatchObject([{ type: 'position.adjusted', body: { delta: '0.02' } }]);
    });

    it('F12: what stood for an execution is taken back under the same name by engine and reconciler, and counts once', () => {
      const model = new ReconciliationModel();
      const fill = model.fill(1, 20, NOW - 60_000, OWN);
      const adoption = { adjustmentId: 'a1', symbol: 'BTCUSDT', delta: '0.02', price: null, evidence: 'two looks' };
      model.apply(buildEvent('position.adjusted', { ...adoption, reason: 'adopted' }, { time: NOW - 50_000 }));
      const { corrections, freeze } = plan(model);
      expect(freeze).toBeNull();
      for (const event of corrections) model.apply(event);
      // The engine hears of it late, and tells the same of its own.
      const { kind: _kind, source: _source, ...body } = fill;
      const own = { ...adoption, adjustmentId: inPlaceOf('1'), delta: '-0.02', reason: 'adopted' } as const;
      model.apply(buildEvent('position.adjusted', own, { sequence: 8, time: NOW }));
      model.apply(buildEvent('fill', body, { sequence: 9, time: NOW }));
      expect(plan(model, NOW + 60_000).findings).toEqual([]);
    });
  });

  it('F8: a lane that says it is flat while something is held takes no entries', () => {
    const model = new ReconciliationModel();
    const { kind: _kind, source: _source, ...opening } = model.fill(1, 20, NOW - 120_000, OWN);
    model.apply(buildEvent('fill', opening, { time: NOW - 120_000 }));
    model.lane = { lane: 'scalper', state: 'Idle', time: NOW - 100_000 };
    expect(plan(model).freeze).toBe('lane scalper says Idle, held is 0.02');
    model.lane = { lane: 'scalper', state: 'PositionOpen', time: NOW - 100_000 };
    expect(plan(model).findings).toEqual([]);
  });

  it('leaves what is held alone until the ledger has heard of the symbol: its engine opens with it', () => {
    const model = new ReconciliationModel();
    model.moved = 20;
    model.hasHistory = false;
    expect(plan(model)).toMatchObject({ findings: [], corrections: [], freeze: null });
  });

  it('does not hold a lane to its word while executions are missing: the word may be on its way as well', () => {
    const model = new ReconciliationModel();
    model.fill(1, 20, NOW - 120_000, OWN);
    model.lane = { lane: 'scalper', state: 'Idle', time: NOW - 200_000 };
    expect(plan(model).freeze).toBeNull();
    for (const event of plan(model).corrections) model.apply(event);
    expect(plan(model, NOW + 60_000).freeze).toBe('lane scalper says Idle, held is 0.02');
  });

  it('F7: executions from before the ledger’s first word are not its business', () => {
    const model = new ReconciliationModel();
    model.fill(1, 20, NOW - 120_000, null);
    model.comparedFrom = (NOW - 60_000) as EpochMs;
    const opening = { adjustmentId: 'opening', symbol: RECONCILED_INSTRUMENT.symbol, delta: '0.02', price: '100' };
    model.apply(buildEvent('position.adjusted', { ...opening, reason: 'opening', evidence: 'position' }));
    expect(plan(model).findings).toEqual([]);
  });

  it('S18: a spot holding beyond what the ledger has bought is not a difference; less than that is', () => {
    const spot = { ...RECONCILED_INSTRUMENT, kind: 'spot' as const };
    const planSpot = (moved: number) => {
      const model = new ReconciliationModel();
      model.moved = moved;
      const look = (at: number) => ({ ...model.look(at), instrument: spot });
      return planSymbol(look(NOW), look(NOW + RULES.settleMs), RULES, ORIGIN);
    };
    expect(planSpot(5).findings).toEqual([]);
    expect(planSpot(-5).corrections).toMatchObject([{ type: 'position.adjusted', body: { delta: '-0.005' } }]);
  });
});

describe('balances in a reconciliation', () => {
  const venue = (currency: string, walletBalance: string): BalanceReport => ({
    kind: 'balance',
    currency,
    walletBalance,
    availableBalance: null,
    venueTime: NOW as EpochMs,
  });
  const ledger = (currency: string, walletBalance: string) => ({
    ...{ currency, walletBalance, availableBalance: null, venueTime: NOW },
    ...{ venue: 'binance-usdm' as const, epoch: 1, time: NOW },
  });

  it('finds those that differ by value, with nothing and zero alike', () => {
    const found = compareBalances(
      [ledger('USDT', '10.50'), ledger('BNB', '1'), ledger('ETH', '0')],
      [venue('USDT', '10.5'), venue('BTC', '2'), venue('XRP', '0.0')],
    );
    expect(found).toMatchObject([
      { currency: 'BNB', ledger: '1', venue: null },
      { currency: 'BTC', ledger: null, venue: '2' },
    ]);
  });

  it('lets those be that move between two looks', () => {
    const first = compareBalances([ledger('USDT', '10')], [venue('USDT', '11'), venue('BTC', '1')]);
    const second = compareBalances([ledger('USDT', '10')], [venue('USDT', '12'), venue('BTC', '1')]);
    expect(standingBalances(first, second).map((each) => each.currency)).toEqual(['BTC']);
  });
});
