import type { SimulatedAccountEvent, SimulatedPosition } from '../exchange/simulated-exchange.ts';
import type { DeribitContext } from './deribit-context.ts';
import { priceOf, type Row, sizeOf } from './deribit-rows.ts';
import { exact, type Fields, numberField, type RpcOutcome, textField } from './deribit-rpc.ts';

const DEFAULT_ROWS = 100;
const MAX_ROWS = 250;

/** What the log says of every row, whatever it is of. */
const NOTHING = { trade_id: null, order_id: null, side: '-', price: null, position: null, interest_pl: null } as const;

/** Funding is booked at the daily settlement, and stands in the transaction log alone, as deposits do; `funded`: the position that it was for. */
export function logBalance(
  context: DeribitContext,
  event: Extract<SimulatedAccountEvent, { kind: 'balance' }>,
  funded: SimulatedPosition | null,
): void {
  const { balance, change, reason, time } = event;
  const isFunding = reason === 'funding';
  append(context, event.accountId, {
    ...NOTHING,
    type: isFunding ? 'settlement' : 'deposit',
    timestamp: Math.floor(time),
    currency: balance.currency,
    instrument_name: funded?.symbol ?? null,
    change: exact(change),
    cashflow: exact(change),
    interest_pl: isFunding ? exact(change) : null,
    balance: exact(balance.walletBalance),
    commission: 0,
    side: isFunding ? ((funded?.size ?? 0) < 0 ? 'short' : 'long') : '-',
  });
}

/** The end of a dated contract: no trade, and told by no channel. */
export function logDelivery(context: DeribitContext, event: Extract<SimulatedAccountEvent, { kind: 'fill' }>): void {
  const { fill } = event;
  const instrument = context.requireInstrument(fill.symbol);
  append(context, fill.accountId, {
    ...NOTHING,
    type: 'delivery',
    timestamp: Math.floor(fill.time),
    currency: instrument.settlementCurrency,
    instrument_name: fill.symbol,
    change: exact(fill.realizedProfit),
    cashflow: exact(fill.realizedProfit),
    commission: exact(fill.fee),
    side: `close ${fill.side}`,
    price: priceOf(instrument, fill.price),
    amount: sizeOf(instrument, fill.size),
    position: 0,
  });
}

function append(context: DeribitContext, accountId: string, row: Row): void {
  const log = context.log.get(accountId) ?? [];
  context.log.set(accountId, log);
  log.push({ id: log.length + 1, user_seq: log.length + 1, ...row });
}

/** `private/get_transaction_log`: newest first, `query` the kind of row, `continuation` the row to go on from. */
export function transactionLog(
  context: DeribitContext,
  accountId: string,
  currency: string,
  params: Fields,
): RpcOutcome {
  const from = numberField(params, 'start_timestamp') ?? 0;
  const to = numberField(params, 'end_timestamp') ?? Number.POSITIVE_INFINITY;
  const before = numberField(params, 'continuation') ?? Number.POSITIVE_INFINITY;
  const kind = textField(params, 'query');
  const found = (context.log.get(accountId) ?? [])
    .filter((row) => row.currency === currency && Number(row.timestamp) >= from && Number(row.timestamp) <= to)
    .filter((row) => Number(row.id) < before && (kind === null || row.type === kind))
    .reverse();
  const count = Math.min(numberField(params, 'count') ?? DEFAULT_ROWS, MAX_ROWS);
  const logs = found.slice(0, count);
  return { result: { logs, continuation: found.length > count ? Number(logs.at(-1)?.id) : null } };
}
