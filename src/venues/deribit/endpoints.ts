import type { Mode } from '#core/control/unit.ts';
import type { VenueEndpoints } from '../venue.ts';

/**
 * Base addresses by mode (Deribit API documentation, "Overview"). One websocket address carries market data, account and orders alike. Paper takes its market data
 * from the real venue and trades on a simulated exchange whose addresses the configuration gives (`MILLRACE_VENUE_ENDPOINTS`): without them the others name a
 * host that never resolves (RFC 2606), so that paper keys and orders cannot reach the real venue.
 */
const ENDPOINTS: Readonly<Record<Mode, VenueEndpoints>> = {
  live: {
    market: 'wss://www.deribit.com',
    account: 'wss://www.deribit.com',
    orders: 'wss://www.deribit.com',
    rest: 'https://www.deribit.com',
  },
  testnet: {
    market: 'wss://test.deribit.com',
    account: 'wss://test.deribit.com',
    orders: 'wss://test.deribit.com',
    rest: 'https://test.deribit.com',
  },
  paper: {
    market: 'wss://www.deribit.com',
    account: 'wss://paper.invalid',
    orders: 'wss://paper.invalid',
    rest: 'https://paper.invalid',
  },
};

/** Where the venue is in one mode. */
export function deribitEndpoints(mode: Mode): VenueEndpoints {
  return ENDPOINTS[mode];
}

/** What follows the base addresses. */
export const DERIBIT_PATHS = {
  websocket: '/ws/api/v2',
  rest: '/api/v2',
} as const;
