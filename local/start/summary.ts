import type { TradingEvent } from '#core/events/trading-event.ts';
import type { LedgerFill, LedgerOrder } from '#core/ledger/ledger-entry.ts';
import { isEnded, whyUnproven } from '#core/orders/evidence-rule.ts';
import type { EngineStatus } from './engine-status.ts';
import type { PositionRow } from './live-view.ts';
import { countOrders, type OrderCounts } from './order-counts.ts';

/** What the venue itself says of the run. */
export interface VenueTruth {
  readonly venue: string;
  /** Market-data frames handed to open sockets. */
  readonly framesSent: number;
  /** Client order ids of every order that was accepted, in order. */
  readonly clientOrderIds: readonly (string | null)[];
  /** Reduce-only stops that rest. */
  readonly stops: readonly { readonly clientOrderId: string | null; readonly symbol: string }[];
  readonly fillIds: readonly string[];
}

/** Executions of the confirmation machine, from listing and describing them. */
export interface ConfirmationCounts {
  readonly confirmed: number;
  readonly confirmedByQuery: number;
  /** Ended otherwise, or still running. */
  readonly unconfirmed: number;
  /** What became of each execution that has ended, by order. */
  readonly endings: ReadonlyMap<string, string>;
}

/** Everything that a summary is made of, each from its own source. */
export interface RunFacts {
  readonly seconds: number;
  /** Speed 1: nothing may be shed. */
  readonly paced: boolean;
  readonly venues: readonly VenueTruth[];
  /** Last word of each engine that ended in order. */
  readonly engines: readonly EngineStatus[];
  /** Engines that ended otherwise. */
  readonly killedEngines: number;
  readonly events: readonly TradingEvent[];
  /** Frames by venue read back from the archive's objects, each counted once. */
  readonly archived: Readonly<Record<string, number>>;
  readonly orders: readonly LedgerOrder[];
  readonly fills: readonly LedgerFill[];
  readonly positions: readonly PositionRow[];
  readonly confirmations: ConfirmationCounts;
  /** Failures that the pipeline met and did not mend: records lost or set aside, functions that failed for good. */
  readonly pipelineErrors: number;
  readonly drained: boolean;
}

interface FrameCounts {
  readonly sent: number;
  readonly received: number;
  readonly published: number;
  readonly shed: number;
  readonly archived: number;
  readonly gaps: number;
}

/** The summary of a run, as `--summary` writes it. */
export interface RunSummary {
  readonly seconds: number;
  readonly frames: Readonly<Record<string, FrameCounts>>;
  readonly orders: OrderCounts & { readonly confirmed: number; readonly confirmedByQuery: number };
  readonly fills: number;
  readonly positions: readonly PositionRow[];
  readonly latencyUs: Readonly<Record<'decision' | 'tickToOrder', { readonly p50: number; readonly p99: number }>>;
  readonly takeovers: number;
  readonly errors: number;
  readonly invariants: Readonly<Record<string, boolean>>;
}

/** Puts the facts of a run together and judges the invariants. */
export function summarize(facts: RunFacts): RunSummary {
  const frames = Object.fromEntries(facts.venues.map((venue) => [venue.venue, frameCounts(facts, venue)]));
  const protecting = protectingIds(facts);
  const orders = countOrders(facts.orders, protecting);
  const { confirmed, confirmedByQuery } = facts.confirmations;
  const takeovers = facts.events.filter(
    (event) => event.type === 'lease' && event.body.change === 'acquired' && event.body.previousHolder !== null,
  ).length;
  const errors =
    facts.engines.reduce((sum, engine) => sum + engine.errors + engine.badFrames, 0) + facts.pipelineErrors;
  return {
    seconds: facts.seconds,
    frames,
    orders: { ...orders, confirmed, confirmedByQuery },
    fills: facts.fills.length,
    positions: facts.positions,
    latencyUs: { decision: worst(facts.engines, 'decision'), tickToOrder: worst(facts.engines, 'tickToOrder') },
    takeovers,
    errors,
    invariants: judge(facts, Object.values(frames), orders, protecting),
  };
}

/** What exactly differs, for people: one line for each order, fill and position that breaks an invariant. */
export function explainDifferences(facts: RunFacts): string[] {
  const lines: string[] = [];
  const protecting = protectingIds(facts);
  for (const order of facts.orders) {
    const { clientOrderId, state } = order;
    if (protecting.has(clientOrderId)) continue;
    const fault = whyNotEnded(order);
    const confirmation = facts.confirmations.endings.get(clientOrderId) ?? 'still followed';
    if (fault === null && state?.state !== 'Denied' && confirmation !== 'confirmed')
      lines.push(`order ${clientOrderId} is ${state?.state} in the ledger, and its confirmation: ${confirmation}`);
    if (fault === null) continue;
    const told = facts.events.flatMap((event) => {
      if (event.type !== 'order.state' || event.body.clientOrderId !== clientOrderId) return [];
      return [`${event.body.from} → ${event.body.to} (${event.epoch}/${event.sequence})`];
    });
    lines.push(`order ${clientOrderId} ${fault}; told: ${told.join(', ') || 'nothing'}`);
  }
  const own = new Set(facts.orders.map((order) => order.clientOrderId));
  const known = new Set(facts.fills.map((fill) => `${fill.venue}/${fill.fillId}`));
  const executed = new Set(facts.venues.flatMap((venue) => venue.fillIds.map((id) => `${venue.venue}/${id}`)));
  for (const venue of facts.venues) {
    for (const id of venue.clientOrderIds)
      if (id === null || !own.has(id))
        lines.push(`order ${id ?? 'without an id'} of ${venue.venue} is not in the ledger`);
  }
  for (const id of executed) if (!known.has(id)) lines.push(`fill ${id} is not in the ledger`);
  for (const id of known) if (!executed.has(id)) lines.push(`fill ${id} of the ledger is unknown to the venue`);
  for (const row of facts.positions) {
    if (row.engine === row.simulated && row.ledger === row.simulated) continue;
    lines.push(
      `position of ${row.venue} ${row.symbol}: engine ${row.engine ?? '–'}, ledger ${row.ledger ?? '–'}, venue ${row.simulated}`,
    );
  }
  return lines;
}

/** Why an order has no proven end in the ledger; null: it has one, or was never sent. */
function whyNotEnded({ state }: LedgerOrder): string | null {
  if (state === null) return 'stands at its intent in the ledger';
  if (state.state === 'Denied') return null;
  if (!isEnded(state.state)) return `stands at ${state.state} in the ledger`;
  const unproven = whyUnproven(state.state, state.evidence);
  return unproven === null ? null : `is ${state.state} in the ledger, and nothing proves it: ${unproven}`;
}

/** Stops that the ledger has at rest, and that the venue lists for what it says is held. */
function protectingIds({ venues, positions, orders }: RunFacts): ReadonlySet<string> {
  const resting = new Set(
    orders.filter(({ state }) => state?.state === 'Accepted').map((order) => order.clientOrderId),
  );
  const ids = new Set<string>();
  for (const { venue, stops } of venues) {
    for (const { clientOrderId, symbol } of stops) {
      const held = positions.some((row) => row.venue === venue && row.symbol === symbol && Number(row.simulated) !== 0);
      if (held && clientOrderId !== null && resting.has(clientOrderId)) ids.add(clientOrderId);
    }
  }
  return ids;
}

function frameCounts(facts: RunFacts, venue: VenueTruth): FrameCounts {
  const accounts = facts.engines
    .flatMap((engine) => engine.accounts)
    .filter((account) => account.venue === venue.venue);
  const sum = (count: 'received' | 'published' | 'shed') =>
    accounts.reduce((total, account) => total + account[count], 0);
  return {
    sent: venue.framesSent,
    received: sum('received'),
    published: sum('published'),
    shed: sum('shed'),
    archived: facts.archived[venue.venue] ?? 0,
    gaps: facts.events.filter((event) => event.type === 'feed.gap' && event.venue === venue.venue).length,
  };
}

function judge(
  facts: RunFacts,
  frames: readonly FrameCounts[],
  orders: OrderCounts,
  protecting: ReadonlySet<string>,
): Record<string, boolean> {
  const due = facts.orders.filter(({ clientOrderId, state }) => state !== null && !protecting.has(clientOrderId));
  const own = new Set(facts.orders.map((order) => order.clientOrderId));
  const placed = facts.venues.flatMap((venue) => venue.clientOrderIds);
  const venueFills = facts.venues.flatMap((venue) => venue.fillIds.map((id) => `${venue.venue}/${id}`));
  const ledgerFills = new Set(facts.fills.map((fill) => `${fill.venue}/${fill.fillId}`));
  const torn = facts.killedEngines > 0;
  return {
    // Where an engine was killed, what it held in its hands is the declared gap; the engines that are left still account for theirs.
    framesConserved: frames.every(
      (each) =>
        each.received === each.published + each.shed &&
        (torn || (each.sent === each.received && each.published === each.archived)),
    ),
    gapsDeclared: !torn || frames.some((each) => each.gaps > 0),
    nothingShed: !facts.paced || frames.every((each) => each.shed === 0),
    ordersEnded: orders.unknown === 0 && orders.submitted === orders.terminal + orders.protecting,
    ordersConfirmed:
      facts.confirmations.confirmed === orders.submitted - orders.protecting && facts.confirmations.unconfirmed === 0,
    evidenceOnEveryEnd: due.every((order) => whyNotEnded(order) === null),
    noDuplicateOrders: new Set(placed).size === placed.length,
    noOrphanOrders: placed.every((id) => id !== null && own.has(id)),
    fillsAgree: venueFills.length === ledgerFills.size && venueFills.every((id) => ledgerFills.has(id)),
    positionsAgree: facts.positions.every((row) => row.engine === row.simulated && row.ledger === row.simulated),
    pipelineDrained: facts.drained,
    nothingLost: facts.pipelineErrors === 0,
  };
}

function worst(engines: readonly EngineStatus[], stage: 'decision' | 'tickToOrder'): { p50: number; p99: number } {
  const measured = engines.map((engine) => engine.latencyUs[stage]).filter((each) => each.count > 0);
  const highest = (quantile: 'p50' | 'p99') =>
    Math.round(Math.max(0, ...measured.map((each) => each[quantile])) * 10) / 10;
  return { p50: highest('p50'), p99: highest('p99') };
}
