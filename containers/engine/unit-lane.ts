import type { LaneConfiguration } from '#core/config/runtime-configuration.ts';
import { MillraceError, messageOf } from '#core/errors.ts';
import { Lane } from '#core/lanes/lane.ts';
import type { Instrument, VenueId } from '#core/market/instrument.ts';
import { parseScaled } from '#core/market/scaled-decimal.ts';
import type { ClientOrderId } from '#core/orders/order.ts';
import { sharedHolding } from '#core/positions/spot-holding.ts';
import type { RiskBook } from '#core/risk/risk-book.ts';
import { createStrategy } from '#core/strategies/create-strategy.ts';

/** A lane beside the others of its unit. Throws `INSTRUMENT_UNKNOWN`, and `HOLDING_SHARED` for a spot lane whose asset another one moves as well. */
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
  return new Lane(configuration, instrument, nextId, book);
}

/**
 * The lanes with which a unit begins. One that would share another's holding is left out, with the reason, so that the others do not suffer for it. Throws `INSTRUMENT_UNKNOWN`.
 */
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
      if (!(error instanceof MillraceError) || error.code !== 'HOLDING_SHARED') throw error;
      refused.set(configuration.name, error.message);
    }
  }
  return { lanes, refused };
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
