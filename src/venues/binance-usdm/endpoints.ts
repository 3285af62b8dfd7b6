import type { Mode } from '#core/control/unit.ts';
import type { VenueEndpoints } from '../venue.ts';

const LIVE: VenueEndpoints = {
  market: 'wss://fstream.binance.com',
  account: 'wss://fstream.binance.com/private',
  orders: 'wss://ws-fapi.binance.com/ws-fapi/v1',
  rest: 'https://fapi.binance.com',
};

/** The test network has no split of its stream addresses. */
const TESTNET: VenueEndpoints = {
  market: 'wss://stream.binancefuture.com',
  account: 'wss://stream.binancefuture.com',
  orders: 'wss://testnet.binancefuture.com/ws-fapi/v1',
  rest: 'https://testnet.binancefuture.com',
};

/**
 * Base addresses by mode. Paper trades against a simulated venue that reads live market data: it has the market address of `live`,
 * and what carries orders must be given by the configuration, so these three name a host that never resolves (RFC 2606).
 */
const ENDPOINTS: Readonly<Record<Mode, VenueEndpoints>> = {
  live: LIVE,
  testnet: TESTNET,
  paper: {
    market: LIVE.market,
    account: 'wss://paper.invalid/private',
    orders: 'wss://paper.invalid/ws-fapi/v1',
    rest: 'https://paper.invalid',
  },
};

export function binanceUsdmEndpoints(mode: Mode): VenueEndpoints {
  return ENDPOINTS[mode];
}

/** Where the private stream of a listen key is ("User Data Streams", Connect: `/ws/<listenKey>` below the base address, which carries every event). */
export function userStreamUrl(accountBase: string, listenKey: string): string {
  return `${accountBase}/ws/${encodeURIComponent(listenKey)}`;
}
