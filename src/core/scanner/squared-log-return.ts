/** Terms of the series: at a ratio of 2 what is left out is below 10^-10 of the result. */
const TERMS = 9;

/**
 * ln(`to` / `from`)², for positive prices in any unit. Division, multiplication and addition alone, which IEEE 754 rounds the same way everywhere: `Math.log` may differ in the last place from one
 * machine to the next. ln(b/a) = 2·artanh((b − a) / (b + a)), by its series.
 */
export function squaredLogReturn(from: number, to: number): number {
  const z = (to - from) / (to + from);
  const square = z * z;
  let sum = 0;
  for (let term = TERMS - 1; term >= 0; term -= 1) sum = sum * square + 1 / (2 * term + 1);
  const log = 2 * z * sum;
  return log * log;
}
