import { createBybitMarketData } from '../bybit/market-data.ts';
import { SPOT } from './category.ts';

/** Market data of spot pairs. */
export const bybitSpotMarketData = createBybitMarketData(SPOT);
