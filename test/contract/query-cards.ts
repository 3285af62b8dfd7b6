import { expect } from 'vitest';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';
import type { Card } from './card.ts';

/** The questions that recovery and reconciliation ask. */
export const QUERY_CARDS: readonly Card[] = [
  {
    number: 'C50',
    given: 'an order that works, one that filled, one that was cancelled',
    when: 'open orders and orders since an instant are asked for',
    must: 'the first is open, and all three are there, oldest first, under their client ids (G10)',
    async run(world) {
      const trading = await world.openTrading();
      const from = (world.runtime.clock.epochMs() - 2_000) as EpochMs;
      const [open, filled, canceled] = [trading.nextId(), trading.nextId(), trading.nextId()];
      // Venues tell when an order came to the millisecond: each gets one of its own.
      const nextMillisecond = () => new Promise((resolve) => setTimeout(resolve, 10));
      await trading.place(world.intent(open));
      await nextMillisecond();
      await trading.place(world.marketIntent(filled));
      await nextMillisecond();
      const gone = world.intent(canceled);
      await trading.place(gone);
      await world.until('reports', () => trading.orderReports(canceled).length > 0);
      await trading.cancel(gone);
      await world.until('ended', () => trading.orderReports(canceled).at(-1)?.status === 'canceled');
      await world.until('filled', () => trading.orderReports(filled).at(-1)?.status === 'filled');
      const symbol = world.instrument.symbol;
      expect((await world.queries.openOrders(symbol)).map((each) => each.clientOrderId)).toEqual([open]);
      const all = await world.queries.ordersSince(symbol, from);
      expect(all.map((each) => [each.clientOrderId, each.status])).toEqual([
        [open, 'accepted'],
        [filled, 'filled'],
        [canceled, 'canceled'],
      ]);
    },
  },
  {
    number: 'C51',
    given: 'a fill',
    when: 'positions and balances are asked for',
    must: 'they are the venue’s own, signed, in decimal text (H2)',
    async run(world) {
      const trading = await world.openTrading();
      const { symbol, sizeScale, kind, baseCurrency, settlementCurrency } = world.instrument;
      const intent = world.marketIntent(trading.nextId());
      await trading.place(intent);
      await world.until('filled', () => trading.orderReports(intent.clientOrderId).at(-1)?.status === 'filled');
      const position = (await world.queries.positions([symbol])).find((each) => each.symbol === symbol);
      const balances = await world.queries.balances();
      const atVenue = world.exchange.balances('main');
      const truth = (currency: string) => Number(atVenue.find((each) => each.currency === currency)?.walletBalance);
      const told = (currency: string) => Number(balances.find((each) => each.currency === currency)?.walletBalance);
      if (kind === 'spot') expect(Number(position?.size)).toBeCloseTo(truth(baseCurrency), 8);
      else expect(Number(position?.size)).toBe(Number(formatScaled(intent.size, sizeScale)));
      expect(told(settlementCurrency)).toBeCloseTo(truth(settlementCurrency), 2);
    },
  },
  {
    number: 'C52',
    given: 'a live order',
    when: 'the venue says once that there is none (F4)',
    must: 'the query says notFound or finds it elsewhere, and never a terminal state',
    async run(world) {
      const trading = await world.openTrading();
      const intent = world.intent(trading.nextId());
      await trading.place(intent);
      world.server.faults.arm('queryNotFound');
      const answer = await world.queries.orderByClientId(intent.symbol, intent.clientOrderId);
      if (answer.kind === 'found') expect(answer.report.status).toBe('accepted');
      const again = await world.queries.orderByClientId(intent.symbol, intent.clientOrderId);
      expect(again).toMatchObject({ kind: 'found', report: { status: 'accepted' } });
    },
  },
  {
    number: 'C53',
    given: 'a working order and no socket',
    when: 'it is cancelled by REST, twice',
    must: 'it is cancelled, and the second time is no error that people must see',
    async run(world) {
      const trading = await world.openTrading();
      const intent = world.intent(trading.nextId());
      await trading.place(intent);
      await world.until('the report', () => trading.orderReports(intent.clientOrderId).length > 0);
      const venueOrderId = trading.orderReports(intent.clientOrderId)[0]?.venueOrderId ?? null;
      const target = { symbol: intent.symbol, clientOrderId: intent.clientOrderId, venueOrderId };
      expect((await world.queries.cancelOrder(target)).kind).toBe('accepted');
      await world.until('canceled', () => trading.orderReports(intent.clientOrderId).at(-1)?.status === 'canceled');
      const second = await world.queries.cancelOrder(target);
      expect(second.kind).toBe('rejected');
      if (second.kind === 'rejected') expect(['alreadySo', 'notFound']).toContain(second.errorClass);
    },
  },
  {
    number: 'C54',
    given: 'a venue in maintenance',
    when: 'any question is asked',
    must: 'it rejects with a class that is retried, and answers again after it (G8)',
    async run(world) {
      world.server.faults.setMaintenance(true);
      await expect(world.queries.openOrders(world.instrument.symbol)).rejects.toMatchObject({
        venueClass: expect.stringMatching(/^(retry|unknown)$/),
      });
      world.server.faults.setMaintenance(false);
      expect(await world.queries.openOrders(world.instrument.symbol)).toEqual([]);
    },
  },
  {
    number: 'C55',
    given: 'the venue’s clock',
    when: 'its time is asked for',
    must: 'it is the venue’s own, skew included (F27)',
    async run(world) {
      world.server.faults.setClockOffsetMs(60_000);
      const time = await world.queries.serverTime();
      expect(Math.abs(time - world.runtime.clock.epochMs() - 60_000)).toBeLessThan(2_000);
    },
  },
];
