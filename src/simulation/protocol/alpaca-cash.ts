import type { SimulatedAccountEvent } from '../exchange/simulated-exchange.ts';

type Row = Readonly<Record<string, string>> & { readonly id: string; readonly date: string };

/** Activities of each account that are no trades: what was paid in and out. */
export interface AlpacaCashBooks {
  onAccount(event: SimulatedAccountEvent): void;
  /** Oldest first, or newest as the venue does by itself. */
  rows(accountId: string, query: URLSearchParams): readonly Row[];
}

/** The books of an exchange's accounts, filled by what `onAccount` is told. */
export function createCashBooks(): AlpacaCashBooks {
  const books = new Map<string, Row[]>();
  return {
    onAccount(event) {
      if (event.kind !== 'balance' || event.reason !== 'deposit') return;
      const rows = books.get(event.accountId) ?? [];
      books.set(event.accountId, rows);
      const paidOut = event.change.startsWith('-');
      const date = new Date(event.time).toISOString().slice(0, 10);
      const id = `${date.replaceAll('-', '')}000000000::${String(rows.length + 1).padStart(12, '0')}`;
      rows.push({ id, activity_type: paidOut ? 'CSW' : 'CSD', date, net_amount: event.change, status: 'executed' });
    },
    rows(accountId, query) {
      const after = query.get('after')?.slice(0, 10) ?? '';
      const size = Math.min(100, Number(query.get('page_size') ?? 100));
      const found = (books.get(accountId) ?? []).filter((row) => row.date >= after);
      if (query.get('direction') !== 'asc') found.reverse();
      const token = query.get('page_token');
      const from = token === null ? 0 : found.findIndex((row) => row.id === token) + 1;
      return found.slice(from, from + size);
    },
  };
}
