import type { Instrument } from '#core/market/instrument.ts';
import type { SimulatedOrder } from '../exchange/simulated-exchange.ts';

/** Decimal text with all decimals of the scale, as the venue writes prices and quantities. */
export function fixed(value: number | bigint, scale: number): string {
  const negative = value < 0;
  const digits = String(negative ? -value : value).padStart(scale + 1, '0');
  const point = digits.length - scale;
  const text = scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return negative ? `-${text}` : text;
}

/** Ids are numbers on this venue; one beyond 2^53 stays text rather than losing digits. */
export function idNumber(id: string): number | string {
  const value = Number(id);
  return Number.isSafeInteger(value) ? value : id;
}

export const SIDE = { buy: 'BUY', sell: 'SELL' } as const;
/** Ended by the matching engine rather than by anyone's wish: the venue calls that EXPIRED. */
const EXPIRY_REASONS: ReadonlySet<string> = new Set([
  'postOnlyWouldTake',
  'iocRemainder',
  'fokUnfilled',
  'noLiquidity',
  'reduceOnly',
  'insufficientMargin',
]);

export function statusOf(order: SimulatedOrder): string {
  switch (order.status) {
    case 'untriggered':
    case 'open':
      return 'NEW';
    case 'partiallyFilled':
      return 'PARTIALLY_FILLED';
    case 'filled':
      return 'FILLED';
    case 'expired':
      return 'EXPIRED';
    case 'canceled':
      if (order.endReason === 'selfTrade') return 'EXPIRED_IN_MATCH';
      return EXPIRY_REASONS.has(order.endReason) ? 'EXPIRED' : 'CANCELED';
  }
}

/** Levels as frames carry them: `[["price","size"],…]`. */
export function levelText(
  { priceScale, sizeScale }: Instrument,
  levels: readonly (readonly [number, number])[],
): string {
  return `[${levels.map(([price, size]) => `["${fixed(price, priceScale)}","${fixed(size, sizeScale)}"]`).join(',')}]`;
}
