import { expect } from 'vitest';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';
import type { Card } from './card.ts';
import { accepted, atVenue } from './card-steps.ts';

/** Order answers are waited for as long as this by every client. */
const ANSWER_TIMEOUTS = new Map([
  [10_000, 400],
  [5_000, 400],
]);

/** Order entry and the account stream when answers are lost, keys are wrong or the venue is away: nothing is taken for what was not said. */
export const ORDER_FAULT_CARDS: readonly Card[] = [
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
  {
    number: 'C41',
    given: 'a working order',
    when: 'its cancel is lost on its way',
    must: 'the cancel’s answer is unknown, the query finds the order alive, and a second cancel ends it (F6)',
    hastened: ANSWER_TIMEOUTS,
    async run(world) {
      const trading = await world.openTrading();
      const intent = world.intent(trading.nextId());
      await accepted(trading, intent);
      world.server.faults.arm('cancelLost');
      expect(await trading.cancel(intent)).toMatchObject({ kind: 'unknown' });
      const found = await world.queries.orderByClientId(intent.symbol, intent.clientOrderId);
      expect(found).toMatchObject({ kind: 'found', report: { status: 'accepted' } });
      expect(await trading.cancel(intent)).toMatchObject({ kind: 'accepted' });
    },
  },
];
