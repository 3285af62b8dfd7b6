import type { Mode } from '#core/control/unit.ts';
import type { VenueEndpoints } from '../venue.ts';

/** Account reports and orders go over the websocket API, each on a connection of its own. */
const LIVE: VenueEndpoints = {
  market: 'wss://stream.binance.com:9443',
  account: 'wss://ws-api.binance.com:443/ws-api/v3',
  orders: 'wss://ws-api.binance.com:443/ws-api/v3',
  rest: 'https://api.binance.com',
};

const TESTNET: VenueEndpoints = {
  market: 'wss://stream.testnet.binance.vision',
  account: 'wss://ws-api.testnet.binance.vision/ws-api/v3',
  orders: 'wss://ws-api.testnet.binance.vision/ws-api/v3',
  rest: 'https://testnet.binance.vision',
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
    account: 'wss://paper.invalid/ws-api/v3',
    orders: 'wss://paper.invalid/ws-api/v3',
    rest: 'https://paper.invalid',
  },
};

export function binanceSpotEndpoints(mode: Mode): VenueEndpoints {
  return ENDPOINTS[mode];
}
