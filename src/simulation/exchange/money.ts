import type { Instrument } from '#core/market/instrument.ts';

/** An amount of money in units of 10^-18: exact for every product of a price, a size and a fee rate of the venues. */
export type Money = bigint;

const MONEY_SCALE = 18;
/** Profit shares and funding are settled in whole units of 10^-8, as venues do; what rounding leaves stays in the position's cost. */
const SETTLEMENT_UNIT = 10n ** 10n;

export function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** a / b to the nearest integer, halves away from zero. */
export function divideRounded(a: bigint, b: bigint): bigint {
  const quotient = (2n * absolute(a) + absolute(b)) / (2n * absolute(b));
  return a < 0n === b < 0n ? quotient : -quotient;
}

/** To the nearest settlement unit. */
export function settled(amount: Money): Money {
  return divideRounded(amount, SETTLEMENT_UNIT) * SETTLEMENT_UNIT;
}

/**
 * Value of a size in the settlement currency; price and size are integers at the instrument's scales. The sign is that of `size`. An inverse contract is counted in quote
 * currency, so what it is worth of the base currency is size / price, to the nearest 10^-18.
 */
export function notionalOf(instrument: Instrument, price: number, size: number): Money {
  const { multiplier, priceScale, sizeScale } = instrument;
  const contracts = BigInt(size) * BigInt(multiplier);
  if (instrument.kind !== 'inverse') return rescale(BigInt(price) * contracts, priceScale + sizeScale);
  return price === 0
    ? 0n
    : divideRounded(contracts * 10n ** BigInt(MONEY_SCALE + priceScale - sizeScale), BigInt(price));
}

/** A size of the base asset as an amount of it. */
export function amountOfSize(instrument: Instrument, size: number): Money {
  return rescale(BigInt(size), instrument.sizeScale);
}

/** `rate` is a decimal in units of 10^-18. */
export function portion(amount: Money, rate: bigint): Money {
  return divideRounded(amount * rate, 10n ** BigInt(MONEY_SCALE));
}

function rescale(value: bigint, scale: number): Money {
  return scale <= MONEY_SCALE
    ? value * 10n ** BigInt(MONEY_SCALE - scale)
    : divideRounded(value, 10n ** BigInt(scale - MONEY_SCALE));
}
