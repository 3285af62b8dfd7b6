import type { BinanceApi } from '../binance/api.ts';
import { binanceSpotErrors } from './errors.ts';
import { LIMIT_WINDOWS } from './limits.ts';

/** REST and the websocket API of spot. */
export const binanceSpotApi: BinanceApi = {
  name: 'binance-spot',
  timePath: '/api/v3/time',
  errors: binanceSpotErrors,
  windows: LIMIT_WINDOWS,
};
