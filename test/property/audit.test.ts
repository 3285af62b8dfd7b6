import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auditUnit } from '#core/audit/audit-ledger.ts';
import type { AuditedConfirmation, OrderVerdict } from '#core/audit/audit-order.ts';
import { auditPlace } from '#core/audit/audit-positions.ts';
import type { UnitRef } from '#core/control/unit.ts';
import { formatExact, parseExact } from '#core/ledger/exact-decimal.ts';
import type { LedgerAdjustment, LedgerFill, LedgerOrder, LedgerOrderState } from '#core/ledger/ledger-entry.ts';
import { foldPosition } from '#core/ledger/position-fold.ts';
import { fillBody, intendedBody } from '../support/trading-event-builder.ts';

const UNIT: UnitRef = { mode: 'paper', account: 'main', venue: 'binance-usdm' };
const ORIGIN = { venue: 'binance-usdm', epoch: 7, time: 1_000_000 } as const;
const NOW = 2_000_000;
const ALL = { from: null, to: null, clientOrderId: null };
type Evidence = LedgerOrderState['evidence'];

interface Life {
  readonly end: 'Denied' | 'Filled' | 'Canceled' | 'Rejected' | 'Expired';
  readonly parts: readonly number[];
  readonly open: number;
  readonly byFills: boolean;
  readonly person: boolean;
}

const life: fc.Arbitrary<Life> = fc.record({
  end: fc.constantFrom('Denied', 'Filled', 'Canceled', 'Rejected', 'Expired'),
  parts: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
  open: fc.integer({ min: 1, max: 5 }),
  byFills: fc.boolean(),
  person: fc.boolean(),
});

interface Book {
  readonly orders: LedgerOrder[];
  readonly fills: LedgerFill[];
  readonly confirmations: Map<string, AuditedConfirmation>;
}

/** A ledger in which these lives stand, whole. */
function bookOf(lives: readonly Life[]): Book {
  const book: Book = { orders: [], fills: [], confirmations: new Map() };
  lives.forEach(({ end, parts, open, byFills, person }, index) => {
    const clientOrderId = `o-${index}`;
    const venueOrderId = `v-${index}`;
    const executes = end !== 'Denied' && end !== 'Rejected';
    const fills = executes
      ? parts.map((size, part): LedgerFill => {
          const named = part % 2 === 0 ? clientOrderId : null;
          const body = fillBody(`${index}-${part}`, { clientOrderId: named, venueOrderId, size: String(size) });
          return { ...body, ...ORIGIN };
        })
      : [];
    const filled = executes ? parts.reduce((sum, size) => sum + size, 0) : 0;
    const size = String(end === 'Filled' ? filled : filled + open);
    const state: LedgerOrderState = {
      clientOrderId,
      lane: 'scalper',
      symbol: 'BTCUSDT',
      terminal: true,
      venueOrderId: end === 'Denied' ? null : venueOrderId,
      cumulativeSize: String(filled),
      size,
      reason: '',
      state: end,
      evidence: evidenceOf(end, venueOrderId, fills, byFills, person),
      ...ORIGIN,
    };
    book.orders.push({ clientOrderId, intent: { ...intendedBody(clientOrderId, { size }), ...ORIGIN }, state });
    book.fills.push(...fills);
    book.confirmations.set(clientOrderId, { kind: 'ended', state: end, by: 'callback', reason: '' });
  });
  return book;
}

function evidenceOf(
  end: Life['end'],
  venueOrderId: string,
  fills: readonly LedgerFill[],
  byFills: boolean,
  person: boolean,
): Evidence {
  if (end === 'Denied') return [{ kind: 'notSent', reason: 'MARKET_CLOSED' }];
  if (end === 'Filled' && byFills) return [{ kind: 'fills', fillIds: fills.map((fill) => fill.fillId) }];
  if (person) return [{ kind: 'person', who: 'Ada', note: 'order history' }];
  return [{ kind: 'accountStream', venueOrderId, venueTime: 1 }];
}

function audited({ orders, fills, confirmations }: Book): readonly OrderVerdict[] {
  return auditUnit({ unit: UNIT, orders, fills, confirmations }, ALL, NOW).orders.map((each) => each.verdict);
}

/** What can be wrong with one order of a ledger. Null: it does not apply to this one. */
const DAMAGES: Readonly<Record<string, (book: Book, order: LedgerOrder, state: LedgerOrderState) => Book | null>> = {
  noEvidence: (book, order, state) => changed(book, order, { ...state, evidence: [] }),
  evidenceOfAnotherEnd: (book, order, state) =>
    changed(book, order, {
      ...state,
      evidence: [
        state.state === 'Filled' || state.state === 'Canceled' || state.state === 'Expired'
          ? { kind: 'agreedAbsence', queriedAt: 2, windowFrom: 1, position: '0' }
          : { kind: 'fills', fillIds: ['x'] },
      ],
    }),
  nameless: (book, order, state) =>
    state.state === 'Denied'
      ? null
      : changed(book, order, { ...state, evidence: [{ kind: 'accountStream', venueOrderId: '', venueTime: 1 }] }),
  lostFill: (book, order) => {
    const lost = book.fills.find((fill) => fill.clientOrderId === order.clientOrderId);
    return lost === undefined ? null : { ...book, fills: book.fills.filter((fill) => fill !== lost) };
  },
  strangeFill: (book, order, state) =>
    changed(book, order, { ...state, evidence: [...state.evidence, { kind: 'fills', fillIds: ['nobody-has-it'] }] }),
  anotherSize: (book, order, state) => changed(book, order, { ...state, cumulativeSize: `${state.cumulativeSize}.5` }),
  otherSide: (book, order) => {
    const index = book.fills.findIndex((fill) => fill.clientOrderId === order.clientOrderId);
    const fill = book.fills[index];
    if (fill === undefined) return null;
    return { ...book, fills: book.fills.with(index, { ...fill, side: 'sell' }) };
  },
  noIntent: (book, order, state) => ({
    ...book,
    orders: book.orders.map((each) => (each === order ? { ...each, intent: null, state } : each)),
  }),
  confirmedOtherwise: (book, { clientOrderId }, state) => ({
    ...book,
    confirmations: new Map(book.confirmations).set(clientOrderId, {
      kind: 'ended',
      state: state.state === 'Filled' ? 'Canceled' : 'Filled',
      by: 'query',
      reason: '',
    }),
  }),
};

function changed(book: Book, order: LedgerOrder, state: LedgerOrderState): Book {
  return { ...book, orders: book.orders.map((each) => (each === order ? { ...order, state } : each)) };
}

describe('the audit of orders', () => {
  const lives = fc.array(life, { minLength: 1, maxLength: 6 });

  it('M1: a ledger whose ends are proven is proven, whatever the lives and the order of its entries', () => {
    fc.assert(
      fc.property(lives, fc.boolean(), (drawn, backwards) => {
        const book = bookOf(drawn);
        if (backwards) book.fills.reverse();
        expect(audited(book).flatMap((each) => each.faults)).toEqual([]);
        expect(new Set(audited(book).map((each) => each.verdict))).toEqual(new Set(['proven']));
      }),
    );
  });

  it('M1: whatever is wrong with one order is found at that order, and at no other', () => {
    fc.assert(
      fc.property(lives, fc.constantFrom(...Object.keys(DAMAGES)), fc.nat(), (drawn, name, pick) => {
        const book = bookOf(drawn);
        const order = book.orders[pick % book.orders.length];
        if (order?.state == null) throw new Error('every order has a state here');
        const damaged = DAMAGES[name]?.(book, order, order.state) ?? null;
        if (damaged === null) return;
        const unproven = audited(damaged).filter((each) => each.verdict === 'unproven');
        expect([name, unproven.map((each) => each.clientOrderId)]).toEqual([name, [order.clientOrderId]]);
      }),
    );
  });
});

describe('the audit of positions', () => {
  const moves = fc.array(
    fc.record({
      buy: fc.boolean(),
      size: fc.integer({ min: 1, max: 1_000 }),
      kept: fc.integer({ min: 0, max: 3 }),
      isFill: fc.boolean(),
      epoch: fc.integer({ min: 1, max: 3 }),
    }),
    { maxLength: 12 },
  );

  it('invariant 2: a position is its opening, its fills and its adjustments, by the fold, by plain sums and by any checkpoint', () => {
    fc.assert(
      fc.property(moves, fc.nat(), (drawn, cut) => {
        const { fills, adjustments } = entriesOf(drawn);
        const through = drawn.length === 0 ? 0 : cut % (drawn.length + 1);
        const earlier = <Entry extends { readonly time: number }>(entries: readonly Entry[]) =>
          entries.filter((each) => each.time < through);
        const later = <Entry extends { readonly time: number }>(entries: readonly Entry[]) =>
          entries.filter((each) => each.time >= through);
        const { size } = foldPosition('binance-usdm', 'BTCUSDT', earlier(fills), earlier(adjustments));
        const fold = { through, size, entryPrice: '0', costKnown: true, contract: null, lastKnownAt: null };
        const place = { venue: 'binance-usdm', symbol: 'BTCUSDT', fills, adjustments } as const;
        const checkpoint = { fold, fills: later(fills), adjustments: later(adjustments) };
        expect(auditPlace({ ...place, checkpoint }).faults).toEqual([]);
        const wrong = { ...checkpoint, fold: { ...fold, size: formatExact(parseExact(size) + 1n) } };
        expect(auditPlace({ ...place, checkpoint: wrong }).faults).toHaveLength(1);
      }),
    );
  });

  it('invariant 2: an adjustment without evidence is a fault', () => {
    const { adjustments } = entriesOf([{ buy: true, size: 5, kept: 0, isFill: false, epoch: 1 }]);
    const bare = adjustments.map((each) => ({ ...each, evidence: ' ' }));
    const place = { venue: 'binance-usdm', symbol: 'BTCUSDT', fills: [], checkpoint: null } as const;
    expect(auditPlace({ ...place, adjustments }).faults).toEqual([]);
    expect(auditPlace({ ...place, adjustments: bare }).faults).toEqual(['adjustment a-0 of 5 has no evidence']);
  });
});

function entriesOf(moves: readonly { buy: boolean; size: number; kept: number; isFill: boolean; epoch: number }[]): {
  fills: LedgerFill[];
  adjustments: LedgerAdjustment[];
} {
  const fills: LedgerFill[] = [];
  const adjustments: LedgerAdjustment[] = [];
  moves.forEach(({ buy, size, kept, isFill, epoch }, time) => {
    const origin = { venue: 'binance-usdm', epoch, time } as const;
    if (isFill) {
      const body = fillBody(`f-${time}`, { side: buy ? 'buy' : 'sell', size: String(size), venueTime: time });
      fills.push({ ...body, positionFee: `0.00${kept}`, ...origin });
      return;
    }
    adjustments.push({
      adjustmentId: `a-${time}`,
      symbol: 'BTCUSDT',
      delta: String(buy ? size : -size),
      reason: 'correction',
      evidence: 'the venue states it',
      price: null,
      ...origin,
    });
  });
  return { fills, adjustments };
}
