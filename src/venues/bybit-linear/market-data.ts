import { createBybitMarketData } from '../bybit/market-data.ts';
import { LINEAR } from './category.ts';

/** Market data of linear contracts. */
export const bybitLinearMarketData = createBybitMarketData(LINEAR);
