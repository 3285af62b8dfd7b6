import type { InstrumentKind, VenueId } from '../market/instrument.ts';

/** What of a working order a venue changes in place. */
export type AmendAbility = 'priceAndSize' | 'sizeDown' | 'none';

/** What a lane's decisions depend on of its venue's orders. The venues' own descriptions (`docs/venues.md`) say the same, and a test holds them to it. */
export interface VenueAbilities {
  readonly amend: AmendAbility;
  /** Kinds of instruments on which it holds a reduce-only stop order. */
  readonly stopsOn: readonly InstrumentKind[];
}

/**
 * By venue. Where there is no reduce-only (spot, equities) a resting stop beside another exit could sell twice: there the engine holds the stop. Deribit has no trigger orders on options.
 */
export const VENUE_ABILITIES: Readonly<Record<VenueId, VenueAbilities>> = {
  'binance-usdm': { amend: 'priceAndSize', stopsOn: ['linear'] },
  'binance-spot': { amend: 'sizeDown', stopsOn: [] },
  'bybit-linear': { amend: 'priceAndSize', stopsOn: ['linear'] },
  'bybit-spot': { amend: 'priceAndSize', stopsOn: [] },
  deribit: { amend: 'priceAndSize', stopsOn: ['linear', 'inverse'] },
  alpaca: { amend: 'none', stopsOn: [] },
};

/** Whether a venue can hold the stop of a position in such an instrument without ever opening the other side. */
export function holdsStops(venue: VenueId, kind: InstrumentKind): boolean {
  return VENUE_ABILITIES[venue].stopsOn.includes(kind);
}
