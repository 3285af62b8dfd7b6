import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Alert } from '#aws/alerts.ts';
import { createDesiredStates } from '#aws/desired-state.ts';
import { createLedger } from '#aws/ledger.ts';
import { createLedgerIndexReader } from '#aws/ledger-checkpoints.ts';
import { createLedgerReader } from '#aws/ledger-reader.ts';
import { DESIRED_COMMAND } from '#core/control/desired-command.ts';
import { unitId } from '#core/control/unit.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import { orderIdPrefix } from '#core/orders/client-order-id.ts';
import { reconcileEach } from '#functions/reconcile/reconcile-each.ts';
import { type ReconcileParts, reconcileUnit } from '#functions/reconcile/reconcile-unit.ts';
import { reconciledUnits } from '#functions/reconcile/reconciled-units.ts';
import { createReconciliationReports } from '#functions/reconcile/reconciliation-report.ts';
import { marketOrder } from '#simulation/exchange/market-order.ts';
import { type AccountWorld, openAccountWorld } from '../support/account-world.ts';
import { createFakeDynamoDb } from '../support/fake-dynamodb.ts';
import { createFakeS3 } from '../support/fake-s3.ts';
import { buildEvent, intendedBody, stateBody } from '../support/trading-event-builder.ts';

const UNIT = { account: 'main', mode: 'paper', venue: 'binance-usdm' } as const;
const ID = unitId(UNIT);
const own = (number: number) => `${orderIdPrefix('paper', ID)}1-${number}`;
const SETTLE_MS = 120;

/** A simulated venue over loopback, its own client, a ledger and a control table in memory. */
async function openReconciliation() {
  const world: AccountWorld = await openAccountWorld('binance-usdm');
  const tables = { ledger: createFakeDynamoDb(), control: createFakeDynamoDb() };
  const { instrument, exchange } = world;
  const { symbol, sizeScale } = instrument;
  const ledger = createLedger(tables.ledger.client, 'ledger');
  const reader = createLedgerReader(tables.ledger.client, 'ledger');
  const desired = createDesiredStates(tables.control.client, 'control');
  const alerts: Alert[] = [];
  const failing = { venue: false };
  const parts: ReconcileParts = {
    venue: async () => {
      if (failing.venue) throw new Error('VENUE_KEYS_MISSING');
      return world.queries;
    },
    ledger: reader,
    index: createLedgerIndexReader(tables.ledger.client, 'ledger'),
    writer: ledger,
    desired,
    alerts: {
      async publish(alert) {
        alerts.push(alert);
        return 'sent';
      },
    },
    log: () => undefined,
    rules: { settleMs: SETTLE_MS, unprovenAfterMs: 60_000, writersBehindMs: 300_000 },
    origin: { configurationHash: 'c0ffee', build: 'test' },
    // Between two looks the engine compares as well, and agrees with the venue, whatever the ledger has heard.
    sleep: async (ms) => {
      await new Promise((resolve) => setTimeout(resolve, ms + 5));
      if (engine.compares) await agree();
    },
    nowMs: Date.now,
  };
  await world.until('a market', () => exchange.book(symbol, 1).asks.length > 0);
  const size = instrument.lotSize * 20;
  let sequence = 0;
  const tell = (...[type, body]: Parameters<typeof buildEvent>) => {
    sequence += 1;
    return ledger.apply(buildEvent(type, body, { sequence, time: Date.now() }));
  };
  const engine = { compares: true };
  const agree = async () => {
    const [held] = await world.queries.positions([symbol]);
    const size = held?.size ?? '0';
    await tell('position.checked', { lane: 'scalper', symbol, engine: size, venue: size, agree: true });
  };

  return {
    world,
    engine,
    tables,
    reader,
    desired,
    alerts,
    failing,
    parts,
    symbol,
    tell,
    /** One market order at the venue, of us or of somebody; the ledger hears of its intent if it is ours. */
    async trade(clientOrderId: string, side: 'buy' | 'sell') {
      if (clientOrderId.startsWith('p')) {
        const change = { symbol, side, size: formatScaled(size, sizeScale), lane: 'scalper' };
        await tell('order.intended', intendedBody(clientOrderId, change));
        await tell('order.state', stateBody(clientOrderId, 'Submitted', { symbol }));
      }
      const outcome = exchange.place(
        'main',
        marketOrder({ clientOrderId, symbol, side, size: size as typeof instrument.lotSize }),
      );
      expect(outcome.kind).toBe('accepted');
    },
    /** The engine's account stream, but for what is lost. */
    async hear(isLost: (clientOrderId: string) => boolean) {
      for (const fill of await world.queries.fillsSince(symbol, 0 as Parameters<typeof world.queries.fillsSince>[1])) {
        const order = exchange.order('main', { orderId: fill.venueOrderId, clientOrderId: null });
        const clientOrderId = order?.clientOrderId ?? '';
        if (isLost(clientOrderId)) continue;
        const { kind: _kind, source: _source, ...body } = fill;
        await tell('fill', { ...body, clientOrderId, contract: instrument.kind });
        await tell('order.state', stateBody(clientOrderId, 'Filled', { symbol }));
      }
    },
    reconcile: () => reconcileUnit(parts, { unit: UNIT, symbols: [{ symbol, reservedSize: '0', lane: 'scalper' }] }),
    /** Time passes, and the engine tells of something else, so that what it told before is in the ledger. */
    async settle() {
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS + 20));
      await tell('lane.entries', { lane: 'scalper', symbol, paused: false, reason: 'resumed' });
    },
    positions: async () => {
      const [held] = await world.queries.positions([symbol]);
      const [known] = await reader.readPositions(UNIT, { venue: UNIT.venue, symbol });
      return [Number(held?.size ?? 0), Number(known?.size ?? 0)];
    },
  };
}

let bench: Awaited<ReturnType<typeof openReconciliation>>;
beforeEach(async () => {
  bench = await openReconciliation();
});
afterEach(() => bench.world.close());

describe('what is reconciled', () => {
  const lane = (account: string, symbol: string) => ({
    ...{ name: `${account}-${symbol}`, account, mode: 'paper', venue: 'binance-usdm', symbol, reservedSize: '0' },
  });
  const configuration = { lanes: [lane('main', 'A'), lane('main', 'B'), lane('second', 'A')] } as unknown as Parameters<
    typeof reconciledUnits
  >[0];

  it('is every unit with lanes, or those that were asked for', () => {
    expect(reconciledUnits(configuration, null).map((each) => each.symbols.length)).toEqual([2, 1]);
    expect(reconciledUnits(configuration, ['paper/second/binance-usdm'])).toHaveLength(1);
    expect(() => reconciledUnits(configuration, ['paper/other/deribit'])).toThrow('has no lanes');
    expect(() => reconciledUnits(configuration, ['main'])).toThrow('must read');
  });
});

describe('the reconciler, on a simulated venue', () => {
  it('S18, F12: a lost execution and the end of its order are found and written as the venue says, once', async () => {
    await bench.trade(own(1), 'buy');
    await bench.trade(own(2), 'buy');
    await bench.hear((id) => id === own(2));
    await bench.settle();
    const [venue, ledger] = await bench.positions();
    expect(ledger).not.toBe(venue);

    const report = await bench.reconcile();
    const kinds = report.symbols[0]?.differences.map((each) => each.kind) ?? [];
    expect([...new Set(kinds)].sort()).toEqual(['missedEnd', 'missingFill', 'position']);
    expect(report.symbols[0]).toMatchObject({ unsettled: null, frozen: null });
    expect(report.failed).toBeNull();
    const [after, corrected] = await bench.positions();
    expect(corrected).toBe(after);
    expect(await bench.reader.readOrder(UNIT, own(2))).toMatchObject({
      state: { state: 'Filled', evidence: [{ kind: 'query' }] },
    });
    const fills = await bench.reader.readFills(UNIT);
    expect(fills.filter((fill) => fill.clientOrderId === own(2)).length).toBeGreaterThan(0);
    expect(bench.alerts).toMatchObject([{ code: 'RECONCILIATION_DIFFERENCE', severity: 'warning' }]);
    // What the engine tells late of the same changes nothing.
    await bench.hear((id) => id !== own(2));
    expect(await bench.positions()).toEqual([after, corrected]);
    const again = await bench.reconcile();
    expect(again.symbols[0]).toMatchObject({ differences: [], corrections: [] });
    expect(again.balances).toEqual([]);
  });

  it('G13: a position closed by hand is found, written, frozen and told, and people lift the freeze', async () => {
    await bench.trade(own(1), 'buy');
    await bench.hear(() => false);
    await bench.trade('by-hand', 'sell');
    await bench.settle();

    const report = await bench.reconcile();
    expect(report.symbols[0]?.frozen).toContain('was not placed here');
    expect(await bench.positions()).toEqual([0, 0]);
    expect(await bench.desired.read(ID)).toMatchObject({ wish: 'run', frozenSymbols: [bench.symbol] });
    expect(bench.alerts).toMatchObject([{ code: 'RECONCILIATION_DIFFERENCE', severity: 'critical', unit: ID }]);
    expect((await bench.reconcile()).symbols[0]).toMatchObject({ differences: [], frozen: null });
    const lift = { id: 'lift', unit: ID, wish: 'run', frozenSymbols: [], reason: 'looked', by: 'ops' };
    await bench.desired.apply(DESIRED_COMMAND.parse(lift), Date.now());
    expect((await bench.desired.read(ID)).frozenSymbols).toEqual([]);
  });

  it('corrects nothing while the venue executes', async () => {
    await bench.trade(own(1), 'buy');
    await bench.settle();
    const { sleep } = bench.parts;
    const busy: ReconcileParts = {
      ...bench.parts,
      sleep: async (ms) => {
        await sleep(ms);
        await bench.trade(own(2), 'buy');
      },
    };
    const symbols = [{ symbol: bench.symbol, reservedSize: '0', lane: null }];
    const report = await reconcileUnit(busy, { unit: UNIT, symbols });
    expect(report.symbols[0]).toMatchObject({ corrections: [], frozen: null });
    expect(await bench.reader.readFills(UNIT)).toEqual([]);
  });

  it('leaves alone what may be on its way: the ledger has heard nothing since the execution', async () => {
    await bench.trade(own(1), 'buy');
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS + 20));
    expect((await bench.reconcile()).symbols[0]).toMatchObject({ differences: [], corrections: [] });
    await bench.settle();
    expect((await bench.reconcile()).symbols[0]?.corrections.length).toBeGreaterThan(0);
  });

  it('S18: corrects no position while no engine has said what it holds: its own correction may be on its way. It freezes and tells', async () => {
    await bench.trade(own(1), 'buy');
    await bench.settle();
    bench.engine.compares = false;
    const report = await bench.reconcile();
    expect(report.symbols[0]).toMatchObject({
      unsettled: null,
      frozen: expect.stringContaining('not corrected: no engine has said what it holds'),
      corrections: [expect.stringContaining('order.state')],
    });
    expect(await bench.reader.readFills(UNIT)).toEqual([]);
    expect(bench.alerts).toMatchObject([{ code: 'RECONCILIATION_DIFFERENCE', severity: 'critical' }]);
    expect(await bench.desired.read(ID)).toMatchObject({ frozenSymbols: [bench.symbol] });
    // Once the engine has compared, and holds what the venue holds, the ledger follows.
    bench.engine.compares = true;
    await bench.reconcile();
    const [venue, ledger] = await bench.positions();
    expect(ledger).toBe(venue);
  });

  it('R1: a venue that cannot be asked is told, and nothing is touched', async () => {
    bench.failing.venue = true;
    expect(await bench.reconcile()).toMatchObject({ failed: 'VENUE_KEYS_MISSING', symbols: [] });
    expect(bench.alerts).toMatchObject([{ code: 'RECONCILIATION_FAILED' }]);
    expect(bench.tables.ledger.items()).toEqual([]);
  });

  it('S18: the report of a day holds the state of each unit and what was found in the day', async () => {
    const s3 = createFakeS3();
    const reports = createReconciliationReports(s3.client, 'archive');
    const at = Date.UTC(2026, 0, 2, 3);
    await bench.trade(own(1), 'buy');
    await bench.settle();
    const found = await bench.reconcile();
    expect(await reports.keepFindings(at, [found])).toBe(
      'reconciliation/findings/2026-01-02/2026-01-02T03:00:00.000Z.json',
    );
    const now = await bench.reconcile();
    expect(await reports.keepFindings(at, [now])).toBeNull();
    expect(await reports.writeDaily('2026-01-02', at, [now])).toBe('reconciliation/daily/2026-01-02.json');
    const daily = JSON.parse(s3.objects.get('archive/reconciliation/daily/2026-01-02.json')?.toString() ?? 'null');
    expect(daily.units[0].symbols[0]).toMatchObject({ symbol: bench.symbol, differences: [] });
    expect(daily.units[0].symbols[0].ledger).toBe(daily.units[0].symbols[0].venue);
    expect(daily.findings[0].units[0].symbols[0].corrections.length).toBeGreaterThan(0);
  });
});

describe('a run over several units', () => {
  it('T4: fails for one only when the others have ended: nothing is under way when the function is halted', async () => {
    const units = ['one', 'two'].map((account) => ({ unit: { ...UNIT, account }, symbols: [] }));
    const ended: string[] = [];
    const run = reconcileEach(units, async ({ unit }) => {
      if (unit.account === 'one') throw new Error('people cannot be told');
      await new Promise((resolve) => setTimeout(resolve, 20));
      ended.push(unit.account);
      return { unit: unitId(unit), at: 1, failed: null, symbols: [], balances: [], cash: [] };
    });
    await expect(run).rejects.toThrow('people cannot be told');
    expect(ended).toEqual(['two']);
  });
});
