import type { VenueId } from '../market/instrument.ts';
import { EXACT_SCALE, formatExact, parseExact } from './exact-decimal.ts';
import type { LedgerAdjustment, LedgerFill } from './ledger-entry.ts';
import { countingAdjustments } from './superseded-adjustments.ts';

/** A position as its fills and adjustments make it. Decimal text; profit in settlement currency (quote, of inverse contracts base), before fees. */
export interface LedgerPosition {
  readonly venue: VenueId;
  readonly symbol: string;
  /** Signed; negative = short. */
  readonly size: string;
  /** Average cost of what is open, the harmonic mean for inverse contracts; `0` while flat. */
  readonly entryPrice: string;
  /** False while something is open whose price nobody stated. */
  readonly costKnown: boolean;
  readonly realizedProfit: string;
  /** Price × size of what was bought, less of what was sold (fills alone). */
  readonly paid: string;
  /** Fees paid, by currency; those that were kept back from a spot position are in its size as well. */
  readonly fees: Readonly<Record<string, string>>;
  readonly fills: number;
  readonly adjustments: number;
}

/** What moves a position, in one form. */
interface Move {
  readonly time: number;
  /** Adjustments come before fills of the same millisecond: they are what the fills start from. */
  readonly rank: 0 | 1;
  readonly id: string;
  readonly delta: bigint;
  readonly price: bigint | null;
}

const ONE = 10n ** BigInt(EXACT_SCALE);

/** Every position of an account: one for each venue and symbol that has a fill or an adjustment, in the order of their names. */
export function foldPositions(
  fills: readonly LedgerFill[],
  adjustments: readonly LedgerAdjustment[],
): readonly LedgerPosition[] {
  const places = new Map<string, { fills: LedgerFill[]; adjustments: LedgerAdjustment[] }>();
  const placeOf = (entry: { venue: VenueId; symbol: string }) => {
    const key = `${entry.venue}#${entry.symbol}`;
    const place = places.get(key) ?? { fills: [], adjustments: [] };
    places.set(key, place);
    return place;
  };
  for (const fill of fills) placeOf(fill).fills.push(fill);
  for (const adjustment of adjustments) placeOf(adjustment).adjustments.push(adjustment);
  return [...places.entries()]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([, place]) => {
      const first = place.fills[0] ?? place.adjustments[0];
      return first === undefined ? [] : [foldPosition(first.venue, first.symbol, place.fills, place.adjustments)];
    });
}

/**
 * One position, folded in the venue's order: by the venue's time, then by the venue's id. Adjustments that a recovery has superseded do not count. Fills say by which terms (`contract`): without it they are linear. Profit and cost are
 * exact to 10^-36 at every step; what is below that is cut.
 */
export function foldPosition(
  venue: VenueId,
  symbol: string,
  fills: readonly LedgerFill[],
  adjustments: readonly LedgerAdjustment[],
): LedgerPosition {
  const moves: Move[] = [
    ...countingAdjustments(adjustments).map((each) => ({
      time: each.time,
      rank: 0 as const,
      id: each.adjustmentId,
      delta: parseExact(each.delta),
      price: each.price === null ? null : parseExact(each.price),
    })),
    ...fills.map((each) => ({
      time: each.venueTime,
      rank: 1 as const,
      id: each.fillId,
      delta:
        (each.side === 'buy' ? parseExact(each.size) : -parseExact(each.size)) - parseExact(each.positionFee ?? '0'),
      price: parseExact(each.price),
    })),
  ].sort(inVenueOrder);

  const inverse = [...fills, ...adjustments].some((each) => each.contract === 'inverse');
  const worth = (price: bigint, units: bigint): bigint => {
    if (!inverse) return price * units;
    return price === 0n ? 0n : (units * ONE * ONE) / price;
  };
  let size = 0n;
  // Σ price × size (inverse: size / price) of what is open, signed as the size, and profit of what was closed: both at twice the scale.
  let cost = 0n;
  let realized = 0n;
  let costKnown = true;
  for (const move of moves) {
    let opening = move.delta;
    if (size !== 0n && size > 0n !== move.delta > 0n) {
      const closed = closedPart(move.delta, size);
      const costOfClosed = (cost * closed) / size;
      // Without a stated price what it closes goes at cost: no profit, no loss.
      if (move.price !== null) {
        const profit = worth(move.price, closed) - costOfClosed;
        realized += inverse ? -profit : profit;
      }
      cost -= costOfClosed;
      size -= closed;
      opening = move.delta + closed;
      if (size === 0n) costKnown = true;
    }
    if (opening === 0n) continue;
    if (move.price !== null) cost += worth(move.price, opening);
    else if (size !== 0n) cost += (cost * opening) / size;
    else costKnown = false;
    size += opening;
  }

  let paid = 0n;
  const fees = new Map<string, bigint>();
  for (const fill of fills) {
    fees.set(fill.feeCurrency, (fees.get(fill.feeCurrency) ?? 0n) + parseExact(fill.fee));
    const value = parseExact(fill.price) * parseExact(fill.size);
    paid += fill.side === 'buy' ? value : -value;
  }
  return {
    venue,
    symbol,
    size: formatExact(size),
    entryPrice: formatExact(entryPriceOf(size, cost, inverse)),
    costKnown,
    realizedProfit: formatExact(realized / ONE),
    paid: formatExact(paid / ONE),
    fees: Object.fromEntries([...fees].sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, sum]) => [k, formatExact(sum)])),
    fills: fills.length,
    adjustments: adjustments.length,
  };
}

function entryPriceOf(size: bigint, cost: bigint, inverse: boolean): bigint {
  if (size === 0n) return 0n;
  if (!inverse) return cost / size;
  return cost === 0n ? 0n : (size * ONE * ONE) / cost;
}

/** The part of `open` that a move against it closes, signed as `open`. */
function closedPart(delta: bigint, open: bigint): bigint {
  const magnitude = delta < 0n ? -delta : delta;
  const openMagnitude = open < 0n ? -open : open;
  const closed = magnitude < openMagnitude ? magnitude : openMagnitude;
  return open < 0n ? -closed : closed;
}

function inVenueOrder(left: Move, right: Move): number {
  if (left.time !== right.time) return left.time - right.time;
  if (left.rank !== right.rank) return left.rank - right.rank;
  if (/^\d+$/.test(left.id) && /^\d+$/.test(right.id)) {
    const difference = BigInt(left.id) - BigInt(right.id);
    if (difference !== 0n) return difference < 0n ? -1 : 1;
  }
  return left.id < right.id ? -1 : left.id > right.id ? 1 : 0;
}
