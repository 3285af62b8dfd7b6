/** In what the categories of the simulated Bybit differ (Bybit V5 documentation); one server serves one of them. */
export interface BybitServerCategory {
  readonly name: 'linear' | 'spot';
  readonly publicPath: string;
  /** What acknowledges a subscription to public topics. */
  readonly subscribedText: string;
  /** Arguments of one request; null: no limit. */
  readonly maxArguments: number | null;
  /** Of each kind of order request, per account and second. */
  readonly ordersPerSecond: number;
  /** Orders that wait for a trigger, per account and symbol. */
  readonly maxStops: number;
  /** Positions, funding, leverage, reduce-only. Without: what is held is a balance. */
  readonly hasPositions: boolean;
  /** A frame's stamp stands before its type in books of every depth and in trades. */
  readonly stampFirst: boolean;
  readonly topics: readonly string[];
}

export const LINEAR_SERVER: BybitServerCategory = {
  name: 'linear',
  publicPath: '/v5/public/linear',
  subscribedText: '',
  maxArguments: null,
  ordersPerSecond: 10,
  maxStops: 10,
  hasPositions: true,
  stampFirst: false,
  topics: ['orderbook', 'publicTrade', 'tickers', 'kline', 'allLiquidation'],
};

export const SPOT_SERVER: BybitServerCategory = {
  name: 'spot',
  publicPath: '/v5/public/spot',
  subscribedText: 'subscribe',
  maxArguments: 10,
  ordersPerSecond: 20,
  maxStops: 30,
  hasPositions: false,
  stampFirst: true,
  topics: ['orderbook', 'publicTrade', 'tickers', 'kline'],
};
