import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { EpochMs } from '#core/time/clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import type { SimulatedBook } from '#simulation/exchange/simulated-exchange.ts';
import { createRecordedMarket } from '#simulation/market-sources/recorded-market.ts';
import { CLOCK_START, COIN } from '../support/scripted-market.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'join-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

type Levels = Map<number, number>;
interface State {
  readonly bids: Levels;
  readonly asks: Levels;
}
interface Diff {
  readonly first: number;
  readonly last: number;
  readonly previous: number;
  readonly bids: Levels;
  readonly asks: Levels;
}

/** A book around a middle that wanders: what each diff leaves behind. */
function stateAt(middle: number, sizes: readonly number[]): State {
  const side = (sign: 1 | -1, own: readonly number[]): Levels =>
    new Map(
      own.flatMap((count, rank): [number, number][] =>
        count === 0 ? [] : [[1000 + middle * 5 + sign * 5 * (rank + 1), count]],
      ),
    );
  return { bids: side(-1, sizes.slice(0, 4)), asks: side(1, sizes.slice(4)) };
}

function changes(from: Levels, to: Levels): Levels {
  const changed: Levels = new Map();
  for (const price of from.keys()) if (!to.has(price)) changed.set(price, 0);
  for (const [price, count] of to) if (from.get(price) !== count) changed.set(price, count);
  return changed;
}

function apply(levels: Levels, changed: Iterable<readonly [number, number]>): void {
  for (const [price, count] of changed) count === 0 ? levels.delete(price) : levels.set(price, count);
}

const text = (levels: Iterable<readonly [number, number]>): [string, string][] =>
  [...levels].map(([price, count]) => [(price / 10).toFixed(1), (count / 100).toFixed(2)]);

const sorted = (levels: Iterable<readonly [number, number]>): (readonly [number, number])[] =>
  [...levels].sort(([a], [b]) => a - b);

const scenario = fc
  .record({
    states: fc.array(
      fc.record({
        middle: fc.integer({ min: -6, max: 6 }),
        sizes: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 8, maxLength: 8 }),
      }),
      { minLength: 3, maxLength: 14, size: 'max' },
    ),
    snapshotOf: fc.nat(),
    delay: fc.nat(3),
  })
  .map(({ states, snapshotOf, delay }) => {
    const all = states.map(({ middle, sizes }) => stateAt(middle, sizes));
    const diffs = all.slice(1).map((state, index): Diff => {
      const before = all[index] ?? state;
      // Numbers rise with holes, as those of one symbol do among many.
      const base = 100 + index * 10;
      const bids = changes(before.bids, state.bids);
      return { first: base + 3, last: base + 10, previous: base, bids, asks: changes(before.asks, state.asks) };
    });
    return { all, diffs, taken: snapshotOf % all.length, delay };
  });

let files = 0;

it('at every position of a recording the book joins the frames that follow, for whoever takes it then', () => {
  fc.assert(
    fc.property(scenario, ({ all, diffs, taken, delay }) => {
      const rows: object[] = diffs.map(({ first, last, previous, bids, asks }) => ({
        stream: 'coinusdt@depth',
        data: {
          e: 'depthUpdate',
          E: 1,
          T: 1,
          s: 'COINUSDT',
          U: first,
          u: last,
          pu: previous,
          b: text(bids),
          a: text(asks),
        },
      }));
      const truth = all[taken] ?? { bids: new Map(), asks: new Map() };
      const snapshot = { lastUpdateId: 100 + taken * 10, bids: text(truth.bids), asks: text(truth.asks) };
      // The answer comes some diffs after the state that it shows.
      rows.splice(Math.min(rows.length, taken + delay), 0, snapshot);
      files += 1;
      const file = join(folder, `${files}.raw`);
      writeFileSync(
        file,
        rows.map((row, index) => `${1_723_161_255_000 + index}000000 ${JSON.stringify(row)}\n`).join(''),
      );
      const source = createRecordedMarket({ venue: 'binance-usdm', files: [file], instruments: [COIN] });
      const exchange = createSimulatedExchange({ instruments: [COIN], source, clockStart: CLOCK_START });

      const positions: SimulatedBook[] = [];
      exchange.listen({
        onAccount: () => undefined,
        onMarket: (event) => {
          if (event.kind === 'raw') positions.push(exchange.book('COINUSDT', 100));
        },
      });
      exchange.advanceTo((CLOCK_START + 60_000) as EpochMs);
      expect(positions).toHaveLength(diffs.length);
      expect(source.stats()).toMatchObject({ gaps: 0, snapshots: 1 });
      const end = all.at(-1);
      for (const [index, book] of positions.entries()) {
        expect(book.sequence).toBe(diffs[index]?.last);
        const [bid] = book.bids;
        const [ask] = book.asks;
        if (bid !== undefined && ask !== undefined) expect(bid[0]).toBeLessThan(ask[0]);
        const mine = { bids: new Map<number, number>(book.bids), asks: new Map<number, number>(book.asks) };
        if (index + 1 >= taken) {
          expect(sorted(mine.bids)).toEqual(sorted(all[index + 1]?.bids ?? []));
          expect(sorted(mine.asks)).toEqual(sorted(all[index + 1]?.asks ?? []));
        }
        let sequence = book.sequence;
        for (const diff of diffs.slice(index + 1)) {
          expect(diff.previous).toBe(sequence);
          apply(mine.bids, diff.bids);
          apply(mine.asks, diff.asks);
          sequence = diff.last;
        }
        expect(sorted(mine.bids)).toEqual(sorted(end?.bids ?? []));
        expect(sorted(mine.asks)).toEqual(sorted(end?.asks ?? []));
      }
    }),
    { numRuns: 150 },
  );
});
