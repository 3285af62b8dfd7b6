import type { BinanceApi } from '../binance/api.ts';
import { binanceUsdmErrors } from './errors.ts';
import { LIMIT_WINDOWS } from './limits.ts';

/** REST and the websocket API of USD-M futures. */
export const binanceUsdmApi: BinanceApi = {
  name: 'binance-usdm',
  timePath: '/fapi/v1/time',
  errors: binanceUsdmErrors,
  windows: LIMIT_WINDOWS,
};
