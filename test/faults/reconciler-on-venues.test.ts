import { afterEach, describe, expect, it } from 'vitest';
import { unitId } from '#core/control/unit.ts';
import { VENUES } from '#core/market/instrument.ts';
import { openReconciliationBench } from '../support/reconciliation-bench.ts';

let bench: Awaited<ReturnType<typeof openReconciliationBench>> | null = null;
afterEach(async () => {
  await bench?.world.close();
  bench = null;
});

describe.each(VENUES)('the reconciler on the simulated %s', (venue) => {
  it('S18, F12: finds a lost execution, and writes it and its order’s end as the venue says', async () => {
    bench = await openReconciliationBench(venue);
    const here = bench;
    await here.trade(1, 'buy');
    await here.trade(2, 'buy');
    await here.hear((id) => id === here.own(2));
    await here.settle();
    const report = await here.reconcile();
    expect(report.failed).toBeNull();
    expect(report.symbols[0]).toMatchObject({ unsettled: null, frozen: null });
    expect(new Set(report.symbols[0]?.differences.map((each) => each.kind))).toEqual(
      new Set(['missingFill', 'position', 'missedEnd']),
    );
    const [held, known] = await here.positions();
    expect(known).toBe(held);
    const fills = await here.reader.readFills(here.unit);
    expect(fills.every((fill) => fill.contract === here.world.instrument.kind && Number(fill.price) > 0)).toBe(true);
    const [again] = (await here.reconcile()).symbols;
    expect(again).toMatchObject({ differences: [], corrections: [] });
    expect(again?.held?.value).toBeGreaterThan(0);
  });

  it('G13, M6: finds a position closed by hand, freezes the symbol and tells people', async () => {
    bench = await openReconciliationBench(venue);
    const here = bench;
    await here.trade(1, 'buy');
    await here.hear();
    here.tradeByHand('sell');
    await here.settle();
    const report = await here.reconcile();
    expect(report.symbols[0]?.frozen).toContain('was not placed here');
    const [held, known] = await here.positions();
    expect(known).toBe(held);
    expect((await here.desired.read(unitId(here.unit))).frozenSymbols).toEqual([here.symbol]);
    expect(here.alerts).toMatchObject([{ code: 'RECONCILIATION_DIFFERENCE', severity: 'critical' }]);
    const adjustments = await here.reader.readAdjustments(here.unit);
    expect(adjustments.filter((each) => each.price !== null)).toEqual([]);
  });

  it('M6: tells of an order that was not placed here, and leaves it alone', async () => {
    bench = await openReconciliationBench(venue);
    const here = bench;
    await here.trade(1, 'buy');
    await here.hear();
    here.restByHand();
    await here.settle();
    const report = await here.reconcile();
    expect(report.symbols[0]?.differences).toMatchObject([{ kind: 'foreignOrder', severity: 'warning' }]);
    expect(report.symbols[0]).toMatchObject({ corrections: [], frozen: null });
    expect(here.world.exchange.openOrders('main', here.symbol)).toHaveLength(1);
  });
});
