import type { LaneConfiguration } from '#core/config/runtime-configuration.ts';
import type { UnitRef } from '#core/control/unit.ts';
import type { VenueQueries } from '#core/orders/venue-ports.ts';
import { type ReconcileParts, reconcileUnit } from '#functions/reconcile/reconcile-unit.ts';
import type { WorldProcess } from '#simulation/world/world-process.ts';
import type { VenueWatch } from '#simulation/world/world-venue.ts';
import type { MemoryLeaseTable } from '../support/memory-lease-table.ts';
import type { WorldLedger } from './world-ledger.ts';
import { desire } from './world-wishes.ts';

const EVERY_MS = 9_000;
/** People look at a frozen symbol, and let it go again. */
const FROZEN_MS = 6_000;
/** Between two looks, so that an engine's comparison falls between them, and what writers may be behind by: longer than any outage of a world's stream. */
const RULES = { settleMs: 11_000, writersBehindMs: 25_000, unprovenAfterMs: 60_000 };

export interface ReconcilerOptions {
  readonly unit: UnitRef;
  readonly lanes: readonly LaneConfiguration[];
  readonly process: WorldProcess;
  readonly queries: VenueQueries;
  readonly ledger: WorldLedger;
  readonly table: MemoryLeaseTable;
  readonly watch: VenueWatch;
}

/** The reconciler of the cloud in the world: the product's own, over the world's ledger, now and then. What it corrects only the ledger hears of, and what it freezes comes with a renewal. */
export function startReconciler({ unit, lanes, process, queries, ledger, table, watch }: ReconcilerOptions): void {
  const { clock, timers } = process;
  const nowMs = () => clock.epochMs();
  const parts: ReconcileParts = {
    venue: async () => queries,
    ledger,
    index: NO_INDEX,
    nowMs,
    writer: {
      apply: async (event) => {
        watch.trace(() => `the reconciler writes ${event.type} ${JSON.stringify(event.body)}`);
        ledger.correct(event);
        return 'written';
      },
    },
    desired: {
      read: async () => table.desired,
      apply: async () => 'applied',
      decide: async () => 'applied',
      freeze: async (_unit, { symbols }) => {
        watch.trace(() => `the reconciler freezes ${symbols.join(', ')}`);
        desire(table, { frozenSymbols: [...new Set([...table.desired.frozenSymbols, ...symbols])] });
        timers.after(FROZEN_MS, () =>
          desire(table, { frozenSymbols: table.desired.frozenSymbols.filter((each) => !symbols.includes(each)) }),
        );
        return 'applied';
      },
    },
    alerts: { publish: async () => 'sent' },
    log: (level, text, fields) => watch.trace(() => `reconciler ${level}: ${text} ${JSON.stringify(fields ?? {})}`),
    rules: RULES,
    origin: { configurationHash: 'world', build: 'world' },
    sleep: (ms) => new Promise<void>((resolve) => timers.after(ms, resolve)),
  };
  const symbols = lanes.map(({ symbol, reservedSize, name }) => ({ symbol, reservedSize, lane: name }));
  const run = () => {
    void reconcileUnit(parts, { unit, symbols }).then(() => timers.after(EVERY_MS, run));
  };
  timers.after(EVERY_MS, run);
}

/** Without checkpoints the whole ledger is read. */
const NO_INDEX = {
  symbols: async () => [],
  checkpoint: async () => null,
  openOrderIds: async () => [],
  endedOrderIds: async () => new Set<string>(),
  moves: async () => ({ fills: [], adjustments: [], cash: [] }),
};
