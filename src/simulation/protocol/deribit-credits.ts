/** Pools of credits by account or address ("Rate Limits"): who has none left is refused, and the session ends. */
export interface Credits {
  /** False: not enough left; nothing is taken then. */
  take(holder: string, pool: CreditPoolName, nowMs: number): boolean;
}

export type CreditPoolName = 'matching' | 'nonMatching' | 'subscribing';

const POOLS: Readonly<
  Record<CreditPoolName, { readonly capacity: number; readonly refillPerSecond: number; readonly cost: number }>
> = {
  matching: { capacity: 20, refillPerSecond: 5, cost: 1 },
  nonMatching: { capacity: 50_000, refillPerSecond: 10_000, cost: 500 },
  subscribing: { capacity: 30_000, refillPerSecond: 10_000, cost: 3_000 },
};

export function createCredits(): Credits {
  const held = new Map<string, { credits: number; at: number }>();
  return {
    take(holder, pool, nowMs) {
      const { capacity, refillPerSecond, cost } = POOLS[pool];
      const name = `${pool} ${holder}`;
      const state = held.get(name) ?? { credits: capacity, at: nowMs };
      held.set(name, state);
      state.credits = Math.min(capacity, state.credits + (Math.max(0, nowMs - state.at) / 1_000) * refillPerSecond);
      state.at = nowMs;
      if (state.credits < cost) return false;
      state.credits -= cost;
      return true;
    },
  };
}

/** What a method is paid from. Signs of life cost nothing. */
export function poolOf(method: string): CreditPoolName | null {
  if (method === 'public/test' || method === 'public/set_heartbeat') return null;
  if (/^(public|private)\/(un)?subscribe/.test(method)) return 'subscribing';
  if (/^private\/(buy|sell|edit|edit_by_label|cancel|cancel_.*|close_position)$/.test(method)) return 'matching';
  return 'nonMatching';
}
