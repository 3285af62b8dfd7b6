import { expect } from 'vitest';
import { formatScaled, type Price, type Size } from '#core/market/scaled-decimal.ts';
import type { OrderIntent, OrderType, TimeInForce } from '#core/orders/order.ts';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';
import type { Card } from './card.ts';
import type { ContractTrading, ContractWorld } from './contract-world.ts';

/** Order answers are waited for as long as this by every client. */
const ANSWER_TIMEOUTS = new Map([
  [10_000, 400],
  [5_000, 400],
]);

const kindOf = (answer: OrderAnswer): string => answer.kind;

/** Orders that the venue itself has of a client id. */
function atVenue(world: ContractWorld, id: string) {
  return world.exchange.orders('main', null).filter((each) => each.clientOrderId === id);
}

async function accepted(trading: ContractTrading, intent: OrderIntent): Promise<void> {
  const answer = await trading.place(intent);
  expect(answer, JSON.stringify(answer)).toMatchObject({ kind: 'accepted' });
}

function triggered(world: ContractWorld, type: OrderType): Partial<OrderIntent> {
  const { instrument, exchange } = world;
  const last = exchange.ticker(instrument.symbol).lastPrice;
  const factor = type === 'stopMarket' ? 0.97 : 1.03;
  const trigger = (Math.floor((last * factor) / instrument.tickSize) * instrument.tickSize) as Price;
  return { side: 'sell', type, timeInForce: 'gtc', price: null, triggerPrice: trigger };
}

/** Order entry and the account stream: what proof of an order's fate rests on. */
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
  {
    number: 'C27',
    given: 'an order that the venue takes in',
    when: 'the answer never comes',
    must: 'the answer is unknown, once, and the query by client id finds the order (F1)',
    hastened: ANSWER_TIMEOUTS,
    async run(world) {
      const trading = await world.openTrading();
      world.server.faults.arm('placeTimesOutButAccepted');
      const intent = world.intent(trading.nextId());
      expect(await trading.place(intent)).toMatchObject({ kind: 'unknown' });
      const found = await world.queries.orderByClientId(intent.symbol, intent.clientOrderId);
      expect(found).toMatchObject({
        kind: 'found',
        report: { status: 'accepted', clientOrderId: intent.clientOrderId },
      });
      expect(atVenue(world, intent.clientOrderId)).toHaveLength(1);
    },
  },
  {
    number: 'C28',
    given: 'an order that the venue takes in',
    when: 'the venue answers that it does not know the outcome',
    must: 'the answer is unknown, not a rejection (F2)',
    hastened: ANSWER_TIMEOUTS,
    async run(world) {
      const trading = await world.openTrading();
      world.server.faults.arm('placeUnclearButAccepted');
      const intent = world.intent(trading.nextId());
      expect(await trading.place(intent)).toMatchObject({ kind: 'unknown' });
      expect(await world.queries.orderByClientId(intent.symbol, intent.clientOrderId)).toMatchObject({ kind: 'found' });
    },
  },
  {
    number: 'C29',
    given: 'an order that the venue takes in',
    when: 'the link is cut before the answer',
    must: 'the answer is unknown, once, and order entry comes back by itself',
    hastened: ANSWER_TIMEOUTS,
    async run(world) {
      const trading = await world.openTrading();
      world.server.faults.arm('placeCutsLink');
      const intent = world.intent(trading.nextId());
      expect(await trading.place(intent)).toMatchObject({ kind: 'unknown' });
      await world.until('open again', () => trading.entry.notReady() === null, 12_000);
      expect(atVenue(world, intent.clientOrderId)).toHaveLength(1);
    },
  },
  {
    number: 'C30',
    given: 'an order that the venue never takes in',
    when: 'no answer comes',
    must: 'the answer is unknown, and no query finds it: absence, not proof',
    hastened: ANSWER_TIMEOUTS,
    async run(world) {
      const trading = await world.openTrading();
      world.server.faults.arm('placeNotAcceptedNoAnswer');
      const intent = world.intent(trading.nextId());
      expect(await trading.place(intent)).toMatchObject({ kind: 'unknown' });
      expect(await world.queries.orderByClientId(intent.symbol, intent.clientOrderId)).toEqual({ kind: 'notFound' });
    },
  },
  {
    number: 'C31',
    given: 'a working order',
    when: 'the answer to its cancel never comes',
    must: 'the cancel’s answer is unknown, and the stream or the query says what became of the order (F6)',
    hastened: ANSWER_TIMEOUTS,
    async run(world) {
      const trading = await world.openTrading();
      const intent = world.intent(trading.nextId());
      await accepted(trading, intent);
      await world.until('the report', () => trading.orderReports(intent.clientOrderId).length > 0);
      world.server.faults.arm('cancelAnswerLost');
      expect(await trading.cancel(intent)).toMatchObject({ kind: 'unknown' });
      const found = await world.queries.orderByClientId(intent.symbol, intent.clientOrderId);
      expect(found).toMatchObject({ kind: 'found', report: { status: 'canceled' } });
    },
  },
  {
    number: 'C32',
    given: 'an order that fills at once',
    when: 'the fill is told before the acknowledgement',
    must: 'both are told, each once (G1)',
    async run(world) {
      const trading = await world.openTrading();
      world.server.faults.arm('fillBeforeAck');
      const intent = world.marketIntent(trading.nextId());
      await accepted(trading, intent);
      await world.until('filled', () => trading.orderReports(intent.clientOrderId).at(-1)?.status === 'filled');
      const ids = trading.fills(intent.clientOrderId).map((each) => each.fillId);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.length).toBeGreaterThan(0);
    },
  },
  {
    number: 'C33',
    given: 'a fill',
    when: 'its frame is sent twice, or never',
    must: 'its id is the same both times, and the query has what the stream has not (F12)',
    async run(world) {
      const trading = await world.openTrading();
      world.server.faults.arm('duplicateNextFill');
      const twice = world.marketIntent(trading.nextId());
      await accepted(trading, twice);
      await world.until('filled', () => trading.orderReports(twice.clientOrderId).at(-1)?.status === 'filled');
      const total = Number(formatScaled(twice.size, world.instrument.sizeScale));
      const distinct = new Map(trading.fills(twice.clientOrderId).map((each) => [each.fillId, Number(each.size)]));
      expect([...distinct.values()].reduce((sum, each) => sum + each, 0)).toBeCloseTo(total, 9);

      const from = world.runtime.clock.epochMs();
      world.server.faults.arm('suppressNextFill');
      const never = world.marketIntent(trading.nextId());
      await accepted(trading, never);
      await world.until('it happened', () => world.server.faults.happened('suppressNextFill') > 0);
      const venueFills = () =>
        world.exchange.fills('main', null).filter((each) => each.clientOrderId === never.clientOrderId);
      await world.until('it filled', () => venueFills().length > 0);
      const queried = await world.queries.fillsSince(never.symbol, (from - 2_000) as typeof from);
      const [order] = atVenue(world, never.clientOrderId);
      const told = new Set(trading.reports.flatMap((each) => (each.kind === 'fill' ? [each.fillId] : [])));
      expect(queried.filter((each) => !told.has(each.fillId)).length).toBeGreaterThan(0);
      expect(order?.status).toBe('filled');
    },
  },
  {
    number: 'C34',
    given: 'a lease that ends now',
    when: 'an order is placed',
    must: 'nothing is sent, and the answer says so (M2)',
    async run(world) {
      const trading = await world.openTrading();
      const intent = world.intent(trading.nextId());
      expect(await trading.place(intent, 1)).toMatchObject({ kind: 'notSent', reason: 'leaseEnds' });
      expect(atVenue(world, intent.clientOrderId)).toEqual([]);
    },
  },
  {
    number: 'C35',
    given: 'wrong keys',
    when: 'trading is opened, and right keys come later',
    must: 'nothing is sent meanwhile, the state says why, no secret is told, and it recovers by itself (R1, G9)',
    async run(world) {
      world.setKeys({ key: 'contract-key', secret: 'a-wrong-secret-of-some-length' });
      const { stream, states } = world.openAccount();
      await world.until('degraded', () => states.some((each) => each.state === 'waiting'));
      expect(stream.status().state).not.toBe('live');
      const said = JSON.stringify(states) + world.logged.join();
      expect(said).not.toMatch(/a-wrong-secret|contract-secret/);
      world.setKeys({ key: 'contract-key', secret: 'contract-secret-of-some-length' });
      await world.until('live', () => stream.status().state === 'live', 15_000);
    },
  },
  {
    number: 'C36',
    given: 'no keys at all',
    when: 'an order is placed',
    must: 'nothing is sent, and the answer says so (R1)',
    async run(world) {
      world.setKeys(null);
      const { entry } = world.openEntry();
      expect(entry.notReady()).not.toBeNull();
      const answer = await new Promise<OrderAnswer>((resolve) =>
        entry.place(
          world.intent('nokeys-1'),
          world.instrument,
          (world.runtime.clock.epochMs() + 10_000) as ReturnType<typeof world.runtime.clock.epochMs>,
          resolve,
        ),
      );
      expect(answer).toMatchObject({ kind: 'notSent', reason: 'notReady' });
    },
  },
  {
    number: 'C37',
    given: 'a live account stream',
    when: 'the venue ends its session',
    must: 'it is found, the stream is live again by itself, and its listener was told that it was not (F15)',
    async run(world) {
      const { stream, states } = world.openAccount();
      await world.until('live', () => stream.status().state === 'live');
      const before = states.length;
      world.server.faults.arm('privateStreamExpires');
      await world.until('noticed', () => states.slice(before).some((each) => each.state !== 'live'), 8_000);
      await world.until('live again', () => stream.status().state === 'live', 12_000);
    },
  },
  {
    number: 'C38',
    given: 'open trading',
    when: 'the venue refuses for the rate',
    must: 'the order is not done, the answer says so by class, and it goes through later (F26)',
    async run(world) {
      const trading = await world.openTrading();
      world.server.faults.arm('rateLimited');
      const intent = world.intent(trading.nextId());
      const answer = await trading.place(intent);
      expect(answer, JSON.stringify(answer)).toMatchObject({ kind: 'rejected', errorClass: 'retry' });
      expect(atVenue(world, intent.clientOrderId)).toEqual([]);
    },
  },
  {
    number: 'C39',
    given: 'a venue whose clock is 1.3 s ahead or behind',
    when: 'orders are signed',
    must: 'the venue takes them (F27, G12)',
    async run(world) {
      world.server.faults.setClockOffsetMs(1_300);
      const trading = await world.openTrading();
      await accepted(trading, world.intent(trading.nextId()));
    },
  },
  {
    number: 'C40',
    given: 'open trading',
    when: 'the venue goes into maintenance and comes back',
    must: 'no order is said to be accepted meanwhile, and trading opens by itself (G8)',
    hastened: ANSWER_TIMEOUTS,
    async run(world) {
      const trading = await world.openTrading();
      world.server.faults.setMaintenance(true);
      const answer = await trading.place(world.intent(trading.nextId()));
      expect(answer.kind).not.toBe('accepted');
      world.server.faults.setMaintenance(false);
      await world.until(
        'open again',
        () => trading.entry.notReady() === null && trading.stream.status().state === 'live',
        15_000,
      );
    },
  },
];
