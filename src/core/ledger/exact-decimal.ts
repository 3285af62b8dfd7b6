import { MillraceError } from '../errors.ts';

/** Decimals that exact values carry: enough for every price and size of the venues, and for their averages to a billionth of a unit. */
export const EXACT_SCALE = 18;

/** Plain decimal text as a bigint of 10^-18. Throws `DECIMAL_SYNTAX` for anything else and `DECIMAL_PRECISION` beyond 18 decimals; nothing is rounded. */
export function parseExact(text: string): bigint {
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text);
  if (match === null) {
    throw new MillraceError('validation', 'DECIMAL_SYNTAX', `text=${JSON.stringify(text.slice(0, 40))}`);
  }
  const [, sign, whole = '', decimals = ''] = match;
  const kept = decimals.replace(/0+$/, '');
  if (kept.length > EXACT_SCALE) {
    throw new MillraceError('validation', 'DECIMAL_PRECISION', `text=${text.slice(0, 60)} scale=${EXACT_SCALE}`);
  }
  const value = BigInt(`${whole}${kept.padEnd(EXACT_SCALE, '0')}`);
  return sign === '-' ? -value : value;
}

/** A bigint of 10^-scale as plain decimal text without trailing zeros. */
export function formatExact(value: bigint, scale = EXACT_SCALE): string {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const decimals = digits.slice(digits.length - scale).replace(/0+$/, '');
  const unsigned = decimals === '' ? whole : `${whole}.${decimals}`;
  return value < 0n ? `-${unsigned}` : unsigned;
}

/** Σ of decimal texts, exactly. */
export function sumExact(texts: Iterable<string>): bigint {
  let sum = 0n;
  for (const text of texts) sum += parseExact(text);
  return sum;
}
