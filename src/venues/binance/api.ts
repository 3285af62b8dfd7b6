import type { ErrorClassifier } from './errors.ts';
import type { LimitWindow } from './limits.ts';

/** What of REST and the websocket API differs between Binance's markets. */
export interface BinanceApi {
  /** As logs name it. */
  readonly name: string;
  /** `/fapi/v1/time` */
  readonly timePath: string;
  readonly errors: ErrorClassifier;
  readonly windows: readonly LimitWindow[];
}
