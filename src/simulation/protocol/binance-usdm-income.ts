import type { SimulatedAccountEvent } from '../exchange/simulated-exchange.ts';
import type { RequestParams } from './binance-auth.ts';
import type { BinanceContext } from './binance-context.ts';
import { paged, pageOf } from './binance-history.ts';

type Row = Readonly<Record<string, unknown>> & { readonly time: number; readonly tranId: number };

const MAX_SPAN = { ms: 7 * 24 * 3_600_000, code: -4165, text: 'Maximum time interval is 7 days.' };

/** What `GET /fapi/v1/income` tells of each account: funding and transfers, each under a number of its own. What executions brought is left out of the simulated books. */
export interface IncomeBooks {
  onAccount(event: SimulatedAccountEvent): void;
  rows(accountId: string, params: RequestParams): readonly Row[];
}

/** The books of an exchange's accounts, filled by what `onAccount` is told. */
export function createIncomeBooks(context: Pick<BinanceContext, 'now'>): IncomeBooks {
  const books = new Map<string, Row[]>();
  /** Of the last position that funding was told of. */
  const funded = new Map<string, string>();
  let last = 9_689_322_000;
  return {
    onAccount(event) {
      if (event.kind === 'position' && event.reason === 'funding') funded.set(event.accountId, event.position.symbol);
      if (event.kind !== 'balance' || (event.reason !== 'funding' && event.reason !== 'deposit')) return;
      const isFunding = event.reason === 'funding';
      const rows = books.get(event.accountId) ?? [];
      books.set(event.accountId, rows);
      last += 1;
      rows.push({
        symbol: isFunding ? (funded.get(event.accountId) ?? '') : '',
        incomeType: isFunding ? 'FUNDING_FEE' : 'TRANSFER',
        income: event.change,
        asset: event.balance.currency,
        info: isFunding ? 'FUNDING_FEE' : 'TRANSFER',
        time: Math.floor(event.time),
        tranId: last,
        tradeId: '',
      });
    },
    rows(accountId, params) {
      const type = params.get('incomeType');
      const symbol = params.get('symbol');
      const rows = (books.get(accountId) ?? []).filter(
        (row) => (type === undefined || row.incomeType === type) && (symbol === undefined || row.symbol === symbol),
      );
      // Without a window the last seven days, the newest last.
      const asked =
        params.has('startTime') || params.has('endTime')
          ? params
          : new Map([...params, ['startTime', String(Math.floor(context.now() - MAX_SPAN.ms + 1))]]);
      return paged(
        rows,
        pageOf(asked, 'fromId', MAX_SPAN),
        (row) => row.time,
        (row) => String(row.tranId),
      );
    },
  };
}
