import { messageOf } from '#core/errors.ts';
import type { Resolution, Verification } from '#core/lanes/lane-effects.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { isForeignOrderId } from '#core/orders/foreign-order.ts';
import type { OrderReport, PositionReport } from '#core/orders/order.ts';
import type { VenueView } from '#core/orders/recovery.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { OrderTarget, VenueQueries } from '#core/orders/venue-ports.ts';
import { holdingOfLane } from '#core/positions/spot-holding.ts';
import type { Clock, EpochMs } from '#core/time/clock.ts';

/** What a question about a lane's symbol must know of it: of a spot balance what is reserved is not the lane's. */
export interface AskingLane {
  readonly symbol: string;
  readonly instrument: Instrument;
  readonly configuration: { readonly reservedSize: string };
}

/** Venue stamps and ours may differ, and reports are ordered by the venue's: questions reach back this much further. */
const OVERLAP_MS = 60_000;

const NOT_FOUND = { kind: 'notFound' } as const;

/** What became of one order: its own endpoint first; if that knows nothing, the lists of open and past orders, fills and position as well (F3, F4). */
export async function askAboutOrder(
  queries: VenueQueries,
  lane: AskingLane,
  target: OrderTarget,
  windowFrom: EpochMs,
  clock: Clock,
): Promise<Resolution> {
  try {
    // It was placed before now, whatever the wall clock said then: a window that begins after the question proves nothing.
    const from = (Math.min(windowFrom, clock.epochMs()) - OVERLAP_MS) as EpochMs;
    // Others' orders may have no id of their client's: only lists can hold them.
    const foreign = isForeignOrderId(target.clientOrderId);
    const answer = foreign ? NOT_FOUND : await queries.orderByClientId(target.symbol, target.clientOrderId);
    const fills = await queries.fillsSince(target.symbol, from);
    if (answer.kind === 'found') return { kind: 'found', report: answer.report, fills };
    const open = await queries.openOrders(target.symbol);
    const past = await queries.ordersSince(target.symbol, from);
    const isMeant = (report: OrderReport) =>
      foreign ? report.venueOrderId === target.venueOrderId : report.clientOrderId === target.clientOrderId;
    // The list of the past was asked for later: what it says of the end is newer than that it was open.
    const listed = past.find(isMeant) ?? open.find(isMeant);
    if (listed !== undefined) return { kind: 'found', report: listed, fills };
    const position = await askPosition(queries, lane, clock);
    return { kind: 'absent', fills, position, queriedAt: clock.epochMs(), windowFrom: from };
  } catch (error) {
    return { kind: 'failed', reason: messageOf(error) };
  }
}

/** A lane that is compared. */
export interface ComparedQuestion {
  readonly lane: AskingLane & { readonly orders: { find(client: null, venueOrderId: string): unknown } };
  /** The lane's count at the time of asking. */
  readonly activity: number;
  /** From when on its fills are asked for; null: not this time. */
  readonly fillsFrom: EpochMs | null;
}

/**
 * Open orders, positions and, of those whose turn it is, fills: in one request for all of them wherever the venue has one. Each lane is answered as soon as its own answers are there.
 */
export function askForVerifications(
  queries: VenueQueries,
  questions: readonly ComparedQuestion[],
  clock: Clock,
): readonly Promise<Verification>[] {
  const { openOrdersOf, fillsOf } = queries;
  const symbols = questions.map(({ lane }) => lane.symbol);
  const positions = divided(
    symbols,
    (asked) => queries.positions(asked),
    (symbol) => queries.positions([symbol]),
  );
  const openOrders = divided(symbols, openOrdersOf, (symbol) => queries.openOrders(symbol));
  const wanted = questions.filter(({ fillsFrom }) => fillsFrom !== null);
  const since = new Map(wanted.map(({ lane, fillsFrom }) => [lane.symbol, overlapped(fillsFrom ?? clock.epochMs())]));
  const earliest = Math.min(...since.values()) as EpochMs;
  const knows = new Map(
    questions.map(({ lane }) => [lane.symbol, (id: string) => lane.orders.find(null, id) !== null]),
  );
  const fills = divided(
    [...since.keys()],
    fillsOf === undefined ? undefined : (asked) => fillsOf(asked, earliest),
    (symbol) => queries.fillsSince(symbol, since.get(symbol) ?? earliest, knows.get(symbol)),
  );
  return questions.map(async ({ lane, activity, fillsFrom }): Promise<Verification> => {
    const { symbol } = lane;
    try {
      const [listed, executed, held] = await Promise.all([
        openOrders(symbol),
        fillsFrom === null ? [] : fills(symbol),
        positions(symbol),
      ]);
      const position = positionOf(lane, held, clock);
      return { kind: 'complete', activity, openOrders: listed, fills: executed, position };
    } catch (error) {
      return { kind: 'failed', reason: messageOf(error) };
    }
  });
}

/** Asks at once, for all symbols together where that is possible, and gives each symbol its rows. */
function divided<Row extends { readonly symbol: string }>(
  symbols: readonly string[],
  ofAll: ((symbols: readonly string[]) => Promise<readonly Row[]> | null) | undefined,
  ofOne: (symbol: string) => Promise<readonly Row[]>,
): (symbol: string) => Promise<readonly Row[]> {
  const together = symbols.length > 1 && ofAll !== undefined ? ofAll(symbols) : null;
  if (together === null) {
    const asked = new Map(symbols.map((symbol) => [symbol, ofOne(symbol)]));
    return (symbol) => asked.get(symbol) ?? Promise.resolve([]);
  }
  return async (symbol) => {
    try {
      return (await together).filter((row) => row.symbol === symbol);
    } catch (error) {
      // One symbol that the venue refuses, or whose rows cannot be read, takes no other down.
      if (!(error instanceof VenueError) || !(error.venueClass === 'reject' || error.venueCode === 'HEDGE_MODE'))
        throw error;
      return ofOne(symbol);
    }
  };
}

function overlapped(from: EpochMs): EpochMs {
  return (from - OVERLAP_MS) as EpochMs;
}

/** How often fills and position are asked for anew while the account trades between the questions. */
const TRIES = 5;

/** Everything that a recovery compares, of one moment. Rejects with a `VenueError`. */
export async function askForRecovery(
  queries: VenueQueries,
  lane: AskingLane,
  from: EpochMs,
  clock: Clock,
): Promise<VenueView> {
  const { symbol } = lane;
  const [orders, openOrders] = await Promise.all([queries.ordersSince(symbol, from), queries.openOrders(symbol)]);
  // A fill between two questions would be in the position and not in the list, or the other way about, and be counted twice later: the list is asked for before
  // and after, until it stayed the same around the position.
  let fills = await queries.fillsSince(symbol, from);
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const position = await askPosition(queries, lane, clock);
    const after = await queries.fillsSince(symbol, from);
    if (after.length === fills.length) return { orders, openOrders, fills, position };
    fills = after;
  }
  throw new VenueError(
    'retry',
    'ACCOUNT_MOVES',
    `symbol=${symbol}: fills kept coming while the position was asked for`,
  );
}

async function askPosition(queries: VenueQueries, lane: AskingLane, clock: Clock): Promise<PositionReport> {
  return positionOf(lane, await queries.positions([lane.symbol]), clock);
}

/** Where the venue states none, it holds nothing. */
function positionOf(lane: AskingLane, rows: readonly PositionReport[], clock: Clock): PositionReport {
  const { symbol, instrument, configuration } = lane;
  const flat = {
    kind: 'position',
    source: 'query',
    symbol,
    size: '0',
    entryPrice: '0',
    venueTime: clock.epochMs(),
  } as const;
  const stated = rows.find((row) => row.symbol === symbol) ?? flat;
  return holdingOfLane(instrument, stated, configuration.reservedSize);
}
