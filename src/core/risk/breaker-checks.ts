import type { RiskCheck } from './risk-context.ts';

/** One denial for each breaker: entries stop while it is open, and but for its trials while it is half open. Exits pass. */
export const BREAKER_CHECKS = [
  {
    code: 'BREAKER_LOSSES',
    scope: 'entry',
    explains: 'The breaker of the lane is open: too many trades in a row ended with a loss.',
    check: (c) => c.breakers.consecutiveLosses,
  },
  {
    code: 'BREAKER_RECONCILIATION',
    scope: 'entry',
    explains: "The breaker of the lane is open: its position differed from the venue's too often.",
    check: (c) => c.breakers.reconciliation,
  },
  {
    code: 'BREAKER_ERRORS',
    scope: 'entry',
    explains: 'The breaker of the unit is open: too many orders got no clear answer.',
    check: (c) => c.breakers.errorRate,
  },
  {
    code: 'BREAKER_REJECTS',
    scope: 'entry',
    explains: 'The breaker of the unit is open: the venue rejected too many orders.',
    check: (c) => c.breakers.rejectRate,
  },
  {
    code: 'BREAKER_LATENCY',
    scope: 'entry',
    explains: 'The breaker of the unit is open: too many acknowledgements came late.',
    check: (c) => c.breakers.latency,
  },
] as const satisfies readonly RiskCheck[];
