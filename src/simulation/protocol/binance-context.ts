import type { Instrument } from '#core/market/instrument.ts';
import type { SimulatedExchange, SimulatedOrder } from '../exchange/simulated-exchange.ts';
import type { ApiKeyRing } from './api-keys.ts';
import { BinanceRefusal } from './binance-errors.ts';
import type { BinanceLimits, RateLedger } from './binance-limits.ts';
import type { VenueFaults } from './venue-faults.ts';

/** What the parts of the simulated Binance share. */
export interface BinanceContext {
  readonly exchange: SimulatedExchange;
  readonly keys: ApiKeyRing;
  readonly faults: VenueFaults;
  readonly limits: BinanceLimits;
  readonly rates: RateLedger;
  /** The venue's clock, whole milliseconds. */
  now(): number;
  /** Throws -1121 for a symbol that is not traded. */
  instrument(symbol: string): Instrument;
  /** The client id that the venue shows; it names orders that nobody named, and those it places by itself. */
  clientIdOf(order: SimulatedOrder): string;
  /** The venue closed a position by itself with this order: it gets the id that says so. */
  nameOwnOrder(orderId: string, clientOrderId: string): void;
  /** Orders that the fault `acceptedThenRejected` ended. */
  readonly rejectedByEngine: Set<string>;
  /** Conditional orders that have reached the matching engine. */
  readonly triggered: Set<string>;
  /** Accounts in hedge mode. Their positions are still kept one-way: only the refusals are simulated. */
  readonly hedgeMode: Set<string>;
  /**
   * Keeps back what the account stream would send until `release`, so that an acknowledgement can go first. Each hold is released once.
   */
  holdReports(): () => void;
}

export function createBinanceContext(
  parts: Omit<
    BinanceContext,
    'instrument' | 'clientIdOf' | 'nameOwnOrder' | 'rejectedByEngine' | 'triggered' | 'hedgeMode'
  >,
): BinanceContext {
  const instruments = new Map(parts.exchange.instruments.map((each) => [each.symbol, each]));
  const named = new Map<string, string>();
  return {
    ...parts,
    rejectedByEngine: new Set(),
    triggered: new Set(),
    hedgeMode: new Set(),
    instrument(symbol) {
      const found = instruments.get(symbol);
      if (found === undefined) throw new BinanceRefusal(400, -1121, 'Invalid symbol.');
      return found;
    },
    clientIdOf(order) {
      // Whoever places over the protocol gives a name or is given one: without one it is the venue's own closing of a position.
      const unnamed = order.reduceOnly ? 'autoclose-' : 'web_';
      return named.get(order.orderId) ?? order.clientOrderId ?? `${unnamed}${order.orderId}`;
    },
    nameOwnOrder: (orderId, clientOrderId) => {
      named.set(orderId, clientOrderId);
    },
  };
}
