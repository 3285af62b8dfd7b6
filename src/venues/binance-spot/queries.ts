import { z } from 'zod';
import type { Instrument } from '#core/market/instrument.ts';
import type { BalanceReport, OrderReport } from '#core/orders/order.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { VenueQueries } from '#core/orders/venue-ports.ts';
import { ALL_OPEN_ORDERS_FROM } from '#core/reconciliation/comparison-budget.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { askPrice } from '../binance/ask-price.ts';
import { cancelByRest } from '../binance/cancel-by-rest.ts';
import { everySince, type HistoryReach, PAGE, readAnswer, unique } from '../binance/history.ts';
import { createRestClient, type RestCall } from '../binance/rest.ts';
import { holdingsOf } from '../connection/holdings.ts';
import type { AccountRuntime } from '../venue.ts';
import { account, type RestOrder, restOrder, type UserTrade, userTrade } from './account-messages.ts';
import { balanceOf, reportOfOrder, reportOfTrade } from './account-reports.ts';
import { binanceSpotApi } from './api.ts';
import { createKnownInstruments } from './known-instruments.ts';

/** The venue answers for at most a day at a time; more than 90 days back nothing that recovery needs is left. */
const REACH: HistoryReach = { spanMs: 24 * 3_600_000 - 1, historyMs: 90 * 24 * 3_600_000 };

/** Signed REST questions of one account. `fetchInstruments` is the public one, without keys. */
export function createBinanceSpotQueries(
  runtime: AccountRuntime,
  fetchInstruments: (runtime: AccountRuntime) => Promise<readonly Instrument[]>,
): VenueQueries {
  const rest = createRestClient(binanceSpotApi, runtime);
  const known = createKnownInstruments(runtime);

  function ask(path: string, params: NonNullable<RestCall['params']>, weight: number): Promise<unknown> {
    return rest.signed({ method: 'GET', path, params, weight });
  }

  async function openOrders(symbol: string): Promise<readonly OrderReport[]> {
    return readAnswer(z.array(restOrder), await ask('/api/v3/openOrders', { symbol }, 6), 'openOrders').map(
      reportOfOrder,
    );
  }

  async function allOpenOrders(): Promise<readonly OrderReport[]> {
    return readAnswer(z.array(restOrder), await ask('/api/v3/openOrders', {}, 80), 'openOrders').map(reportOfOrder);
  }

  async function orders(
    symbol: string,
    window: { startTime?: number; endTime?: number },
  ): Promise<readonly RestOrder[]> {
    const answer = await ask('/api/v3/allOrders', { symbol, ...window, limit: PAGE }, 20);
    return readAnswer(z.array(restOrder), answer, 'allOrders');
  }

  async function trades(symbol: string, window: { startTime: number; endTime: number }): Promise<readonly UserTrade[]> {
    const answer = await ask('/api/v3/myTrades', { symbol, ...window, limit: PAGE }, 20);
    return readAnswer(z.array(userTrade), answer, 'myTrades');
  }

  async function balances(): Promise<readonly BalanceReport[]> {
    const answer = readAnswer(account, await ask('/api/v3/account', {}, 20), 'account');
    return answer.balances.map(({ asset, free, locked }) =>
      balanceOf(asset, free, locked, answer.updateTime as EpochMs),
    );
  }

  return {
    serverTime: rest.serverTime,
    price: (symbol) => askPrice(binanceSpotApi, runtime, '/api/v3/ticker/bookTicker', symbol, rest.serverTime),
    instruments: () => fetchInstruments(runtime),
    async orderByClientId(symbol, clientOrderId) {
      try {
        const row = await ask('/api/v3/order', { symbol, origClientOrderId: clientOrderId }, 4);
        return { kind: 'found', report: reportOfOrder(readAnswer(restOrder, row, 'order')) };
      } catch (error) {
        if (!(error instanceof VenueError) || error.venueClass !== 'notFound') throw error;
      }
      // "Order does not exist" has been said of orders that live: ask wherever else it could be (F3, F4).
      const open = (await openOrders(symbol)).find((each) => each.clientOrderId === clientOrderId);
      if (open !== undefined) return { kind: 'found', report: open };
      const recent = (await orders(symbol, {})).findLast((each) => each.clientOrderId === clientOrderId);
      return recent === undefined ? { kind: 'notFound' } : { kind: 'found', report: reportOfOrder(recent) };
    },
    openOrders,
    openOrdersOf: (symbols) => (symbols.length < ALL_OPEN_ORDERS_FROM ? null : allOpenOrders()),
    async ordersSince(symbol, from) {
      const rows = await everySince(
        from,
        await rest.now(),
        REACH,
        (window) => orders(symbol, window),
        (row) => row.time ?? row.updateTime,
      );
      return unique(rows, (row) => row.orderId).map(reportOfOrder);
    },
    async fillsSince(symbol, from) {
      const rows = await everySince(
        from,
        await rest.now(),
        REACH,
        (window) => trades(symbol, window),
        (row) => row.time,
      );
      return unique(rows, (row) => row.id).map(reportOfTrade);
    },
    async positions(symbols) {
      await known.load(symbols);
      const asked = [...known.all()].filter((each) => symbols.includes(each.symbol));
      return holdingsOf(await balances(), asked, 'query');
    },
    balances,
    cancelOrder: ({ symbol, clientOrderId }) =>
      cancelByRest(rest, '/api/v3/order', { symbol, origClientOrderId: clientOrderId }),
  };
}
