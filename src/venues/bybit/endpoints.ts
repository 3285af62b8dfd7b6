import type { Mode } from '#core/control/unit.ts';
import type { VenueEndpoints } from '../venue.ts';

/**
 * Base addresses by mode (Bybit V5 documentation, "Connect" and "Integration guidance"). Paper takes its market data from the real venue and
 * trades on a simulated exchange whose addresses the configuration gives (`MILLRACE_VENUE_ENDPOINTS`): without them the others name a host that
 * never resolves (RFC 2606), so that paper keys and orders cannot reach the real venue.
 */
const ENDPOINTS: Readonly<Record<Mode, VenueEndpoints>> = {
  live: {
    market: 'wss://stream.bybit.com',
    account: 'wss://stream.bybit.com',
    orders: 'wss://stream.bybit.com',
    rest: 'https://api.bybit.com',
  },
  testnet: {
    market: 'wss://stream-testnet.bybit.com',
    account: 'wss://stream-testnet.bybit.com',
    orders: 'wss://stream-testnet.bybit.com',
    rest: 'https://api-testnet.bybit.com',
  },
  paper: {
    market: 'wss://stream.bybit.com',
    account: 'wss://paper.invalid',
    orders: 'wss://paper.invalid',
    rest: 'https://paper.invalid',
  },
};

/** Where the venue is in one mode. */
export function bybitEndpoints(mode: Mode): VenueEndpoints {
  return ENDPOINTS[mode];
}

/** What follows the base addresses. */
export const BYBIT_PATHS = {
  private: '/v5/private',
  trade: '/v5/trade',
} as const;
