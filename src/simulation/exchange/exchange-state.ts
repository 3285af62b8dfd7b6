import type { EpochMs } from '#core/time/clock.ts';
import type { Account } from './account.ts';
import type { ExchangeSettings } from './exchange-settings.ts';
import type { SimulatedAccountEvent, SimulatedMarketEvent } from './simulated-exchange.ts';
import type { SymbolMarket } from './symbol-market.ts';
import type { WorkingOrder } from './working-order.ts';

/** What is told to listeners, in order. */
export type ExchangeEvent =
  | { readonly to: 'market'; readonly event: SimulatedMarketEvent }
  | { readonly to: 'account'; readonly event: SimulatedAccountEvent };

/** What the parts of the exchange share. */
export interface ExchangeState {
  readonly origin: 'generated' | 'recorded';
  readonly settings: ExchangeSettings;
  /** Of 10^-18. */
  readonly maintenanceRate: bigint;
  readonly markets: ReadonlyMap<string, SymbolMarket>;
  readonly accounts: Map<string, Account>;
  /** Venue time. */
  now: EpochMs;
  orderCount: number;
  fillCount: number;
  tradeCount: number;
  /** Told when the operation is complete: listeners see a consistent exchange. */
  readonly events: ExchangeEvent[];
  /** While it is closed nothing is matched: orders wait. */
  marketOpen: boolean;
  /** Orders that came while it was closed, oldest first. */
  readonly waiting: Set<WorkingOrder>;
}

/** Ids begin here, so that they have the length of a venue's. */
const FIRST_ID = 10_000_000_000n;

/** What orders, fills and their reports are stamped with: venues stamp whole milliseconds. */
export function stampOf(state: ExchangeState): EpochMs {
  return Math.floor(state.now) as EpochMs;
}

export function tellMarket(state: ExchangeState, event: SimulatedMarketEvent): void {
  state.events.push({ to: 'market', event });
}

export function tellAccount(state: ExchangeState, event: SimulatedAccountEvent): void {
  state.events.push({ to: 'account', event });
}

export function nextOrderId(state: ExchangeState): string {
  state.orderCount += 1;
  return String(FIRST_ID + BigInt(state.orderCount));
}

export function nextFillId(state: ExchangeState): string {
  state.fillCount += 1;
  return String(FIRST_ID + BigInt(state.fillCount));
}

export function nextTradeId(state: ExchangeState): string {
  state.tradeCount += 1;
  return String(FIRST_ID + BigInt(state.tradeCount));
}
