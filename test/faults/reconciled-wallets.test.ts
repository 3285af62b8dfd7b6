import { afterEach, describe, expect, it } from 'vitest';
import type { EpochMs } from '#core/time/clock.ts';
import { openReconciliationBench } from '../support/reconciliation-bench.ts';

type Bench = Awaited<ReturnType<typeof openReconciliationBench>>;
let bench: Bench | null = null;
afterEach(async () => {
  await bench?.world.close();
  bench = null;
});

const VENUES_AT_ONCE = ['binance-usdm', 'binance-spot', 'bybit-linear', 'bybit-spot', 'alpaca'] as const;

/** Buys and sells with all that is told in the ledger. */
async function tradeRound(here: Bench, number: number): Promise<void> {
  await here.trade(number, 'buy');
  await here.hear();
  await here.trade(number + 1, 'sell');
  await here.hear();
  await here.settle();
}

/** A round is reconciled; then 250 leave the wallet, of which the ledger hears nothing. */
async function payOut(here: Bench): Promise<void> {
  await tradeRound(here, 1);
  await here.reconcile();
  here.world.exchange.transfer('main', 'USDT', '-250');
  await here.settle();
}

const currencyOf = ({ world: { instrument } }: Bench) =>
  instrument.kind === 'spot' ? instrument.quoteCurrency : instrument.settlementCurrency;

async function cashOf(here: Bench) {
  return (await here.reader.readCash(here.unit)).filter((each) => each.currency === currencyOf(here));
}

describe.each(VENUES_AT_ONCE)('the wallet of %s', (venue) => {
  it('invariant 2: is deposits, realised profit, fees and funding, to the last digit but rounding', async () => {
    bench = await openReconciliationBench(venue);
    const here = bench;
    await tradeRound(here, 1);
    expect((await here.reconcile()).cash).toEqual([]);
    expect(await cashOf(here)).toMatchObject([{ reason: 'opening' }]);
    await tradeRound(here, 3);
    await tradeRound(here, 5);
    const report = await here.reconcile();
    expect([report.failed, report.cash]).toEqual([null, []]);
    expect(await cashOf(here)).toHaveLength(1);
    expect(here.alerts).toEqual([]);
  });
});

describe('a wallet that nothing explains', () => {
  it('F8: is told, with both sums, and booked once', async () => {
    bench = await openReconciliationBench('binance-spot');
    const here = bench;
    await payOut(here);
    const report = await here.reconcile();
    expect(report.cash).toMatchObject([{ currency: 'USDT', rest: '-250' }]);
    expect(here.alerts).toMatchObject([{ code: 'CASH_DIFFERENCE', severity: 'warning' }]);
    expect((await cashOf(here)).find((each) => each.reason === 'correction')).toMatchObject({ amount: '-250' });
    expect((await here.reconcile()).cash).toEqual([]);
    expect(here.alerts).toHaveLength(1);
  });

  it('invariant 2: a payment that the venue’s books name is written by its id, and no difference', async () => {
    bench = await openReconciliationBench('binance-usdm', {}, 0);
    const here = bench;
    await payOut(here);
    await here.reconcile();
    const written = (await cashOf(here)).filter((each) => each.reason === 'transfer');
    expect(written).toMatchObject([{ amount: '-250', evidence: "the venue's books" }]);
    expect((await here.reconcile()).cash).toEqual([]);
    expect(here.alerts).toEqual([]);
  });

  it('invariant 2: a payment that may be on its way to the ledger is no difference: what told it counts, once', async () => {
    bench = await openReconciliationBench('binance-usdm');
    const here = bench;
    await payOut(here);
    expect((await here.reconcile()).cash).toEqual([]);
    expect(await cashOf(here)).toHaveLength(1);
    const [payment] = (await here.world.queries.adjustmentsSince?.((Date.now() - 60_000) as EpochMs)) ?? [];
    if (payment === undefined) throw new Error('the venue names no payment');
    const { kind: _kind, id: adjustmentId, ...told } = payment;
    await here.tell('cash.adjusted', { ...told, adjustmentId });
    expect((await here.reconcile()).cash).toEqual([]);
    expect(await cashOf(here)).toHaveLength(2);
    expect(here.alerts).toEqual([]);
  });

  it('F8: is told and not booked while nobody knows what is on its way to the ledger', async () => {
    bench = await openReconciliationBench('binance-spot');
    const here = bench;
    await payOut(here);
    here.engine.compares = false;
    expect((await here.reconcile()).cash).toMatchObject([{ currency: 'USDT', rest: '-250' }]);
    expect(here.alerts).toMatchObject([{ code: 'CASH_DIFFERENCE', severity: 'warning' }]);
    expect(await cashOf(here)).toHaveLength(1);
    here.engine.compares = true;
    await here.reconcile();
    expect((await cashOf(here)).find((each) => each.reason === 'correction')).toMatchObject({ amount: '-250' });
  });

  it('says nothing while an execution is missing in the ledger', async () => {
    bench = await openReconciliationBench('binance-usdm');
    const here = bench;
    await tradeRound(here, 1);
    await here.reconcile();
    await here.trade(3, 'buy');
    await new Promise((resolve) => setTimeout(resolve, 150));
    const report = await here.reconcile();
    expect(report.cash).toEqual([]);
    expect(await cashOf(here)).toHaveLength(1);
  });
});
