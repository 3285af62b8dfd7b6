import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createLedger } from '#aws/ledger.ts';
import { ORDER_STATES, type TradingEvent } from '#core/events/trading-event.ts';
import { formatExact, parseExact, sumExact } from '#core/ledger/exact-decimal.ts';
import type { LedgerFill } from '#core/ledger/ledger-entry.ts';
import { INDEX_PREFIX } from '#core/ledger/ledger-index.ts';
import { type LedgerWrite, ledgerWriteOf, replaces } from '#core/ledger/ledger-write.ts';
import { foldPosition } from '#core/ledger/position-fold.ts';
import { isTerminal } from '#core/orders/order-state.ts';
import { createFakeDynamoDb } from '../support/fake-dynamodb.ts';
import { buildEvent, fillBody, intendedBody, stateBody } from '../support/trading-event-builder.ts';

const orderId = fc.constantFrom('o-1', 'o-2');
const place = fc.record({ epoch: fc.integer({ min: 1, max: 3 }) });
const decimal = fc.integer({ min: 1, max: 99_999 }).map((units) => formatExact(BigInt(units), 3));

/** What can be said of two orders, a few fills, a balance and an adjustment, in three epochs; sequences are given by `history`. */
const statement = fc.oneof(
  fc.record({ kind: fc.constant('state' as const), orderId, place, to: fc.constantFrom(...ORDER_STATES) }),
  fc.record({ kind: fc.constant('fill' as const), place, fillId: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ kind: fc.constant('balance' as const), place, walletBalance: decimal, venueTime: fc.nat({ max: 4 }) }),
  fc.record({ kind: fc.constant('intent' as const), place, orderId }),
  fc.record({ kind: fc.constant('adjustment' as const), place, id: fc.constantFrom('a', 'b') }),
  fc.record({ kind: fc.constant('feePrice' as const), place, fillId: fc.integer({ min: 1, max: 6 }) }),
);

/** Events as units make them: each (epoch, sequence) once, one content for each fill and intent. */
const history = fc
  .array(statement, { minLength: 1, maxLength: 14, size: 'max' })
  .map((statements) => statements.map((each, index) => eventOf(each, index + 1)));

type Statement = typeof statement extends fc.Arbitrary<infer Value> ? Value : never;

function eventOf(each: Statement, sequence: number): TradingEvent {
  const at = { ...each.place, sequence };
  switch (each.kind) {
    case 'state':
      return buildEvent('order.state', stateBody(each.orderId, each.to), at);
    case 'fill': {
      const side = each.fillId % 2 === 0 ? 'buy' : 'sell';
      const clientOrderId = each.place.epoch === 2 ? null : 'o-1';
      return buildEvent('fill', fillBody(String(each.fillId), { side, clientOrderId }), at);
    }
    case 'balance':
      return buildEvent(
        'balance',
        {
          currency: 'USDT',
          walletBalance: each.walletBalance,
          availableBalance: null,
          venueTime: each.venueTime,
        },
        at,
      );
    case 'intent':
      return buildEvent('order.intended', intendedBody(each.orderId), at);
    case 'feePrice': {
      const conversion = { settlementFee: '6', price: '600', source: 'BNBUSDT query', time: 1 };
      const fillId = String(each.fillId);
      return buildEvent(
        'fee.priced',
        { fillId, symbol: 'BTCUSDT', fee: '0.01', feeCurrency: 'BNB', ...conversion },
        at,
      );
    }
    case 'adjustment':
      return buildEvent(
        'position.adjusted',
        {
          adjustmentId: each.id,
          symbol: 'BTCUSDT',
          delta: '-0.5',
          reason: 'adopted',
          evidence: 'query',
          price: null,
        },
        at,
      );
  }
}

/** A history, and another delivery of it: any order, each event at least once, some several times. */
const deliveries = history.chain((events) =>
  fc.record({
    events: fc.constant(events),
    other: fc
      .array(fc.constantFrom(...events), { maxLength: 10 })
      .chain((again) => fc.shuffledSubarray([...events, ...again], { minLength: events.length + again.length })),
  }),
);

/** The conditional writes as a model: what `replaces` says, over a map. */
function modelAfter(events: readonly TradingEvent[]): Map<string, LedgerWrite> {
  const table = new Map<string, LedgerWrite>();
  for (const event of events) {
    const write = ledgerWriteOf(event);
    if (write === null) continue;
    const key = `${write.partition} ${write.sort} ${write.part}`;
    if (replaces(write, table.get(key) ?? null)) table.set(key, write);
  }
  return table;
}

const entriesOf = (table: Map<string, LedgerWrite>) => [...table.entries()].sort(([a], [b]) => (a < b ? -1 : 1));

it('T4: any order of arrival and any redelivery give the same final ledger', () => {
  fc.assert(
    fc.property(deliveries, ({ events, other }) => {
      expect(entriesOf(modelAfter(other))).toEqual(entriesOf(modelAfter(events)));
    }),
    { numRuns: 500 },
  );
});

it('T4: the table, through the real client and with lost answers, ends as the model says', async () => {
  await fc.assert(
    fc.asyncProperty(deliveries, fc.infiniteStream(fc.integer({ min: 0, max: 9 })), async ({ events, other }, dice) => {
      const fake = createFakeDynamoDb();
      fake.fault = () => {
        const roll = dice.next().value;
        return roll === 0 ? 'lostAnswer' : roll === 1 ? 'lostRequest' : roll === 2 ? 'throttled' : 'none';
      };
      const ledger = createLedger(fake.client, 'ledger');
      for (const event of other) {
        for (let done = false; !done; ) {
          done = await ledger.apply(event).then(
            () => true,
            () => false,
          );
        }
      }
      fake.fault = () => 'none';
      const isIndex = (sort: string) => Object.values(INDEX_PREFIX).some((prefix) => sort.startsWith(prefix));
      // Whatever was lost and delivered again: each fill and adjustment has one place in the index, and the open orders are those without an end.
      const items = fake.items().map((item) => ({ item, sort: String(item.sk?.S) }));
      const sorts = items.map(({ sort }) => sort);
      const moves = sorts
        .filter((sort) => /^(FILL|FEEPRICE|ADJUSTMENT)#/.test(sort))
        .map((sort) => sort.split('#').slice(3).join('#'));
      const places = sorts
        .filter((sort) => sort.startsWith(INDEX_PREFIX.recent))
        .map((sort) => sort.split('#').slice(5).join('#'));
      expect(places.sort()).toEqual(moves.sort());
      const open = items
        .filter(({ sort }) => sort.startsWith(INDEX_PREFIX.open))
        .flatMap(({ item }) => Object.keys(item).filter((name) => name !== 'pk' && name !== 'sk'));
      const unended = items.flatMap(({ item, sort }) =>
        sort.startsWith('ORDER#') && !endedIn(item) ? [sort.slice('ORDER#'.length)] : [],
      );
      expect(open.sort()).toEqual(unended.sort());
      const stored = items
        .filter(({ sort }) => !isIndex(sort))
        .flatMap(({ item }) =>
          Object.keys(item)
            .filter((name) => name !== 'pk' && name !== 'sk' && name !== 'arrivedAt')
            .map((part) => `${item.pk?.S} ${item.sk?.S} ${part} ${writeIdOf(item[part])}`),
        )
        .sort();
      const expected = entriesOf(modelAfter(events)).map(([key, write]) => `${key} ${write.writeId}`);
      expect(stored).toEqual(expected.sort());
    }),
    { numRuns: 40 },
  );
});

function endedIn(item: Readonly<Record<string, unknown>>): boolean {
  const state = item.state as { M?: { content?: { M?: { state?: { S?: string } } } } } | undefined;
  const word = ORDER_STATES.find((each) => each === state?.M?.content?.M?.state?.S);
  return word !== undefined && isTerminal(word);
}

function writeIdOf(part: unknown): string {
  const map = part as { M?: { writeId?: { S?: string } } };
  return String(map.M?.writeId?.S);
}

const fills = fc.array(
  fc.record({
    side: fc.constantFrom('buy' as const, 'sell' as const),
    price: decimal,
    size: decimal,
    venueTime: fc.nat({ max: 5 }),
  }),
  { maxLength: 20, size: 'max' },
);

it('T2: a position is the exact sum of its fills, in any order, and its profit and open cost are the exact cash flow', () => {
  fc.assert(
    fc.property(
      fills.chain((list) =>
        fc.tuple(fc.constant(list), fc.shuffledSubarray([...list.keys()], { minLength: list.length })),
      ),
      ([list, order]) => {
        const all = list.map(
          (each, index): LedgerFill => ({
            ...fillBody(String(index), each),
            venue: 'binance-usdm',
            epoch: 1,
            time: 0,
          }),
        );
        const shuffled = order.flatMap((index) => all[index] ?? []);
        const position = foldPosition('binance-usdm', 'BTCUSDT', all, []);

        expect(foldPosition('binance-usdm', 'BTCUSDT', shuffled, [])).toEqual(position);
        const signed = (fill: LedgerFill) => (fill.side === 'buy' ? parseExact(fill.size) : -parseExact(fill.size));
        expect(parseExact(position.size)).toBe(all.reduce((sum, fill) => sum + signed(fill), 0n));
        expect(parseExact(position.fees.USDT ?? '0')).toBe(sumExact(all.map((fill) => fill.fee)));
        const paid = all.reduce((sum, fill) => sum + signed(fill) * parseExact(fill.price), 0n);
        const openCost = parseExact(position.size) * parseExact(position.entryPrice);
        const difference = paid - openCost + parseExact(position.realizedProfit) * 10n ** 18n;
        // What is left is the rounding of the average price (10^-18) over the open size, and of the profit.
        const size = parseExact(position.size);
        const bound = (size < 0n ? -size : size) + 10n ** 18n;
        expect(difference <= bound && difference >= -bound).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});
