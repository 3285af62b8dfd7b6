import type { Variates } from './random-variates.ts';

/** Time in which the volatility forgets half its way from the mean, roughly; and how far it strays (standard deviation of its logarithm). */
const REGIME_SECONDS = 40;
const REGIME_SPREAD = 0.55;
const JUMPS_PER_SECOND = 0.02;
/** Size of a jump in standard deviations of one second. */
const JUMP_SIZE = 3;
/** Pull back to the starting price, per second: a long run stays within prices that fit. */
const REVERSION_PER_SECOND = 1e-4;

/** The price that the generated market makers agree on, in ticks. */
export interface FairPrice {
  /** Moves it by a stretch of time. */
  advance(seconds: number): void;
  /** Moves it by the impact of a trade, as a share of one second's standard deviation. */
  push(share: number): void;
  readonly ticks: number;
  /** Volatility now over its long-run level. */
  readonly turmoil: number;
}

/**
 * A random walk with heavy-tailed steps, whose volatility is itself a slow process (log-normal, mean-reverting), and rare jumps: returns have fat tails
 * and their magnitudes cluster. `volatility` is the standard deviation of one second's return.
 */
export function createFairPrice(startTicks: number, volatility: number, variates: Variates): FairPrice {
  let ticks = startTicks;
  let logVolatility = variates.normal() * REGIME_SPREAD;

  const turmoil = (): number => Math.exp(logVolatility - REGIME_SPREAD * REGIME_SPREAD);

  /** Never below a tenth of the start: what is sold has a price. */
  function move(change: number): void {
    ticks = Math.max(startTicks / 10, ticks + change);
  }

  return {
    advance(seconds) {
      const forget = Math.exp(-seconds / REGIME_SECONDS);
      logVolatility = logVolatility * forget + REGIME_SPREAD * Math.sqrt(1 - forget * forget) * variates.normal();
      const deviation = volatility * ticks * turmoil();
      move(deviation * Math.sqrt(seconds) * variates.heavyTailed());
      if (variates.uniform() < JUMPS_PER_SECOND * seconds) move(deviation * JUMP_SIZE * variates.normal());
      move((startTicks - ticks) * Math.min(1, REVERSION_PER_SECOND * seconds));
    },
    push(share) {
      move(volatility * ticks * turmoil() * share);
    },
    get ticks() {
      return ticks;
    },
    get turmoil() {
      return turmoil();
    },
  };
}
