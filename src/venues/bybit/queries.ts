import { z } from 'zod';
import { MillraceError } from '#core/errors.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { AdjustmentReport, BalanceReport, FillReport, OrderReport, PositionReport } from '#core/orders/order.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { OrderAnswer, VenueQueries } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { holdingsOf } from '../connection/holdings.ts';
import { readAnswer } from '../connection/read-answer.ts';
import { answerOfError } from '../connection/refused-order.ts';
import type { AccountRuntime, VenueRuntime } from '../venue.ts';
import {
  executionRow,
  type OrderRow,
  orderRow,
  positionRow,
  readExecution,
  readOrder,
  readPosition,
  readWallet,
  walletRow,
  works,
} from './account-messages.ts';
import type { BybitCategory } from './category.ts';
import { feeCurrencyRule } from './fee-currency.ts';
import { cancelBody, isNotFound, STOP_FILTER } from './order-arguments.ts';
import { fetchPublic } from './public-rest.ts';
import { createBybitRest, type QueryParameters } from './rest.ts';
import { readTransaction, transactionRow } from './transaction-log.ts';

/** A history query may span so much at most (Bybit V5 documentation, "Get Order History", "Get Trade History"). */
const WINDOW_MS = 7 * 86_400_000;
/** The venue keeps two years. */
const HISTORY_MS = 730 * 86_400_000;
/** A cursor that never ends is a fault of the venue's. */
const MAX_PAGES = 1_000;

const page = z.object({ list: z.array(z.unknown()), nextPageCursor: z.string().nullish() });
const tickers = z.object({ list: z.array(z.object({ lastPrice: z.string(), ask1Price: z.string().nullish() })) });
const acknowledged = z.object({ orderId: z.string(), orderLinkId: z.string().optional() });

/** Queries by signed REST. `fetchInstruments` is the venue's public list of instruments. */
export function createBybitQueries(
  category: BybitCategory,
  runtime: AccountRuntime,
  fetchInstruments: (runtime: VenueRuntime) => Promise<readonly Instrument[]>,
): VenueQueries {
  const rest = createBybitRest(category, runtime);
  let fetched: ReadonlyMap<string, Instrument> | null = null;
  const instrumentOf = (symbol: string): Instrument | undefined =>
    runtime.instruments?.().get(symbol) ?? fetched?.get(symbol);
  const feeCurrencyOf = feeCurrencyRule(category, instrumentOf);

  /** Instruments of these symbols: those known, the others are fetched. */
  async function instrumentsOf(symbols: readonly string[]): Promise<Instrument[]> {
    if (symbols.some((symbol) => instrumentOf(symbol) === undefined)) {
      fetched = new Map((await fetchInstruments(runtime)).map((each) => [each.symbol, each]));
    }
    return symbols.map((symbol) => {
      const instrument = instrumentOf(symbol);
      if (instrument === undefined) throw new VenueError('reject', 'SYMBOL_UNKNOWN', `symbol=${symbol}`);
      return instrument;
    });
  }

  async function balances(): Promise<BalanceReport[]> {
    const rows = await list('/v5/account/wallet-balance', { category: undefined, accountType: 'UNIFIED' }, walletRow);
    const at = await now();
    return readEach(rows, (row) => readWallet(row, at)).flat();
  }

  /** What is held of spot symbols; a base asset without a balance is not told: that means flat. */
  async function holdings(symbols: readonly string[]): Promise<PositionReport[]> {
    const instruments = await instrumentsOf(symbols);
    return holdingsOf(await balances(), instruments, 'query');
  }

  /** All pages of a list, each row read by `schema`. */
  async function list<Schema extends z.ZodType>(
    path: string,
    parameters: QueryParameters,
    schema: Schema,
  ): Promise<z.infer<Schema>[]> {
    const rows: z.infer<Schema>[] = [];
    let cursor: string | undefined;
    for (let count = 0; count < MAX_PAGES; count += 1) {
      const result = readAnswer(page, await rest.get(path, { category: category.name, ...parameters, cursor }), path);
      for (const row of result.list) rows.push(readAnswer(schema, row, path));
      cursor = result.nextPageCursor ?? '';
      if (cursor === '' || result.list.length === 0) return rows;
    }
    throw new VenueError('retry', 'PAGES_ENDLESS', `path=${path} pages=${MAX_PAGES}`);
  }

  /** The same over a long time, window by window, oldest first. */
  async function listSince<Schema extends z.ZodType>(
    path: string,
    parameters: QueryParameters,
    schema: Schema,
    from: EpochMs,
  ): Promise<z.infer<Schema>[]> {
    // The venue's clock may be ahead of what we know of it, never by as much as a second.
    const until = (await now()) + 1_000;
    const rows: z.infer<Schema>[] = [];
    let start = Math.max(Math.floor(from), Math.ceil(until - HISTORY_MS));
    while (start <= until) {
      const end = Math.min(start + WINDOW_MS - 1, until);
      rows.push(...(await list(path, { ...parameters, startTime: start, endTime: Math.floor(end) }, schema)));
      start = end + 1;
    }
    return rows;
  }

  /** Rows of these symbols by as few lists as may be: of contracts the venue gives one for each currency that they settle in. */
  async function listOf<Schema extends z.ZodType<{ readonly symbol: string }>>(
    symbols: readonly string[],
    path: string,
    parameters: QueryParameters,
    schema: Schema,
  ): Promise<z.infer<Schema>[]> {
    const narrowed =
      category.positions === 'wallet'
        ? [{}]
        : [...new Set((await instrumentsOf(symbols)).map((each) => each.settlementCurrency))].map((settleCoin) => ({
            settleCoin,
          }));
    const lists = await Promise.all(narrowed.map((each) => list(path, { ...parameters, ...each }, schema)));
    return lists.flat().filter((row) => symbols.includes(row.symbol));
  }

  async function fillsOf(
    symbols: readonly string[],
    parameters: { readonly symbol?: string },
    from: EpochMs,
  ): Promise<readonly FillReport[]> {
    const listed = await listSince('/v5/execution/list', { ...parameters, limit: 100 }, executionRow, from);
    const rows = listed.filter((row) => symbols.includes(row.symbol));
    // Spot alone tells a fee's currency by the instrument, and only where the venue leaves it out.
    if (category.positions === 'wallet' && rows.some((row) => (row.feeCurrency ?? '') === ''))
      await instrumentsOf(symbols);
    const fills = new Map<string, FillReport>();
    for (const report of readEach(rows, (row) => readExecution(row, 'query', feeCurrencyOf))) {
      if (report.kind === 'fill' && report.venueTime >= from) fills.set(report.fillId, report);
    }
    // The venue lists the newest first; equal times keep the venue's order.
    return [...fills.values()].reverse().sort((a, b) => a.venueTime - b.venueTime);
  }

  /** Funding stands among the executions, under the ids by which the account stream tells it. */
  async function fundingSince(from: EpochMs): Promise<AdjustmentReport[]> {
    const rows = await listSince('/v5/execution/list', { execType: 'Funding', limit: 100 }, executionRow, from);
    const reports = readEach(
      rows.filter((row) => row.execType === 'Funding'),
      (row) => readExecution(row, 'query', feeCurrencyOf),
    );
    return reports.flatMap((report) => (report.kind === 'adjustment' ? [report] : []));
  }

  async function now(): Promise<EpochMs> {
    return rest.venueClock.synced() ? rest.venueClock.venueNow() : rest.serverTime();
  }

  return {
    serverTime: () => rest.serverTime(),
    instruments: () => fetchInstruments(runtime),
    async orderByClientId(symbol, clientOrderId) {
      for (const path of ['/v5/order/realtime', '/v5/order/history']) {
        const rows = await list(path, { symbol, orderLinkId: clientOrderId }, orderRow);
        const row = rows.find((each) => each.orderLinkId === clientOrderId);
        const [report] = row === undefined ? [] : readEach([row], fromQuery);
        if (report !== undefined) return { kind: 'found', report };
      }
      return { kind: 'notFound' };
    },
    async openOrders(symbol) {
      return working(await list('/v5/order/realtime', { symbol, openOnly: 0, limit: 50 }, orderRow));
    },
    async openOrdersOf(symbols) {
      return working(await listOf(symbols, '/v5/order/realtime', { openOnly: 0, limit: 50 }, orderRow));
    },
    async ordersSince(symbol, from) {
      // History first: an order that ends in between is then found open or ended, never neither. It lags behind, so the recently ended are asked too.
      const rows = [
        ...(await listSince('/v5/order/history', { symbol, limit: 50 }, orderRow, from)),
        ...(await list('/v5/order/realtime', { symbol, openOnly: 0, limit: 50 }, orderRow)),
        ...(await list('/v5/order/realtime', { symbol, openOnly: 1, limit: 50 }, orderRow)),
      ];
      const chosen = newestRows(rows)
        .filter((row) => Number(row.createdTime) >= from && !isOfFormerHedgeMode(row))
        .sort((a, b) => Number(a.createdTime) - Number(b.createdTime));
      return readEach(chosen, fromQuery);
    },
    fillsSince: (symbol, from) => fillsOf([symbol], { symbol }, from),
    fillsOf: (symbols, from) => fillsOf(symbols, {}, from),
    async positions(symbols) {
      if (category.positions === 'wallet') return holdings(symbols);
      const [only] = symbols;
      const rows =
        only !== undefined && symbols.length === 1
          ? await list('/v5/position/list', { symbol: only, limit: 200 }, positionRow)
          : await listOf(symbols, '/v5/position/list', { limit: 200 }, positionRow);
      const at = await now();
      return readEach(rows, (row) => readPosition(row, 'query', at));
    },
    balances,
    async adjustmentsSince(from) {
      const rows = await listSince(
        '/v5/account/transaction-log',
        { category: undefined, accountType: 'UNIFIED', limit: 50 },
        transactionRow,
        from,
      );
      const funding = category.positions === 'wallet' ? [] : await fundingSince(from);
      return [...readEach(rows, readTransaction).filter((each) => each !== null), ...funding].sort(
        (a, b) => a.venueTime - b.venueTime,
      );
    },
    async price(symbol) {
      const path = '/v5/market/tickers';
      const answer = await fetchPublic(runtime, `${path}?category=${category.name}&symbol=${symbol}`);
      const row = readAnswer(tickers, answer, path).list[0];
      const price = [row?.ask1Price, row?.lastPrice].find((each) => Number(each) > 0);
      return price === undefined || price === null ? null : { price };
    },
    async cancelOrder(target) {
      const body = cancelBody(category, target);
      const answer = await cancel(body);
      if (!category.stopsHaveFilter || !isNotFound(answer)) return answer;
      return cancel({ ...body, orderFilter: STOP_FILTER });
    },
  };

  async function cancel(body: Readonly<Record<string, string>>): Promise<OrderAnswer> {
    try {
      const result = await rest.post('/v5/order/cancel', body, 'cancel');
      const parsed = acknowledged.safeParse(result);
      if (!parsed.success) {
        return { kind: 'unknown', cause: 'venueUnclear', code: 'ANSWER_INVALID', text: 'no order id in the answer' };
      }
      return { kind: 'accepted', venueOrderId: parsed.data.orderId, venueTime: null };
    } catch (error) {
      return answerOfError(error);
    }
  }
}

function working(rows: readonly OrderRow[]): OrderReport[] {
  return readEach(newestRows(rows), fromQuery).filter(
    (report) => report.status === 'accepted' || report.status === 'partiallyFilled',
  );
}

function fromQuery(row: OrderRow): OrderReport {
  return readOrder(row, 'query');
}

/** Reads rows; what makes one unreadable becomes a `VenueError`: a hedge-mode account needs people, anything else may be asked again. */
function readEach<Row, Report>(rows: readonly Row[], readRow: (row: Row) => Report): Report[] {
  try {
    return rows.map(readRow);
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    throw new VenueError(error.class === 'configuration' ? 'keys' : 'retry', error.code, error.message);
  }
}

/** Ended, of another mode that the account was in: none of ours, which has only ever been in one-way mode. One that works is refused like its position. */
function isOfFormerHedgeMode(row: OrderRow): boolean {
  return (row.positionIdx ?? 0) !== 0 && !works(row);
}

/** One row for each order: the one that was updated last. */
function newestRows(rows: readonly OrderRow[]): OrderRow[] {
  const newest = new Map<string, OrderRow>();
  for (const row of rows) {
    const known = newest.get(row.orderId);
    if (known === undefined || Number(row.updatedTime) >= Number(known.updatedTime)) newest.set(row.orderId, row);
  }
  return [...newest.values()];
}
