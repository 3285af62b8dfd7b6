import type { Resolution } from '#core/lanes/lane-effects.ts';
import type { EpochMs } from '#core/time/clock.ts';

/** No endpoint knows the order, it has no executions, and this is the position. */
export function absentOrder(size = '0'): Extract<Resolution, { kind: 'absent' }> {
  return {
    kind: 'absent',
    fills: [],
    position: {
      kind: 'position',
      source: 'query',
      symbol: 'BTCUSDT',
      size,
      entryPrice: '0',
      venueTime: 1 as EpochMs,
    },
    queriedAt: 2 as EpochMs,
    windowFrom: 1 as EpochMs,
  };
}
