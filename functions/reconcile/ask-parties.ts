import type { LedgerIndexReader } from '#aws/ledger-checkpoints.ts';
import type { LedgerReader } from '#aws/ledger-reader.ts';
import { type UnitRef, unitId } from '#core/control/unit.ts';
import type { LedgerAdjustment, LedgerFill, LedgerLane, LedgerOrder } from '#core/ledger/ledger-entry.ts';
import { openingOf, placeOf } from '#core/ledger/ledger-index.ts';
import { foldPosition } from '#core/ledger/position-fold.ts';
import { countingAdjustments } from '#core/ledger/superseded-adjustments.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { orderIdPrefix } from '#core/orders/client-order-id.ts';
import { isForeignOrderId } from '#core/orders/foreign-order.ts';
import type { FillReport, OrderReport, PositionReport } from '#core/orders/order.ts';
import { isTerminal } from '#core/orders/order-state.ts';
import type { VenueQueries } from '#core/orders/venue-ports.ts';
import { holdingOfLane } from '#core/positions/spot-holding.ts';
import type {
  EngineWord,
  LaneWord,
  LedgerStatement,
  SymbolLook,
  VenueStatement,
} from '#core/reconciliation/symbol-look.ts';
import type { EpochMs } from '#core/time/clock.ts';

export type ReadOnlyQueries = Omit<VenueQueries, 'cancelOrder'>;

export interface Parties {
  /** Questions alone: what reconciles can change nothing at the venue. */
  readonly queries: ReadOnlyQueries;
  readonly ledger: LedgerReader;
  readonly index: LedgerIndexReader;
  /** Wall clock, ms. */
  readonly nowMs: () => number;
}

/** One symbol of a unit, and what of its base asset is not for trading (spot). */
export interface ReconciledSymbol {
  readonly unit: UnitRef;
  readonly instrument: Instrument;
  readonly reservedSize: string;
  /** Name of the lane that trades it; null: none does any more. */
  readonly lane: string | null;
}

/** How far back executions are compared, ms: longer than any outage that the engine's own recovery bridges. */
export const LOOK_BACK_MS = 24 * 3_600_000;
/** Stamps of engine and venue may lie so far apart, ms. */
const STAMPS_APART_MS = 15 * 60_000;
const ASKED_AGAIN = 3;

type KnownStatement = Omit<LedgerStatement, 'heardThrough'>;

/** Asks ledger and venue what they have of a symbol. Rejects where either cannot say: a part of an answer is none. */
export async function lookAt(parties: Parties, symbol: ReconciledSymbol): Promise<SymbolLook> {
  const { unit, instrument } = symbol;
  const windowFrom = parties.nowMs() - LOOK_BACK_MS;
  const [lanes, balances] = await Promise.all([parties.ledger.readLanes(unit), parties.ledger.readBalances(unit)]);
  const known = await ledgerOf(parties, symbol, windowFrom);
  const lane = laneOf(lanes, symbol);
  const heardThrough = lastWord(known.statement, [
    ...lanes.flatMap((each) => [each.state, each.entries, each.checked ?? null]),
    ...balances.filter((each) => each.venue === unit.venue),
  ]);
  const comparedFrom = Math.max(windowFrom, known.since ?? parties.nowMs()) as EpochMs;
  const venue = await venueOf(parties, symbol, comparedFrom, known.statement);
  const at = parties.nowMs() as EpochMs;
  const orders = [...known.statement.orders];
  for (const { clientOrderId } of venue.openOrders) {
    if (clientOrderId === null || !clientOrderId.startsWith(orderIdPrefix(unit.mode, unitId(unit)))) continue;
    if (orders.some((each) => each.clientOrderId === clientOrderId)) continue;
    const order = await parties.ledger.readOrder(unit, clientOrderId);
    if (order !== null) orders.push(order);
  }
  const ledger = { ...known.statement, orders, heardThrough };
  return { unit, instrument, at, comparedFrom, venue, ledger, lane, engine: engineOf(lanes, symbol) };
}

/** What the symbol's lane last found when it compared; by now another lane may trade it than has said it. */
function engineOf(lanes: readonly LedgerLane[], { unit, instrument }: ReconciledSymbol): EngineWord | null {
  let last: EngineWord | null = null;
  for (const { checked } of lanes) {
    if (checked === undefined || checked === null) continue;
    if (checked.symbol !== instrument.symbol || checked.venue !== unit.venue) continue;
    if (last === null || checked.time > last.time)
      last = { held: checked.engine, venue: checked.venuePosition, time: checked.time };
  }
  return last;
}

/** Latest time of what engines told; what was corrected here was told under no lease. */
function lastWord(
  statement: KnownStatement,
  others: readonly ({ readonly time: number; readonly epoch: number; readonly venue: string } | null)[],
): number {
  const told = [
    ...statement.fills,
    ...statement.adjustments,
    ...statement.orders.flatMap(({ intent, state }) => [intent, state]),
    ...others,
  ];
  return told.reduce((last, each) => (each === null || each.epoch === 0 ? last : Math.max(last, each.time)), 0);
}

function laneOf(lanes: readonly LedgerLane[], symbol: ReconciledSymbol): LaneWord | null {
  if (symbol.lane === null) return null;
  const state = lanes.find((each) => each.lane === symbol.lane)?.state ?? null;
  if (state === null || state.symbol !== symbol.instrument.symbol || state.venue !== symbol.unit.venue) return null;
  return { lane: symbol.lane, state: state.state, time: state.time };
}

/** The ledger's part, from its index where that reaches back far enough. `since`: its first word of the symbol, ms; null: it has none. */
async function ledgerOf(
  parties: Parties,
  { unit, instrument: { symbol } }: ReconciledSymbol,
  windowFrom: number,
): Promise<{ readonly statement: KnownStatement; readonly since: number | null }> {
  const { ledger, index } = parties;
  const place = placeOf(unit.venue, symbol);
  const checkpoint = await index.checkpoint(unit, place);
  const fold = checkpoint?.fold ?? null;
  if (checkpoint !== null && fold !== null && checkpoint.since <= windowFrom - STAMPS_APART_MS) {
    const ids = await index.openOrderIds(unit, place);
    const open = await Promise.all(ids.map((id) => ledger.readOrder(unit, id)));
    const after = await index.moves(unit, place, fold.through);
    const from = windowFrom - STAMPS_APART_MS;
    const earlier =
      from < fold.through ? await index.moves(unit, place, from, fold.through) : { fills: [], adjustments: [] };
    const told = await ledger.readAdjustments(unit, { venue: unit.venue, symbol });
    const position = foldPosition(unit.venue, symbol, after.fills, [
      ...openingOf(fold, unit.venue, symbol),
      ...countingAdjustments(after.adjustments, told),
    ]);
    const statement = {
      hasHistory: true,
      positionSize: position.size,
      fills: [...earlier.fills, ...after.fills],
      adjustments: countingAdjustments([...earlier.adjustments, ...after.adjustments], told),
      orders: open.flatMap((order) => (order === null || hasEnded(order) ? [] : [order])),
    };
    const opened = statement.adjustments.some((each) => each.reason === 'opening');
    return { statement, since: fold.lastKnownAt === null || opened ? firstWord(statement) : windowFrom };
  }
  const [orders, fills, adjustments] = await Promise.all([
    ledger.readOrders(unit),
    ledger.readFills(unit),
    ledger.readAdjustments(unit),
  ]);
  const here = (each: { readonly venue: string; readonly symbol: string } | null) =>
    each !== null && each.venue === unit.venue && each.symbol === symbol;
  const ofSymbol = orders.filter((order) => here(order.intent) || here(order.state));
  const statement = {
    fills: fills.filter(here),
    adjustments: countingAdjustments(adjustments.filter(here)),
    orders: ofSymbol.filter((order) => !hasEnded(order)),
  };
  const since = firstWord({ ...statement, orders: ofSymbol });
  const { size } = foldPosition(unit.venue, symbol, statement.fills, statement.adjustments);
  return { statement: { ...statement, hasHistory: since !== null, positionSize: size }, since };
}

function hasEnded(order: LedgerOrder): boolean {
  return order.state !== null && isTerminal(order.state.state);
}

/** When the ledger first heard of the symbol: an opening position stands for whatever was before it. */
function firstWord(statement: {
  readonly fills: readonly LedgerFill[];
  readonly adjustments: readonly LedgerAdjustment[];
  readonly orders: readonly LedgerOrder[];
}): number | null {
  const openings = statement.adjustments.filter((each) => each.reason === 'opening').map((each) => each.time);
  if (openings.length > 0) return openings.reduce((last, time) => Math.max(last, time));
  const times = [
    ...statement.adjustments.map((each) => each.time),
    ...statement.fills.map((fill) => fill.venueTime),
    ...statement.orders.flatMap((order) => (order.intent === null ? [] : [order.intent.time])),
  ];
  return times.length === 0 ? null : times.reduce((first, time) => Math.min(first, time));
}

async function venueOf(
  { queries, nowMs }: Parties,
  { instrument, reservedSize }: ReconciledSymbol,
  from: EpochMs,
  ledger: KnownStatement,
): Promise<VenueStatement> {
  const { symbol } = instrument;
  const openOrders = await queries.openOrders(symbol);
  let fills = await queries.fillsSince(symbol, from);
  let position = flat(symbol, nowMs());
  let quiet = false;
  for (let attempt = 0; attempt < ASKED_AGAIN && !quiet; attempt += 1) {
    const positions = await queries.positions([symbol]);
    position = positions.find((each) => each.symbol === symbol) ?? flat(symbol, nowMs());
    const again = await queries.fillsSince(symbol, from);
    quiet = sameFills(fills, again);
    fills = again;
  }
  const orders = await ordersBehind(queries, symbol, from, ledger, fills, openOrders);
  return { openOrders, orders, fills, position: holdingOfLane(instrument, position, reservedSize), quiet };
}

function flat(symbol: string, at: number): PositionReport {
  return { kind: 'position', source: 'query', symbol, size: '0', entryPrice: '0', venueTime: at as EpochMs };
}

function sameFills(left: readonly FillReport[], right: readonly FillReport[]): boolean {
  const known = new Set(left.map((fill) => fill.fillId));
  return left.length === right.length && right.every((fill) => known.has(fill.fillId));
}

/** The venue's word of each order that the ledger waits for, and of those whose executions it lacks where these do not say whose they are. */
async function ordersBehind(
  queries: ReadOnlyQueries,
  symbol: string,
  from: EpochMs,
  ledger: KnownStatement,
  fills: readonly FillReport[],
  openOrders: readonly OrderReport[],
): Promise<readonly OrderReport[]> {
  const known = new Set(ledger.fills.map((fill) => fill.fillId));
  const nameless = fills.some((fill) => fill.clientOrderId === null && !known.has(fill.fillId));
  // What nobody here placed may have no id of its client's: only lists can hold it.
  const foreign = ledger.orders.some((order) => isForeignOrderId(order.clientOrderId));
  const found = nameless || foreign ? [...(await queries.ordersSince(symbol, from))] : [];
  const told = new Set([...found, ...openOrders].map((report) => report.clientOrderId));
  for (const { clientOrderId } of ledger.orders) {
    if (told.has(clientOrderId) || isForeignOrderId(clientOrderId)) continue;
    const answer = await queries.orderByClientId(symbol, clientOrderId);
    if (answer.kind === 'found') found.push(answer.report);
  }
  return found;
}
