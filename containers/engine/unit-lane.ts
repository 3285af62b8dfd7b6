import type { LaneConfiguration } from '#core/config/runtime-configuration.ts';
import { MillraceError, messageOf } from '#core/errors.ts';
import { Lane } from '#core/lanes/lane.ts';
import type { Instrument, VenueId } from '#core/market/instrument.ts';
import { parseScaled } from '#core/market/scaled-decimal.ts';
import type { ClientOrderId } from '#core/orders/order.ts';
import { sharedHolding } from '#core/positions/spot-holding.ts';
import type { RiskBook } from '#core/risk/risk-book.ts';
import { createStrategy } from '#core/strategies/create-strategy.ts';

/**
 * A lane beside the others of its unit. Throws a `MillraceError` where it cannot be traded: `INSTRUMENT_UNKNOWN`, `HOLDING_SHARED` for a spot lane whose asset another one moves as well, or what is wrong
 * with its numbers on this instrument.
 */
export function createUnitLane(
  configuration: LaneConfiguration,
  others: readonly Lane[],
  venue: VenueId,
  instruments: ReadonlyMap<string, Instrument>,
  nextId: () => ClientOrderId,
  book: RiskBook | null = null,
): Lane {
  const { name, symbol } = configuration;
  const instrument = instruments.get(symbol);
  if (instrument === undefined) {
    throw new MillraceError('configuration', 'INSTRUMENT_UNKNOWN', `venue=${venue} symbol=${symbol} lane=${name}`);
  }
  const conflict = others.map((each) => sharedHolding([instrument, each.instrument])).find((each) => each !== null);
  if (conflict !== undefined && conflict !== null) {
    const [, other, currency] = conflict;
    const detail = `lane=${name} symbol=${symbol} other=${other.symbol} currency=${currency}: one balance cannot be two positions`;
    throw new MillraceError('configuration', 'HOLDING_SHARED', detail);
  }
  try {
    return new Lane(configuration, instrument, nextId, book);
  } catch (error) {
    // Nobody waits for what it would have told the book.
    book?.forgo(symbol);
    throw error;
  }
}

/** The lanes with which a unit begins. One that cannot be traded is left out, with the reason, so that the others do not suffer for it. */
export function createUnitLanes(
  configurations: readonly LaneConfiguration[],
  venue: VenueId,
  instruments: ReadonlyMap<string, Instrument>,
  nextId: () => ClientOrderId,
  book: RiskBook | null = null,
): { readonly lanes: Lane[]; readonly refused: ReadonlyMap<string, string> } {
  const lanes: Lane[] = [];
  const refused = new Map<string, string>();
  for (const configuration of configurations) {
    try {
      lanes.push(createUnitLane(configuration, lanes, venue, instruments, nextId, book));
    } catch (error) {
      refused.set(configuration.name, refusalOf(error));
    }
  }
  return { lanes, refused };
}

/** Why a lane is left out. Throws on what is no fault of its configuration. */
export function refusalOf(error: unknown): string {
  if (error instanceof MillraceError) return error.message;
  throw error;
}

/** Why a lane cannot trade as it is configured beside others; null: it can. */
export function whyNotOn(
  configuration: LaneConfiguration,
  others: readonly Lane[],
  instrument: Instrument | undefined,
): string | null {
  if (instrument === undefined) return 'no such instrument';
  if (!instrument.tradable) return 'not tradable';
  if (others.some((each) => sharedHolding([instrument, each.instrument]) !== null)) return "another lane's holding";
  try {
    for (const size of [configuration.limits.maxOrderSize, configuration.limits.maxPositionSize])
      parseScaled(size, instrument.sizeScale);
    createStrategy(configuration.strategy, instrument);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}
