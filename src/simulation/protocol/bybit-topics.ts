import type { Instrument } from '#core/market/instrument.ts';
import type { BybitServerCategory } from './bybit-category.ts';

/** A public topic by its parts. */
export interface PublicTopic {
  readonly name: string;
  readonly kind: 'orderbook' | 'publicTrade' | 'tickers' | 'kline' | 'allLiquidation';
  readonly symbol: string;
  /** Levels of a book; 0 for others. */
  readonly depth: number;
}

export const BOOK_DEPTHS: readonly number[] = [1, 50, 200, 500, 1000];
/** The only interval that is simulated. */
const MINUTE = '1';

/** Reads the name of a topic; null for one that this category does not have. */
export function parseTopic(
  name: string,
  category: BybitServerCategory,
  instrumentOf: (symbol: string) => Instrument | null,
): PublicTopic | null {
  const [kind = '', ...rest] = name.split('.');
  const symbol = rest.at(-1) ?? '';
  if (!category.topics.includes(kind) || instrumentOf(symbol) === null) return null;
  switch (kind) {
    case 'orderbook': {
      const depth = Number(rest[0]);
      return rest.length === 2 && BOOK_DEPTHS.includes(depth) ? { name, kind, symbol, depth } : null;
    }
    case 'kline':
      return rest.length === 2 && rest[0] === MINUTE ? { name, kind, symbol, depth: 0 } : null;
    case 'publicTrade':
    case 'tickers':
    case 'allLiquidation':
      return rest.length === 1 ? { name, kind, symbol, depth: 0 } : null;
    default:
      return null;
  }
}
