import { type Fields, isFields, parseObject } from './json-fields.ts';

/**
 * Which of Bybit's categories a recorded frame is of, where it tells: the topics are called the same. Spot writes a frame's stamp before its type in books and
 * trades, contracts after it; level 1 has it first in both. Null: it does not tell. Throws `FRAME_SYNTAX`.
 */
export function bybitVenueOf(bytes: Uint8Array): 'bybit-linear' | 'bybit-spot' | null {
  const message = parseObject(bytes);
  const [kind, depth] = typeof message.topic === 'string' ? message.topic.split('.') : [];
  switch (kind) {
    case 'orderbook':
      return depth === '1' ? null : byOrder(message);
    case 'publicTrade':
      return byOrder(message);
    case 'tickers':
      return byTicker(message.data);
    case 'allLiquidation':
    case 'liquidation':
      return 'bybit-linear';
    default:
      return null;
  }
}

function byOrder(message: Fields): 'bybit-linear' | 'bybit-spot' | null {
  const keys = Object.keys(message);
  const [stamp, type] = [keys.indexOf('ts'), keys.indexOf('type')];
  if (stamp < 0 || type < 0) return null;
  return stamp < type ? 'bybit-spot' : 'bybit-linear';
}

function byTicker(data: unknown): 'bybit-linear' | 'bybit-spot' | null {
  if (!isFields(data)) return null;
  if ('usdIndexPrice' in data) return 'bybit-spot';
  return 'markPrice' in data || 'fundingRate' in data || 'openInterest' in data ? 'bybit-linear' : null;
}
