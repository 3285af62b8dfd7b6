import { z } from 'zod';
import { MillraceError } from '#core/errors.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { FillReport, OrderReport } from '#core/orders/order.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { OrderAnswer, OrderTarget, VenueQueries } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { readAnswer } from '../connection/read-answer.ts';
import { answerOfError } from '../connection/refused-order.ts';
import type { AccountRuntime, VenueRuntime } from '../venue.ts';
import {
  type OrderRow,
  orderRow,
  portfolioRow,
  positionRow,
  readOrder,
  readPortfolio,
  readPosition,
  readTrade,
  tradeRow,
  withoutTriggered,
} from './account-messages.ts';
import { currencyOf } from './channels.ts';
import { expiryOf, fetchDeliveries } from './deliveries.ts';
import { fetchAdjustments } from './log-pages.ts';
import { createDeribitRest } from './rest.ts';

const PAGE = 1_000;
/** More pages than a year of busy trading has. */
const MAX_PAGES = 1_000;
/** How far back an order is looked for by its label, ms: ids of ours that are asked for are never older. */
const LABEL_BACK_MS = 30 * 86_400_000;

const orderList = z.array(orderRow);
const tradePage = z.object({ trades: z.array(tradeRow), has_more: z.boolean() });
const positionList = z.array(positionRow);
const summaries = z.object({ summaries: z.array(portfolioRow) });

/**
 * The venue keeps ended orders for 30 minutes and trades for 24 hours at hand, and all of them, a short delay later, in a history of its own ("Accessing historical
 * trades and orders"). Both are asked.
 */
const SOURCES = [true, false] as const;

/** Queries by signed REST. `fetchInstruments` is the venue's public list of instruments. */
export function createDeribitQueries(
  runtime: AccountRuntime,
  fetchInstruments: (runtime: VenueRuntime) => Promise<readonly Instrument[]>,
): VenueQueries {
  const rest = createDeribitRest(runtime);

  async function byLabel(symbol: string, label: string): Promise<readonly OrderRow[]> {
    const result = await rest.call('private/get_order_state_by_label', { currency: currencyOf(symbol), label });
    return withoutTriggered(
      readAnswer(orderList, result, 'get_order_state_by_label').filter((row) => row.label === label),
    );
  }

  /** Ended orders that were changed at or after `from`, newest first. */
  async function history(symbol: string, from: number, historical: boolean): Promise<OrderRow[]> {
    const method = 'private/get_order_history_by_instrument';
    const rows: OrderRow[] = [];
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const parameters = {
        instrument_name: symbol,
        count: PAGE,
        offset: page * PAGE,
        include_old: true,
        include_unfilled: true,
        historical,
      };
      const list = readAnswer(orderList, await rest.call(method, parameters), method);
      rows.push(...list);
      if (list.length < PAGE || list.every((row) => Number(row.last_update_timestamp) < from)) return rows;
    }
    throw new VenueError('retry', 'PAGES_ENDLESS', `method=${method} pages=${MAX_PAGES}`);
  }

  async function openRows(symbol: string): Promise<readonly OrderRow[]> {
    const parameters = { instrument_name: symbol, type: 'all' };
    return readAnswer(
      orderList,
      await rest.call('private/get_open_orders_by_instrument', parameters),
      'get_open_orders',
    );
  }

  /** Fills at or after `from` of an instrument or of all of a currency, oldest first; pages begin with the last time of the page before, and what comes twice counts once. */
  async function trades(
    of: { readonly instrument_name: string } | { readonly currency: string },
    from: number,
    historical: boolean,
  ): Promise<FillReport[]> {
    const method = `private/get_user_trades_by_${'currency' in of ? 'currency' : 'instrument'}_and_time`;
    const fills = new Map<string, FillReport>();
    let start = Math.floor(from);
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const end = Math.ceil(await now()) + 1_000;
      const parameters = {
        ...of,
        start_timestamp: start,
        end_timestamp: end,
        count: PAGE,
        sorting: 'asc',
        historical,
      };
      const answer = readAnswer(tradePage, await rest.call(method, parameters), method);
      const before = fills.size;
      for (const row of answer.trades) fills.set(row.trade_id, readTrade(row, 'query'));
      const last = Number(answer.trades.at(-1)?.timestamp ?? 0);
      if (!answer.has_more) return [...fills.values()];
      // A page of one time alone, known already, does not lead on: this venue has no finer place to go on from.
      if (fills.size === before && last <= start) break;
      start = last;
    }
    throw new VenueError('retry', 'PAGES_ENDLESS', `method=${method} from=${start}`);
  }

  async function fillsOf(
    symbols: readonly string[],
    lists: readonly Parameters<typeof trades>[0][],
    from: EpochMs,
  ): Promise<readonly FillReport[]> {
    const fills = new Map<string, FillReport>();
    for (const historical of SOURCES) {
      for (const list of lists) {
        for (const fill of await trades(list, from, historical)) {
          if (symbols.includes(fill.symbol)) fills.set(fill.fillId, fill);
        }
      }
    }
    const until = await now();
    for (const symbol of symbols) {
      const expiry = expiryOf(symbol);
      if (expiry === null || expiry > until) continue;
      const delivered = await fetchDeliveries(rest, symbol, Math.floor(from), Math.ceil(until) + 1_000);
      for (const fill of delivered) fills.set(fill.fillId, fill);
    }
    return [...fills.values()]
      .filter((fill) => fill.venueTime >= Math.floor(from))
      .sort((a, b) => a.venueTime - b.venueTime);
  }

  async function now(): Promise<EpochMs> {
    return rest.venueClock.synced() ? rest.venueClock.venueNow() : rest.serverTime();
  }

  async function idByLabel({ symbol, clientOrderId }: OrderTarget): Promise<string | null> {
    const rows = await byLabel(symbol, clientOrderId);
    return (rows.find(isWorking) ?? rows[0])?.order_id ?? null;
  }

  async function cancelById(orderId: string | null): Promise<OrderAnswer> {
    if (orderId === null) {
      return { kind: 'rejected', code: '10004', text: 'no order with this label', errorClass: 'notFound' };
    }
    await rest.call('private/cancel', { order_id: orderId }, 'cancel');
    return { kind: 'accepted', venueOrderId: orderId, venueTime: null };
  }

  /** A stop that was triggered goes on under another id: cancels what it has become. Null: nothing works any longer. */
  async function cancelSuccessor({ symbol, clientOrderId }: OrderTarget): Promise<OrderAnswer | null> {
    try {
      const working = (await byLabel(symbol, clientOrderId)).find(isWorking);
      return working === undefined ? null : await cancelById(working.order_id);
    } catch (error) {
      return answerOfError(error);
    }
  }

  return {
    serverTime: () => rest.serverTime(),
    instruments: () => fetchInstruments(runtime),
    async orderByClientId(symbol, clientOrderId) {
      // Labels are not unique: of several the one that works is the one that matters.
      const labelled = newestFirst(await byLabel(symbol, clientOrderId));
      const row = labelled.find(isWorking) ?? labelled[0];
      if (row !== undefined) return { kind: 'found', report: report(row) };
      const from = (await now()) - LABEL_BACK_MS;
      for (const historical of SOURCES) {
        const ended = newestFirst(
          withoutTriggered((await history(symbol, from, historical)).filter((each) => each.label === clientOrderId)),
        )[0];
        if (ended !== undefined) return { kind: 'found', report: report(ended) };
      }
      return { kind: 'notFound' };
    },
    openOrders: async (symbol) => (await openRows(symbol)).map(report),
    async ordersSince(symbol, from) {
      // History first: an order that ends in between is then found open or ended, never neither; the recently ended stand in the last list.
      const rows = new Map<string, OrderRow>();
      const take = (found: readonly OrderRow[]): void => {
        for (const row of found) {
          const known = rows.get(row.order_id);
          if (known === undefined || Number(row.last_update_timestamp) >= Number(known.last_update_timestamp)) {
            rows.set(row.order_id, row);
          }
        }
      };
      take(await history(symbol, from, true));
      take(await openRows(symbol));
      take(await history(symbol, from, false));
      return withoutTriggered([...rows.values()])
        .filter((row) => Number(row.creation_timestamp) >= Math.floor(from))
        .sort(byCreation)
        .map(report);
    },
    async openOrdersOf(symbols) {
      const result = await rest.call('private/get_open_orders', { type: 'all' });
      const rows = readAnswer(orderList, result, 'get_open_orders');
      return rows.filter((row) => symbols.includes(row.instrument_name)).map(report);
    },
    fillsSince: (symbol, from) => fillsOf([symbol], [{ instrument_name: symbol }], from),
    fillsOf: (symbols, from) =>
      fillsOf(
        symbols,
        [...new Set(symbols.map(currencyOf))].map((currency) => ({ currency })),
        from,
      ),
    async adjustmentsSince(from) {
      const result = await rest.call('private/get_account_summaries', {});
      const currencies = readAnswer(summaries, result, 'get_account_summaries').summaries.map((row) => row.currency);
      return fetchAdjustments(rest, currencies, Math.floor(from), Math.ceil(await now()) + 1_000);
    },
    async positions(symbols) {
      // One answer for all, so that they are of one moment; an instrument that has expired is not listed, which is what flat means.
      const result = await rest.call('private/get_positions', { currency: 'any' });
      const at = await now();
      const asked = new Set(symbols);
      return readAnswer(positionList, result, 'get_positions')
        .filter((row) => asked.has(row.instrument_name))
        .map((row) => readPosition(row, 'query', at));
    },
    async balances() {
      const result = await rest.call('private/get_account_summaries', {});
      const at = await now();
      return readAnswer(summaries, result, 'get_account_summaries').summaries.map((row) => readPortfolio(row, at));
    },
    async cancelOrder(target) {
      const { venueOrderId } = target;
      try {
        return await cancelById(venueOrderId ?? (await idByLabel(target)));
      } catch (error) {
        const answer = answerOfError(error);
        if (venueOrderId === null || answer.kind !== 'rejected' || answer.errorClass !== 'alreadySo') return answer;
        return (await cancelSuccessor(target)) ?? answer;
      }
    },
  };
}

/** Whether the order still stands in the book, or waits for its trigger. */
export function isWorking(row: OrderRow): boolean {
  return row.order_state === 'open' || row.order_state === 'untriggered';
}

/** Oldest first; of one millisecond by the venue's ids, which count up. */
function byCreation(a: OrderRow, b: OrderRow): number {
  const byTime = Number(a.creation_timestamp) - Number(b.creation_timestamp);
  if (byTime !== 0) return byTime;
  return a.order_id.length - b.order_id.length || (a.order_id < b.order_id ? -1 : 1);
}

function newestFirst(rows: readonly OrderRow[]): OrderRow[] {
  return [...rows].sort((a, b) => byCreation(b, a));
}

/** What makes a row unreadable becomes a `VenueError`: it may be asked again. */
function report(row: OrderRow): OrderReport {
  try {
    return readOrder(row, 'query');
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    throw new VenueError('retry', error.code, error.message);
  }
}
