import { z } from 'zod';
import { DAY_MS } from '#core/calendar/civil-date.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { OrderReport } from '#core/orders/order.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { VenueQueries } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { askPrice } from '../binance/ask-price.ts';
import { cancelByRest } from '../binance/cancel-by-rest.ts';
import { everySince, type HistoryReach, PAGE, readAnswer, unique } from '../binance/history.ts';
import { createRestClient, type RestCall } from '../binance/rest.ts';
import { RecentMap } from '../connection/recent-map.ts';
import type { AccountRuntime } from '../venue.ts';
import { balanceRow, positionRow, type RestOrder, restOrder, type UserTrade, userTrade } from './account-messages.ts';
import { reportOfOrder, reportOfTrade, requireOneWay } from './account-reports.ts';
import { type AlgoRow, algoRow, reportOfAlgoRow } from './algo-orders.ts';
import { binanceUsdmApi } from './api.ts';
import { incomeId, incomeRow, readIncome } from './income.ts';
import { createTriggeredOrders } from './triggered-orders.ts';

/** The venue answers for at most seven days at a time; orders and fills older than 90 days are not given by these requests. */
const REACH: HistoryReach = { spanMs: 7 * DAY_MS - 1, historyMs: 90 * DAY_MS };
/** How long a conditional order may have waited before it was triggered and still be told by its own id. */
const WAITED_MS = 30 * DAY_MS;
/** An order whose fill is this old, and that no conditional order names as its own by then, was never one. */
const NAMED_BY_THEN_MS = 15_000;
const PLAIN_KEPT = 10_000;

/** Signed REST questions of one account. `fetchInstruments` is the public one, without keys. */
export function createBinanceUsdmQueries(
  runtime: AccountRuntime,
  fetchInstruments: (runtime: AccountRuntime) => Promise<readonly Instrument[]>,
): VenueQueries {
  const rest = createRestClient(binanceUsdmApi, runtime);
  /** Orders of fills that were looked up and are no triggered ones: they never become such. */
  const plain = new RecentMap<true>(PLAIN_KEPT);

  /** The order in its own service; null: it was never a conditional one, or the plain endpoint denies the one that it became. */
  async function conditional(symbol: string, clientAlgoId: string): Promise<OrderReport | null> {
    const row = await known(async () => {
      const answer = await rest.signed({
        method: 'GET',
        path: '/fapi/v1/algoOrder',
        params: { clientAlgoId },
        weight: 1,
      });
      return readAnswer(algoRow, answer, 'algoOrder');
    });
    if (row === null) return null;
    const waiting = reportOfAlgoRow(row);
    if (waiting !== null || row.actualOrderId === '') return waiting;
    const params = { symbol, orderId: row.actualOrderId };
    const actual = await known(async () =>
      readAnswer(restOrder, await rest.signed({ method: 'GET', path: '/fapi/v1/order', params, weight: 1 }), 'order'),
    );
    return actual === null ? null : { ...reportOfOrder(actual), clientOrderId: clientAlgoId };
  }

  async function algoRows(path: string, params: RestCall['params'], weight: number): Promise<readonly AlgoRow[]> {
    const answer = await rest.signed({ method: 'GET', path, params: params ?? {}, weight });
    return readAnswer(z.array(algoRow), answer, path);
  }

  /**
   * Every conditional order since then, and under which id of theirs the matching engine has those that were triggered: also of those that were placed
   * earlier, since a stop order may wait for days.
   */
  async function conditionalSince(symbol: string, from: EpochMs) {
    const rows = await everySince(
      (from - WAITED_MS) as EpochMs,
      await rest.now(),
      REACH,
      (window) => algoRows('/fapi/v1/allAlgoOrders', { symbol, ...window, limit: PAGE }, 5),
      (row) => row.createTime,
    );
    const triggered = createTriggeredOrders();
    for (const row of rows) if (row.actualOrderId !== '') triggered.remember(row.actualOrderId, row.clientAlgoId);
    return {
      rows: unique(
        rows.filter((row) => row.createTime >= from),
        (row) => row.algoId,
      ),
      triggered,
    };
  }

  /** Those that wait first: one that is triggered in between is then found at least once. */
  async function openOrders(symbol: string): Promise<readonly OrderReport[]> {
    const waiting = (await algoRows('/fapi/v1/openAlgoOrders', { symbol }, 1)).map(reportOfAlgoRow);
    return [...(await openPlainOrders(symbol)), ...waiting.filter((each) => each !== null)];
  }

  async function openPlainOrders(symbol: string): Promise<readonly OrderReport[]> {
    const rows = await rest.signed({ method: 'GET', path: '/fapi/v1/openOrders', params: { symbol }, weight: 1 });
    return readAnswer(z.array(restOrder), rows, 'openOrders').map(reportOfOrder);
  }

  async function orders(
    symbol: string,
    params: { startTime?: number; endTime?: number },
  ): Promise<readonly RestOrder[]> {
    const call = { method: 'GET', path: '/fapi/v1/allOrders', params: { symbol, ...params, limit: PAGE }, weight: 5 };
    return readAnswer(z.array(restOrder), await rest.signed(call as RestCall), 'allOrders');
  }

  async function trades(
    symbol: string,
    params: { startTime?: number; endTime?: number },
  ): Promise<readonly UserTrade[]> {
    const call = { method: 'GET', path: '/fapi/v1/userTrades', params: { symbol, ...params, limit: PAGE }, weight: 5 };
    return readAnswer(z.array(userTrade), await rest.signed(call as RestCall), 'userTrades');
  }

  /** The endpoint's newer version where the venue has it, else the older one. */
  async function newest(name: string, params: RestCall['params']): Promise<unknown> {
    const ask = (version: string): Promise<unknown> =>
      rest.signed({ method: 'GET', path: `/fapi/${version}/${name}`, params: params ?? {}, weight: 5 });
    try {
      return await ask('v3');
    } catch (error) {
      if (error instanceof VenueError && error.venueCode === 'HTTP 404') return ask('v2');
      throw error;
    }
  }

  return {
    serverTime: rest.serverTime,
    price: (symbol) => askPrice(binanceUsdmApi, runtime, '/fapi/v1/ticker/bookTicker', symbol, rest.serverTime),
    instruments: () => fetchInstruments(runtime),
    async orderByClientId(symbol, clientOrderId) {
      const params = { symbol, origClientOrderId: clientOrderId };
      const row = await known(async () =>
        readAnswer(restOrder, await rest.signed({ method: 'GET', path: '/fapi/v1/order', params, weight: 1 }), 'order'),
      );
      if (row !== null) return { kind: 'found', report: reportOfOrder(row) };
      // "Order does not exist" has been said of orders that live: ask wherever else it could be (F3, F4).
      const open = (await openOrders(symbol)).find((each) => each.clientOrderId === clientOrderId);
      if (open !== undefined) return { kind: 'found', report: open };
      const recent = (await orders(symbol, {})).findLast((each) => each.clientOrderId === clientOrderId);
      if (recent !== undefined) return { kind: 'found', report: reportOfOrder(recent) };
      const waiting = await conditional(symbol, clientOrderId);
      return waiting === null ? { kind: 'notFound' } : { kind: 'found', report: waiting };
    },
    openOrders,
    async ordersSince(symbol, from) {
      const rows = await everySince(
        from,
        await rest.now(),
        REACH,
        (window) => orders(symbol, window),
        (row) => row.time ?? row.updateTime,
      );
      const { rows: conditionals, triggered } = await conditionalSince(symbol, from);
      const waiting = conditionals.map(reportOfAlgoRow).filter((each) => each !== null);
      const plain = unique(rows, (row) => row.orderId).map((row) => triggered.named(reportOfOrder(row)));
      return [...plain, ...waiting].sort((a, b) => a.venueTime - b.venueTime);
    },
    async fillsSince(symbol, from, named = () => false) {
      const rows = await everySince(
        from,
        await rest.now(),
        REACH,
        (window) => trades(symbol, window),
        (row) => row.time,
      );
      const fills = unique(rows, (row) => row.id).map(reportOfTrade);
      const unnamed = fills.filter(({ venueOrderId }) => plain.get(venueOrderId) === undefined && !named(venueOrderId));
      if (unnamed.length === 0) return fills;
      const { triggered } = await conditionalSince(symbol, from);
      const at = await rest.now();
      for (const fill of unnamed) {
        const known = triggered.named(fill) !== fill;
        if (!known && fill.venueTime < at - NAMED_BY_THEN_MS) plain.set(fill.venueOrderId, true);
      }
      return fills.map((fill) => triggered.named(fill));
    },
    async positions(symbols) {
      const only = symbols.length === 1 ? symbols[0] : undefined;
      const answer = await newest('positionRisk', only === undefined ? {} : { symbol: only });
      const rows = readAnswer(z.array(positionRow), answer, 'positionRisk').filter((row) =>
        symbols.includes(row.symbol),
      );
      return rows.map((row) => {
        requireOneWay(row.positionSide, row.symbol);
        return {
          kind: 'position',
          source: 'query',
          symbol: row.symbol,
          size: row.positionAmt,
          entryPrice: row.entryPrice,
          venueTime: row.updateTime as EpochMs,
        };
      });
    },
    async balances() {
      const rows = readAnswer(z.array(balanceRow), await newest('balance', {}), 'balance');
      return rows.map((row) => ({
        kind: 'balance',
        currency: row.asset,
        walletBalance: row.balance,
        availableBalance: row.availableBalance,
        venueTime: row.updateTime as EpochMs,
      }));
    },
    async adjustmentsSince(from) {
      const ask = async (window: { startTime: number; endTime: number }) => {
        const call = {
          method: 'GET',
          path: '/fapi/v1/income',
          params: { ...window, limit: PAGE },
          weight: 30,
        } as const;
        return readAnswer(z.array(incomeRow), await rest.signed(call), 'income');
      };
      const rows = await everySince(from, await rest.now(), REACH, ask, (row) => row.time);
      return unique(rows, incomeId)
        .map(readIncome)
        .filter((each) => each !== null);
    },
    async cancelOrder({ symbol, clientOrderId }) {
      const answer = await cancelByRest(rest, '/fapi/v1/order', { symbol, origClientOrderId: clientOrderId });
      const isUnknown = answer.kind === 'rejected' && ['alreadySo', 'notFound'].includes(answer.errorClass);
      if (!isUnknown) return answer;
      // It may wait for its trigger, where the plain endpoint does not know it.
      const waiting = await cancelByRest(rest, '/fapi/v1/algoOrder', { clientAlgoId: clientOrderId });
      return waiting.kind === 'rejected' ? answer : waiting;
    },
  };
}

/** The answer, or null where the venue says that there is no such order. */
async function known<Answer>(ask: () => Promise<Answer>): Promise<Answer | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof VenueError && error.venueClass === 'notFound') return null;
    throw error;
  }
}
