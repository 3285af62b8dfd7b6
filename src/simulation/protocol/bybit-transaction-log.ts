import type { SimulatedAccountEvent } from '../exchange/simulated-exchange.ts';
import type { BybitContext } from './bybit-context.ts';
import { windowOf } from './bybit-history.ts';
import { invalid, pageOf, type Result } from './bybit-results.ts';

/** Writes down what changed a balance without a trade. */
export function logTransaction(
  { transactions, category }: Pick<BybitContext, 'transactions' | 'category'>,
  event: Extract<SimulatedAccountEvent, { kind: 'balance' }>,
  fundedSymbol: string | null,
): void {
  const { accountId, reason, change, balance, time } = event;
  if (reason !== 'funding' && reason !== 'deposit') return;
  const rows = transactions.get(accountId) ?? [];
  transactions.set(accountId, rows);
  const isFunding = reason === 'funding';
  const type = isFunding ? 'SETTLEMENT' : change.startsWith('-') ? 'TRANSFER_OUT' : 'TRANSFER_IN';
  rows.push({
    id: `${accountId}-${rows.length + 1}_${balance.currency}`,
    symbol: isFunding ? (fundedSymbol ?? '') : '',
    category: isFunding ? category.name : '',
    side: 'None',
    transactionTime: String(Math.floor(time)),
    type,
    qty: '0',
    size: '0',
    currency: balance.currency,
    tradePrice: '0',
    funding: isFunding ? change : '',
    fee: '0',
    cashFlow: isFunding ? '0' : change,
    change,
    cashBalance: balance.walletBalance,
    feeRate: '0',
    bonusChange: '0',
    tradeId: '',
    orderId: '',
    orderLinkId: '',
  });
}

/** `GET /v5/account/transaction-log`: newest first. */
export function transactionLog(context: BybitContext, accountId: string, query: URLSearchParams): Result {
  const window = windowOf(query, context.now());
  if (window === null) return invalid('startTime and endTime span more than 7 days');
  const asked = { type: query.get('type'), currency: query.get('currency'), category: query.get('category') };
  const rows = (context.transactions.get(accountId) ?? []).filter(
    (row) =>
      Number(row.transactionTime) >= window.from &&
      Number(row.transactionTime) <= window.until &&
      (asked.type === null || row.type === asked.type) &&
      (asked.currency === null || row.currency === asked.currency) &&
      (asked.category === null || row.category === asked.category),
  );
  return { result: pageOf([...rows].reverse(), query, 20, 50) };
}
