import { z } from 'zod';
import { messageOf } from '#core/errors.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { OrderReport } from '#core/orders/order.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { OrderAnswer, VenueQueries } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import type { AccountRuntime } from '../venue.ts';
import {
  balanceRow,
  orderAcknowledgement,
  positionRow,
  type RestOrder,
  readAs,
  restOrder,
  type UserTrade,
  userTrade,
} from './account-messages.ts';
import { reportOfOrder, reportOfTrade, requireOneWay } from './account-reports.ts';
import { createRestClient, type RestCall } from './rest.ts';

const PAGE = 1_000;
/** The venue answers for at most seven days at a time. */
const SPAN_MS = 7 * 24 * 3_600_000 - 1;
/** Orders and fills older than this are not given by these requests. */
const HISTORY_MS = 90 * 24 * 3_600_000;

/** Signed REST questions of one account. `fetchInstruments` is the public one, without keys. */
export function createBinanceUsdmQueries(
  runtime: AccountRuntime,
  fetchInstruments: (runtime: AccountRuntime) => Promise<readonly Instrument[]>,
): VenueQueries {
  const rest = createRestClient(runtime);

  async function openOrders(symbol: string): Promise<readonly OrderReport[]> {
    const rows = await rest.signed({ method: 'GET', path: '/fapi/v1/openOrders', params: { symbol }, weight: 1 });
    return read(z.array(restOrder), rows, 'openOrders').map(reportOfOrder);
  }

  async function orders(
    symbol: string,
    params: { startTime?: number; endTime?: number },
  ): Promise<readonly RestOrder[]> {
    const call = { method: 'GET', path: '/fapi/v1/allOrders', params: { symbol, ...params, limit: PAGE }, weight: 5 };
    return read(z.array(restOrder), await rest.signed(call as RestCall), 'allOrders');
  }

  async function trades(
    symbol: string,
    params: { startTime?: number; endTime?: number },
  ): Promise<readonly UserTrade[]> {
    const call = { method: 'GET', path: '/fapi/v1/userTrades', params: { symbol, ...params, limit: PAGE }, weight: 5 };
    return read(z.array(userTrade), await rest.signed(call as RestCall), 'userTrades');
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
    instruments: () => fetchInstruments(runtime),
    async orderByClientId(symbol, clientOrderId) {
      const params = { symbol, origClientOrderId: clientOrderId };
      try {
        const row = await rest.signed({ method: 'GET', path: '/fapi/v1/order', params, weight: 1 });
        return { kind: 'found', report: reportOfOrder(read(restOrder, row, 'order')) };
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
    async ordersSince(symbol, from) {
      const rows = await everySince(
        from,
        await rest.serverTime(),
        (window) => orders(symbol, window),
        (row) => row.time ?? row.updateTime,
      );
      return unique(rows, (row) => row.orderId).map(reportOfOrder);
    },
    async fillsSince(symbol, from) {
      const rows = await everySince(
        from,
        await rest.serverTime(),
        (window) => trades(symbol, window),
        (row) => row.time,
      );
      return unique(rows, (row) => row.id).map(reportOfTrade);
    },
    async positions(symbols) {
      const only = symbols.length === 1 ? symbols[0] : undefined;
      const answer = await newest('positionRisk', only === undefined ? {} : { symbol: only });
      const rows = read(z.array(positionRow), answer, 'positionRisk').filter((row) => symbols.includes(row.symbol));
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
      const rows = read(z.array(balanceRow), await newest('balance', {}), 'balance');
      return rows.map((row) => ({
        kind: 'balance',
        currency: row.asset,
        walletBalance: row.balance,
        availableBalance: row.availableBalance,
        venueTime: row.updateTime as EpochMs,
      }));
    },
    async cancelOrder(target): Promise<OrderAnswer> {
      const params = { symbol: target.symbol, origClientOrderId: target.clientOrderId };
      try {
        const call: RestCall = {
          method: 'DELETE',
          path: '/fapi/v1/order',
          params,
          weight: 1,
          priority: 'cancel',
          kind: 'order',
        };
        const acknowledged = read(orderAcknowledgement, await rest.signed(call), 'cancel');
        const venueTime = (acknowledged.updateTime ?? null) as EpochMs | null;
        return { kind: 'accepted', venueOrderId: acknowledged.orderId, venueTime };
      } catch (error) {
        return cancelFailure(error);
      }
    },
  };
}

/** Checks an answer; one that cannot be read counts as none: the question may be asked again. */
function read<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.infer<Schema> {
  try {
    return readAs(schema, value, what);
  } catch (error) {
    throw new VenueError('retry', 'ANSWER_UNREADABLE', messageOf(error));
  }
}

/** A refusal or an open outcome of a cancel by REST. What is no `VenueError` is thrown on. */
function cancelFailure(error: unknown): OrderAnswer {
  if (!(error instanceof VenueError)) throw error;
  const { venueClass, venueCode: code, message: text } = error;
  if (code === 'RATE_BUDGET') return { kind: 'notSent', reason: 'rateLimited', text };
  if (code === 'NO_KEYS') return { kind: 'notSent', reason: 'notReady', text };
  if (code === 'ANSWER_UNREADABLE') return { kind: 'unknown', cause: 'venueUnclear', code, text };
  if (venueClass !== 'unknown') return { kind: 'rejected', code, text, errorClass: venueClass };
  const cause = code === 'TIMEOUT' ? 'timeout' : code === 'NETWORK' ? 'linkLost' : 'venueUnclear';
  return { kind: 'unknown', cause, code, text };
}

/**
 * Every row from `from` on, oldest first. A full page may have left rows out at either end, so its window is halved until pages are not full;
 * that needs no promise of the venue on which end it keeps.
 */
async function everySince<Row>(
  from: EpochMs,
  now: EpochMs,
  ask: (window: { startTime: number; endTime: number }) => Promise<readonly Row[]>,
  timeOf: (row: Row) => number,
): Promise<readonly Row[]> {
  async function window(startTime: number, endTime: number): Promise<readonly Row[]> {
    const rows = await ask({ startTime, endTime });
    if (rows.length < PAGE) return rows;
    if (startTime >= endTime) {
      throw new VenueError('retry', 'PAGE_FULL', `more than ${PAGE} rows within one millisecond at ${startTime}`);
    }
    const middle = Math.floor((startTime + endTime) / 2);
    return [...(await window(startTime, middle)), ...(await window(middle + 1, endTime))];
  }

  const all: Row[] = [];
  // A minute beyond now: the venue stamps what happens while it is asked.
  const end = Math.floor(now) + 60_000;
  const first = Math.max(Math.floor(from), end - HISTORY_MS);
  for (let start = first; start <= end; start += SPAN_MS + 1) {
    all.push(...(await window(start, Math.min(start + SPAN_MS, end))));
  }
  return all.sort((a, b) => timeOf(a) - timeOf(b));
}

function unique<Row>(rows: readonly Row[], keyOf: (row: Row) => string): readonly Row[] {
  return [...new Map(rows.map((row) => [keyOf(row), row])).values()];
}
