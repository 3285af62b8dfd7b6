import { expect } from 'vitest';
import { formatScaled, type Price, type Size } from '#core/market/scaled-decimal.ts';
import type { OrderIntent, OrderType, TimeInForce } from '#core/orders/order.ts';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';
import type { Card } from './card.ts';
import { accepted, atVenue } from './card-steps.ts';
import type { ContractWorld } from './contract-world.ts';

const kindOf = (answer: OrderAnswer): string => answer.kind;

function triggered(world: ContractWorld, type: OrderType): Partial<OrderIntent> {
  const { instrument, exchange } = world;
  const last = exchange.ticker(instrument.symbol).lastPrice;
  const factor = type === 'stopMarket' ? 0.97 : 1.03;
  const trigger = (Math.floor((last * factor) / instrument.tickSize) * instrument.tickSize) as Price;
  return { side: 'sell', type, timeInForce: 'gtc', price: null, triggerPrice: trigger };
}

/** Order entry and the account stream as they work: what proof of an order's fate rests on. */
export const ORDER_CARDS: readonly Card[] = [
  {
    number: 'C20',
    given: 'trading is open',
    when: 'an order is placed',
    must: 'it is acknowledged with the venue’s id, lives there as it was meant, and the stream tells it under its client id (H3)',
    async run(world) {
      const trading = await world.openTrading();
      const intent = world.intent(trading.nextId());
      const answer = await trading.place(intent);
      if (answer.kind !== 'accepted') throw new Error(JSON.stringify(answer));
      const [order] = atVenue(world, intent.clientOrderId);
      expect(order).toMatchObject({
        symbol: intent.symbol,
        side: 'buy',
        type: 'limit',
        price: intent.price,
        size: intent.size,
      });
      await world.until('the report', () => trading.orderReports(intent.clientOrderId).length > 0);
      const [report] = trading.orderReports(intent.clientOrderId);
      expect(report).toMatchObject({ status: 'accepted', venueOrderId: answer.venueOrderId, source: 'accountStream' });
      const { priceScale, sizeScale } = world.instrument;
      expect(Number(report?.price)).toBe(Number(formatScaled(intent.price ?? 0, priceScale)));
      expect(Number(report?.size)).toBe(Number(formatScaled(intent.size, sizeScale)));
    },
  },
  {
    number: 'C21',
    given: 'the order types and times in force that the venue is said to support',
    when: 'one order of each is placed',
    must: 'the venue takes each for what it is',
    async run(world) {
      const trading = await world.openTrading();
      const { orderTypes, timesInForce } = world.venue.supports;
      if (!world.venue.supports.instruments.includes('linear')) {
        await accepted(trading, world.marketIntent(trading.nextId()));
      }
      const changes: Partial<OrderIntent>[] = [
        ...timesInForce.map((timeInForce: TimeInForce) => ({ timeInForce })),
        ...orderTypes
          .filter((type) => type !== 'limit')
          .map((type) =>
            type === 'market' ? ({ type, timeInForce: 'ioc', price: null } as const) : triggered(world, type),
          ),
      ];
      for (const change of changes) {
        const intent = world.intent(trading.nextId(), change);
        const answer = await trading.place(intent);
        // What cannot be filled at once may be refused instead of accepted and expired.
        if (!['ioc', 'fok'].includes(intent.timeInForce) || intent.type === 'market') {
          expect(kindOf(answer), `${JSON.stringify(change)} ${JSON.stringify(answer)}`).toBe('accepted');
        }
        const [order] = atVenue(world, intent.clientOrderId);
        if (order === undefined) continue;
        expect([order.type, order.triggerPrice ?? undefined]).toEqual([intent.type, intent.triggerPrice]);
        if (intent.type === 'limit') expect(order.timeInForce).toBe(intent.timeInForce);
      }
    },
  },
  {
    number: 'C22',
    given: 'a market order',
    when: 'it fills',
    must: 'each fill is told once by the stream, and by the query with the same id, size, price and fee (F12)',
    async run(world) {
      const trading = await world.openTrading();
      const intent = world.marketIntent(trading.nextId());
      const from = world.runtime.clock.epochMs();
      await accepted(trading, intent);
      await world.until('filled', () => trading.orderReports(intent.clientOrderId).at(-1)?.status === 'filled');
      const filled = () => trading.fills(intent.clientOrderId).reduce((sum, each) => sum + Number(each.size), 0);
      const size = Number(formatScaled(intent.size, world.instrument.sizeScale));
      await world.until('all of it', () => Math.abs(filled() - size) < 1e-9);
      const queried = await world.queries.fillsSince(intent.symbol, (from - 2_000) as typeof from);
      const own = queried.filter((each) => each.venueOrderId === trading.fills(intent.clientOrderId)[0]?.venueOrderId);
      const said = (fills: typeof queried) =>
        fills
          .map(({ fillId, size, price, fee, feeCurrency, side }) => ({
            fillId,
            size: Number(size),
            price: Number(price),
            fee: Number(fee),
            feeCurrency,
            side,
          }))
          .sort((left, right) => (left.fillId < right.fillId ? -1 : 1));
      expect(said(own)).toEqual(said(trading.fills(intent.clientOrderId)));
    },
  },
  {
    number: 'C23',
    given: 'a working order',
    when: 'it is cancelled',
    must: 'the cancel is acknowledged, and the stream says Canceled with what was filled',
    async run(world) {
      const trading = await world.openTrading();
      const intent = world.intent(trading.nextId());
      await accepted(trading, intent);
      await world.until('the report', () => trading.orderReports(intent.clientOrderId).length > 0);
      expect(kindOf(await trading.cancel(intent))).toBe('accepted');
      await world.until('canceled', () => trading.orderReports(intent.clientOrderId).at(-1)?.status === 'canceled');
      expect(Number(trading.orderReports(intent.clientOrderId).at(-1)?.cumulativeSize)).toBe(0);
      expect(atVenue(world, intent.clientOrderId)[0]?.status).toBe('canceled');
    },
  },
  {
    number: 'C24',
    given: 'an order that ended, and one that never was',
    when: 'each is cancelled',
    must: 'the answer says that there is nothing to cancel, by class, and is no outcome of the order (F13)',
    async run(world) {
      const trading = await world.openTrading();
      const intent = world.marketIntent(trading.nextId());
      await accepted(trading, intent);
      await world.until('filled', () => trading.orderReports(intent.clientOrderId).at(-1)?.status === 'filled');
      for (const each of [intent, world.intent(trading.nextId())]) {
        const answer = await trading.cancel(each);
        expect(answer).toMatchObject({ kind: 'rejected' });
        if (answer.kind === 'rejected') expect(['alreadySo', 'notFound']).toContain(answer.errorClass);
      }
    },
  },
  {
    number: 'C25',
    given: 'a working order',
    when: 'it is amended within what the venue supports',
    must: 'the venue has the new terms, or the client says before sending that it cannot be done',
    async run(world) {
      const trading = await world.openTrading();
      const { amend } = world.venue.supports;
      const { tickSize, lotSize } = world.instrument;
      const size = (world.intent('size').size + 4 * lotSize) as Size;
      const intent = world.intent(trading.nextId(), { size });
      await accepted(trading, intent);
      await world.until('the report', () => trading.orderReports(intent.clientOrderId).length > 0);
      const price = ((intent.price ?? 0) - (amend === 'priceAndSize' ? tickSize : 0)) as Price;
      const smaller = (size - 2 * lotSize) as Size;
      const answer = await trading.amend(intent, { side: intent.side, price, size: smaller });
      if (amend === 'none') {
        expect(answer).toMatchObject({ kind: 'rejected', errorClass: 'reject' });
        return;
      }
      expect(answer, JSON.stringify(answer)).toMatchObject({ kind: 'accepted' });
      await world.until('the new terms', () =>
        world.exchange.openOrders('main', null).some((each) => each.size === smaller && each.price === price),
      );
    },
  },
  {
    number: 'C26',
    given: 'an order that the account cannot pay',
    when: 'it is placed',
    must: 'it is rejected, with class reject, and nothing lives at the venue',
    async run(world) {
      const trading = await world.openTrading();
      const intent = world.intent(trading.nextId(), {
        size: (world.instrument.maxSize - (world.instrument.maxSize % world.instrument.lotSize)) as Size,
      });
      const answer = await trading.place(intent);
      expect(answer, JSON.stringify(answer)).toMatchObject({ kind: 'rejected', errorClass: 'reject' });
      expect(world.exchange.openOrders('main', null)).toEqual([]);
    },
  },
];
