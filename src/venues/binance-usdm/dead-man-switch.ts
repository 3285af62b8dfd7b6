import { messageOf } from '#core/errors.ts';
import type { Timers } from '#core/time/clock.ts';
import type { RestClient } from '../binance/rest.ts';
import type { VenueLog } from '../venue.ts';

const PATH = '/fapi/v1/countdownCancelAll';
const WEIGHT = 10;
/** As the venue's own example: renewed four times before it runs out. */
const COUNTDOWN_MS = 120_000;
const RENEW_MS = 29_000;
/** So many renewals without a new order, about five minutes, and the venue is asked whether any order there is left to guard. */
const IDLE_RENEWALS = 10;
/** The order goes first: its countdown is set this much later. */
const ARM_AFTER_MS = 100;
/** Stopping waits no longer than this for countdowns to end; one that does not end runs out. */
const STOP_MS = 2_000;

export interface DeadManTiming {
  readonly countdownMs?: number;
  readonly renewMs?: number;
  readonly idleRenewals?: number;
}

/** Has the venue cancel the open orders of a symbol by itself when nobody has renewed its countdown (USD-M documentation, "Auto-Cancel All Open Orders"). */
export interface DeadManSwitch {
  /** Orders of this symbol are under it from now on. */
  guard(symbol: string): void;
  start(): void;
  /** Ends the countdowns: who stops in order says himself what becomes of the orders. */
  stop(): Promise<void>;
}

/**
 * A renewal that fails is logged and made again with the next; the countdown goes on meanwhile, which is what it is for. A symbol that has no open order left
 * is let go: renewals of all that were ever traded would take the weight that orders and questions need.
 */
export function createDeadManSwitch(
  parts: { readonly rest: RestClient; readonly timers: Timers; readonly log: VenueLog },
  timing: DeadManTiming = {},
): DeadManSwitch {
  const { rest, timers, log } = parts;
  /** How often each was renewed since the last order there. */
  const symbols = new Map<string, number>();
  const idleRenewals = timing.idleRenewals ?? IDLE_RENEWALS;
  let cancelTimer: (() => void) | null = null;

  async function set(symbol: string, countdownTime: number): Promise<void> {
    try {
      await rest.signed({ method: 'POST', path: PATH, params: { symbol, countdownTime }, weight: WEIGHT });
    } catch (error) {
      log('warn', 'countdown not set', { symbol, countdownTime, reason: messageOf(error) });
    }
  }

  const arm = (symbol: string): Promise<void> => set(symbol, timing.countdownMs ?? COUNTDOWN_MS);

  function renewLater(): void {
    cancelTimer = timers.after(timing.renewMs ?? RENEW_MS, () => {
      for (const [symbol, renewed] of symbols) {
        symbols.set(symbol, renewed + 1);
        void ((renewed + 1) % idleRenewals === 0 ? renewIfUsed(symbol, renewed + 1) : arm(symbol));
      }
      renewLater();
    });
  }

  /** An order that goes out while the venue is asked sets the count back: then the answer is of no use. */
  async function renewIfUsed(symbol: string, renewed: number): Promise<void> {
    const used = await hasOpenOrders(symbol);
    if (!symbols.has(symbol)) return;
    if (used || symbols.get(symbol) !== renewed) {
      await arm(symbol);
      return;
    }
    symbols.delete(symbol);
    // Left to run out it could take the first order of the next time.
    await set(symbol, 0);
  }

  async function hasOpenOrders(symbol: string): Promise<boolean> {
    try {
      const rows = await rest.signed({ method: 'GET', path: '/fapi/v1/openOrders', params: { symbol }, weight: 1 });
      return !Array.isArray(rows) || rows.length > 0;
    } catch (error) {
      log('warn', 'open orders under the countdown not known', { symbol, reason: messageOf(error) });
      return true;
    }
  }

  return {
    guard(symbol) {
      const isGuarded = symbols.has(symbol);
      symbols.set(symbol, 0);
      if (isGuarded) return;
      timers.after(ARM_AFTER_MS, () => {
        if (symbols.has(symbol)) void arm(symbol);
      });
    },
    start() {
      if (cancelTimer === null) renewLater();
    },
    async stop() {
      cancelTimer?.();
      cancelTimer = null;
      const guarded = [...symbols.keys()];
      symbols.clear();
      if (guarded.length === 0) return;
      let cancelWait = (): void => undefined;
      const late = new Promise<void>((resolve) => {
        cancelWait = timers.after(STOP_MS, resolve);
      });
      await Promise.race([Promise.all(guarded.map((symbol) => set(symbol, 0))), late]);
      cancelWait();
    },
  };
}
