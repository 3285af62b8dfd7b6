import type { LaneConfiguration } from '#core/config/runtime-configuration.ts';
import { laneOn } from '#core/config/scanner-configuration.ts';
import { type UnitRef, unitId } from '#core/control/unit.ts';
import { parseExact } from '#core/ledger/exact-decimal.ts';
import { hasReduceOnly, type Instrument } from '#core/market/instrument.ts';
import { powerOfTen } from '#core/market/scaled-decimal.ts';
import { orderIdPrefix } from '#core/orders/client-order-id.ts';
import type { VenueQueries } from '#core/orders/venue-ports.ts';
import { exitSizeOf } from '#core/positions/exit-size.ts';
import type { DayHeights } from './day-of-symbols.ts';
import type { ReadLedger } from './unit-recovery.ts';

/** What the ledger has of a lane whose symbol a scanner picks. */
export interface LaneMemory {
  /** The symbol that it had last; null: the ledger says nothing. */
  readonly symbol: string | null;
  /** How high the day of all its symbols came, as it was told last. */
  readonly heights: DayHeights | null;
}

export type ReadLaneMemory = (unit: UnitRef, lane: string) => Promise<LaneMemory>;

export interface LocatorOptions {
  readonly unit: UnitRef;
  readonly queries: Pick<VenueQueries, 'openOrders' | 'positions'>;
  readonly readLedger: ReadLedger;
  readonly readLaneMemory: ReadLaneMemory;
  readonly instruments: ReadonlyMap<string, Instrument>;
}

const FLAT = { size: '0', entryPrice: '0' } as const;

/** Whether something is held that could be closed. Of a spot balance, which may be anybody's, only what the ledger has bought counts, and dust does not: it stays until the lane comes that way. */
function holdsSomething(
  instrument: Instrument | undefined,
  venue: { readonly size: string; readonly entryPrice: string },
  ledger: { readonly positionSize: string; readonly entryPrice?: string },
): boolean {
  if (instrument === undefined) return false;
  const isSpot = instrument.kind === 'spot';
  const closes = ({ size, entryPrice }: { readonly size: string; readonly entryPrice: string }) => {
    if (parseExact(size) === 0n) return false;
    const units = Math.floor(Math.abs(Number(size)) * powerOfTen(instrument.sizeScale) + 1e-6);
    const price = Number(entryPrice) * powerOfTen(instrument.priceScale);
    return hasReduceOnly(instrument.kind) || exitSizeOf(instrument, units, price) > 0;
  };
  const known = { size: ledger.positionSize, entryPrice: ledger.entryPrice ?? '0' };
  return closes(known) || (!isSpot && closes(venue));
}

/** What was found of a lane's candidates. */
export interface Located {
  /** Where the lane is to begin. */
  readonly symbol: string;
  /** Symbols with a position or orders of the unit, or of which the ledger waits for an order's end: each must be looked after. */
  readonly busy: readonly string[];
  /** What the ledger says was realised today, by symbol, in the symbol's settlement currency. */
  readonly realizedToday: ReadonlyMap<string, number>;
  readonly heights: DayHeights | null;
}

/**
 * Asks ledger and venue where a lane's position and orders are: a predecessor may have stopped in the middle of a change. The lane begins where something is held, else where orders are, else where it
 * was last, else at its first symbol. Rejects when either cannot be asked.
 */
export async function locateSymbol(
  lane: LaneConfiguration,
  candidates: readonly string[],
  { unit, queries, readLedger, readLaneMemory, instruments }: LocatorOptions,
): Promise<Located> {
  const known = candidates.filter((symbol) => instruments.has(symbol));
  const prefix = orderIdPrefix(unit.mode, unitId(unit));
  const { symbol: last, heights } = await readLaneMemory(unit, lane.name);
  const positions = await queries.positions(known);
  const held: string[] = [];
  const busy: string[] = [];
  const realizedToday = new Map<string, number>();
  for (const symbol of known) {
    const ledger = await readLedger(unit, symbol);
    const open = await queries.openOrders(symbol);
    realizedToday.set(symbol, ledger.realizedToday);
    const stated = positions.find((each) => each.symbol === symbol);
    const holds = holdsSomething(instruments.get(symbol), stated ?? FLAT, ledger);
    const ordered = open.some((report) => report.clientOrderId?.startsWith(prefix) === true);
    if (holds) held.push(symbol);
    if (holds || ordered || ledger.pendingOrders.length > 0) busy.push(symbol);
  }
  const among = (some: readonly string[]) => (last !== null && some.includes(last) ? last : some[0]);
  const before = last !== null && known.includes(last) && laneOn(lane, last) !== null ? last : lane.symbol;
  return { symbol: among(held) ?? among(busy) ?? before, busy, realizedToday, heights };
}
