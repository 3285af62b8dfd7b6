import type { PositionReport } from '#core/orders/order.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { OrderAnswer, VenueQueries } from '#core/orders/venue-ports.ts';
import { fillReportOf, orderReportOf, positionReportOf } from './venue-reports.ts';
import { cancelAtVenue } from './world-order-entry.ts';
import { heldAt, latencyMs, type VenueClient, venueNow, type WorldVenue } from './world-venue.ts';

const TIMEOUT_MS = 4_000;

/** Questions by REST: each answered from the venue's state at one moment, or not at all. */
export function createWorldQueries(venue: WorldVenue, client: VenueClient): VenueQueries {
  const { dice, shares, time, exchange, account, watch, instruments } = venue;
  const { process } = client;

  function ask<Answer>(lost: number, answer: () => Answer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const cancelTimeout = process.timers.after(TIMEOUT_MS, () =>
        reject(new VenueError('unknown', 'TIMEOUT', `no answer within ${TIMEOUT_MS} ms`)),
      );
      if (client.cuts.has('queries') || dice.chance(lost / 2)) return;
      const deliver = process.answerTo();
      time.after(latencyMs(dice), () => {
        const now = venueNow(venue);
        watch.asked(client);
        const failed =
          venue.maintenance || dice.chance(shares.queryFails)
            ? new VenueError('retry', '503', 'unavailable', null)
            : null;
        const answered = failed === null ? answer() : null;
        if (client.cuts.has('queries') || dice.chance(lost / 2)) return;
        deliver(latencyMs(dice), () => {
          cancelTimeout();
          if (failed !== null) reject(failed);
          else if (answered !== null) resolve(answered);
          else reject(new VenueError('retry', 'EMPTY', `nothing at ${now}`));
        });
      });
    });
  }

  /** A share of 1 and more is a venue that forgets for good. */
  const forgets = (share: number, clientOrderId: string | null) =>
    dice.chance(share) && (share < 1 || watch.named(clientOrderId));

  const instrumentOf = (symbol: string) => {
    const instrument = instruments.get(symbol);
    if (instrument === undefined) throw new VenueError('reject', 'SYMBOL', symbol);
    return instrument;
  };

  const holdingOf = (symbol: string): PositionReport => ({
    kind: 'position',
    source: 'query',
    symbol,
    size: heldAt(venue, symbol),
    entryPrice: '0',
    venueTime: exchange.now(),
  });

  return {
    serverTime: () => ask(0, () => venueNow(venue)),
    instruments: () => ask(0, () => [...instruments.values()]),
    orderByClientId: (symbol, clientOrderId) =>
      ask(0, () => {
        const refused = venue.refusedLater.get(clientOrderId);
        if (refused !== undefined) return { kind: 'found' as const, report: { ...refused, source: 'query' as const } };
        const order = exchange.order(account, { orderId: null, clientOrderId });
        if (order === null || forgets(shares.notFound, clientOrderId)) return { kind: 'notFound' as const };
        return { kind: 'found' as const, report: orderReportOf(order, instrumentOf(symbol), 'query') };
      }),
    openOrders: (symbol) =>
      ask(0, () =>
        exchange.openOrders(account, symbol).map((order) => orderReportOf(order, instrumentOf(symbol), 'query')),
      ),
    ordersSince: (symbol, from) =>
      ask(0, () => [
        ...exchange
          .orders(account, symbol)
          .filter((order) => order.createdAt >= from && !forgets(shares.historyForgets, order.clientOrderId))
          .map((order) => orderReportOf(order, instrumentOf(symbol), 'query')),
        ...[...venue.refusedLater.values()]
          .filter((report) => report.symbol === symbol && report.venueTime >= from)
          .map((report) => ({ ...report, source: 'query' as const })),
      ]),
    fillsSince: (symbol, from) =>
      ask(0, () =>
        exchange
          .fills(account, symbol)
          .filter((fill) => fill.time >= from && !venue.forgottenFills.has(fill.fillId))
          .map((fill) => fillReportOf(fill, instrumentOf(symbol), 'query')),
      ),
    positions: (symbols) =>
      ask(0, () =>
        exchange
          .positions(account)
          .filter(({ symbol }) => symbols.includes(symbol))
          .map((position) => positionReportOf(position, instrumentOf(position.symbol), exchange.now()))
          .concat(symbols.filter((symbol) => instrumentOf(symbol).kind === 'spot').map(holdingOf)),
      ),
    balances: () =>
      ask(0, () =>
        exchange.balances(account).map(({ currency, walletBalance, availableBalance }) => ({
          kind: 'balance' as const,
          currency,
          walletBalance,
          availableBalance,
          venueTime: venue.exchange.now(),
        })),
      ),
    cancelOrder: (target) => ask<OrderAnswer>(shares.cancelLost, () => cancelAtVenue(venue, target)),
  };
}
