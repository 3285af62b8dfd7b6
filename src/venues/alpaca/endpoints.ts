import type { Mode } from '#core/control/unit.ts';
import type { VenueEndpoints } from '../venue.ts';

const MARKET = 'wss://stream.data.alpaca.markets';

/**
 * Base addresses by mode (Alpaca documentation, "Trading API" and "Real-time stock data"). The venue's own paper trading is our `testnet`: an account of its own
 * that trades at real prices. Our `paper` trades on a simulated exchange whose addresses the configuration gives (`MILLRACE_VENUE_ENDPOINTS`): without them
 * the others name a host that never resolves (RFC 2606), so that paper keys and orders cannot reach the real venue. Orders go by REST: `orders` is its address.
 */
const ENDPOINTS: Readonly<Record<Mode, VenueEndpoints>> = {
  live: {
    market: MARKET,
    account: 'wss://api.alpaca.markets',
    orders: 'https://api.alpaca.markets',
    rest: 'https://api.alpaca.markets',
  },
  testnet: {
    market: MARKET,
    account: 'wss://paper-api.alpaca.markets',
    orders: 'https://paper-api.alpaca.markets',
    rest: 'https://paper-api.alpaca.markets',
  },
  paper: {
    market: MARKET,
    account: 'wss://paper.invalid',
    orders: 'https://paper.invalid',
    rest: 'https://paper.invalid',
  },
};

/** Where the venue is in one mode. */
export function alpacaEndpoints(mode: Mode): VenueEndpoints {
  return ENDPOINTS[mode];
}

/** What follows the base addresses. `data`: the feed of one exchange (IEX), which every account may read; the consolidated one (`sip`) needs a plan. */
export const ALPACA_PATHS = {
  data: '/v2/iex',
  news: '/v1beta1/news',
  account: '/stream',
} as const;
