import type { Clock } from '#core/time/clock.ts';
import type { RatePriority } from './rate-budget.ts';

/**
 * What a refusal for the rate closes (F26). `normal`: everything but cancels, which have their reserve; `all`: cancels too (banned, shut out).
 */
export type RefusalScope = 'normal' | 'all';

/** Open while the venue takes requests; closed for as long as it has said to wait. On the monotonic clock. */
export interface RateCircuit {
  /** A shorter wait never replaces a longer one. */
  refuse(scope: RefusalScope, waitMs: number): void;
  /** Milliseconds until a request of this priority may go; 0 = now. */
  waitMs(priority: RatePriority): number;
}

export function createRateCircuit(clock: Clock): RateCircuit {
  const until: Record<RefusalScope, number> = { normal: 0, all: 0 };
  return {
    refuse(scope, waitMs) {
      until[scope] = Math.max(until[scope], clock.monoNanos() / 1e6 + waitMs);
    },
    waitMs(priority) {
      const end = priority === 'cancel' ? until.all : Math.max(until.all, until.normal);
      return end === 0 ? 0 : Math.max(0, end - clock.monoNanos() / 1e6);
    },
  };
}

const circuits = new WeakMap<Clock, Map<string, RateCircuit>>();

/**
 * The circuit of our address at one venue, shared by all accounts and sockets of the process that run on the same clock: who goes on asking after another was refused is
 * banned with it. `url`: the venue's REST address, which names the venue whatever is asked there.
 */
export function addressCircuit(clock: Clock, url: string): RateCircuit {
  const known = circuits.get(clock) ?? new Map<string, RateCircuit>();
  circuits.set(clock, known);
  const circuit = known.get(url) ?? createRateCircuit(clock);
  known.set(url, circuit);
  return circuit;
}
