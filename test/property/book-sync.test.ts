import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BookSync } from '#core/market/book-sync.ts';
import type { BookMessage, LevelText } from '#core/market/market-message.ts';
import { BinanceUsdmBookSync } from '#venues/binance-usdm/book-sync.ts';
import { BybitBookSync } from '#venues/bybit/book-sync.ts';
import { DeribitBookSync } from '#venues/deribit/book-sync.ts';
import { bookTexts } from '../support/book-digest.ts';
import { delta, diff, snapshot } from '../support/book-message-builder.ts';

const SCALES = { priceScale: 0, sizeScale: 0 };

/** A true market: after each sequence number what its book is. Bids stand at 1…50, asks at 51…100, so it is never crossed. */
interface Market {
  readonly changes: readonly BookMessage[];
  /** By the last sequence of each change, the true levels. */
  readonly states: ReadonlyMap<number, { readonly bids: readonly string[]; readonly asks: readonly string[] }>;
  snapshotAt(index: number): BookMessage;
}

type Make = (index: number, levels: { bids: LevelText[]; asks: LevelText[] }) => BookMessage;

function market(steps: readonly (readonly [number, number])[][], make: Make): Market {
  const bids = new Map<number, number>([[50, 1]]);
  const asks = new Map<number, number>([[51, 1]]);
  const changes: BookMessage[] = [];
  const states = new Map<number, { bids: string[]; asks: string[] }>();
  const wholes: BookMessage[] = [];
  steps.forEach((step, index) => {
    const change = { bids: [] as LevelText[], asks: [] as LevelText[] };
    for (const [price, size] of step) {
      const side = price <= 50 ? bids : asks;
      if (size === 0) side.delete(price);
      else side.set(price, size);
      (price <= 50 ? change.bids : change.asks).push([String(price), String(size)]);
    }
    const message = make(index, change);
    changes.push(message);
    const sorted = (side: Map<number, number>, best: 1 | -1) => [...side].sort(([a], [b]) => best * (a - b));
    const levels = { bids: sorted(bids, -1), asks: sorted(asks, 1) };
    const text = (side: readonly (readonly number[])[]) => side.map(([price, size]) => `${price}:${size}`);
    states.set(message.lastSequence, { bids: text(levels.bids), asks: text(levels.asks) });
    const levelTexts = (side: readonly (readonly number[])[]): LevelText[] =>
      side.map(([price, size]) => [String(price), String(size)]);
    wholes.push(snapshot(message.lastSequence, { bids: levelTexts(levels.bids), asks: levelTexts(levels.asks) }));
  });
  return { changes, states, snapshotAt: (index) => wholes[Math.min(index, wholes.length - 1)] as BookMessage };
}

const steps = fc.array(
  fc.array(fc.tuple(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 0, max: 3 })), { maxLength: 4 }),
  { minLength: 5, maxLength: 60 },
);

/** What a bad network and a bad recorder do: each message may be dropped, repeated or come later. */
const disorder = fc.array(
  fc.record({
    fate: fc.constantFrom('pass', 'pass', 'pass', 'drop', 'repeat', 'late'),
    lateBy: fc.integer({ min: 1, max: 6 }),
  }),
  { minLength: 60, maxLength: 60 },
);

function disturbed(
  messages: readonly BookMessage[],
  fates: readonly { fate: string; lateBy: number }[],
): BookMessage[] {
  const placed: [number, BookMessage][] = [];
  messages.forEach((message, index) => {
    const { fate, lateBy } = fates[index % fates.length] ?? { fate: 'pass', lateBy: 0 };
    if (fate === 'drop') return;
    placed.push([fate === 'late' ? index + lateBy + 0.5 : index, message]);
    if (fate === 'repeat') placed.push([index + lateBy + 0.5, message]);
  });
  return placed.sort(([a], [b]) => a - b).map(([, message]) => message);
}

/** A valid book is the true book of its sequence; an invalid one is empty and has asked exactly once. */
function requireHonest(sync: BookSync, truth: Market): void {
  const texts = bookTexts(sync.book, SCALES);
  if (sync.book.valid) expect(texts).toEqual(truth.states.get(sync.book.sequence));
}

describe('book syncs under a bad stream', () => {
  test('F19: Binance: dropped, repeated or reordered diffs and snapshots of any age never make a wrong valid book', () => {
    fc.assert(
      fc.property(steps, disorder, fc.array(fc.nat({ max: 80 }), { maxLength: 12 }), (script, fates, snapshots) => {
        // U, u and pu as on the shared counter: holes between one symbol's diffs are normal.
        const truth = market(script, (index, levels) => diff(index * 10 + 3, index * 10 + 9, index * 10 - 1, levels));
        const sync = new BinanceUsdmBookSync('BTCUSDT', SCALES);
        let asked = false;
        disturbed(truth.changes, fates).forEach((message, position) => {
          const outcome = sync.onMessage(message);
          if (outcome.kind === 'resync') {
            expect(asked).toBe(false);
            asked = true;
          }
          requireHonest(sync, truth);
          if (asked && snapshots.includes(position)) {
            const age = (position * 7) % 5;
            const answer = sync.onMessage(truth.snapshotAt(Math.max(0, position - age + 2)));
            // A snapshot that does not serve is asked for again.
            asked = answer.kind === 'resync';
            requireHonest(sync, truth);
          }
          expect(sync.book.valid && asked).toBe(false);
        });
      }),
      { numRuns: 300 },
    );
  });

  test('F19: Bybit: dropped, repeated or reordered deltas and repeated snapshots never make a wrong valid book', () => {
    fc.assert(
      fc.property(steps, disorder, fc.array(fc.nat({ max: 80 }), { maxLength: 12 }), (script, fates, snapshots) => {
        const truth = market(script, (index, levels) => delta(index + 10, levels));
        const sync = new BybitBookSync('BTCUSDT', SCALES);
        let asked = false;
        disturbed(truth.changes, fates).forEach((message, position) => {
          if (snapshots.includes(position)) {
            const outcome = sync.onMessage(truth.snapshotAt(Math.max(0, message.lastSequence - 11)));
            expect(outcome.kind).not.toBe('resync');
            asked = false;
            requireHonest(sync, truth);
          }
          const outcome = sync.onMessage(message);
          if (outcome.kind === 'resync') {
            expect(asked).toBe(false);
            asked = true;
          }
          requireHonest(sync, truth);
          expect(sync.book.valid && asked).toBe(false);
        });
      }),
      { numRuns: 300 },
    );
  });

  test('F19: Deribit: dropped, repeated or reordered changes and snapshots of any age never make a wrong valid book', () => {
    fc.assert(
      fc.property(steps, disorder, fc.array(fc.nat({ max: 80 }), { maxLength: 12 }), (script, fates, snapshots) => {
        // Each change names the one before; how far the numbers are apart means nothing.
        const truth = market(script, (index, levels) => diff(index * 10 + 9, index * 10 + 9, index * 10 - 1, levels));
        const sync = new DeribitBookSync('BTC-PERPETUAL', SCALES);
        let asked = false;
        disturbed(truth.changes, fates).forEach((message, position) => {
          if (snapshots.includes(position)) {
            const age = (position * 7) % 5;
            const outcome = sync.onMessage(truth.snapshotAt(Math.max(0, position - age + 2)));
            expect(outcome.kind).not.toBe('resync');
            asked = false;
            requireHonest(sync, truth);
          }
          const outcome = sync.onMessage(message);
          if (outcome.kind === 'resync') {
            expect(asked).toBe(false);
            asked = true;
          }
          requireHonest(sync, truth);
          expect(sync.book.valid && asked).toBe(false);
        });
      }),
      { numRuns: 300 },
    );
  });

  test('an undisturbed stream is followed to its end on every venue', () => {
    fc.assert(
      fc.property(steps, fc.nat({ max: 4 }), (script, at) => {
        const binance = market(script, (index, levels) => diff(index * 10 + 3, index * 10 + 9, index * 10 - 1, levels));
        const sync = new BinanceUsdmBookSync('BTCUSDT', SCALES);
        for (const message of binance.changes) sync.onMessage(message);
        expect(sync.onMessage(binance.snapshotAt(at))).toEqual({ kind: 'applied' });
        expect(bookTexts(sync.book, SCALES)).toEqual([...binance.states.values()].at(-1));

        const bybit = market(script, (index, levels) => delta(index + 10, levels));
        const other = new BybitBookSync('BTCUSDT', SCALES);
        other.onMessage(bybit.snapshotAt(at));
        for (const message of bybit.changes.slice(at + 1))
          expect(other.onMessage(message)).toEqual({ kind: 'applied' });
        expect(bookTexts(other.book, SCALES)).toEqual([...bybit.states.values()].at(-1));

        const deribit = market(script, (index, levels) => diff(index * 10 + 9, index * 10 + 9, index * 10 - 1, levels));
        const third = new DeribitBookSync('BTC-PERPETUAL', SCALES);
        third.onMessage(deribit.snapshotAt(at));
        for (const message of deribit.changes.slice(at + 1))
          expect(third.onMessage(message)).toEqual({ kind: 'applied' });
        expect(bookTexts(third.book, SCALES)).toEqual([...deribit.states.values()].at(-1));
      }),
    );
  });
});
