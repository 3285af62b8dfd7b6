import { hasReduceOnly, type Instrument, notional } from '../market/instrument.ts';
import type { Price, Size } from '../market/scaled-decimal.ts';

/**
 * How much of a position one exit may close: all of it, up to the venue's largest order. Where the venue has no reduce-only orders it must pass as an order like any other, so it is
 * rounded down to the lot, and 0 where it falls below the smallest size or, at `price`, the smallest value: such a rest is dust. `price` 0: none is known, and values are not judged.
 */
export function exitSizeOf(instrument: Instrument, positionSize: number, price: number): Size {
  const size = Math.min(Math.abs(positionSize), instrument.maxSize) as Size;
  if (hasReduceOnly(instrument.kind)) return size;
  const whole = (Math.floor(size / instrument.lotSize) * instrument.lotSize) as Size;
  if (whole < instrument.minSize) return 0 as Size;
  return price > 0 && notional(instrument, price as Price, whole) < instrument.minNotional ? (0 as Size) : whole;
}
